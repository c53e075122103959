"""Encoder-decoder: a source and a target, and every attention within and between them."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui.clicks import CLICKABLE, take_cell, take_name
from ui.components import chart_clicks
from ui.compute import compute_pair
from ui.controls import (
    draw_layers,
    draw_more,
    draw_sizes,
    segments,
    sentence_input,
)
from ui.downloads import Shown, draw_downloads
from ui.header import show_header
from ui.i18n import _
from ui.link import read_link, remember, show_notices, value_of
from ui.messages import tell_limits
from ui.run import Run
from ui.selection import Selection, attention_in, selection_in
from ui.settings import KINDS, PAIR_MASKS, PAIR_VIEWS
from ui.state import current_settings, layout_in_use
from ui.view_bar import draw_selection_row, draw_view_bar
from ui.views.cell import show_cell
from ui.views.head import show_head
from ui.views.heads import show_heads
from ui.views.kinds import show_kinds
from ui.views.layers import show_layers
from ui.views.numbers import show_numbers
from viz.theme import theme_of


def page() -> None:
    """The page: controls that stay, around a part that follows each key press."""
    read_link("encoder-decoder")
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
        shown = st.session_state.setdefault("_shown_pair", Shown(compute_pair, current_settings()))
        left, right = st.columns([5, 7], gap="small")
        with left:
            draw_more()
        with right:
            draw_downloads(shown)
        chart_clicks(charts=CLICKABLE, on_cell=take_cell, on_name=take_name)
    st.session_state["_layout"] = layout_in_use()
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
def _follow(sentences_place: DeltaGenerator, top: DeltaGenerator, shown: Shown) -> None:
    """The sentences and what follows from them; a fragment, as on Explore."""
    if st.session_state["_layout"] != layout_in_use():
        st.rerun()  # a control was changed while somebody typed: Streamlit ran only this
    run = compute_pair(current_settings())
    selection, messages = selection_in(run)
    shown.settings, shown.sentence = run.settings, selection.sentence
    shown.kind, shown.layer = selection.kind, selection.layer
    remember("text", "text2")  # what changes without a whole run
    if not run.is_empty:
        _show_view(run, selection)
    with top:
        show_header(run)
        show_notices()
        if run.is_empty:
            st.info(_("Type a source and a target on the left to see the attention between them."))
        else:
            tell_limits(run, messages)
    with sentences_place:
        sentence_input(_("Source"), "text")
        sentence_input(_("Target"), "text2")


def _show_view(run: Run, selection: Selection) -> None:
    theme = theme_of(st.context.theme.type)
    attention = attention_in(run, selection)
    match value_of("view"):
        case "kinds":
            show_kinds(run, selection, value_of("stage"), theme)
        case "heads":
            show_heads(attention, value_of("stage"), theme)
        case "head":
            show_head(attention, selection, theme)
        case "cell":
            show_cell(attention, selection, theme)
        case "layers":
            show_layers(run, selection, value_of("overview"), theme)
        case "numbers":
            show_numbers(attention, value_of("stage"))
