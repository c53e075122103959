"""The names above the tiles of a grid."""

from collections.abc import Sequence
from typing import Any

from .labels import text_width
from .theme import TITLE_SIZE, Theme
from .tiles_grid import COLUMN_GAP, Grid

BOLD = 1.12  # how much wider than a label a tile's name is
LINE = 1.4  # how much higher than its letters


def height_of_name(theme: Theme) -> int:
    """Return how many pixels a name needs above its tile."""
    return round(LINE * TITLE_SIZE * theme.magnified)


def fitting_names(
    names: Sequence[str], short: Sequence[str] | None, grid: Grid, theme: Theme
) -> Sequence[str]:
    """Return the names that stand above tiles: the short ones if the others would run together."""
    room = grid.tile_columns * grid.cell_width + COLUMN_GAP
    widest = max(map(text_width, names)) * BOLD * theme.magnified
    return short if short and grid.columns > 1 and widest > room else names


def name_above(grid: Grid, tile: int, text: str, theme: Theme) -> dict[str, Any]:
    """Return a tile's name above its upper left corner, which reports clicks."""
    return {
        "x": grid.left(tile),
        "y": grid.top(tile),
        "text": f"<b>{text}</b>",
        "name": str(tile),
        "showarrow": False,
        "xanchor": "left",
        "yanchor": "bottom",
        "captureevents": True,
        "font": {"size": round(TITLE_SIZE * theme.magnified)},
    }
