"""The sentence that a presenter says of a picture: who looks at whom, and by how much."""

from html import unescape

from ui.runs.run import Attention
from ui.text.i18n import _
from ui.text.markdown import plain
from ui.text.numbers import decimal, percent
from ui.views.divisor import divisor_text
from ui.views.marks import place_of
from viz.labels import AxisLabels


def describe_look(attention: Attention, head: int, query: int | None, key: int | None) -> str:
    """Return what a head makes of a query: its largest weight, or the chosen key's with its score.

    Args:
        attention: what is shown.
        head: of it.
        query, key: tokens of the sentence; None where none is chosen, and then nothing is said.
    """
    shown = attention.at("weights")
    row = place_of(shown.query_groups, query)
    if row is None:
        return ""
    weights = shown.field("weights")[head, row]
    column = place_of(shown.key_groups, key)
    names = {"head": head, "query": _name(shown.query_labels, row)}
    if not weights.any():
        return _("Head {head}: “{query}” may look at nothing.").format(**names)
    if column is None:
        best = int(weights.argmax())
        return _("Head {head}: “{query}” looks most at “{key}”: {share}.").format(
            **names, key=_name(shown.key_labels, best), share=percent(float(weights[best]))
        )
    names["key"] = _name(shown.key_labels, column)
    share = percent(float(weights[column]), 1)
    is_single = len(shown.query_groups[row]) == len(shown.key_groups[column]) == 1
    has_score = attention.run.knows("energy") and attention.run.knows("scores")
    if not (is_single and has_score and attention.whole.allowed[query, key]):
        return _("Head {head}: “{query}” looks at “{key}”: {share}.").format(**names, share=share)
    return _(
        "Head {head}, “{query}” on “{key}”: q·k is {energy}; divided by {divisor} the score is "
        "{score}; after softmax {share}."
    ).format(
        **names,
        energy=decimal(float(attention.field("energy")[head, query, key]), 2),
        divisor=divisor_text(attention.facts),
        score=decimal(float(attention.field("scores")[head, query, key]), 2),
        share=share,
    )


def _name(labels: AxisLabels, place: int) -> str:
    return plain(unescape(labels.short[place]))  # repeated words stay apart
