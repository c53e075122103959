"""What a row of carried vectors adds up to, in words: lengths, and the length of their sum."""

from html import unescape

import streamlit as st

from ui.choices.options import Stage
from ui.controls.selection import Selection
from ui.runs.carried import carried_length
from ui.runs.run import Attention
from ui.text.i18n import _
from ui.text.markdown import verbatim

LINES = 54  # design pixels that what is said takes from the picture above it


def show_sums(attention: Attention, selection: Selection, stage: Stage) -> None:
    """Say what the chosen row of the chosen head adds up to, or what lengths don't tell."""
    if selection.head is None or selection.query is None:
        st.caption(
            _(
                "Lengths tell no directions: vectors may cancel, and later layers aren't in it. "
                "Choose a head and a query to see how much of a row cancels."
            )
        )
        return
    st.caption(describe_sums(attention, stage, selection.head, selection.query))


def describe_sums(attention: Attention, stage: Stage, head: int, query: int) -> str:
    """Return a sentence on the sum of a row's lengths, and the length of the sum of its vectors.

    Both are over all tokens, also where not all are shown.
    """
    whole = attention.whole
    lengths = carried_length(whole.trace, whole.facts, whole.sentence, stage)
    return _(
        "Head {head}, query {query}: its row adds up to {total:.3g}; the vectors themselves, "
        "added, are {length:.3g} long, as the rest cancels. Later layers aren't in it."
    ).format(
        head=head,
        query=verbatim(unescape(whole.query_labels.short[query])),
        total=float(whole.field(stage)[head, query].sum()),
        length=float(lengths[head, query]),
    )
