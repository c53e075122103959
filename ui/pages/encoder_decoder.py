"""Encoder-decoder: a source and a target, and every attention within and between them."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui.carried import show_carried
from ui.compute import compute_pair
from ui.controls import (
    draw_layers,
    draw_sizes,
    segments,
    sentence_input,
)
from ui.downloads import Shown
from ui.failures import told_in_place
from ui.frame import end_sidebar, follow
from ui.i18n import _
from ui.link import read_link, remember
from ui.messages import tell_limits
from ui.settings import KINDS, PAIR_MASKS, PAIR_VIEWS
from ui.trainings import carried
from ui.turns import turn
from ui.view_bar import draw_selection_row, draw_view_bar


def page() -> None:
    """The page: controls that stay, around a part that follows each key press."""
    read_link("encoder-decoder")
    if (model := carried()) is not None:
        show_carried(model, PAIR_VIEWS)
        return
    with st.sidebar:
        sentences_place = st.container()
        with st.popover(_("A second pair (a batch)"), icon=":material/add:", width="stretch"):
            sentence_input(_("Source 2"), "text3", hidden=True)
            sentence_input(_("Target 2"), "text4", hidden=True)
        draw_sizes()
        segments(
            _("Mask"),
            PAIR_MASKS,
            key="mask",
            help=_(
                "Causal: the target doesn't look ahead in itself. Padding: neither side's filling "
                "is looked at. The source sees all of itself, the target all of the source."
            ),
        )
        draw_layers()
        shown = st.session_state.setdefault("_shown_pair", Shown(compute_pair))
        end_sidebar(shown)
    top = st.container()
    view = draw_view_bar(PAIR_VIEWS, ("stage", "overview"))
    draw_selection_row(view, _choose_kind)
    remember()
    _follow(sentences_place, top, shown)


def _choose_kind(view: str) -> None:
    # Drawn in any case: Streamlit leaves a control's first value out of the link, and a click in
    # Side by side would be it.
    with st.container(key="kind_unused" if view == "kinds" else "kind_used", width="content"):
        segments(_("Attention"), KINDS, key="kind", hidden=True)


@st.fragment
@turn()
def _follow(sentences_place: DeltaGenerator, top: DeltaGenerator, shown: Shown) -> None:
    """The sentences and what follows from them; a fragment, as on Explore."""
    followed = follow(shown, top, "text", "text2")
    if followed is not None:
        with top, told_in_place():
            if followed.run.is_empty:
                st.info(
                    _("Type a source and a target on the left to see the attention between them.")
                )
            else:
                tell_limits(followed.run)
    with sentences_place:
        sentence_input(_("Source"), "text")
        sentence_input(_("Target"), "text2")
