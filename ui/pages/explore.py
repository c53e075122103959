"""Explore: type a sentence, see every number of its attention."""

from collections.abc import Callable
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui.carried import show_carried
from ui.compute import compute
from ui.controls import (
    draw_examples,
    draw_kept,
    draw_layers,
    draw_sizes,
    sentence_input,
)
from ui.downloads import Shown
from ui.failures import told_in_place
from ui.frame import Followed, end_sidebar, follow
from ui.i18n import _
from ui.link import read_link, remember, value_of
from ui.mask_controls import draw_mask, draw_painter
from ui.messages import tell_limits
from ui.settings import VIEWS
from ui.strip import show_strip
from ui.trainings import carried
from ui.turns import turn
from ui.view_bar import draw_selection_row, draw_view_bar
from ui.views.leak import draw_leak_controls
from ui.views.order import draw_order_controls


def page() -> None:
    """The page: controls that stay, around a part that follows each key press."""
    read_link("explore")
    if (model := carried()) is not None:
        show_carried(model, tuple(view for view in VIEWS if view != "tests"))
        return
    with st.sidebar:
        sentence_place = st.container()
        draw_examples()
        draw_sizes()
        draw_mask()
        painter_place = st.container()
        draw_layers()
        shown = st.session_state.setdefault("_shown", Shown(compute))
        end_sidebar(shown)
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
        used = view == "tests" and value_of("test") == test
        draw_kept(partial(_draw_in_a_row, draw, f"{test}_inputs"), test, used, *keys)


def _draw_in_a_row(draw: Callable[[], None], key: str) -> None:
    with st.container(horizontal=True, key=key):
        draw()


@st.fragment
@turn()
def _follow(
    sentence_place: DeltaGenerator, painter_place: DeltaGenerator, top: DeltaGenerator, shown: Shown
) -> None:
    """The sentence and what follows from it.

    A fragment, so that typing runs this much and not the controls, which take more than
    half of a whole run's time.
    """
    followed = follow(shown, top, "text", "cells")
    if followed is not None:
        with top, told_in_place():
            _tell(followed)
        if value_of("mask") == "custom":
            with painter_place, told_in_place():
                draw_painter(followed.run, followed.selection.sentence)
    with sentence_place:
        sentence_input(_("Sentence"), "text")


def _tell(followed: Followed) -> None:
    run, selection = followed
    if run.is_empty:
        st.info(_("Type a sentence on the left, or pick an example, to see its attention."))
        return
    tell_limits(run)
    if value_of("view") != "tests":  # they are about other things, and need the room
        show_strip(run, selection)
