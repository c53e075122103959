"""One head as a matrix equation: Q × Kᵀ → energy → scores → weights, × V → output.

Source: Vaswani et al. (2017), equation 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from .contributions import BARS, Contributions, contribution_axes, contribution_bars
from .figure import SpecFigure
from .heatmap import base_layout, color_range, hatching, labelled_axis, limit_of
from .labels import AxisLabels, text_width
from .marks import ROW_LINE, frame
from .pooling import factor, pool_extremes, pool_labels
from .theme import LABEL_SIZE, Concept, Theme
from .weight_scale import LINEAR, WeightScale

HEIGHT = 262  # pixels of the plot area: what a 1366×768 screen has room for
TALL_HEIGHT = 460  # ... and a 1920×1080 one, with long words below it
LEFT = 112  # pixels for the tokens' names; the page aligns its formulas with it
GAP = 0.032  # of the width, between two matrices: room for the sign
TERM_WIDTH = 105  # pixels of one matrix on a projector, about
MOST_CELLS = 160  # along one side of a matrix
ROW_LABEL = 15  # pixels: more names don't fit below one another ...
MOST_COLUMN_LABELS = 8  # ... nor beside one another


@dataclass(frozen=True)
class Matrix:
    """One term of the equation."""

    values: np.ndarray  # (R, C); NaN where masked
    name: str
    rows: AxisLabels
    columns: AxisLabels
    row_word: str  # what a row and a column are, on hover: "query", "dimension"
    column_word: str
    size: tuple[str, str]  # rows and columns in words: ("L = 12", "D = 8")
    sign: str  # between this term and the next: "×", "→", "="; "" after the last
    diverging: bool = True
    masked: np.ndarray | None = None  # (R, C)
    masked_text: str = "masked"
    row: int | None = None  # the row to frame: the chosen query's
    scale: WeightScale = LINEAR  # where values are weights
    concept: Concept | None = None  # what it is of queries, keys or values: its name's colour

    @property
    def block(self) -> tuple[int, int]:
        """Return how many rows and columns share a cell in the picture."""
        rows, columns = self.values.shape
        return factor(rows, MOST_CELLS), factor(columns, MOST_CELLS)


def draw_equation(
    terms: Sequence[Matrix],
    theme: Theme,
    made_of: Contributions | None = None,
    *,
    height: int = HEIGHT,
) -> go.Figure:
    """Draw the terms side by side, each with a colour range of its own, written below it.

    Args:
        terms: in their order.
        theme: the page's colours.
        made_of: what the last term's framed row is made of: bars beside it.
        height: of the matrices, in pixels.
    """
    bars = 0.0 if made_of is None else BARS  # of a term's width
    width = (1 - GAP * (len(terms) - 1 + bool(bars))) / (len(terms) + bars)
    below = 58 + min(130.0, max(text_width(label) for t in terms for label in t.columns.short))
    margin = {"l": LEFT, "r": 8, "t": 26, "b": below}
    layout = {
        **base_layout(theme, margin=margin, height=height + 26 + below),
        "annotations": [],
        "images": [],
        "shapes": [],
    }
    traces = []
    for i, term in enumerate(terms):
        left = i * (width + GAP)
        suffix = "" if i == 0 else str(i + 1)
        limits, trace = term_trace(term, suffix, theme)
        traces.append(trace)
        rows, columns = map(len, term_labels(term))
        every = (factor(rows, height // ROW_LABEL), factor(columns, MOST_COLUMN_LABELS))
        across = (left, left + width)
        layout |= term_axes(term, suffix, across=across, down=(0, 1), every=every, angle=-90)
        layout[f"yaxis{suffix}"]["showticklabels"] = i == 0  # the same tokens in all but Kᵀ
        _add_notes(layout, term, left + width / 2, limits, theme)
        if term.sign:
            sign = _note(left + width + GAP / 2, 0.5, term.sign, size=24, anchor="middle")
            layout["annotations"].append(sign)
        layout["images"] += term_hatching(term, suffix, (TERM_WIDTH, height), theme)
        _add_frame(layout, term, suffix, theme)
    if made_of is not None:
        suffix = str(len(terms) + 1)
        traces.append(contribution_bars(made_of, suffix, theme))
        middle = 1 - bars * width / 2
        layout |= contribution_axes(made_of, suffix, 1 - bars * width)
        layout["annotations"] += _notes(made_of.title, made_of.caption, middle, below)
    return SpecFigure({"data": traces, "layout": layout})


def term_trace(term: Matrix, suffix: str, theme: Theme) -> tuple[str, dict[str, Any]]:
    """Return the ends of the colour range in words, and the heatmap on axes of that suffix."""
    values = pool_extremes(term.values, *term.block)
    limit = term.scale.end or limit_of(values)
    low, colors = color_range(limit, term.diverging, theme, term.scale)
    ends = (f"{low:.3g}", f"{limit:.3g}") if term.diverging else term.scale.ends(limit)
    return (
        " … ".join(ends),
        {
            "type": "heatmap",
            "name": term.name,
            "z": values,
            "xaxis": f"x{suffix}",
            "yaxis": f"y{suffix}",
            "zmin": low,
            "zmax": limit,
            "colorscale": colors,
            "showscale": False,
            "hovertemplate": f"<b>%{{fullData.name}}</b><br>{term.row_word} %{{y}}<br>"
            f"{term.column_word} %{{x}}<br><b>%{{z:.9g}}</b><extra></extra>",
            "hovertemplatefallback": term.masked_text,  # the page puts it in the place of NaN
        },
    )


def term_axes(
    term: Matrix,
    suffix: str,
    *,
    across: tuple[float, float],
    down: tuple[float, float],
    every: tuple[int, int],
    angle: int,
) -> dict[str, Any]:
    """Return the two axes of a term.

    Args:
        term: what is drawn on them.
        suffix: of their names.
        across, down: the parts of the plot's width, and of its height from below, that they have.
        every: thins the labels of rows and of columns.
        angle: of the columns' labels, degrees.
    """
    rows, columns = term_labels(term)
    return {
        f"xaxis{suffix}": {
            "domain": list(across),
            "anchor": f"y{suffix}",
            "range": [-0.5, len(columns) - 0.5],
            "tickangle": angle,
            **labelled_axis(columns, step=every[1]),
        },
        f"yaxis{suffix}": {
            "domain": list(down),
            "anchor": f"x{suffix}",
            "range": [len(rows) - 0.5, -0.5],
            **labelled_axis(rows, step=every[0]),
        },
    }


def term_labels(term: Matrix) -> tuple[AxisLabels, AxisLabels]:
    """Return the labels of the rows and of the columns that the picture has."""
    down, across = term.block
    return pool_labels(term.rows, down), pool_labels(term.columns, across)


def term_hatching(
    term: Matrix, suffix: str, size: tuple[float, float], theme: Theme
) -> list[dict[str, Any]]:
    """Return the stripes over what is masked, where the term is so many pixels wide and high."""
    rows, columns = map(len, term_labels(term))
    box = {
        "x": -0.5,
        "y": -0.5,
        "sizex": columns,
        "sizey": rows,
        "xref": f"x{suffix}",
        "yref": f"y{suffix}",
    }
    cell = (size[0] / columns, size[1] / rows)
    return hatching(term.masked, term.block, cell, [box], theme)


def _add_notes(
    layout: dict[str, Any], term: Matrix, middle: float, limits: str, theme: Theme
) -> None:
    """The term's name above it; its shape and colour range below its labels."""
    scale = f" ({term.scale.name})" if term.scale.name else ""
    said, room = f"{' × '.join(term.size)}<br>{limits}", layout["margin"]["b"]
    title, lines = _notes(term.name, said, middle, room, after=scale)
    if term.concept is not None:
        title["font"]["color"] = theme.of(term.concept)
    layout["annotations"] += [title, lines]


