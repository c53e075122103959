"""All heads: one stage as a grid of heatmaps."""

import streamlit as st

from ui.components import window_is_tall
from ui.compute import Run
from ui.controls import BOUND
from ui.i18n import _
from ui.link import DEFAULTS, value_of
from ui.selection import Selection
from ui.settings import Stage
from ui.stages import describe, stage_tiles
from viz.theme import Theme
from viz.tiles import draw_tiles, grid_of

PLOTLY_CONFIG = {"displayModeBar": False}


def show_heads(run: Run, selection: Selection, stage: Stage, theme: Theme) -> None:
    """Draw the stage for all heads; clicks open a cell or a head."""
    tiles = stage_tiles(run, selection.sentence, stage, tall=window_is_tall())
    st.plotly_chart(
        draw_tiles(tiles, theme, scale_per_tile=stage == "energy" and value_of("head_scale")),
        key="heads_chart",
        theme=None,
        config=PLOTLY_CONFIG,
        alt=describe(tiles, stage),
    )
    if stage == "energy":
        st.toggle(
            _("A colour scale for each head"),
            DEFAULTS["head_scale"],
            key="head_scale",
            bind=BOUND,
            help=_("Shows the pattern within heads of small energies; colours no longer compare."),
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
                "{rows} × {columns} numbers. Downloads have them all."
            ).format(rows=rows, columns=columns)
        )
