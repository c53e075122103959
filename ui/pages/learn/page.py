"""Learn: train a small transformer, and watch its attention form."""

import streamlit as st

from ui.controls.random_settings import sentence_input
from ui.frame.clicks import draw_click_listener
from ui.frame.downloads import draw_downloads
from ui.frame.failures import logged
from ui.frame.follow import draw_last_row, settle_layout, shown_of
from ui.frame.history import live
from ui.frame.page import Page
from ui.frame.view_bar import draw_selection_row, draw_view_bar
from ui.link.notices import show_notices
from ui.pages.learn.controls import (
    draw_buttons,
    draw_corpus,
    draw_first_settings,
    draw_more,
    draw_sizes,
    draw_story,
    draw_task,
)
from ui.pages.learn.fitting import FITS
from ui.pages.learn.follow import VIEWS, follow_training, running
from ui.pages.learn.kind_and_layer import draw_kind_and_layer
from ui.pages.learn.lesson import CONTROLS, CONTROLS_OF_RUN, TEACHING
from ui.pages.learn.memory import learn_memory
from ui.pages.learn.parameters import PARAMETERS
from ui.pages.learn.source import TRAINED_ON_LEARN
from ui.pages.learn.story_box import draw_story_box, draw_story_buttons
from ui.pages.learn.trainings import fit_snapshot, plan_in_use, queue
from ui.pages.learn.watch_view import CHART, take_frame
from ui.pages.learn.weights import draw_weights
from ui.text.errors import describe_error
from ui.text.i18n import N_, _
from ui.text.markdown import plain

REPAINT_EVERY = 0.2  # seconds, while something runs


def _draw() -> None:
    """Draw controls that stay, around a part that repaints while a training runs."""
    with logged():  # what can't be started is told when something is trained
        queue().warm_up()
    # Before anything is drawn: what ends from here on is seen by the part that repaints.
    learn_memory().running = running()
    with st.sidebar:
        draw_story()
        draw_task()
        draw_sizes()
        text_place = st.container()
        draw_corpus()
        try:
            plan, problem = plan_in_use(), ""
            fit_snapshot(plan)
        except ValueError as error:
            plan, problem = None, describe_error(error, _)
        _draw_rest(can_be_shown=plan is not None)
    top = st.container()
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="learning"):
        draw_buttons(plan)
        draw_story_buttons()
        progress_place = st.container()
    check_place = draw_story_box()
    draw_view_bar(VIEWS, draw_kind_and_layer)
    draw_selection_row(VIEWS, sentences=1)
    settle_layout(TRAINED_ON_LEARN)
    if plan is None:
        with top:
            show_notices()
            st.error(plain(f"{problem[:1].upper()}{problem[1:]}.", 500), icon=":material/error:")
        with text_place:
            sentence_input(_("Try your own input"), "text")
        return
    repainted = live(follow_training, run_every=REPAINT_EVERY if learn_memory().running else None)
    repainted(text_place, top, progress_place, check_place, plan)


def _draw_rest(*, can_be_shown: bool) -> None:
    left, right = st.columns(2, gap="small")
    with left:
        draw_more()
    with right:
        draw_weights()
    if can_be_shown:
        draw_downloads(shown_of(TRAINED_ON_LEARN))
        draw_last_row(draw_first_settings)
    draw_click_listener(on_frame=take_frame, steady=(CHART,))


PAGE = Page(
    name="learn",
    title=N_("Learn"),
    draw=_draw,
    parameters=PARAMETERS,
    fits=FITS,
    controls=CONTROLS,
    controls_of_run=CONTROLS_OF_RUN,
    teaching=TEACHING,
    sentences={"text": N_("Try your own input")},
    views=VIEWS,
    source=lambda: TRAINED_ON_LEARN,
    is_compared=True,
)
