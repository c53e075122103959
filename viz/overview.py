"""All heads of all layers at once: a thumbnail each, in one heatmap.

One heatmap, because drawing the 144 of 12 layers with 12 heads takes five times as long. Its
columns are those of all heads, side by side, with empty ones between the heads; its rows are those
of all layers. Both are counted from 0, so that a dictionary of labels (Plotly's labelalias) can
tell the hover box which token of which head stands where.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
import plotly.graph_objects as go

from .figure import SpecFigure
from .hatch import Lattice
from .heatmap import (
    LABEL_PITCH,
    add_curved_bar,
    bar_room,
    base_layout,
    color_axis,
    hatching,
    labelled_axis,
    limit_of,
)
from .labels import AxisLabels, text_width
from .marks import PICTURE_LINE, frame
from .overview_grid import OverviewGrid, Strip, plan_overview
from .pooling import furthest, pool_extremes, pool_labels
from .theme import Theme
from .tiles_grid import HEIGHT, WIDTH
from .weight_scale import LINEAR, WeightScale

# What Plotly's hover box says of a gap. From here to the template's </extra> the text belongs to
# the box's second part, which is not shown: a gap has no value, and is not masked either.
NO_VALUE = "<extra>"


@dataclass(frozen=True)
class Overview:
    """The content of thumbnails of all heads, before any drawing is decided."""

    values: np.ndarray  # (layers, heads, Q, K) NaN where there is nothing to show
    layer_names: Sequence[str]
    head_names: Sequence[str]
    rows: AxisLabels  # Q, on hover
    columns: AxisLabels  # K, on hover
    value_title: str  # what a cell is: "weight"
    diverging: bool  # True: signed, centred on 0; False: from 0 up
    masked: np.ndarray | None = None  # (Q, K) True where masked: hatched
    masked_text: str = "masked"  # the value of a masked cell on hover
    layer_title: str = "layer"
    head_title: str = "head"
    row_word: str = "query"  # what a row and a column are, on hover
    column_word: str = "key"
    height: int = HEIGHT  # design pixels of the plot
    scale: WeightScale = LINEAR  # where values are weights
    marked_layer: int | None = None  # framed, where there are others: its thumbnails ...
    marked_head: int | None = None  # ... or of them this head's alone


def overview_grid(overview: Overview) -> OverviewGrid:
    """Return the grid in which draw_overview draws."""
    layers, heads, rows, columns = overview.values.shape
    return plan_overview(layers, heads, rows, columns, overview.height)


def place_in(overview: Overview, row: int, column: int) -> tuple[int, int, int, int] | None:
    """Return the (layer, head, query, key) of a clicked cell; None for one in a gap or outside.

    In a pooled picture it is the cell whose value the block shows.

    Args:
        overview: what is drawn.
        row, column: of the drawn matrix.
    """
    grid = overview_grid(overview)
    down, across = grid.down.place(row), grid.across.place(column)
    if down is None or across is None:
        return None
    (layer, i), (head, j) = down, across
    top, left = i * grid.pooled_rows, j * grid.pooled_columns
    matrix = overview.values[layer, head]
    block = matrix[top : top + grid.pooled_rows, left : left + grid.pooled_columns]
    query, key = np.unravel_index(furthest(block.reshape(-1)), block.shape)
    return layer, head, top + int(query), left + int(key)


def draw_overview(overview: Overview, theme: Theme) -> go.Figure:
    """Draw the thumbnails, on one colour scale: layer 0 on top, head 0 on the left.

    Args:
        overview: the matrices, at least one with at least one cell.
        theme: the page's colours.
    """
    grid = overview_grid(overview)
    values = pool_extremes(overview.values, grid.pooled_rows, grid.pooled_columns)
    trace = {
        "type": "heatmap",
        "z": _side_by_side(values, grid),
        "x0": 0,
        "dx": 1,
        "y0": 0,
        "dy": 1,
        "coloraxis": "coloraxis",
        "hovertemplate": f"%{{y}}%{{x}}<br>{overview.value_title} <b>%{{z:.9g}}</b><extra></extra>",
        "hovertemplatefallback": overview.masked_text,  # the page puts it in the place of NaN
        "hoverlabel": {"namelength": 0},  # nothing of the box's second part: see NO_VALUE
    }
    layout = _layout(overview, grid, theme)
    scale = overview.scale
    limit = scale.end or limit_of(values)
    layout["coloraxis"] = color_axis(limit, overview.diverging, overview.value_title, theme, scale)
    layout["images"] = _hatching(overview, grid, theme)
    layout["margin"]["r"] += bar_room(scale, limit)
    if overview.marked_layer is not None and (
        grid.down.tiles > 1 or overview.marked_head is not None
    ):
        layout["shapes"] = [_frame(overview, grid, overview.marked_layer, theme)]
    spec = {"data": [trace], "layout": layout}
    if scale.curve != "linear":
        add_curved_bar(spec, scale, limit, theme)
    return SpecFigure(spec)


def _frame(overview: Overview, grid: OverviewGrid, layer: int, theme: Theme) -> dict[str, Any]:
    """A frame around the marked layer's thumbnails, or the marked head's: in the gaps' middle."""
    down, across = grid.down, grid.across
    first, last = 0, across.tiles - 1
    if overview.marked_head is not None:
        first = last = overview.marked_head
    width = (last - first) * across.period + across.cells * across.steps
    box = (first * across.period, layer * down.period, width, down.cells * down.steps)
    # A gap is a step or two: about as wide as high, in pixels.
    return frame(
        [box], (across.length, down.length), theme.highlight, line=PICTURE_LINE, outside=0.5
    )


