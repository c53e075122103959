"""Frames around what is chosen: a row, a column, a whole picture."""

from collections.abc import Sequence
from typing import Any

ROW_LINE, COLUMN_LINE = 2.5, 1.5  # pixels: a row and a column are told apart where both are framed
PICTURE_LINE = 2.0

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
