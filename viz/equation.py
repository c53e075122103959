"""One head as a matrix equation: Q × Kᵀ → energy → scores → weights, × V → output.

Source: Vaswani et al. (2017), equation 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from viz.figure import SpecFigure
from viz.heatmap import base_layout, color_range, hatching, labelled_axis, limit_of
from viz.labels import AxisLabels, text_width
from viz.marks import ROW_LINE, frame
from viz.pooling import factor, pool_extremes, pool_labels
from viz.theme import LABEL_SIZE, Theme
from viz.weight_scale import LINEAR, WeightScale

HEIGHT = 262  # pixels of the plot area
LEFT = 112  # pixels for the tokens' names; the page aligns its formulas with it
GAP = 0.032  # of the width, between two matrices: room for the sign
TERM_WIDTH = 105  # pixels of one matrix on a projector, about
MOST_CELLS = 160  # along one side of a matrix
MOST_ROW_LABELS, MOST_COLUMN_LABELS = 17, 8  # more don't fit beside one another


@dataclass(frozen=True)
class Matrix:
    """One term of the equation."""

    values: np.ndarray  # (R, C); NaN where masked
    name: str
    rows: AxisLabels
    columns: AxisLabels
    row_word: str  # what a row and a column are, on hover: "query", "dimension"
    column_word: str
    size: str  # the shape in words, below: "L = 12 × D = 8"
    sign: str  # between this term and the next: "×", "→", "="; "" after the last
    diverging: bool = True
    masked: np.ndarray | None = None  # (R, C)
    masked_text: str = "masked"
    row: int | None = None  # the row to frame: the chosen query's
    scale: WeightScale = LINEAR  # where values are weights

    @property
    def block(self) -> tuple[int, int]:
        """Return how many rows and columns share a cell in the picture."""
        rows, columns = self.values.shape
        return factor(rows, MOST_CELLS), factor(columns, MOST_CELLS)


def draw_equation(terms: Sequence[Matrix], theme: Theme) -> go.Figure:
    """Draw the terms side by side, each with a colour range of its own, written below it."""
    width = (1 - GAP * (len(terms) - 1)) / len(terms)
    below = 58 + min(130.0, max(text_width(label) for t in terms for label in t.columns.short))
    margin = {"l": LEFT, "r": 8, "t": 26, "b": below}
    layout = {
        **base_layout(theme, margin=margin, height=HEIGHT + 26 + below),
        "annotations": [],
        "images": [],
        "shapes": [],
    }
    traces = []
    for i, term in enumerate(terms):
        left = i * (width + GAP)
        suffix = "" if i == 0 else str(i + 1)
        limits, trace = _trace(term, suffix, theme)
        traces.append(trace)
        _add_axes(layout, term, suffix, (left, left + width), first=i == 0)
        _add_notes(layout, term, left + width / 2, limits)
        if term.sign:
            sign = _note(left + width + GAP / 2, 0.5, term.sign, size=24, anchor="middle")
            layout["annotations"].append(sign)
        _add_hatching(layout, term, suffix, theme)
        _add_frame(layout, term, suffix, theme)
    return SpecFigure({"data": traces, "layout": layout})


def _trace(term: Matrix, suffix: str, theme: Theme) -> tuple[str, dict[str, Any]]:
    """The ends of the colour range in words, and the heatmap."""
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


def _add_axes(
    layout: dict[str, Any], term: Matrix, suffix: str, domain: tuple[float, float], *, first: bool
) -> None:
    down, across = term.block
    rows, columns = pool_labels(term.rows, down), pool_labels(term.columns, across)
    layout[f"xaxis{suffix}"] = {
        "domain": list(domain),
        "anchor": f"y{suffix}",
        "range": [-0.5, len(columns) - 0.5],
        "tickangle": -90,
        **labelled_axis(columns, step=factor(len(columns), MOST_COLUMN_LABELS)),
    }
    layout[f"yaxis{suffix}"] = {
        "anchor": f"x{suffix}",
        "range": [len(rows) - 0.5, -0.5],
        **labelled_axis(rows, step=factor(len(rows), MOST_ROW_LABELS)),
        "showticklabels": first,  # the rows are the same tokens in each term but Kᵀ
    }


def _add_notes(layout: dict[str, Any], term: Matrix, middle: float, limits: str) -> None:
    """The term's name above it; its shape and colour range below its labels."""
    below = _note(middle, 0.0, f"{term.size}<br>{limits}", size=LABEL_SIZE, anchor="top")
    below["yshift"] = 40 - layout["margin"]["b"]
    name = f"<b>{term.name}</b>{f' ({term.scale.name})' if term.scale.name else ''}"
    title = _note(middle, 1.0, name, size=LABEL_SIZE + 1, anchor="bottom")
    layout["annotations"] += [title, below]


def _add_hatching(layout: dict[str, Any], term: Matrix, suffix: str, theme: Theme) -> None:
    down, across = term.block
    rows, columns = -(-term.values.shape[0] // down), -(-term.values.shape[1] // across)
    box = {
        "x": -0.5,
        "y": -0.5,
        "sizex": columns,
        "sizey": rows,
        "xref": f"x{suffix}",
        "yref": f"y{suffix}",
    }
    cell = (TERM_WIDTH / columns, HEIGHT / rows)
    layout["images"] += hatching(term.masked, (down, across), cell, [box], theme)


def _add_frame(layout: dict[str, Any], term: Matrix, suffix: str, theme: Theme) -> None:
    """A frame around the chosen row."""
    if term.row is None:
        return
    rows, row = -(-term.values.shape[0] // term.block[0]), term.row // term.block[0]
    layout["shapes"].append(
        frame(
            [(0, row, 1, 1)],
            (1, rows),
            theme,
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
