"""The residual stream: each token's vector after each step, how long it is and where it points."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from .figure import SpecFigure
from .heatmap import (
    base_layout,
    color_axis,
    labelled_axis,
    labels_below,
    limit_of,
    thinning,
)
from .labels import AxisLabels, text_width
from .pooling import factor, pool_extremes, pool_labels
from .theme import TITLE_SIZE, Theme
from .tiles_grid import HEIGHT, SMALLEST_CELL, WIDTH

TALLEST_ROW = 60  # design pixels: three steps don't fill a screen
MIDDLE = 96  # design pixels between the two heatmaps: the first one's colour bar
TITLE_ROOM = 26  # pixels above
HALF = (WIDTH - MIDDLE) // 2
OFF_CENTRE = 5e-4  # of an axis: see labelled_axis. A part of a cell would show where one is wide.


@dataclass(frozen=True)
class Stream:
    """The content of the residual stream's two heatmaps, before any drawing is decided."""

    norms: np.ndarray  # (S, L) the length of each token's vector, at the input and after each step
    similarity: np.ndarray  # (S, L) the cosine of its angle to the input, -1 to 1
    steps: AxisLabels  # S: "input", "0 attention", "0 feed-forward" ...
    tokens: AxisLabels  # L
    norm_title: str = "length"
    similarity_title: str = "similarity to the input"
    token_title: str = "token"
    step_title: str = "after"
    height: int = HEIGHT  # design pixels of the plot, at most
    undefined_text: str = "undefined"  # the similarity of a vector without a length, on hover


@dataclass(frozen=True)
class StreamGrid:
    """The size of either heatmap's cells, and what shares one."""

    rows: int
    columns: int
    height: int  # of the plot, in design pixels
    pooled_rows: int
    pooled_columns: int


def plan_stream(steps: int, tokens: int, height: int = HEIGHT) -> StreamGrid:
    """Lay out two heatmaps of steps × tokens, side by side on WIDTH by `height` at most."""
    down, across = factor(steps, height // SMALLEST_CELL), factor(tokens, HALF // SMALLEST_CELL)
    rows = -(-steps // down)
    return StreamGrid(
        rows=rows,
        columns=-(-tokens // across),
        height=min(height, rows * TALLEST_ROW),
        pooled_rows=down,
        pooled_columns=across,
    )


def stream_grid(stream: Stream) -> StreamGrid:
    """Return the cells that draw_stream draws."""
    steps, tokens = stream.norms.shape
    return plan_stream(steps, tokens, stream.height)


def draw_stream(stream: Stream, theme: Theme) -> go.Figure:
    """Draw lengths on the left and similarities on the right, the input on top.

    Args:
        stream: the numbers, at least of one step and one token.
        theme: the page's colours.
    """
    grid = stream_grid(stream)
    block = (grid.pooled_rows, grid.pooled_columns)
    norms = pool_extremes(stream.norms, *block)
    similarity = pool_extremes(stream.similarity, *block)
    traces = [
        _trace(stream, norms, stream.norm_title, ""),
        _trace(stream, similarity, stream.similarity_title, "2"),
    ]
    layout = _layout(stream, grid, theme)
    layout["coloraxis"] = color_axis(limit_of(norms), False, "", theme)
    layout["coloraxis2"] = color_axis(1.0, True, "", theme)
    layout["coloraxis"]["colorbar"]["x"] = layout["xaxis"]["domain"][1] + 0.01
    return SpecFigure({"data": traces, "layout": layout})


def _trace(stream: Stream, values: np.ndarray, title: str, suffix: str) -> dict[str, Any]:
    return {
        "type": "heatmap",
        "name": title,
        "z": values,
        "x0": 0,
        "dx": 1,
        "y0": 0,
        "dy": 1,
        "xaxis": f"x{suffix}",
        "yaxis": "y",
        "coloraxis": f"coloraxis{suffix}",
        "hovertemplate": f"{stream.step_title} %{{y}}<br>{stream.token_title} %{{x}}<br>"
        f"{title} <b>%{{z:.9g}}</b><extra></extra>",
        "hovertemplatefallback": stream.undefined_text,  # the page puts it in the place of NaN
    }


def _layout(stream: Stream, grid: StreamGrid, theme: Theme) -> dict[str, Any]:
    tokens = pool_labels(stream.tokens, grid.pooled_columns)
    steps = pool_labels(stream.steps, grid.pooled_rows)
    angle, depth, every = labels_below(tokens, HALF // grid.columns)
    left_margin = 34 + max(map(text_width, steps.short))
    margin = {"l": left_margin, "r": 60, "t": TITLE_ROOM, "b": depth + 26, "pad": 3}
    layout = {
        **base_layout(theme, margin=margin, height=grid.height + TITLE_ROOM + depth + 26),
        "yaxis": {
            "range": [grid.rows - 0.5, -0.5],
            "title": {"text": stream.step_title, "standoff": 6, "font": {"color": theme.faint}},
            **labelled_axis(
                steps,
                step=thinning(grid.rows, grid.height / grid.rows),
                off_centre=OFF_CENTRE * grid.rows,
            ),
        },
        "annotations": [],
    }
    for suffix, domain, title in (
        ("", [0, HALF / WIDTH], stream.norm_title),
        ("2", [1 - HALF / WIDTH, 1], stream.similarity_title),
    ):
        layout[f"xaxis{suffix}"] = {
            "domain": domain,
            "range": [-0.5, grid.columns - 0.5],
            "title": {"text": stream.token_title, "standoff": 4, "font": {"color": theme.faint}},
            "tickangle": angle,
            **labelled_axis(tokens, step=every, off_centre=OFF_CENTRE * grid.columns),
        }
        layout["annotations"].append(
            {
                "x": domain[0],
                "y": 1,
                "xref": "paper",
                "yref": "paper",
                "text": f"<b>{title}</b>",
                "showarrow": False,
                "xanchor": "left",
                "yanchor": "bottom",
                "font": {"size": TITLE_SIZE},
            }
        )
    return layout
