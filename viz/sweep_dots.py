"""What came out of many experiments, as a point for each seed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from .figure import SpecFigure
from .sweep_parts import (
    DIGITS,
    ENGLISH,
    HEIGHT,
    Axis,
    Words,
    frame_of,
    places_axis,
    steady_markers,
)
from .theme import Theme


@dataclass(frozen=True)
class Dots:
    """A number for each seed, in columns; seeds without one stand above all others."""

    columns: Axis
    seeds: Sequence[np.ndarray]  # for each column (S,): NaN for never
    about: Sequence[Sequence[str]]  # for each column (S,): what hovering says of it, escaped
    ids: Sequence[np.ndarray]  # for each column (S,): what a click reports
    value: str  # escaped
    words: Words = ENGLISH
    height: int = HEIGHT


def draw_dots(dots: Dots, theme: Theme) -> go.Figure:
    """Draw a point for each seed, a bar at each column's mean, and those without a number on top.

    Args:
        dots: at least one column.
        theme: the page's colours.
    """
    finite = np.concatenate([*dots.seeds, np.empty(0)])
    top = float(finite[np.isfinite(finite)].max(initial=0.0)) or 1.0
    never = 1.12 * top
    marker = {"size": 11, "color": theme.lines[0], "line": {"width": 1, "color": theme.text}}
    traces = [
        {
            "type": "scatter",
            "mode": "markers",
            "x": column + _spread(len(seeds)),
            "y": np.where(np.isfinite(seeds), seeds, never),
            "marker": {
                **marker,
                "symbol": ["circle" if np.isfinite(v) else "x" for v in seeds],
            },
            "customdata": ids.astype(np.int32),
            "hovertext": [_hover(dots, *dot) for dot in zip(about, seeds, strict=True)],
            "hovertemplate": "%{hovertext}<extra></extra>",
            "showlegend": False,
            **steady_markers(),
        }
        for column, (seeds, ids, about) in enumerate(
            zip(dots.seeds, dots.ids, dots.about, strict=True)
        )
    ]
    layout = frame_of(theme, dots.height, legend=False)
    layout["shapes"] = _mean_bars(dots, theme)
    axis = places_axis(dots.columns, [0, 1], "y", theme)
    layout["xaxis"] = {**axis, "range": [-0.5, len(dots.seeds) - 0.5]}
    lost = bool(np.isnan(finite).any())
    ticks = np.linspace(0, top, 5)
    layout["yaxis"] = {
        "title": {"text": dots.value, "font": {"color": theme.faint}},
        "range": [0, (1.2 if lost else 1.08) * top],
        "gridcolor": theme.masked,
        "fixedrange": True,
        "zeroline": False,
        **(
            {
                "tickvals": [*ticks, never],
                "ticktext": [*(f"{t:.3g}" for t in ticks), dots.words.never],
            }
            if lost
            else {}
        ),
    }
    return SpecFigure({"data": traces, "layout": layout})


def _spread(count: int) -> np.ndarray:
    """Return how far beside its column's middle each seed stands, so that equals can be counted."""
    return np.linspace(-0.18, 0.18, count) if count > 1 else np.zeros(count)


def _hover(dots: Dots, about: str, value: float) -> str:
    said = f"<b>{value:{DIGITS}}</b>" if np.isfinite(value) else f"<b>{dots.words.never}</b>"
    return f"{about}<br>{dots.value} {said}"


def _mean_bars(dots: Dots, theme: Theme) -> list[dict[str, Any]]:
    """A bar at the mean of each column, where all of its seeds have a number."""
    return [
        {
            "type": "line",
            "x0": column - 0.3,
            "x1": column + 0.3,
            "y0": float(seeds.mean()),
            "y1": float(seeds.mean()),
            "line": {"color": theme.highlight, "width": 3},
        }
        for column, seeds in enumerate(dots.seeds)
        if len(seeds) and np.isfinite(seeds).all()
    ]
