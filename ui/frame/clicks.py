"""Clicks in charts: from a cell or a name to what the page shows next."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from ui.components import chart_clicks
from ui.controls.selection import Selection, selection_in, whole_numbers
from ui.frame.failures import logged
from ui.frame.page import page_shown
from ui.link.memory import choose
from ui.runs.run import Run
from ui.server.turns import turn
from ui.views.advice import take_advice
from ui.views.view import Chart, Choice

Open = Callable[[Run | None, Selection | None], Choice]


def draw_click_listener(
    *,
    on_frame: Callable[[int], None] = lambda frame: None,
    steady: tuple[str, ...] = (),
    has_charts: bool = True,
) -> None:
    """Mount what listens to clicks in the page's charts; see ui.components.chart_clicks.

    Args:
        on_frame: called with the frame at which the slider of a figure was let go.
        steady: keys of charts that don't vanish while they are drawn anew.
        has_charts: whether clicks in the page's charts lead anywhere.
    """

    @logged()
    def take_frame() -> None:
        frame = whole_numbers(_sent("frame"), "frame")
        if frame:
            on_frame(*frame)

    chart_clicks(
        charts=[chart.key for chart in page_shown().every_chart if has_charts],
        on_cell=_take_cell,
        on_name=_take_name,
        on_frame=take_frame,
        steady=steady,
    )


@logged()
@turn(is_seen=False)
def _take_cell() -> None:
    """A cell was clicked: open what it belongs to."""
    sent = _sent("cell")
    place = whole_numbers(sent, "tile", "row", "column")
    chart = _chart(sent)
    if place and chart is not None:
        tile, row, column = place
        _open(lambda run, selection: chart.behind_cell(run, selection, (tile, row, column)))


@logged()
@turn(is_seen=False)
def _take_name() -> None:
    """The name above a tile was clicked: open it."""
    sent = _sent("name")
    tile = whole_numbers(sent, "tile")
    chart = _chart(sent)
    if tile and chart is not None:
        _open(lambda run, selection: chart.behind_name(run, selection, *tile))


def _sent(event: str) -> Any:
    return st.session_state.get("chart_clicks", {}).get(event)


def _chart(sent: Any) -> Chart | None:
    """The chart that was clicked; a browser can send anything."""
    key = sent.get("chart") if isinstance(sent, dict) else None
    return next((chart for chart in page_shown().every_chart if chart.key == key), None)


def _open(behind: Callable[[Any, Any], Choice]) -> None:
    """Choose what was clicked; what the click says nothing about stays."""
    page = page_shown()
    if page.source is None:
        choice = behind(None, None)
    else:
        run = _current_run()
        if run is None or run.is_empty:  # the sentence was emptied before the click arrived
            return
        choice = behind(run, selection_in(run))
    if choice is not None:
        take_advice()
        choose("click", **choice)


def _current_run() -> Run | None:
    """What is shown, or will be: a control that was changed may arrive together with the click.

    None where there is nothing to show.
    """
    make_source = page_shown().source
    assert make_source is not None
    source = make_source()
    source.fit()
    try:
        run: Run = source.compute(source.settings())
    except ValueError:
        return None
    return run