def _side_by_side(values: np.ndarray, grid: OverviewGrid) -> np.ndarray:
    """(layers, heads, R, C) as one matrix of all steps, NaN in the gaps."""
    down, across = grid.down, grid.across
    large = values.repeat(down.steps, axis=2).repeat(across.steps, axis=3)
    rows, columns = large.shape[2:]
    every = np.full((down.tiles, down.period, across.tiles, across.period), np.nan, values.dtype)
    every[:, :rows, :, :columns] = large.transpose(0, 2, 1, 3)
    joined = every.reshape(down.tiles * down.period, across.tiles * across.period)
    return joined[: down.length, : across.length]


def _labels(strip: Strip, shown: Sequence[str], cells: Sequence[str]) -> AxisLabels:
    """A label for each step: `shown` at the thumbnails' middles, and those of cells on hover.

    Args:
        strip: the side of the picture.
        shown: the name of each thumbnail.
        cells: what each cell of each thumbnail is on hover, without the gaps.
    """
    short = [""] * strip.length
    full = [NO_VALUE] * strip.length
    drawn = strip.cells * strip.steps
    for tile, name in enumerate(shown):
        start = tile * strip.period
        short[start + (drawn - 1) // 2] = name
        own = cells[tile * strip.cells : (tile + 1) * strip.cells]
        full[start : start + drawn] = [cell for cell in own for _ in range(strip.steps)]
    return AxisLabels(tuple(short), tuple(full))


def _axis(
    strip: Strip, title: str, shown: Sequence[str], cells: Sequence[str], theme: Theme
) -> dict[str, Any]:
    """An axis with the thumbnails' names at their middles, which may lie between two steps."""
    between = 0.5 if strip.cells * strip.steps % 2 == 0 else 0.2
    return {
        "title": {"text": title, "standoff": 5, "font": {"color": theme.faint}},
        **labelled_axis(_labels(strip, shown, cells), step=1, off_centre=between),
    }


def _thinned(names: Sequence[str], room: float, pitch: float) -> list[str]:
    """The names with empty ones for those that would stand closer than `pitch` pixels.

    `room` is from one to the next.
    """
    step = max(1, ceil(pitch / room))
    return [name if i % step == 0 else "" for i, name in enumerate(names)]


def _layout(overview: Overview, grid: OverviewGrid, theme: Theme) -> dict[str, Any]:
    down, across = grid.down, grid.across
    width = WIDTH / across.length * across.period  # from one head to the next
    heads = list(overview.head_names)
    if max(map(text_width, heads)) > width - 8:
        heads = [str(head) for head in range(across.tiles)]
    heads = _thinned(heads, width, max(map(text_width, heads)) + 8)
    height = overview.height / down.length * down.period
    layers = _thinned(overview.layer_names, height, LABEL_PITCH)
    keys = [
        f"<br><b>{name}</b> · {overview.column_word} {label}"
        for name in overview.head_names
        for label in pool_labels(overview.columns, across.pooled).full
    ]
    queries = [
        f"<b>{name}</b> · {overview.row_word} {label}"
        for name in overview.layer_names
        for label in pool_labels(overview.rows, down.pooled).full
    ]
    left_margin = 34 + max(map(text_width, layers))
    margin = {"l": left_margin, "r": 76, "t": 46, "b": 4, "pad": 3}
    return {
        **base_layout(theme, margin=margin, height=overview.height + 50),
        "xaxis": {
            "side": "top",
            "range": [-0.5, across.length - 0.5],
            "tickangle": 0,
            **_axis(across, overview.head_title, heads, keys, theme),
        },
        "yaxis": {
            "range": [down.length - 0.5, -0.5],
            **_axis(down, overview.layer_title, layers, queries, theme),
        },
    }


def _hatching(overview: Overview, grid: OverviewGrid, theme: Theme) -> list[dict[str, Any]]:
    down, across = grid.down, grid.across
    step = (WIDTH / across.length, overview.height / down.length)  # about, in pixels
    box = {
        "x": -0.5,
        "y": -0.5,
        "sizex": across.length,
        "sizey": down.length,
        "xref": "x",
        "yref": "y",
    }
    return hatching(
        overview.masked,
        (down.pooled, across.pooled),
        (across.steps * step[0], down.steps * step[1]),
        [box],
        theme,
        Lattice(across.tiles, down.tiles, across.gap * step[0], down.gap * step[1]),
    )
