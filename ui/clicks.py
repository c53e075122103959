"""Clicks in charts: from a cell or a name to what the page shows next."""

from typing import Any

import streamlit as st

from ui.components import window_is_tall
from ui.failures import logged
from ui.link import current_page, fit_heads, fit_layers, fit_learnt_heads, value_of
from ui.run import Run
from ui.selection import Selection, attention_in, selection_in, whole_numbers
from ui.settings import KINDS
from ui.side_runs import comparison_shown
from ui.stages import cell_at, stage_tiles
from ui.state import current_settings, on_learn_page, on_trained_page, run_of
from ui.turns import turn
from ui.views import compare, finder, heads, kinds, layers, watch

CLICKABLE = (
    heads.CHART,
    layers.CHART,
    finder.CHART,
    watch.CHART,
    *map(kinds.chart_key, KINDS),
    *compare.CHARTS,
)

Place = tuple[int, int, int]  # tile, row, column


@logged()
@turn(is_seen=False)
def take_cell() -> None:
    """A cell was clicked: open what it belongs to."""
    sent = st.session_state.get("chart_clicks", {}).get("cell")
    place = whole_numbers(sent, "tile", "row", "column")
    if not place:
        return
    if current_page() == "compare":
        _show(_behind_tile_of_two(sent.get("chart"), place[0]))
        return
    run = _current_run()
    if run is None or run.is_empty:  # the sentence was emptied before the click arrived
        return
    tile, row, column = place
    _show(_behind_cell(run, selection_in(run), sent.get("chart"), (tile, row, column)))


@logged()
@turn(is_seen=False)
def take_name() -> None:
    """The name above a tile was clicked: open it."""
    sent = st.session_state.get("chart_clicks", {}).get("name")
    tile = whole_numbers(sent, "tile")
    if not tile:
        return
    if current_page() == "compare":
        _show(_behind_tile_of_two(sent.get("chart"), *tile))
        return
    run = _current_run()
    if run is not None and not run.is_empty:
        _show(_behind_name(run, selection_in(run), sent.get("chart"), *tile))


@logged()
def take_frame() -> None:
    """A figure's slider was let go."""
    frame = whole_numbers(st.session_state.get("chart_clicks", {}).get("frame"), "frame")
    if frame and on_learn_page():
        watch.take_frame(*frame)


def _behind_tile_of_two(chart: Any, tile: int) -> dict[str, Any] | None:
    comparison = comparison_shown()
    return compare.behind_tile(comparison, chart, tile) if comparison is not None else None


def _current_run() -> Run | None:
    """What is shown, or will be: a control that was changed may arrive together with the click.

    None where there is nothing to show.
    """
    if on_learn_page():
        fit_learnt_heads()
        try:
            return run_of(current_settings())
        except ValueError:
            return None
    if not on_trained_page():
        fit_heads()
        fit_layers()
    return run_of(current_settings())


def _behind_cell(run: Run, selection: Selection, chart: Any, place: Place) -> dict[str, Any] | None:
    if chart == heads.CHART:
        stage = value_of("stage")
        attention = attention_in(run, selection)
        tiles = stage_tiles(attention, stage, tall=window_is_tall())
        return cell_at(attention, tiles, stage, *place)
    if chart == finder.CHART:
        return finder.behind_cell(run, selection, place)
    if chart == layers.CHART:
        return layers.behind_cell(run, selection, value_of("overview"), place)
    if chart == watch.CHART:
        return watch.behind_cell(run, selection, place)
    kind = kinds.kind_of(chart)
    if kind not in run.kinds:
        return None
    return kinds.behind_cell(run, selection, kind, value_of("stage"), place)


def _behind_name(run: Run, selection: Selection, chart: Any, tile: int) -> dict[str, Any] | None:
    if chart == heads.CHART and 0 <= tile < run.heads_of(selection.kind):
        whose = {} if value_of("stage") == "output" else {"head": tile}
        return {"view": "head", **whose}
    if chart == layers.CHART:
        return layers.behind_name(run, selection, value_of("overview"), tile)
    if chart == watch.CHART:
        return watch.behind_tile(run, selection, tile)
    kind = kinds.kind_of(chart)
    return kinds.behind_name(run, selection, kind, tile) if kind in run.kinds else None


def _show(choice: dict[str, Any] | None) -> None:
    """Choose what was clicked; what the click says nothing about stays."""
    st.session_state.update(choice or {})
