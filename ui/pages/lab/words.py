"""What the Lab calls its axes, measures and configurations, on the screen."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from ui.text.descriptions import Description
from ui.text.i18n import N_, _, ngettext
from ui.text.numbers import whole
from ui.text.option_names import word

AXIS_WORDS = {
    "heads": N_("heads"),
    "embed_size": N_("embedding size"),
    "head_dim": N_("head size D"),
    "scale": N_("scale"),
    "positions": N_("positions"),
    "mask": N_("mask"),
    "projection": N_("projection"),
    "layers": N_("layers"),
    "learning_rate": N_("learning rate"),
}
METRIC_WORDS = {
    "score_spread": N_("spread of the scores"),
    "energy_spread": N_("spread of the energies"),
    "entropy_share": N_("entropy, share of the highest"),
    "largest_weight": N_("largest weight of a row"),
    "saturated_share": N_("share of saturated rows"),
    "softmax_gradient": N_("softmax's gradient"),
    "head_similarity": N_("similarity of heads"),
    "effective_rank": N_("effective rank"),
    "accuracy": N_("accuracy"),
    "steps_to_95": N_("steps to 95 %"),
}
# What the glossary has of them, and of the columns of tables that have their names.
METRIC_TERMS = {
    "score_spread": ("spread", "score"),
    "energy_spread": ("spread", "energy"),
    "entropy_share": ("entropy",),
    "largest_weight": ("weight",),
    "saturated_share": ("saturated", "softmax"),
    "softmax_gradient": ("gradient", "softmax"),
    "head_similarity": ("divergence",),
    "effective_rank": ("effective_rank",),
    "accuracy": ("accuracy", "held_out"),
    "loss": ("loss", "nats"),
    "steps_to_95": ("step", "accuracy"),
    "parameters": ("parameters",),
}
_SCHEMES = ("positions", "sinusoidal", "rotary", "alibi")
CONTROL_TERMS: dict[str, tuple[str, ...]] = {
    "head_counts": ("head",),
    "embed_sizes": ("embedding", "head_size"),
    "seeds": ("seed",),
    "scales": ("scale", "head_size"),
    "schemes": _SCHEMES,
    "masks": ("mask", "causal"),
    "projections": ("projection",),
    "learn_heads": ("head",),
    "learn_layers": ("layer",),
    "learn_embeddings": ("embedding", "head_size"),
    "learn_rates": ("learning_rate", "parameters"),
    "learn_seeds": ("seed",),
    "learn_schemes": _SCHEMES,
    "learn_scales": ("scale", "head_size"),
    "steps": ("step",),
    "cost_embeddings": ("embedding",),
    "cost_heads": ("head",),
    "cost_layers": ("layer",),
    "tokens": ("token",),
    "tokenizer": ("token",),
}
PICTURE_WORDS = {
    "lines": N_("lines with bands"),
    "heatmap": N_("heatmap"),
    "panels": N_("a panel each"),
    "curves": N_("accuracy over steps"),
    "steps_to_95": N_("steps to 95 %"),
    "table": N_("table"),
}
AMOUNT_WORDS = {
    "multiply_adds": N_("multiply-adds"),
    "parameters": N_("parameters"),
    "bytes": N_("memory (bytes)"),
}
SCALE_WORDS = {"none": N_("no scale"), "head_dim": "÷ √D", "embed_size": "÷ √E"}

DESCRIPTIONS = {
    "mechanism": Description(
        N_("Mechanism: what a setting does to attention, measured with many random weights."),
        "softmax(:q[Q]·:k[K]ᵀ ÷ √D)·:v[V]",
        (
            "attention",
            "token",
            "seed",
            "query",
            "key",
            "value",
            "score",
            "energy",
            "weight",
            "softmax",
            "head",
        ),
    ),
    "learning": Description(
        N_("Learning: how well and how soon small models learn a task, with each setting."),
        "",
        (
            "held_out",
            "accuracy",
            "step",
            "seed",
            "parameters",
            "head",
            "layer",
            "loss",
            "nats",
            "token",
        ),
    ),
    "cost": Description(
        N_("Cost: how much each part of a model has to compute and to keep, by formula."),
        "",
        (
            "multiply_adds",
            "parameters",
            "projection",
            "softmax",
            "feed_forward",
            "norm",
            "residual_stream",
            "head_size",
            "token",
            "embedding",
            "attention",
            "energy",
            "weight",
            "output",
            "layer",
            "head",
            "query",
            "key",
            "value",
        ),
    ),
}


def named_in(words: Mapping[str, str]) -> Callable[[str], str]:
    """Return what calls each option by its word in a table."""
    return lambda option: _(words[option])


def value_word(axis: str, value: Any) -> str:
    """Return a value at an axis, where the axis says what it is of."""
    if axis == "scale":
        return _(SCALE_WORDS[value])
    return word(value) if isinstance(value, str) else f"{value:g}"


def setting(axis: str, value: Any) -> str:
    """Return a value that says by itself what it is: 4 heads, head size 16, ÷ √D."""
    match axis:
        case "heads":
            return ngettext("{count} head", "{count} heads", value).format(count=value)
        case "layers":
            return ngettext("{count} layer", "{count} layers", value).format(count=value)
        case "embed_size":
            return _("embedding {value}").format(value=value)
        case "head_dim":
            return _("D = {value}").format(value=f"{value:g}")
        case "learning_rate":
            return _("rate {value}").format(value=f"{value:g}")
        case "positions":
            return _("no positions") if value == "none" else word(value)
        case "mask":
            return _("no mask") if value == "none" else _("{mask} mask").format(mask=word(value))
        case "projection":
            return _("{kind} projection").format(kind=word(value))
    return value_word(axis, value)


class Values(Protocol):
    """A value for each axis by its name: a dict, or a table's row."""

    def __getitem__(self, axis: str, /) -> Any:
        """Return the value on an axis."""


def configuration(parameters: Values, axes: Sequence[str]) -> str:
    """Return a configuration by those of its parameters that are asked for."""
    return ", ".join(setting(axis, parameters[axis]) for axis in axes)


def three_digits(value: float) -> str:
    """Return a number for a sentence: 1.00, 2.83, 162, 1,234."""
    return whole(value) if abs(value) >= 1000 else f"{value:#.3g}".rstrip(".")
