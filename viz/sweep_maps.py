"""What came out of many experiments, as heatmaps over two of their axes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from .figure import SpecFigure
from .labels import text_width
from .sweep_parts import (
    ENGLISH,
    HEIGHT,
    WIDTH,
    Axis,
    Words,
    frame_of,
    grid_of,
    hover_text,
    panel_title,
    places_axis,
    steady_markers,
)
from .theme import LABEL_SIZE, Theme, color_scale

CELL_TEXT = 44, 20  # pixels that a cell needs to have its number written into it


@dataclass(frozen=True)
class Tile:
    """One heatmap: means over seeds for R × C combinations."""

    title: str  # escaped; "" for none
    mean: np.ndarray  # (R, C) NaN where nothing was measured
    std: np.ndarray  # (R, C)
    count: np.ndarray  # (R, C)
    about: Sequence[Sequence[str]]  # R of C, escaped
    ids: np.ndarray  # (R, C)


@dataclass(frozen=True)
class Map:
    """Heatmaps of one measure over two axes, on one colour scale."""

    tiles: Sequence[Tile]
    x: Axis
    y: Axis
    value: str  # escaped
    words: Words = ENGLISH
    height: int = HEIGHT


def draw_map(sweep: Map, theme: Theme) -> go.Figure:
    """Draw each combination as a cell, with its number where there is room.

    Args:
        sweep: at least one tile; more than MOST_PANELS are refused.
        theme: the page's colours.

    Raises:
        ValueError: if there are no tiles or too many.
    """
    rows, columns = sweep.tiles[0].mean.shape if sweep.tiles else (0, 0)
    grid = grid_of(len(sweep.tiles), sweep.height, any(t.title for t in sweep.tiles), gap=0.03)
    layout = frame_of(theme, sweep.height, legend=False)
    layout["margin"] |= {"r": 92, "l": 34 + int(max(map(text_width, sweep.y.labels), default=0))}
    layout["coloraxis"] = _color_axis(sweep, theme)
    traces: list[dict[str, Any]] = []
    for number, (tile, place) in enumerate(zip(sweep.tiles, grid, strict=True), start=1):
        at = "" if number == 1 else str(number)
        cell = (place.width * WIDTH / columns, place.height * sweep.height / rows)
        traces += _cells(tile, sweep, at, cell, theme)
        layout[f"xaxis{at}"] = places_axis(sweep.x, place.x, f"y{at}", theme, titled=place.last)
        layout[f"yaxis{at}"] = places_axis(
            sweep.y, place.y, f"x{at}", theme, titled=place.first, labelled=place.first
        )
        layout["annotations"] += panel_title(tile.title, place, theme)
    return SpecFigure({"data": traces, "layout": layout})


def _color_axis(sweep: Map, theme: Theme) -> dict[str, Any]:
    values = np.concatenate([tile.mean.ravel() for tile in sweep.tiles])
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    if low == high:
        low, high = low - 0.5, high + 0.5
    return {
        "cmin": low,
        "cmax": high,
        "colorscale": color_scale(theme.sequential),
        "colorbar": {
            "thickness": 14,
            "len": 0.95,
            "outlinewidth": 0,
            "nticks": 6,
            "title": {"text": sweep.value, "side": "right", "font": {"size": LABEL_SIZE}},
        },
    }


def _cells(
    tile: Tile, sweep: Map, at: str, cell: tuple[float, float], theme: Theme
) -> Iterator[dict[str, Any]]:
    """A heatmap, and points upon it that a pointer finds: Plotly selects no cells."""
    room = all(size >= least for size, least in zip(cell, CELL_TEXT, strict=True))
    yield {
        "type": "heatmap",
        "z": tile.mean.astype(np.float64),
        "x0": 0,
        "dx": 1,
        "y0": 0,
        "dy": 1,
        "xgap": 2,
        "ygap": 2,
        "xaxis": f"x{at}",
        "yaxis": f"y{at}",
        "coloraxis": "coloraxis",
        "hoverinfo": "skip",
        **({"texttemplate": "%{z:.3g}", "textfont": {"size": LABEL_SIZE}} if room else {}),
    }
    rows, columns = tile.mean.shape
    yield {
        "type": "scatter",
        "mode": "markers",
        "x": np.tile(np.arange(columns, dtype=np.float64), rows),
        "y": np.repeat(np.arange(rows, dtype=np.float64), columns),
        "xaxis": f"x{at}",
        "yaxis": f"y{at}",
        "marker": {"size": max(8, int(min(cell))), "symbol": "square", "color": "rgba(0,0,0,0)"},
        "customdata": tile.ids.ravel().astype(np.int32),
        "hovertext": [
            hover_text(about, sweep.value, numbers, sweep.words)
            for about, *numbers in zip(
                [text for row in tile.about for text in row],
                tile.mean.ravel(),
                tile.std.ravel(),
                tile.count.ravel(),
                strict=True,
            )
        ],
        "hovertemplate": "%{hovertext}<extra></extra>",
        "hoverlabel": {"bgcolor": theme.masked, "font": {"color": theme.text}},
        "showlegend": False,
        **steady_markers(),
    }
