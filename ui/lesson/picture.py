"""The picture of a step, or for a class: one head or two, as large as there is room for."""

from dataclasses import replace

import numpy as np

from ui.choices.options import Stage
from ui.components import window_is_narrow, window_is_tall
from ui.controls.colors import weight_scale
from ui.controls.presenting import fit_to_window, grid_theme, is_presented, rem, shown_theme
from ui.controls.selection import Selection, attention_in
from ui.frame.follow import Followed, show_view
from ui.link.lesson import place_shown
from ui.link.memory import value_of
from ui.runs.run import Attention, Run
from ui.text.i18n import _
from ui.text.numbers import decimal, percent
from ui.views.few_heads import FEW, only
from ui.views.heads import HEADS, ON_PHONE, head_map, show_tiles
from ui.views.marks import mark_stage
from ui.views.stages import stage_tiles
from ui.views.view import View
from viz.tiles import Tiles, stacked

CHART = "lesson_chart"
WIDTH = 560  # design pixels beside a question ...
HEIGHT, TALL_HEIGHT = 436, 616  # ... and what the heading leaves of 768 and of 1080
ABOVE = 80  # of them for what stands above a picture in the page's whole width
# For a class, in heights of a text: what stands above and below a picture, and of it what may be
# touched in a step without a question.
BARS, BARS_OF_STEP, CONTROLS = 10.8, 14.4, 3.6
BESIDE = 0.565  # of the width, for a picture beside a question


def show_picture(followed: Followed, view: View, *, is_wide: bool) -> None:
    """Draw the view that a step chooses; of all heads the chosen one alone, if one is chosen.

    Args:
        followed: what is shown.
        view: how.
        is_wide: whether it has the page's whole width.
    """
    run, selection = followed
    if view.beside is not None and not is_wide:
        view.beside(run, selection, shown_theme())
    elif view is not HEADS and (not is_presented() or view.is_for_class(run, selection)):
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
    if stage != "output":
        tiles = only(tiles, heads_shown(attention, selection))
    if stage == "weights":
        tiles = replace(tiles, scale=weight_scale())
    if is_presented():
        tiles = replace(tiles, writes=percent if stage == "weights" else _one_decimal)
    marked = mark_stage(tiles, attention, replace(selection, head=None), stage)
    _show(marked, is_wide=is_wide, below=below)


def heads_shown(attention: Attention, selection: Selection) -> tuple[int, ...]:
    """Return which heads are drawn: the chosen one, or all; for a class the two sharpest of them.

    A head is sharp where each word looks mostly at one other.
    """
    heads = attention.facts.heads
    if selection.head is not None:
        return (selection.head,)
    if not is_presented() or heads <= FEW:
        return tuple(range(heads))
    sharpness = attention.at("weights").field("weights").max(axis=2, initial=0).mean(axis=1)
    sharpest = np.argsort(-sharpness, kind="stable")[:FEW]
    return tuple(sorted(map(int, sharpest)))


def show_heads_of_layers(shares: np.ndarray, name: str) -> None:
    """Draw a number of each head of each layer as a map.

    Args:
        shares: (layers, H), 0 to 1.
        name: what they are.
    """
    _show(head_map(shares, name, _("mean weight")), is_wide=False)


def show_beside(tiles: Tiles) -> None:
    """Draw a view's tiles beside a question, as large as there is room for."""
    _show(tiles, is_wide=False)


def _one_decimal(value: float) -> str:
    return decimal(value, 1)


def _show(tiles: Tiles, *, is_wide: bool, below: int = 0) -> None:
    """Draw tiles in the size that the window, and what else the step has, leave them."""
    theme = grid_theme()
    if is_presented():
        place, bars = place_shown(), BARS + below * theme.magnified / rem()
        if place is not None:
            bars += BARS_OF_STEP - BARS
            bars += CONTROLS if is_wide and place.step.controls else 0
        elif value_of("only"):
            bars += CONTROLS
        across = 1 if is_wide else BESIDE
        show_tiles(fit_to_window(tiles, theme, bars=bars, across=across), CHART, theme)
        return
    height = (TALL_HEIGHT if window_is_tall() else HEIGHT) - below
    if is_wide:
        tiles = replace(tiles, height=height - ABOVE)
    else:
        tiles = replace(tiles, width=WIDTH, height=height)
    if window_is_narrow():
        tiles = stacked(tiles, width=ON_PHONE, highest=ON_PHONE)
    show_tiles(tiles, CHART, theme)
