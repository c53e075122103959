"""Explore: type a sentence, see every number of its attention."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui.clicks import CLICKABLE, take_cell, take_name
from ui.components import chart_clicks
from ui.compute import compute
from ui.controls import (
    draw_examples,
    draw_layers,
    draw_more,
    draw_sizes,
    kept_place,
    sentence_input,
)
from ui.downloads import Shown, draw_downloads
from ui.header import show_header
from ui.i18n import _
from ui.link import read_link, remember, show_notices, value_of
from ui.mask_controls import draw_mask, draw_painter
from ui.messages import tell_limits
from ui.run import Run
from ui.selection import Selection, attention_in, selection_in
from ui.settings import VIEWS
from ui.state import current_settings, layout_in_use
from ui.strip import show_strip
from ui.view_bar import draw_selection_row, draw_view_bar
from ui.views.cell import show_cell
from ui.views.head import show_head
from ui.views.heads import show_heads
from ui.views.layers import show_layers
from ui.views.leak import draw_leak_controls, show_leak
from ui.views.numbers import show_numbers
from ui.views.order import draw_order_controls, show_order
from viz.theme import theme_of


def page() -> None:
    """The page: controls that stay, around a part that follows each key press."""
    read_link("explore")
    with st.sidebar:
        sentence_place = st.container()
        draw_examples()
        draw_sizes()
        draw_mask()
        painter_place = st.container()
        draw_layers()
        shown = st.session_state.setdefault("_shown", Shown(compute, current_settings()))
        left, right = st.columns([5, 7], gap="small")
        with left:
            draw_more()
        with right:
            draw_downloads(shown)
        chart_clicks(charts=CLICKABLE, on_cell=take_cell, on_name=take_name)
    st.session_state["_layout"] = layout_in_use()
    top = st.container()
    view = draw_view_bar(VIEWS, ("stage", "overview", "test"), _draw_test_inputs)
    draw_selection_row(view)
    remember()
    _follow(sentence_place, painter_place, top, shown)


def _draw_test_inputs(view: str) -> None:
    for test, draw, keys in (
        ("leak", draw_leak_controls, ("changed", "other")),
        ("order", draw_order_controls, ("shuffle", "same_word")),
    ):
        place = kept_place(test, view == "tests" and value_of("test") == test, *keys)
        if place:
            with place, st.container(horizontal=True, key=f"{test}_inputs"):
                draw()


@st.fragment
def _follow(
    sentence_place: DeltaGenerator, painter_place: DeltaGenerator, top: DeltaGenerator, shown: Shown
) -> None:
    """The sentence and what follows from it.

    A fragment, so that typing runs this much and not the controls, which take more than
    half of a whole run's time.
    """
    if st.session_state["_layout"] != layout_in_use():
        st.rerun()  # a control was changed while somebody typed: Streamlit ran only this
    run = compute(current_settings())
    selection, messages = selection_in(run)
    shown.settings, shown.sentence, shown.layer = run.settings, selection.sentence, selection.layer
    remember("text", "cells")  # what changes without a whole run
    # The picture goes first: what is sent before it would delay it by a frame each.
    if not run.is_empty:
        _show_view(run, selection)
    with top:
        show_header(run)
        show_notices()
        if run.is_empty:
            st.info(_("Type a sentence on the left, or pick an example, to see its attention."))
        else:
            tell_limits(run, messages)
            if value_of("view") != "tests":  # they are about other things, and need the room
                show_strip(run, selection)
    if value_of("mask") == "custom":
        with painter_place:
            draw_painter(run, selection.sentence)
    with sentence_place:
        sentence_input(_("Sentence"), "text")


def _show_view(run: Run, selection: Selection) -> None:
    theme = theme_of(st.context.theme.type)
    attention = attention_in(run, selection)
    match value_of("view"):
        case "heads":
            show_heads(attention, value_of("stage"), theme)
        case "head":
            show_head(attention, selection, theme)
        case "cell":
            show_cell(attention, selection, theme)
        case "layers":
            show_layers(run, selection, value_of("overview"), theme)
        case "tests" if value_of("test") == "leak":
            show_leak(run, selection, theme)
        case "tests":
            show_order(run, selection, theme)
        case "numbers":
            show_numbers(attention, value_of("stage"))
