"""What words mean, as it is said beside them: on hover, on a tap, or by a key."""

from ui.text.glossary import GLOSSARY
from ui.text.i18n import _
from ui.text.term import Term

# What each parameter of a model is about, where its control or its column has no more to say.
PARAMETER_TERMS: dict[str, tuple[str, ...]] = {
    "heads": ("head",),
    "embed_size": ("embedding", "head_size"),
    "layers": ("layer",),
    "layer": ("layer",),
    "kind": ("attention",),
    "mask": ("mask", "causal"),
    "projection": ("projection",),
    "scale": ("scale", "head_size"),
    "temperature": ("temperature",),
    "tokenizer": ("token",),
    "vectors": ("embedding",),
    "positions": ("positions", "sinusoidal", "rotary", "alibi"),
    "norm_order": ("norm",),
    "activation": ("feed_forward",),
    "seed": ("seed",),
    "steps": ("step",),
    "learning_rate": ("learning_rate", "parameters"),
}


def explain(*terms: str, more: str = "") -> str:
    """Return what these terms mean, a line each, in Markdown.

    Args:
        terms: of the GLOSSARY.
        more: what is to be said besides, of the place where they stand.
    """
    said = [_explained(GLOSSARY[name]) for name in terms]
    lines = "  \n".join(said)  # paragraphs would take twice the room in a tooltip
    return "\n\n".join(filter(None, (lines, more)))


def explain_parameter(key: str) -> str | None:
    """Return what the terms of a parameter mean; None where it has none."""
    return explain(*PARAMETER_TERMS.get(key, ())) or None


def _explained(term: Term) -> str:
    name = _(term.name)
    said = f"**{name[:1].upper()}{name[1:]}**: {_(term.explanation)}"
    return f"{said}\u2003**{term.formula}**" if term.formula else said
