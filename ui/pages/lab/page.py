"""Lab: experiments in bulk, to learn what a setting does by trying it."""

import streamlit as st

from ui.frame.clicks import draw_click_listener
from ui.frame.failures import logged, told_in_place
from ui.frame.page import Page
from ui.jobs.sweep_queue import prepare_workers
from ui.link.memory import memory, value_of
from ui.pages.lab import cost_view, learning_view, mechanism_view
from ui.pages.lab.controls import (
    draw_first_settings,
    draw_presets,
    draw_rest,
    draw_settings,
)
from ui.pages.lab.grids import described
from ui.pages.lab.lesson import CONTROLS, TEACHING
from ui.pages.lab.page_files import draw_cost_downloads
from ui.pages.lab.parameters import PARAMETERS
from ui.pages.lab.presets import opening
from ui.pages.lab.progress import (
    run_described,
)
from ui.pages.lab.sweep_view import present_sweeps, show_sweeps
from ui.pages.lab.sweeps import is_kept
from ui.text.i18n import N_


def _draw() -> None:
    """Draw controls that stay, around a part that repaints while a sweep runs."""
    with logged():  # what can't be started is told when something is run
        prepare_workers()
    with st.sidebar:
        draw_settings()
        left, downloads_place = st.columns([5, 7], gap="small")
        with left:
            draw_rest()
        draw_first_settings()
        draw_click_listener(steady=(mechanism_view.CHART, learning_view.CHART, cost_view.CHART))
    draw_presets(_run_preset)
    _answer_first()
    if value_of("view") == "cost":
        with downloads_place, told_in_place():
            draw_cost_downloads()
        cost_view.show_cost()
        return
    show_sweeps(downloads_place)


def _present() -> None:
    """Draw the picture of an experiment alone; what it opens with is measured, if it has to be."""
    with logged():
        prepare_workers()
    draw_click_listener(has_charts=False)
    _answer_first()
    if value_of("view") == "cost":
        cost_view.present_cost()
    else:
        present_sweeps()


def _answer_first() -> None:
    """Answer the question that the page opens with; what is kept from earlier is shown anyway."""
    asks, memory().opens_by_itself = memory().opens_by_itself, False
    if asks:
        with logged():
            points = described().points
            if points is not None and not is_kept(points.valid):
                run_described()


def _run_preset() -> None:
    if value_of("view") != "cost":
        run_described()


PAGE = Page(
    name="lab",
    title=N_("Lab"),
    draw=_draw,
    parameters=PARAMETERS,
    opening=opening,
    present=_present,
    controls=CONTROLS,
    teaching=TEACHING,
)
