"""Explore: type a sentence, see every number of its attention."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui.controls.fits import fit_sentence_to, size_fits
from ui.controls.random_settings import draw_layers, draw_sizes, sentence_input
from ui.frame.failures import told_in_place
from ui.frame.follow import Followed, Top, draw_top, end_sidebar, follow
from ui.frame.history import live
from ui.frame.last_change import forget_change, put_change_back, tell_change
from ui.frame.messages import show_limits
from ui.frame.opened_from_learn import fit_weights, opened_model, show_opened
from ui.frame.page import Page
from ui.frame.random_source import RandomWeights
from ui.frame.view_bar import draw_selection_row, draw_view_bar
from ui.link.common_parameters import SHARED
from ui.link.memory import value_of
from ui.pages.explore.controls import CONTROLS, CONTROLS_OF_RUN
from ui.pages.explore.examples import draw_sentences
from ui.pages.explore.mask import draw_mask, draw_painter
from ui.pages.explore.parameters import PARAMETERS
from ui.pages.explore.tests_view import TESTS, draw_test_inputs
from ui.runs.random_weights import RandomRun
from ui.text.i18n import N_, _
from ui.views.cell import CELL
from ui.views.head import HEAD
from ui.views.heads import HEADS
from ui.views.layers import LAYERS
from ui.views.numbers import NUMBERS
from ui.views.strip import show_strip

SOURCE = RandomWeights()
VIEWS = (HEADS, HEAD, CELL, LAYERS, TESTS, NUMBERS)
VIEWS_OF_OTHERS = tuple(view for view in VIEWS if view is not TESTS)  # for what Learn has trained


def _draw() -> None:
    """Draw controls that stay, around a part that follows each key press."""
    if (model := opened_model()) is not None:
        show_opened(model, VIEWS_OF_OTHERS)
        return
    with st.sidebar:
        draw_sentences()
        draw_sizes()
        draw_mask()
        painter_place = st.container() if value_of("mask") == "custom" else None
        draw_layers()
        end_sidebar(SOURCE)
    top = draw_top()
    draw_view_bar(VIEWS)
    draw_selection_row(VIEWS, sentences=SOURCE.count_sentences(), draw_more=draw_test_inputs)
    live(_follow)(painter_place, top)


def _follow(painter_place: DeltaGenerator | None, top: Top) -> None:
    """Draw the sentence and what follows from it.

    A fragment, so that typing runs this much and not the controls, which take more than
    half of a whole run's time.
    """
    followed = follow(SOURCE, VIEWS, top.messages, header=top.header)
    if followed is not None:
        with top.messages, told_in_place():
            _show_notices(followed)
        if painter_place is not None:
            with painter_place, told_in_place():
                run = followed.run
                assert isinstance(run, RandomRun)  # this page has no others
                draw_painter(run, followed.selection.sentence)
    with top.sentences[0]:
        sentence_input(_("Sentence"), "text")


def _show_notices(followed: Followed) -> None:
    run, selection = followed
    if run.is_empty:
        st.info(_("Type a sentence above, or pick an example, to see its attention."))
        return
    show_limits(SOURCE, run)
    if value_of("view") != TESTS.name:  # they are about other things, and need the room
        change = tell_change(SOURCE, run)
        show_strip(run, selection, change=change, put_back=put_change_back)


PAGE = Page(
    name="explore",
    title=N_("Explore"),
    draw=_draw,
    parameters=PARAMETERS,
    prepare=forget_change,
    fits={
        "weights": fit_weights,
        **size_fits(),
        "sentence": lambda: fit_sentence_to(SOURCE.count_sentences()),
    },
    shared=SHARED,
    controls=CONTROLS,
    controls_of_run=CONTROLS_OF_RUN,
    views=VIEWS,
    source=lambda: opened_model() or SOURCE,
    is_compared=True,
)
