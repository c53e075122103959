"""Compare: two configurations side by side, and what lies between them."""

import streamlit as st

from ui.frame.clicks import draw_click_listener
from ui.frame.history import live
from ui.frame.page import Page
from ui.pages.compare.controls import draw_sides
from ui.pages.compare.downloads import ShownComparison, draw_downloads
from ui.pages.compare.follow import follow_for_a_class, follow_sides, prepare_sides
from ui.pages.compare.parameters import PARAMETERS
from ui.pages.compare.patching import keep_patching_shown
from ui.pages.compare.side import bring_sides
from ui.pages.compare.texts import draw_texts
from ui.pages.compare.view import CHARTS, CLICKABLE
from ui.pages.compare.view_bar import draw_view_bar, fit_stage
from ui.pages.learn.memory import learn_memory
from ui.pages.learn.trainings import active
from ui.text.i18n import N_
from ui.views.few_heads import opening

REPAINT_EVERY = 0.2  # seconds, while a side is being trained, or patched


def _draw() -> None:
    """Draw the controls of one side, around what both are."""
    fit_stage()
    prepare_sides()  # before any control is drawn for what turns out not to be there
    learn_memory().running = running = [training.plan for training in active()]
    with st.sidebar:
        draw_sides()
        shown = ShownComparison()
        draw_downloads(shown)
        draw_click_listener(steady=CHARTS)
    top = draw_texts()
    draw_view_bar()
    repaints = keep_patching_shown() or bool(running)
    live(follow_sides, run_every=REPAINT_EVERY if repaints else None)(top, shown)


def _present() -> None:
    """Draw a pair of heads, and what lies between the sides."""
    fit_stage()
    prepare_sides()
    learn_memory().running = running = [training.plan for training in active()]
    draw_texts()
    picture, said = st.container(), st.container(key="say", gap="xsmall")
    draw_click_listener(has_charts=False, steady=CHARTS)
    live(follow_for_a_class, run_every=REPAINT_EVERY if running else None)(picture, said)


PAGE = Page(
    name="compare",
    title=N_("Compare"),
    draw=_draw,
    parameters=PARAMETERS,
    opening=opening,
    prepare=bring_sides,
    present=_present,
    charts=CLICKABLE,
)
