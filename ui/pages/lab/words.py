"""What the Lab calls its axes, measures and configurations, on the screen."""

from collections.abc import Sequence
from typing import Any, Protocol

from ui.text.i18n import _, ngettext
from ui.text.option_names import word

AXIS_WORDS = {
    "heads": _("heads"),
    "embed_size": _("embedding size"),
    "head_dim": _("head size D"),
    "scale": _("scale"),
    "positions": _("positions"),
    "mask": _("mask"),
    "projection": _("projection"),
    "layers": _("layers"),
    "learning_rate": _("learning rate"),
}
METRIC_WORDS = {
    "score_spread": _("spread of the scores"),
    "energy_spread": _("spread of the energies"),
    "entropy_share": _("entropy, share of the highest"),
    "largest_weight": _("largest weight of a row"),
    "saturated_share": _("share of saturated rows"),
    "softmax_gradient": _("softmax's gradient"),
    "head_similarity": _("similarity of heads"),
    "effective_rank": _("effective rank"),
    "accuracy": _("accuracy"),
    "steps_to_95": _("steps to 95 %"),
}
PICTURE_WORDS = {
    "lines": _("lines with bands"),
    "heatmap": _("heatmap"),
    "panels": _("a panel each"),
    "curves": _("accuracy over steps"),
    "steps_to_95": _("steps to 95 %"),
    "table": _("table"),
}
AMOUNT_WORDS = {
    "multiply_adds": _("multiply-adds"),
    "parameters": _("parameters"),
    "bytes": _("memory (bytes)"),
}
SCALE_WORDS = {"none": _("no scale"), "head_dim": "÷ √D", "embed_size": "÷ √E"}


def value_word(axis: str, value: Any) -> str:
    """A value at an axis, where the axis says what it is of."""
    if axis == "scale":
        return SCALE_WORDS[value]
    return word(value) if isinstance(value, str) else f"{value:g}"


def setting(axis: str, value: Any) -> str:
    """A value that says by itself what it is: 4 heads, head size 16, ÷ √D."""
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
    """A configuration by those of its parameters that are asked for."""
    return ", ".join(setting(axis, parameters[axis]) for axis in axes)


def three_digits(value: float) -> str:
    """A number for a sentence: 1.00, 2.83, 162, 1,234."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:#.3g}".rstrip(".")
