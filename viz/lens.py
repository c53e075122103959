"""A residual stream read early: the likeliest next token after every layer, at every position."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import plotly.graph_objects as go

from .figure import SpecFigure
from .heatmap import axis_title, base_layout, color_axis, labelled_axis, labels_below
from .labels import AxisLabels, text_width
from .marks import COLUMN_LINE, ROW_LINE, frame
from .stream import OFF_CENTRE
from .theme import LABEL_SIZE, Theme

WIDTH = 860  # pixels of the plot where a 1366×768 screen has one
TOKEN_SIZE = 12  # pixels of a token's letters in a cell: 30 layers have room for no larger ones
LEAST_ROW = TOKEN_SIZE  # pixels of a row in which a token can be read
TALLEST_ROW = 40  # few layers don't fill a screen
AROUND = 4  # pixels beside a token in its cell
LEAST_LETTERS = 2  # of a token that is cut; less says nothing
TITLE, TOP = 26, 6  # pixels of the title below, and above the plot
BAR = 76  # pixels of the colour bar


@dataclass(frozen=True)
class Lens:
    """The content of the table of early readings, before any drawing is decided."""

    probabilities: np.ndarray  # (R, L) of the likeliest token, 0 to 1
    tokens: Sequence[Sequence[str]]  # (R, L) these tokens, escaped
    hovers: Sequence[Sequence[str]]  # (R, L) what else is said of a cell, escaped
    wins: Sequence[int]  # (L,) the row from which on the likeliest token is the last row's
    layers: AxisLabels  # R
    positions: AxisLabels  # L
    layer_title: str = "after layer"
    position_title: str = "token that is read"
    probability_title: str = "probability"
    marked_layer: int | None = None  # a row
    marked_position: int | None = None  # a column
    width: int = WIDTH  # pixels of the plot, about
    height: int = 476  # pixels of the figure, at most; less where there are few layers


def rows_written(lens: Lens) -> list[int]:
    """Return the rows whose tokens and names are written: all, or as many as can be read.

    The last one, which is what the model says, is always among them.
    """
    rows = len(lens.probabilities)
    step = -(-LEAST_ROW * rows // _plot_height(lens))
    return list(range((rows - 1) % step, rows, step))


def draw_lens(lens: Lens, theme: Theme) -> go.Figure:
    """Draw a cell for each row and position, the embedded input on top, the likeliest token in it.

    Colours go from a probability of 0 to 1. A frame in each column is around the rows from which on
    the answer stays the likeliest token.

    Args:
        lens: the numbers, of at least one row and one position.
        theme: the page's colours.
    """
    columns = lens.probabilities.shape[1]
    written = set(rows_written(lens))
    room = lens.width / columns - AROUND
    texts = [
        [_cut(token, room) for token in tokens] if row in written else [""] * columns
        for row, tokens in enumerate(lens.tokens)
    ]
    trace = {
        "type": "heatmap",
        "name": lens.probability_title,
        "z": lens.probabilities,
        "x0": 0,
        "dx": 1,
        "y0": 0,
        "dy": 1,
        "coloraxis": "coloraxis",
        "text": texts,
        "texttemplate": "%{text}",
        "textfont": {"size": TOKEN_SIZE, "color": theme.text},
        "hovertext": [list(row) for row in lens.hovers],
        "hovertemplate": f"{lens.layer_title} %{{y}}<br>{lens.position_title} %{{x}}<br>"
        "%{hovertext}<extra></extra>",
    }
    layout = _layout(lens, sorted(written), theme)
    layout["coloraxis"] = color_axis(1.0, False, lens.probability_title, _legible(theme))
    layout["shapes"] = _frames(lens, theme)
    return SpecFigure({"data": [trace], "layout": layout})


def _legible(theme: Theme) -> Theme:
    """Return the theme with colours of values on all of which its text can be read.

    The whole scale has a middle on which neither black nor white is readable in so small letters.
    """
    *light, end, beyond = theme.sequential[:4]
    return replace(theme, sequential=(*light, end, _mixed(end, beyond)))


def _mixed(color: str, other: str) -> str:
    """Return the colour halfway between two of the form "#rrggbb"."""
    pairs = ((int(each[i : i + 2], 16) for each in (color, other)) for i in (1, 3, 5))
    return "#" + "".join(f"{sum(pair) // 2:02x}" for pair in pairs)


def _below(lens: Lens) -> tuple[int, int, int]:
    """Return the angle of the tokens below, their depth, and every how many-th is shown."""
    # In letters as small as those of the tokens above, most stand side by side.
    smaller = TOKEN_SIZE / LABEL_SIZE
    angle, depth, step = labels_below(lens.positions, lens.width / len(lens.positions) / smaller)
    return angle, round(smaller * depth) if angle else depth, step


def _plot_height(lens: Lens) -> int:
    _angle, depth, _step = _below(lens)
    return min(lens.height - TOP - depth - TITLE, TALLEST_ROW * len(lens.probabilities))


def _cut(token: str, room: float) -> str:
    """Return as much of an escaped token as a cell of so many pixels has room for."""
    if _width(token) <= room:
        return token
    letters = _letters(token)
    while letters and _width("".join(letters) + "…") > room:
        letters.pop()
    return "".join(letters) + "…" if len(letters) >= LEAST_LETTERS else ""


def _letters(token: str) -> list[str]:
    """Return the letters of an escaped token, each of which may be written as an entity."""
    letters: list[str] = []
    rest = token
    while rest:
        entity = next((e for e in ("&amp;", "&lt;", "&gt;") if rest.startswith(e)), rest[0])
        letters.append(entity)
        rest = rest[len(entity) :]
    return letters


def _width(text: str) -> float:
    return text_width(text) * TOKEN_SIZE / LABEL_SIZE


def _frames(lens: Lens, theme: Theme) -> list[dict[str, Any]]:
    """Frames around where each answer wins, the chosen position, and in it the chosen row."""
    rows, columns = lens.probabilities.shape
    size = (columns, rows)
    boxes = [(column, row, 1, rows - row) for column, row in enumerate(lens.wins)]
    marks = [frame(boxes, size, theme.highlight, line=COLUMN_LINE)]
    if lens.marked_position is not None:
        column = (lens.marked_position, 0, 1, rows)
        marks.append(frame([column], size, theme.query, line=ROW_LINE))
        if lens.marked_layer is not None:
            cell = (lens.marked_position, lens.marked_layer, 1, 1)
            marks.append(frame([cell], size, theme.query, line=ROW_LINE))
    return marks


def _layout(lens: Lens, written: Sequence[int], theme: Theme) -> dict[str, Any]:
    rows, columns = lens.probabilities.shape
    angle, depth, step = _below(lens)
    left = 30 + max(map(text_width, lens.layers.short))
    margin = {"l": left, "r": BAR, "t": TOP, "b": depth + TITLE, "pad": 3}
    names = labelled_axis(lens.layers, step=1, off_centre=OFF_CENTRE * rows)
    names["tickvals"] = [names["tickvals"][row] for row in written]
    names["ticktext"] = [names["ticktext"][row] for row in written]
    if _plot_height(lens) < LABEL_SIZE * rows:  # as small as the tokens, or they would touch
        names["tickfont"] = {"size": TOKEN_SIZE}
    return {
        **base_layout(theme, margin=margin, height=_plot_height(lens) + TOP + depth + TITLE),
        "xaxis": {
            "range": [-0.5, columns - 0.5],
            "title": axis_title(lens.position_title, 4, "query", theme),
            "tickangle": angle,
            "tickfont": {"size": TOKEN_SIZE},
            **labelled_axis(lens.positions, step=step, off_centre=OFF_CENTRE * columns),
        },
        "yaxis": {
            "range": [rows - 0.5, -0.5],
            "title": axis_title(lens.layer_title, 6, None, theme),
            **names,
        },
    }