def _notes(
    name: str, said: str, middle: float, room: float, *, after: str = ""
) -> list[dict[str, Any]]:
    """A name above a picture, and two lines below its labels, for which there is `room`."""
    title = _note(middle, 1.0, f"<b>{name}</b>{after}", size=LABEL_SIZE + 1, anchor="bottom")
    lines = _note(middle, 0.0, said, size=LABEL_SIZE, anchor="top")
    lines["yshift"] = 40 - room
    return [title, lines]


def _add_frame(layout: dict[str, Any], term: Matrix, suffix: str, theme: Theme) -> None:
    """A frame around the chosen row."""
    if term.row is None:
        return
    rows, row = -(-term.values.shape[0] // term.block[0]), term.row // term.block[0]
    layout["shapes"].append(
        frame(
            [(0, row, 1, 1)],
            (1, rows),
            theme.query,
            line=ROW_LINE,
            xref=f"x{suffix}",
            yref=f"y{suffix}",
        )
    )


def _note(x: float, y: float, text: str, *, size: int, anchor: str) -> dict[str, Any]:
    return {
        "x": x,
        "y": y,
        "xref": "paper",
        "yref": "paper",
        "text": text,
        "showarrow": False,
        "xanchor": "center",
        "yanchor": anchor,
        "font": {"size": size},
    }
