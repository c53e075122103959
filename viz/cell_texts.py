"""Numbers in the cells of a heatmap, where these are large enough to be read from far away."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .labels import text_width
from .theme import LABEL_SIZE, Theme

LINE = 1.2  # how much higher than its letters a line is


def write_in_cells(
    traces: Sequence[dict[str, Any]],
    write: Callable[[float], str],
    cell: tuple[float, float],
    theme: Theme,
) -> None:
    """Let heatmaps say their numbers in their cells; nothing, where one of them has no room.

    Plotly chooses black or white for each, whichever can be read on the cell's colour.

    Args:
        traces: heatmaps with a matrix `z` each.
        write: returns what is said of a number. Cells without one say nothing.
        cell: width and height of a cell, in pixels.
        theme: the page's.
    """
    size = round(LABEL_SIZE * theme.magnified)
    texts = [
        [[write(float(value)) if np.isfinite(value) else "" for value in row] for row in trace["z"]]
        for trace in traces
    ]
    widest = max(text_width(text) for matrix in texts for row in matrix for text in row)
    if widest * theme.magnified > cell[0] or LINE * size > cell[1]:
        return
    for trace, text in zip(traces, texts, strict=True):
        trace |= {"text": text, "texttemplate": "%{text}", "textfont": {"size": size}}
