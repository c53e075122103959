"""All heads: one stage as a grid of heatmaps."""

from dataclasses import replace

import streamlit as st

from ui.color_controls import weight_scale
from ui.components import window_is_tall
from ui.controls import BOUND, draw_kept
from ui.i18n import _
from ui.link import default_of, value_of
from ui.run import Attention
from ui.settings import Stage
from ui.stages import describe, stage_tiles
from viz.theme import Theme
from viz.tiles import Tiles, draw_tiles, grid_of

CHART = "heads_chart"  # the key that lessons and tests rely on
PLOTLY_CONFIG = {"displayModeBar": False}


def show_heads(attention: Attention, stage: Stage, theme: Theme) -> None:
    """Draw the stage for all heads; clicks open a cell or a head."""
    tiles = stage_tiles(attention, stage, tall=window_is_tall())
    if stage == "weights":
        tiles = replace(tiles, scale=weight_scale())
    own_scales = stage == "energy" and value_of("head_scale")
    show_tiles(tiles, CHART, theme, scale_per_tile=own_scales)
    several = len(tiles.names) > 1  # of one head, both scales are the same
    draw_kept(_draw_scale_switch, "head_scale", stage == "energy" and several, "head_scale")


def _draw_scale_switch() -> None:
    st.toggle(
        _("A colour scale for each head"),
        default_of("head_scale"),
        key="head_scale",
        bind=BOUND,
        help=_("Shows the pattern within heads of small energies; colours no longer compare."),
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
    tell_pooling((grid.pooled_rows, grid.pooled_columns))


def tell_pooling(block: tuple[int, int]) -> None:
    """Say so if cells stand for more than one number."""
    rows, columns = block
    if rows * columns > 1:
        st.caption(
            _(
                "Pooled to fit the screen: each cell shows the value furthest from zero among "
                "{rows} × {columns} numbers."
            ).format(rows=rows, columns=columns)
        )
