"""Learn: train a small transformer, and watch its attention form."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from model.training.plan import Plan
from ui.clicks import CLICKABLE, take_cell, take_frame, take_name
from ui.components import chart_clicks
from ui.controls import sentence_input
from ui.downloads import Shown, draw_downloads
from ui.error_text import describe_error
from ui.failures import logged, told_in_place
from ui.frame import Followed, follow
from ui.i18n import _
from ui.learn_controls import (
    choose_again,
    draw_buttons,
    draw_corpus,
    draw_more,
    draw_sizes,
    draw_story,
    draw_task,
)
from ui.learn_progress import show_progress, tell_endings
from ui.learnt import LearntRun, compute_learnt
from ui.link import read_link, remember, show_notices, value_of
from ui.messages import said_instead, tell_limits
from ui.options import word
from ui.settings import LEARN_VIEWS
from ui.sides import draw_pin
from ui.state import layout_in_use
from ui.stories import STORIES
from ui.story_check import current_check, draw_check_button, show_check
from ui.text import plain
from ui.trainings import (
    active,
    fit_snapshot,
    leave_behind,
    plan_in_use,
    queue,
    typed_in,
)
from ui.turns import turn
from ui.view_bar import draw_selection_row, draw_view_bar
from ui.views.learn_inputs import draw_kind_and_layer
from ui.views.watch import CHART
from ui.weights_controls import draw_weights

REPAINT_EVERY = 0.2  # seconds, while something runs


def page() -> None:
    """The page: controls that stay, around a part that repaints while a training runs."""
    read_link("learn")
    choose_again()
    with logged():  # what can't be started is told when something is trained
        queue().warm_up()
    # Before anything is drawn: what ends from here on is seen by the part that repaints.
    st.session_state["_running"] = _running()
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
        shown = st.session_state.setdefault("_shown_learnt", Shown(compute_learnt))
        _draw_rest(shown if plan else None)
    top = st.container()
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="learning"):
        draw_buttons(plan)
        if value_of("story") is not None:
            draw_check_button()
        progress_place = st.container()
    check_place = _draw_story_box()
    view = draw_view_bar(LEARN_VIEWS, ("stage", "overview"), draw_kind_and_layer)
    draw_selection_row(view)
    remember()
    st.session_state["_layout"] = layout_in_use()
    if plan is None:
        with top:
            show_notices()
            st.error(plain(f"{problem[:1].upper()}{problem[1:]}.", 500), icon=":material/error:")
        with text_place:
            sentence_input(_("Try your own input"), "text")
        return
    runs = bool(st.session_state["_running"])
    repainted = st.fragment(_follow, run_every=REPAINT_EVERY if runs else None)
    repainted(text_place, top, progress_place, check_place, shown, plan)


def _running() -> list[Plan]:
    """What runs, or waits for it; a check counts once."""
    check = current_check()
    checked = [check.pairs[0][0].plan] if check and check.active() else []
    return [training.plan for training in active()] + checked


def _draw_rest(shown: Shown | None) -> None:
    left, right = st.columns(2, gap="small")
    with left:
        draw_more()
    with right:
        draw_weights()
    if shown is not None:
        draw_downloads(shown)
        draw_pin()
    chart_clicks(
        charts=CLICKABLE,
        on_cell=take_cell,
        on_name=take_name,
        on_frame=take_frame,
        steady=[CHART],
    )


def _draw_story_box() -> DeltaGenerator | None:
    """The story that is told, and the place for what its check finds."""
    key = value_of("story")
    if key is None:
        return None
    st.markdown(f"**{word(key)}.** {STORIES[key].say}")
    return st.container()


@turn()
def _follow(
    text_place: DeltaGenerator,
    top: DeltaGenerator,
    progress_place: DeltaGenerator,
    check_place: DeltaGenerator | None,
    shown: Shown,
    plan: Plan,
) -> None:
    """What follows from the typed text, and from how far the trainings are."""
    if check_place is not None:
        with check_place, told_in_place():
            show_check()
    if _running() != st.session_state["_running"]:
        st.rerun()  # a training has ended: other buttons
    if value_of("view") != "watch":
        st.session_state.pop("_mounted", None)  # its figure is gone
    followed = follow(shown, top, "text")
    with progress_place, told_in_place():
        show_progress(plan)
    with top, told_in_place():
        tell_endings(plan)
        if followed is not None:
            _tell(followed)
    with text_place:
        sentence_input(_("Try your own input"), "text", placeholder=plan.learnt.probe)


def _tell(followed: Followed) -> None:
    run = followed.run
    assert isinstance(run, LearntRun)  # this page has no others
    plan = run.settings.plan
    leave_behind(run.settings)
    _typed, problem = typed_in(plan.learnt, value_of("text"))
    tell_limits(run, *([said_instead(plan, problem)] if problem else []))
