"""What follows from the typed text, and from how far the trainings are."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from model.training.plan import Plan
from ui.controls.random_settings import sentence_input
from ui.frame.failures import told_in_place
from ui.frame.follow import Followed, follow
from ui.frame.messages import describe_substitute, show_limits
from ui.frame.opened_from_learn import open_elsewhere
from ui.link.memory import value_of
from ui.pages.learn.circuit_view import CIRCUIT
from ui.pages.learn.memory import learn_memory
from ui.pages.learn.progress import show_endings, show_progress
from ui.pages.learn.source import TRAINED_ON_LEARN, opened_elsewhere
from ui.pages.learn.story_check import current_check, show_check
from ui.pages.learn.trainings import active
from ui.pages.learn.watch_view import WATCH
from ui.runs.trained_here import TrainedHereRun, read_typed
from ui.text.i18n import _
from ui.views.cell import CELL
from ui.views.head import HEAD
from ui.views.layers import LAYERS
from ui.views.numbers import NUMBERS

VIEWS = (WATCH, HEAD, CELL, LAYERS, CIRCUIT, NUMBERS)


def running() -> list[Plan]:
    """Return what runs, or waits for it; a check counts once."""
    check = current_check()
    checked = [check.pairs[0][0].plan] if check and check.active() else []
    return [training.plan for training in active()] + checked


def follow_training(
    text_place: DeltaGenerator,
    top: DeltaGenerator,
    progress_place: DeltaGenerator,
    check_place: DeltaGenerator | None,
    plan: Plan,
) -> None:
    """Draw what follows from the typed text, and from how far the trainings are."""
    if check_place is not None:
        with check_place, told_in_place():
            show_check()
    if running() != learn_memory().running:
        st.rerun()  # a training has ended: other buttons
    if value_of("view") != WATCH.name:
        learn_memory().mounted = None  # its figure is gone
    followed = follow(TRAINED_ON_LEARN, VIEWS, top)
    with progress_place, told_in_place():
        show_progress(plan)
    with top, told_in_place():
        show_endings(plan)
        if followed is not None:
            _show_notices(followed)
    with text_place:
        sentence_input(_("Try your own input"), "text", placeholder=plan.learnt.probe)


def _show_notices(followed: Followed) -> None:
    run = followed.run
    assert isinstance(run, TrainedHereRun)  # this page has no others
    plan = run.settings.plan
    open_elsewhere(opened_elsewhere(run.settings))
    _typed, problem = read_typed(plan.learnt, value_of("text"))
    more = [describe_substitute(plan, problem)] if problem else []
    show_limits(TRAINED_ON_LEARN, run, *more)
