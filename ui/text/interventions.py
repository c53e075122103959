"""Interventions in words."""

from collections.abc import Callable

from model.interventions import Pattern, PatternSource, PlacedCut, PlacedWeight
from ui.text.i18n import _
from ui.text.numbers import percent

# Returns a token's name, by its sentence, whether it is a query, and its place.
NameToken = Callable[[int, bool, int], str]


def describe_intervention(kind: str, one: object, name: NameToken) -> str:
    """Return what an intervention does.

    Args:
        kind: the field of Interventions that it stands in.
        one: the entry.
        name: names tokens, escaped.
    """
    if isinstance(one, PlacedCut):
        return _describe_cut(one, name)
    if isinstance(one, PlacedWeight):
        return _("{query} → {key} gets {weight} in layer {layer}, head {head}").format(
            query=name(one.sentence, True, one.query),
            key=name(one.sentence, False, one.key),
            weight=percent(one.weight, 0),
            layer=one.layer,
            head=one.head,
        )
    if isinstance(one, Pattern):
        said = {
            "uniform": _("Layer {layer}, head {head}: even weights"),
            "kept": _("Layer {layer}, head {head}: its weights as before"),
            "other": _("Layer {layer}, head {head}: its weights on the other sentence"),
            "painted": _("Layer {layer}, head {head}: painted weights"),
        }[one.source]
        return said.format(layer=one.layer, head=one.head)
    assert isinstance(one, tuple)
    layer, head = one
    said = _("Layer {layer}, head {head}: removed")
    if kind == "averaged":
        said = _("Layer {layer}, head {head}: set to its mean")
    return said.format(layer=layer, head=head)


def _describe_cut(cut: PlacedCut, name: NameToken) -> str:
    if cut.layer is None:
        said = _("{query} → {key} cut everywhere")
    elif cut.head is None:
        said = _("{query} → {key} cut in layer {layer}")
    else:
        said = _("{query} → {key} cut in layer {layer}, head {head}")
    return said.format(
        query=name(cut.sentence, True, cut.query),
        key=name(cut.sentence, False, cut.key),
        layer=cut.layer,
        head=cut.head,
    )


def pattern_word(source: PatternSource) -> str:
    """Return what a pattern is called on its button."""
    return {
        "uniform": _("Even weights"),
        "kept": _("Weights as before"),
        "other": _("Other sentence's weights"),
        "painted": _("Paint weights"),
    }[source]
