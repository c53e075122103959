"""Frames around what is chosen: a row, a column, a whole picture."""

from collections.abc import Sequence
from typing import Any

from .theme import Theme
from .tiles_grid import Grid

ROW_LINE, COLUMN_LINE = 2.5, 1.5  # pixels: a row and a column are told apart where both are framed
PICTURE_LINE = 2.0
CELLS_OUTSIDE, TILE_OUTSIDE = 1, 3  # pixels that a frame stands outside of what it is around

Box = tuple[float, float, float, float]  # left, top, width, height; y runs down


def frame(
    boxes: Sequence[Box],
    size: tuple[float, float],
    color: str,
    *,
    line: float,
    outside: float = 0,
    xref: str = "x",
    yref: str = "y",
) -> dict[str, Any]:
    """Return one layout shape that frames all the boxes: each shape more costs time to paint.

    It is drawn in parts of the axes' lengths: in the axes' own numbers, Plotly would cut off half
    of a line at the picture's edge.

    Args:
        boxes: in the picture's own units, from its upper left corner.
        size: the picture's width and height.
        color: of the line.
        line: pixels.
        outside: how far the frame stands outside of a box.
        xref, yref: the axes.
    """
    width, height = size
    path = ""
    for x, y, across, down in boxes:
        left, right = (x - outside) / width, (x + across + outside) / width
        top, bottom = 1 - (y - outside) / height, 1 - (y + down + outside) / height
        path += f"M{left:.5g},{top:.5g}H{right:.5g}V{bottom:.5g}H{left:.5g}Z"
    return {
        "type": "path",
        "path": path,
        "line": {"color": color, "width": line},
        "layer": "above",
        "xref": f"{xref} domain",
        "yref": f"{yref} domain",
    }


def frames_in(
    grid: Grid,
    count: int,
    theme: Theme,
    *,
    row: int | None,
    column: int | None,
    tile: int | None,
) -> list[dict[str, Any]]:
    """Return frames around a row and a column of each tile, and around one tile as a whole.

    Args:
        grid: in which the tiles stand.
        count: how many of them there are.
        theme: the page's colours.
        row, column: of the matrices, which may be pooled; None for no frame.
        tile: None for no frame.
    """
    across, down = grid.tile_columns * grid.cell_width, grid.tile_rows * grid.cell_height
    corners = [(grid.left(each), grid.top(each)) for each in range(count)]
    size, marks = (grid.width, grid.height), []
    if column is not None:
        at = column // grid.pooled_columns * grid.cell_width
        boxes = [(x + at, y, grid.cell_width, down) for x, y in corners]
        marks.append(frame(boxes, size, theme.key, line=COLUMN_LINE, outside=CELLS_OUTSIDE))
    if row is not None:
        at = row // grid.pooled_rows * grid.cell_height
        boxes = [(x, y + at, across, grid.cell_height) for x, y in corners]
        marks.append(frame(boxes, size, theme.query, line=ROW_LINE, outside=CELLS_OUTSIDE))
    if tile is not None:
        boxes = [(*corners[tile], across, down)]
        marks.append(frame(boxes, size, theme.highlight, line=PICTURE_LINE, outside=TILE_OUTSIDE))
    return marks
