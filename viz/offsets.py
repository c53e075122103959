"""How scores depend on the distance between query and key: a line for each positional scheme."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from .figure import SpecFigure
from .heatmap import base_layout
from .theme import Theme

HEIGHT = 380  # pixels
MOST_MARKERS = 40  # on one line: more would cover it
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x")
DASHES = ("solid", "7px,3px", "2px,2px", "9px,3px,2px,3px", "16px,3px")
FEW = 15  # offsets: so many can all have their number at the axis


@dataclass(frozen=True)
class OffsetCurves:
    """Means of scores by offset, before any drawing is decided."""

    offsets: np.ndarray  # (O,) whole numbers: the key's position minus the query's
    curves: Mapping[str, np.ndarray]  # the name of a scheme: (O,) means, NaN where there is none
    offset_title: str = "offset (key − query)"
    value_title: str = "mean score"
    zero_text: str = "itself"  # what stands at the offset 0
    height: int = HEIGHT  # pixels


def mean_by_offset(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean over all heads and all pairs of a query and a key equally far apart.

    Args:
        scores: (H, L, L) or (L, L), queries by keys; NaN is left out.

    Returns:
        The offsets, key minus query, from -(L - 1) to L - 1, and the mean at each, in float64;
        NaN where there is nothing to average. Both (2L - 1,).

    Raises:
        ValueError: if queries and keys are not equally many.
    """
    if scores.ndim not in (2, 3) or scores.shape[-2] != scores.shape[-1]:
        raise ValueError(
            f"scores must be (H, L, L) or (L, L), with as many queries as keys, got {scores.shape}"
        )
    length = scores.shape[-1]
    offsets = np.arange(1 - length, length)  # (2L - 1,)
    place = np.arange(length) - np.arange(length)[:, None] + length - 1  # (L, L) into offsets
    heads = scores.reshape(-1, length, length).astype(np.float64)
    there = ~np.isnan(heads)
    sums = np.bincount(place.ravel(), np.where(there, heads, 0.0).sum(0).ravel())
    counts = np.bincount(place.ravel(), there.sum(0).ravel())
    means = np.full(len(offsets), np.nan)
    np.divide(sums, counts, out=means, where=counts > 0)
    return offsets, means


def draw_offsets(curves: OffsetCurves, theme: Theme) -> go.Figure:
    """Draw the curves: offsets from left to right, the key before the query on the left.

    Args:
        curves: at least one, of at least one offset.
        theme: the page's colours.
    """
    hover = (
        f"<b>%{{fullData.name}}</b><br>{curves.offset_title} %{{x}}<br>"
        f"{curves.value_title} <b>%{{y:.9g}}</b><extra></extra>"
    )
    traces = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": name,
            "x": curves.offsets.astype(np.int32),
            "y": means,
            "line": {
                "color": theme.lines[i % len(theme.lines)],
                "dash": DASHES[i % len(DASHES)],
                "width": 2,
            },
            "marker": {
                "symbol": SYMBOLS[i % len(SYMBOLS)],
                "size": 8,
                "maxdisplayed": MOST_MARKERS,
            },
            "hovertemplate": hover,
        }
        for i, (name, means) in enumerate(curves.curves.items())
    ]
    return SpecFigure({"data": traces, "layout": _layout(curves, theme)})


def _layout(curves: OffsetCurves, theme: Theme) -> dict[str, Any]:
    axis = {"fixedrange": True, "gridcolor": theme.masked}
    margin = {"l": 70, "r": 12, "t": 8, "b": 46}
    layout = {
        **base_layout(theme, margin=margin, height=curves.height),
        "showlegend": True,
        "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"},
        "hovermode": "closest",
        "xaxis": {
            "title": {"text": curves.offset_title, "font": {"color": theme.faint}},
            "hoverformat": "d",
            "zeroline": False,
            **({"tick0": 0, "dtick": 1} if len(curves.offsets) <= FEW else {}),
            **axis,
        },
        "yaxis": {
            "title": {"text": curves.value_title, "font": {"color": theme.faint}},
            "zerolinecolor": theme.faint,
            **axis,
        },
        "shapes": [
            {
                "type": "line",
                "x0": 0,
                "x1": 0,
                "yref": "paper",
                "y0": 0,
                "y1": 1,
                "layer": "below",
                "line": {"color": theme.highlight, "width": 1.5, "dash": "dot"},
            }
        ],
        "annotations": [
            {
                "x": 0,
                "y": 1,
                "yref": "paper",
                "text": curves.zero_text,
                "showarrow": False,
                "xanchor": "left",
                "yanchor": "top",
                "xshift": 3,
                "font": {"color": theme.faint},
            }
        ],
    }
    # The legend has as many rows as the window's width needs: Plotly makes room for them above.
    layout["margin"]["autoexpand"] = True
    return layout
