"""The picture of a step: one head as large as there is room for, or the view as on its page."""

from dataclasses import replace

import numpy as np
import streamlit as st

from ui.choices.options import Stage
from ui.components import window_is_narrow, window_is_tall
from ui.controls.colors import weight_scale
from ui.controls.selection import Selection, attention_in
from ui.frame.follow import Followed, show_view
from ui.link.memory import value_of
from ui.runs.run import Run
from ui.text.i18n import _
from ui.views.few_heads import only
from ui.views.heads import HEADS, ON_PHONE, head_map, show_tiles
from ui.views.marks import mark_stage
from ui.views.stages import stage_tiles
from ui.views.view import View
from viz.theme import LARGE, theme_of
from viz.tiles import Tiles, stacked

CHART = "lesson_chart"
WIDTH = 560  # design pixels beside a question ...
HEIGHT, TALL_HEIGHT = 460, 640  # ... and what the heading leaves of 768 and of 1080
ABOVE = 80  # of them for what stands above a picture in the page's whole width


def show_picture(followed: Followed, view: View, *, is_wide: bool) -> None:
    """Draw the view that a step chooses; of all heads the chosen one alone, if one is chosen.

    Args:
        followed: what is shown.
        view: how.
        is_wide: whether it has the page's whole width.
    """
    run, selection = followed
    if view.beside is not None and not is_wide:
        view.beside(run, selection, theme_of(st.context.theme.type))
    elif view is not HEADS:
        show_view(followed, view)
    else:
        show_heads_alone(run, selection, is_wide=is_wide)


def show_heads_alone(run: Run, selection: Selection, *, is_wide: bool, below: int = 0) -> None:
    """Draw the heads, or the chosen one alone, in the stage that is chosen.

    Args:
        run: of which.
        selection: what is looked at.
        is_wide: whether they have the page's whole width.
        below: pixels that something needs below them.
    """
    stage: Stage = value_of("stage")
    attention = attention_in(run, selection)
    tiles = stage_tiles(attention, stage)
    if selection.head is not None and stage != "output":
        tiles = only(tiles, [selection.head])
    if stage == "weights":
        tiles = replace(tiles, scale=weight_scale())
    marked = mark_stage(tiles, attention, replace(selection, head=None), stage)
    _show(marked, is_wide=is_wide, below=below)


def show_heads_of_layers(shares: np.ndarray, name: str) -> None:
    """Draw a number of each head of each layer as a map.

    Args:
        shares: (layers, H), 0 to 1.
        name: what they are.
    """
    _show(head_map(shares, name, _("mean weight")), is_wide=False)


def _show(tiles: Tiles, *, is_wide: bool, below: int = 0) -> None:
    """Draw tiles in the size that the window, and what else the step has, leave them."""
    theme, is_tall = theme_of(st.context.theme.type), window_is_tall()
    height = (TALL_HEIGHT if is_tall else HEIGHT) - below
    if is_wide:
        tiles = replace(tiles, height=height - ABOVE)
    else:
        tiles = replace(tiles, width=WIDTH, height=height)
    if window_is_narrow():
        tiles = stacked(tiles, width=ON_PHONE, highest=ON_PHONE)
    show_tiles(tiles, CHART, replace(theme, magnified=LARGE) if is_tall else theme)
