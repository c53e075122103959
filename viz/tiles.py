"""A grid of heatmaps in one figure, on one pair of axes.

One pair of axes for all heads paints in about half the time of a subplot each. Coordinates are
"design pixels", always whole numbers, so that a dictionary of labels (Plotly's labelalias) can tell
the hover box which token stands where, at the cost of one entry a row or column instead of a cell.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import plotly.graph_objects as go

from .cell_texts import write_in_cells
from .figure import SpecFigure
from .heatmap import (
    add_curved_bar,
    axis_title,
    bar_room,
    base_layout,
    color_axis,
    color_letters,
    hatching,
    labelled_axis,
    labels_below,
    labels_shown,
    limit_of,
    own_scale,
    thinning,
)
from .labels import AxisLabels, text_width
from .marks import frames_in
from .pooling import pool_extremes, pool_labels
from .theme import Concept, Theme
from .tile_names import fitting_names, height_of_name, name_above
from .tiles_grid import HEIGHT, NAME_GAP, WIDTH, Grid, plan_grid
from .weight_scale import LINEAR, WeightScale

LABELS_BELOW = 12  # pixels around labels between two rows of tiles
STACKED_ROW = 18  # pixels of a row, where tiles stand below one another


@dataclass(frozen=True)
class Tiles:
    """The content of a grid of heatmaps, before any drawing is decided."""

    values: np.ndarray  # (T, R, C) one matrix a tile; NaN where there is nothing to show
    names: Sequence[str]  # T
    rows: AxisLabels  # R
    columns: AxisLabels  # C
    row_title: str
    column_title: str
    value_title: str  # what a cell is: "weight"
    diverging: bool  # True: signed, centred on 0; False: from 0 up
    masked: np.ndarray | None = None  # (R, C) True where masked: hatched
    masked_text: str = "masked"  # the value of a masked cell on hover
    row_concept: Concept | None = None  # whose colour the rows' title has, and the columns'
    column_concept: Concept | None = None
    letters: Mapping[str, Concept] | None = None  # labels below that have a colour of their own
    row_word: str = "query"  # what a row and a column are, on hover
    column_word: str = "key"
    height: int = HEIGHT  # design pixels of the plot
    width: int = WIDTH
    limit: float | None = None  # the end of the colour scale, where charts share one
    scale: WeightScale = LINEAR  # where values are weights; its end comes before the limit
    color_bar: bool = True
    short_names: Sequence[str] | None = None  # T, for tiles too narrow for their names
    writes: Callable[[float], str] | None = None  # what stands in a cell; None: nothing
    is_stack: bool = False  # below one another, each with the names of its columns
    marked_row: int | None = None  # of R: framed in each tile
    marked_column: int | None = None  # of C: framed in each tile
    marked_tile: int | None = None  # of T: framed as a whole


def grid_of(tiles: Tiles) -> Grid:
    """Return the grid in which draw_tiles draws."""
    count, rows, columns = tiles.values.shape
    most, gap = 1 if tiles.is_stack else None, gap_of(tiles)
    high, wide = tiles.height, tiles.width
    return plan_grid(count, rows, columns, high, width=wide, gap=gap, most_across=most)


def gap_of(tiles: Tiles) -> int:
    """Return the pixels between two rows of tiles: for names and, where asked for, for labels."""
    if not tiles.is_stack:
        return NAME_GAP
    return NAME_GAP + int(max(map(text_width, tiles.columns.short))) + LABELS_BELOW


def stacked(tiles: Tiles, *, width: int, highest: int) -> Tiles:
    """Return the tiles below one another, for a screen that has room for one alone.

    Args:
        tiles: what is drawn.
        width: design pixels that one has.
        highest: ... and what it is high at most; lower where its rows need less.
    """
    tiles = replace(tiles, width=width, is_stack=True)
    count, rows, _columns = tiles.values.shape
    each = min(highest, rows * STACKED_ROW)
    return replace(tiles, height=NAME_GAP + count * each + (count - 1) * gap_of(tiles))


def fitted(tiles: Tiles, theme: Theme, *, width: int, height: int) -> Tiles:
    """Return the tiles in the size in which their figure has that width and height, in pixels."""
    tiles = replace(tiles, width=width, height=height)
    margin = _layout(tiles, grid_of(tiles), theme)["margin"]
    tiles = replace(tiles, width=round(width - margin["l"] - margin["r"]))
    # How much stands below the cells depends on how wide these are.
    layout = _layout(tiles, grid_of(tiles), theme)
    return replace(tiles, height=round(2 * height - layout["height"]))


def draw_tiles(tiles: Tiles, theme: Theme, *, scale_per_tile: bool = False) -> go.Figure:
    """Draw the tiles: rows from top to bottom, one colour scale and colour bar for all.

    Args:
        tiles: the matrices, at least one with at least one cell.
        theme: the page's colours.
        scale_per_tile: give each tile a colour range of its own, written beside its name.
    """
    return SpecFigure(tiles_spec(tiles, theme, scale_per_tile=scale_per_tile))


def tiles_spec(tiles: Tiles, theme: Theme, *, scale_per_tile: bool = False) -> dict[str, Any]:
    """Return what draw_tiles draws, for figures of which the tiles are a part.

    Trace i and annotation i are tile i and its name: that is what clicks are told apart by.
    """
    grid = grid_of(tiles)
    values = pool_extremes(tiles.values, grid.pooled_rows, grid.pooled_columns)
    limits = [limit_of(v if scale_per_tile else values) for v in values]
    hover = (
        f"<b>%{{fullData.name}}</b><br>{tiles.row_word} %{{y}}<br>{tiles.column_word} %{{x}}<br>"
        f"{tiles.value_title} <b>%{{z:.9g}}</b><extra></extra>"
    )
    traces = [
        {
            "type": "heatmap",
            "name": name,
            "z": matrix,
            "x0": grid.left(i) + grid.cell_width // 2,
            "dx": grid.cell_width,
            "y0": grid.top(i) + grid.cell_height // 2,
            "dy": grid.cell_height,
            "hovertemplate": hover,
            "hovertemplatefallback": tiles.masked_text,  # the page puts it in the place of NaN
            **(
                own_scale(limit, tiles.diverging, theme)
                if scale_per_tile
                else {"coloraxis": "coloraxis"}
            ),
        }
        for i, (name, matrix, limit) in enumerate(zip(tiles.names, values, limits, strict=True))
    ]
    if tiles.writes is not None and not grid.is_pooled:
        write_in_cells(traces, tiles.writes, (grid.cell_width, grid.cell_height), theme)
    layout = _layout(tiles, grid, theme)
    sign = "±" if tiles.diverging else "0–"
    layout["annotations"] = [
        name_above(grid, i, f"{name}  {sign}{limit:.3g}" if scale_per_tile else name, theme)
        for i, (name, limit) in enumerate(
            zip(fitting_names(tiles.names, tiles.short_names, grid, theme), limits, strict=True)
        )
    ]
    layout["annotations"] += _labels_below_tiles(tiles, grid, theme)
    if tiles.masked is not None:
        layout["images"] = _hatching(tiles, grid, theme)
    if marks := frames_in(
        grid,
        len(tiles.names),
        theme,
        row=tiles.marked_row,
        column=tiles.marked_column,
        tile=tiles.marked_tile,
    ):
        layout["shapes"] = marks
    spec = {"data": traces, "layout": layout}
    if not scale_per_tile:
        _add_colors(spec, tiles, tiles.scale.end or tiles.limit or limits[0], theme)
    return spec


def _labels_below_tiles(tiles: Tiles, grid: Grid, theme: Theme) -> list[dict[str, Any]]:
    """The labels of columns below tiles that aren't at the axis.

    Of those that stand above an empty place or, where it is asked for, above another tile.
    """
    first = 0 if tiles.is_stack else max(0, len(tiles.names) - grid.columns)
    columns = pool_labels(tiles.columns, grid.pooled_columns)
    angle, _depth, step = labels_below(columns, grid.cell_width / theme.magnified)
    return [
        {
            "x": grid.left(tile) + i * grid.cell_width + grid.cell_width / 2,
            "y": grid.top(tile) + grid.tile_rows * grid.cell_height,
            "text": columns.short[i],
            "textangle": angle,
            "showarrow": False,
            "xanchor": "right" if angle == -45 else "center",
            "yanchor": "top",
        }
        for tile in range(first, grid.columns * (grid.rows - 1))
        for i in labels_shown(columns, step)
    ]


def _add_colors(spec: dict[str, Any], tiles: Tiles, limit: float, theme: Theme) -> None:
    """The colour scale that all tiles share, and its bar."""
    layout, scale = spec["layout"], tiles.scale
    layout["coloraxis"] = color_axis(limit, tiles.diverging, tiles.value_title, theme, scale)
    layout["coloraxis"]["showscale"] = tiles.color_bar
    if tiles.is_stack:  # beside the first, which is seen at first
        bar = {"lenmode": "pixels", "len": tiles.height / len(tiles.names), "y": 1}
        layout["coloraxis"]["colorbar"] |= {**bar, "yanchor": "top"}
    if tiles.color_bar:
        layout["margin"]["r"] += bar_room(scale, limit)
        if scale.curve != "linear":
            add_curved_bar(spec, scale, limit, theme)


def _hatching(tiles: Tiles, grid: Grid, theme: Theme) -> list[dict[str, Any]]:
    boxes = [
        {
            "x": grid.left(i),
            "y": grid.top(i),
            "sizex": grid.tile_columns * grid.cell_width,
            "sizey": grid.tile_rows * grid.cell_height,
            "xref": "x",
            "yref": "y",
        }
        for i in range(len(tiles.names))
    ]
    block = (grid.pooled_rows, grid.pooled_columns)
    return hatching(tiles.masked, block, (grid.cell_width, grid.cell_height), boxes, theme)


def _layout(tiles: Tiles, grid: Grid, theme: Theme) -> dict[str, Any]:
    columns = pool_labels(tiles.columns, grid.pooled_columns)
    rows = pool_labels(tiles.rows, grid.pooled_rows)
    lefts = [grid.left(c) + grid.cell_width // 2 for c in range(grid.columns)]
    tops = [grid.top(r * grid.columns) + grid.cell_height // 2 for r in range(grid.rows)]
    size = theme.magnified
    angle, depth, step = labels_below(columns, grid.cell_width / size)
    title, depth = round(26 * size), round(depth * size)
    names = 34 + size * max(map(text_width, rows.short))
    above = 2 + max(0, height_of_name(theme) - NAME_GAP)
    margin = {"l": names, "t": above, "b": depth + title, "pad": 3}
    margin["r"] = 76 * size if tiles.color_bar else 8
    axis = labelled_axis(
        columns,
        step=step,
        starts=lefts,
        cell=grid.cell_width,
        off_centre=0.5,
        labelled=len(tiles.names) - grid.columns * (grid.rows - 1),
    )
    color_letters(axis, tiles.letters or {}, theme)
    return {
        **base_layout(theme, margin=margin, height=tiles.height + depth + title + above),
        "xaxis": {
            "range": [0, grid.width],
            "title": axis_title(tiles.column_title, 4, tiles.column_concept, theme),
            "tickangle": angle,
            **axis,
        },
        "yaxis": {
            "range": [grid.height, 0],
            "title": axis_title(tiles.row_title, 6, tiles.row_concept, theme),
            **labelled_axis(
                rows,
                step=thinning(len(rows), grid.cell_height / size),
                starts=tops,
                cell=grid.cell_height,
                off_centre=0.5,
            ),
        },
    }
