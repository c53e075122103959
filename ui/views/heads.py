"""All heads: one stage as a grid of heatmaps."""

from dataclasses import replace

import numpy as np
import streamlit as st

from ui.choices.options import CARRIED, Stage
from ui.components import window_is_narrow, window_is_tall
from ui.controls.colors import weight_scale
from ui.controls.selection import Selection, attention_in
from ui.link.memory import parameters, value_of
from ui.runs.run import Attention, Run
from ui.text.explain import explain
from ui.text.i18n import _
from ui.views.carried import LINES, show_sums
from ui.views.descriptions import STAGES
from ui.views.marks import mark_stage
from ui.views.stages import cell_at, describe, stage_tiles
from ui.views.view import Chart, Choice, Place, View
from viz.labels import AxisLabels
from viz.theme import LARGE, Theme
from viz.tiles import Tiles, draw_tiles, grid_of, stacked

CHART = "heads_chart"  # the key that lessons and tests rely on
ON_PHONE = 250  # design pixels of the one head that a phone is as wide as
PLOTLY_CONFIG = {"displayModeBar": False}


def show_heads(run: Run, selection: Selection, theme: Theme) -> None:
    """Draw the stage for all heads; clicks open a cell or a head."""
    attention, stage = attention_in(run, selection), value_of("stage")
    tiles = _tiles(attention, stage)
    if stage == "weights":
        tiles = replace(tiles, scale=weight_scale())
    tiles = mark_stage(tiles, attention, selection, stage)
    if window_is_tall():
        theme = replace(theme, magnified=LARGE)
    own_scales = stage == "energy" and value_of("head_scale")
    show_tiles(tiles, CHART, theme, scale_per_tile=own_scales)
    if stage in CARRIED:
        show_sums(attention, selection, stage)


def _tiles(attention: Attention, stage: Stage) -> Tiles:
    """The tiles in the size that the window has room for."""
    tiles = stage_tiles(attention, stage, tall=window_is_tall())
    if stage in CARRIED:
        tiles = replace(tiles, height=tiles.height - LINES)
    return stacked(tiles, width=ON_PHONE, highest=ON_PHONE) if window_is_narrow() else tiles


def _draw_scale_switch() -> None:
    """Draw whether each head has colours of its own, where they aren't those of all in any case."""
    is_alone = "heads" in parameters() and value_of("heads") == 1
    if value_of("stage") != "energy" or is_alone:
        return
    st.toggle(
        _("A scale for each head"),
        value_of("head_scale"),
        key="head_scale",
        help=explain(
            "energy",
            more=_("Shows the pattern within heads of small energies; colours no longer compare."),
        ),
    )


def show_tiles(tiles: Tiles, key: str, theme: Theme, *, scale_per_tile: bool = False) -> None:
    """Draw tiles as a chart, in words for those who can't see it, and say if cells are pooled."""
    st.plotly_chart(
        draw_tiles(tiles, theme, scale_per_tile=scale_per_tile),
        key=key,
        theme=None,
        config=PLOTLY_CONFIG,
        alt=describe(tiles),
    )
    grid = grid_of(tiles)
    show_pooling((grid.pooled_rows, grid.pooled_columns))


def head_map(values: np.ndarray, name: str, value_title: str, *, masked_text: str = "") -> Tiles:
    """Return one number of each head of each layer as one tile: a row a layer, a column a head.

    Args:
        values: (layers, H); NaN where there is nothing to say.
        name: what they are.
        value_title: of the colours' bar.
        masked_text: what a cell without a value says on hover.
    """
    rows, columns = (tuple(map(str, range(count))) for count in values.shape)
    return Tiles(
        values=values[None].astype(np.float32),
        names=[name],
        rows=AxisLabels(rows, rows),
        columns=AxisLabels(columns, columns),
        row_title=_("layer"),
        column_title=_("head"),
        value_title=value_title,
        diverging=False,
        row_word=_("layer"),
        column_word=_("head"),
        masked_text=masked_text,
    )


def show_pooling(block: tuple[int, int]) -> None:
    """Say so if cells stand for more than one number."""
    rows, columns = block
    if rows * columns > 1:
        st.caption(
            _(
                "Pooled to fit the screen: each cell shows the value furthest from zero among "
                "{rows} × {columns} numbers."
            ).format(rows=rows, columns=columns)
        )


def _behind_cell(run: Run, selection: Selection, place: Place) -> Choice:
    stage: Stage = value_of("stage")
    attention = attention_in(run, selection)
    tiles = _tiles(attention, stage)
    return cell_at(attention, tiles, stage, *place)


def _behind_name(run: Run, selection: Selection, tile: int) -> Choice:
    if not 0 <= tile < run.heads_of(selection.kind):
        return None
    whose = {} if value_of("stage") == "output" else {"head": tile}
    return {"view": "head", **whose}


HEADS = View(
    "heads",
    show_heads,
    lambda: STAGES[value_of("stage")],
    charts=(Chart(CHART, _behind_cell, _behind_name),),
    switch="stage",
    draw_options=_draw_scale_switch,
    shows_weights=lambda: bool(value_of("stage") == "weights"),
    needs_tokens=True,
)
