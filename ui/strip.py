"""The sentence as a row of words: pointing at one shows how much it attends to the others."""

import numpy as np
import streamlit as st

from ui.components import StripData, token_strip
from ui.i18n import _
from ui.run import Run
from ui.selection import Selection, attention_in, take_pick
from ui.text import token_text


def show_strip(run: Run, selection: Selection) -> None:
    """Draw the strip for the chosen layer and head, or the mean of the heads."""
    attention = attention_in(run, selection).at("weights")
    groups = attention.query_groups
    st.session_state["_strip_places"] = [group[0] for group in groups]
    chosen = [row for row, group in enumerate(groups) if selection.query in group]
    weights = attention.field("weights")
    if selection.head is None:
        shown, whose = weights.mean(axis=0), _("mean of the heads")
    else:
        shown = weights[selection.head]
        whose = _("head {number}").format(number=selection.head)
    if run.layers > 1:
        whose = _("layer {layer}, {whose}").format(layer=selection.layer, whose=whose)
    token_strip(
        StripData(
            tokens=[token_text(token) for token in attention.queries],
            real=attention.real_queries,
            weights=np.asarray(shown),
            chosen=chosen[0] if chosen else None,
            hint=_("Point at a word: how much it attends to each of the others ({whose}).").format(
                whose=whose
            ),
            sentence=_("How much “{{token}}” attends to each word ({whose}).").format(whose=whose),
        ),
        key="strip",
        on_pick=take_pick,
    )
