"""For a whole class at the wall: how large things are while a page is presented."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import plotly.graph_objects as go
import streamlit as st

from ui.components import window_is_tall
from ui.components.presenter import USUAL_SIZE, window_size
from ui.link.memory import own_memory, parameters, value_of
from viz.figure import enlarged
from viz.theme import LABEL_SIZE, LARGE, Theme, theme_of
from viz.tiles import Tiles, fitted

LABEL = 20  # pixels of a label in a window of the usual height; in others in proportion
REM = 0.03  # of the window's height: what a text of the page is high
STEP = 1.1  # what a key press makes larger, or smaller
PAINTER_LABEL = 12  # pixels of a label beside the painter, in a sidebar
EDGES = 3.5  # heights of a text that are beside a picture
LEAST_HEIGHT = 150  # pixels of a picture
SMALLEST, LARGEST = -2, 4  # such steps: beyond them a lesson's step no longer fits a screen


@dataclass
class Size:
    """What a session keeps of it."""

    steps: int = 0
    heads: int = 0  # how many the picture has to choose from: the keys go through them


def is_presented() -> bool:
    """Whether the page is shown to a class."""
    return "present" in parameters() and bool(value_of("present"))


def enlarge(by: int) -> None:
    """Make everything larger by a step, or smaller."""
    size = own_memory(Size)
    size.steps = max(SMALLEST, min(LARGEST, size.steps + by))


def tell_heads(count: int) -> None:
    """Remember how many heads the picture that is shown has to choose from."""
    own_memory(Size).heads = count


def next_head(head: int | None, first: int | None) -> int | None:
    """Return the head after this one; after the last one the first choice, which may be none."""
    heads = own_memory(Size).heads
    following = 0 if head is None else head + 1
    if heads < 2:  # there is no other one
        return head
    return following if following < heads else first


def size_chosen() -> float:
    """Return how many times larger than usual somebody has made everything."""
    return float(STEP ** own_memory(Size).steps)


def rem() -> float:
    """Return how many pixels a text of the page is high: see ui.frame.presenter_style."""
    return REM * window_size()[1] * size_chosen()


def shown_theme() -> Theme:
    """Return the theme of the page; with labels as large as a class needs them, if one looks."""
    theme = theme_of(st.context.theme.type)
    return replace(theme, magnified=_from(LABEL_SIZE)) if is_presented() else theme


def painter_size() -> float:
    """Return how many times larger the painter is than in a sidebar."""
    return _from(PAINTER_LABEL) if is_presented() else 1.0


def _from(label: float) -> float:
    """How many times larger a class needs what has labels of so many pixels at a desk."""
    return LABEL / label * window_size()[1] / USUAL_SIZE[1] * size_chosen()


def grid_theme() -> Theme:
    """Return the same for grids of heatmaps, which are larger on a large screen, too."""
    theme = shown_theme()
    if theme.magnified == 1 and window_is_tall():
        return replace(theme, magnified=LARGE)
    return theme


def fit_to_window(tiles: Tiles, theme: Theme, *, bars: float, across: float = 1) -> Tiles:
    """Return tiles as large as a presenter's window has room for.

    Args:
        tiles: what is drawn.
        theme: with which it is drawn.
        bars: what stands above and below, in heights of a text.
        across: the share of the window's width that there is.
    """
    width, height = window_size()
    return fitted(
        tiles,
        theme,
        width=round((width - EDGES * rem()) * across),
        height=round(max(LEAST_HEIGHT, height - bars * rem())),
    )


def design_width(across: float = 1) -> int:
    """Return how wide a figure is that `draw_to_room` enlarges, in pixels as at a desk.

    Args:
        across: the share of a presenter's window that it has.
    """
    return round((window_size()[0] - EDGES * rem()) * across / shown_theme().magnified)


def draw_to_room(
    draw: Callable[[int], go.Figure], usual: int, tall: int, *, bars: float
) -> go.Figure:
    """Return a figure in the height that there is room for; for a class, as large in all.

    Args:
        draw: returns it in a height, in pixels, as it is at a desk; what stands around its plot
            may come on top of that.
        usual, tall: the heights there, in a usual window and in a tall one.
        bars: what stands above and below it for a class, in heights of a text.
    """
    if not is_presented():
        return draw(tall if window_is_tall() else usual)
    by = shown_theme().magnified
    height = round((window_size()[1] - bars * rem()) / by)
    around = draw(height).to_dict()["layout"]["height"] - height
    least = round(LEAST_HEIGHT / by)
    return enlarged(draw(max(least, round(height - around))), by)
