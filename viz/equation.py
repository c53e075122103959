"""One head as a matrix equation: Q × Kᵀ → energy → scores → weights, × V → output.

Source: Vaswani et al. (2017), equation 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from viz.figure import SpecFigure
from viz.hatch import hatched_image
from viz.labels import AxisLabels, text_width
from viz.pooling import factor, pool_extremes, pool_labels, pool_mask
from viz.theme import FONT_FAMILY, LABEL_SIZE, Theme, color_scale

HEIGHT = 262  # pixels of the plot area
LEFT = 112  # pixels for the tokens' names; the page aligns its formulas with it
MOST_CELLS = 160  # along one side of a matrix: about its pixels
GAP = 0.032  # of the width, between two matrices: room for the sign
MOST_ROW_LABELS, MOST_COLUMN_LABELS = 17, 8  # more don't fit beside one another


@dataclass(frozen=True)
class Matrix:
    """One term of the equation."""

    values: np.ndarray  # (R, C); NaN where masked
    name: str
    rows: AxisLabels
    columns: AxisLabels
    row_size: str  # what the rows count, at the axis: "Q = 12"
    column_size: str
    sign: str  # between this term and the next: "×", "→", "="
    diverging: bool = True
    masked: np.ndarray | None = None  # (R, C)
    row: int | None = None  # the row to mark: the chosen query's ...
    column: int | None = None  # ... or the column


def draw_equation(terms: Sequence[Matrix], theme: Theme) -> go.Figure:
    """Draw the terms side by side, each with a colour range of its own, written below it."""
    width = (1 - GAP * (len(terms) - 1)) / len(terms)
    spec: dict[str, Any] = {"data": [], "layout": _base_layout(terms, theme)}
    for i, term in enumerate(terms):
        left = i * (width + GAP)
        _add_term(spec, i, term, (left, left + width), theme)
        if term.sign:
            spec["layout"]["annotations"].append(
                _note(left + width + GAP / 2, 0.5, term.sign, size=24, anchor="middle")
            )
    return SpecFigure(spec)


def _base_layout(terms: Sequence[Matrix], theme: Theme) -> dict[str, Any]:
    below = max((max(map(text_width, t.columns.short), default=0) for t in terms), default=0)
    below = min(below, 130) + 58
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT_FAMILY, "size": LABEL_SIZE - 1, "color": theme.text},
        "hoverlabel": {"font": {"size": LABEL_SIZE, "family": FONT_FAMILY}, "namelength": -1},
        "margin": {"l": LEFT, "r": 8, "t": 26, "b": below},
        "height": HEIGHT + 26 + below,
        "dragmode": False,
        "annotations": [],
        "images": [],
        "shapes": [],
    }


def _add_term(
    spec: dict[str, Any], index: int, term: Matrix, domain: tuple[float, float], theme: Theme
) -> None:
    down, across = (factor(length, MOST_CELLS) for length in term.values.shape)
    values = pool_extremes(term.values, down, across)
    rows, columns = pool_labels(term.rows, down), pool_labels(term.columns, across)
    limit = float(np.nanmax(np.abs(values), initial=0.0)) or 1.0
    suffix = "" if index == 0 else str(index + 1)
    layout = spec["layout"]
    spec["data"].append(
        {
            "type": "heatmap",
            "name": term.name,
            "z": values,
            "xaxis": f"x{suffix}",
            "yaxis": f"y{suffix}",
            "zmin": -limit if term.diverging else 0.0,
            "zmax": limit,
            "colorscale": color_scale(theme.diverging if term.diverging else theme.sequential),
            "showscale": False,
            "hovertemplate": "<b>%{fullData.name}</b><br>%{y}<br>%{x}<br>"
            "<b>%{z:.9g}</b><extra></extra>",
            "hovertemplatefallback": "masked",
        }
    )
    layout[f"xaxis{suffix}"] = {
        "domain": list(domain),
        "anchor": f"y{suffix}",
        "range": [-0.5, len(columns) - 0.5],
        "tickangle": -90,
        **_axis(columns, MOST_COLUMN_LABELS),
    }
    layout[f"yaxis{suffix}"] = {
        "anchor": f"x{suffix}",
        "range": [len(rows) - 0.5, -0.5],
        **_axis(rows, MOST_ROW_LABELS),
        # Rows are the same tokens in each term but Kᵀ: written once.
        "showticklabels": index == 0 or term.column is not None,
    }
    middle = (domain[0] + domain[1]) / 2
    low = -limit if term.diverging else 0.0
    layout["annotations"] += [
        _note(middle, 1.0, f"<b>{term.name}</b>", size=LABEL_SIZE + 1, anchor="bottom"),
        _note(
            middle,
            0.0,
            f"{term.row_size} × {term.column_size}<br>{low:.3g} … {limit:.3g}",
            size=LABEL_SIZE - 1,
            anchor="top",
            shift=-layout["margin"]["b"] + 40,
        ),
    ]
    _add_hatching(layout, suffix, term, (down, across), theme)
    _add_marks(layout, suffix, term, (down, across), theme)


def _axis(labels: AxisLabels, most: int) -> dict[str, Any]:
    shown = range(0, len(labels), factor(len(labels), most))
    return {
        "tickmode": "array",
        # Off the centres, so that the hover box takes the alias and not the tick's text.
        "tickvals": [i + 0.001 for i in shown],
        "ticktext": [labels.short[i] for i in shown],
        "hoverformat": "d",
        "labelalias": {str(i): label for i, label in enumerate(labels.full)},
        "ticks": "",
        "ticklabeloverflow": "allow",
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
    }


def _add_hatching(
    layout: dict[str, Any], suffix: str, term: Matrix, block: tuple[int, int], theme: Theme
) -> None:
    if term.masked is None:
        return
    masked = pool_mask(term.masked, *block)
    rows, columns = masked.shape
    source = hatched_image(masked, max(1.0, 130 / columns), max(1.0, HEIGHT / rows), theme)
    if source is not None:
        layout["images"].append(
            {
                "source": source,
                "x": -0.5,
                "y": -0.5,
                "sizex": columns,
                "sizey": rows,
                "sizing": "stretch",
                "xref": f"x{suffix}",
                "yref": f"y{suffix}",
                "layer": "below",
            }
        )


def _add_marks(
    layout: dict[str, Any], suffix: str, term: Matrix, block: tuple[int, int], theme: Theme
) -> None:
    """Frames around the chosen row and the chosen column."""
    line = {"color": theme.highlight, "width": 2.5}
    frame = {"type": "rect", "line": line, "layer": "above"}
    if term.row is not None:
        row = term.row // block[0]
        layout["shapes"].append(
            {
                **frame,
                "xref": f"x{suffix} domain",
                "yref": f"y{suffix}",
                "x0": 0,
                "x1": 1,
                "y0": row - 0.5,
                "y1": row + 0.5,
            }
        )
    if term.column is not None:
        column = term.column // block[1]
        layout["shapes"].append(
            {
                **frame,
                "xref": f"x{suffix}",
                "yref": f"y{suffix} domain",
                "x0": column - 0.5,
                "x1": column + 0.5,
                "y0": 0,
                "y1": 1,
            }
        )


def _note(
    x: float, y: float, text: str, *, size: int, anchor: str, shift: float = 0
) -> dict[str, Any]:
    return {
        "x": x,
        "y": y,
        "xref": "paper",
        "yref": "paper",
        "text": text,
        "showarrow": False,
        "xanchor": "center",
        "yanchor": anchor,
        "yshift": shift,
        "font": {"size": size},
    }
