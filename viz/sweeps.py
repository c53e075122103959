"""What came out of many experiments: means as lines with bands, in one or more panels."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from .figure import SpecFigure
from .labels import text_width
from .offsets import DASHES, SYMBOLS
from .sweep_parts import (
    ENGLISH,
    HEIGHT,
    WIDTH,
    Axis,
    Place,
    Words,
    frame_of,
    grid_of,
    hover_text,
    panel_title,
    places_axis,
    steady_markers,
)
from .theme import Theme

MOST_MARKERS = 40  # on one line: more would cover it
BAND_OPACITY = 0.18


@dataclass(frozen=True)
class Series:
    """Means over seeds along the horizontal axis: one line."""

    name: str  # escaped; "" where there is one alone
    x: np.ndarray  # (P,) growing
    mean: np.ndarray  # (P,) NaN where nothing was measured
    std: np.ndarray  # (P,) over seeds; NaN of a single one
    count: np.ndarray  # (P,) whole numbers: seeds
    about: Sequence[str]  # P, escaped: the parameters, on hover
    ids: np.ndarray  # (P,) whole numbers: what a click reports


@dataclass(frozen=True)
class Panel:
    """One of the small pictures."""

    title: str  # escaped; "" for none
    value: str  # escaped: what is measured, at the vertical axis and on hover
    series: Sequence[Series]
    low: float | None = None  # where the measure can't be lower ...
    high: float | None = None  # ... or higher


@dataclass(frozen=True)
class Lines:
    """Lines with bands, in one or more panels."""

    panels: Sequence[Panel]
    x: Axis
    same_range: bool = False  # whether all panels measure the same
    words: Words = ENGLISH
    height: int = HEIGHT


def draw_lines(lines: Lines, theme: Theme) -> go.Figure:
    """Draw means as lines, and a standard deviation to either side as a band.

    Args:
        lines: at least one panel; more than MOST_PANELS are refused.
        theme: the page's colours.

    Raises:
        ValueError: if there are no panels or too many.
    """
    grid = grid_of(len(lines.panels), lines.height, any(p.title for p in lines.panels))
    names = list(dict.fromkeys(s.name for panel in lines.panels for s in panel.series))
    shared = _range(lines.panels) if lines.same_range else None
    layout = frame_of(theme, lines.height, legend=len(names) > 1)
    traces: list[dict[str, Any]] = []
    told: set[str] = set()
    for number, (panel, place) in enumerate(zip(lines.panels, grid, strict=True), start=1):
        at = "" if number == 1 else str(number)
        for series in panel.series:
            look = names.index(series.name)
            in_legend = len(names) > 1 and series.name not in told
            told.add(series.name)
            traces += _line(series, panel, lines.words, look, at, in_legend, theme)
        # What is measured in one panel alone, so far, doesn't shift the others against each other.
        shared_x = {"matches": "x"} if at else {}
        layout[f"xaxis{at}"] = {**_x_axis(lines.x, at, place, theme), **shared_x}
        layout[f"yaxis{at}"] = _y_axis(panel, at, place, shared or _range([panel]), theme)
        layout["annotations"] += panel_title(panel.title, place, theme)
    return SpecFigure({"data": traces, "layout": layout})


def _range(panels: Sequence[Panel]) -> list[float]:
    """From the lowest to the highest end of a band, with some air; zero if it isn't far."""
    low, high = np.inf, -np.inf
    for series in (s for panel in panels for s in panel.series):
        spread = np.nan_to_num(series.std)
        there = np.isfinite(series.mean)
        low = min(low, (series.mean - spread)[there].min(initial=np.inf))
        high = max(high, (series.mean + spread)[there].max(initial=-np.inf))
    if not np.isfinite(low):
        return [0.0, 1.0]
    floors = [p.low for p in panels if p.low is not None]
    if floors and low < min(floors) + 0.5 * high:  # a bar of nothing begins at nothing
        low = min(floors)
    if low == high == 0:  # zeros alone, which are at the bottom
        high = 1.0
    air = 0.06 * (high - low) or 0.06 * abs(high)
    return [float(low - air / 2), float(high + air)]


def _line(
    series: Series,
    panel: Panel,
    words: Words,
    look: int,
    at: str,
    in_legend: bool,
    theme: Theme,
) -> Iterator[dict[str, Any]]:
    """The band and the line of one series."""
    color = theme.lines[look % len(theme.lines)]
    common = {"xaxis": f"x{at}", "yaxis": f"y{at}", "legendgroup": series.name}
    yield {
        **common,
        "type": "scatter",
        "mode": "lines",
        **_band(series, panel),
        "fill": "toself",
        "fillcolor": _faded(color),
        "line": {"width": 0},
        "hoverinfo": "skip",
        "showlegend": False,
    }
    yield {
        **common,
        "type": "scatter",
        "mode": "lines+markers",
        "name": series.name,
        "x": series.x.astype(np.float64),
        "y": series.mean.astype(np.float64),
        "line": {"color": color, "width": 2.5, "dash": DASHES[_other(look)]},
        "marker": {
            "symbol": SYMBOLS[look % len(SYMBOLS)],
            "size": 9,
            "maxdisplayed": MOST_MARKERS,
        },
        "customdata": series.ids.astype(np.int32),
        "hovertext": [
            hover_text(about, panel.value, numbers, words)
            for about, *numbers in zip(
                series.about, series.mean, series.std, series.count, strict=True
            )
        ],
        "hovertemplate": "%{hovertext}<extra></extra>",
        "showlegend": in_legend,
        **steady_markers(),
    }


def _other(look: int) -> int:
    """Return which dash a line has: colours repeat after five, with dashes after twenty-five."""
    return (look + look // len(SYMBOLS)) % len(DASHES)


def _band(series: Series, panel: Panel) -> dict[str, Any]:
    """The outline of mean ± standard deviation, no further than the measure goes."""
    there = np.isfinite(series.mean) & np.isfinite(series.std)
    x, mean, std = series.x[there], series.mean[there], series.std[there]
    low = np.clip(mean - std, panel.low, None) if panel.low is not None else mean - std
    high = np.clip(mean + std, None, panel.high) if panel.high is not None else mean + std
    return {
        "x": np.concatenate([x, x[::-1]]).astype(np.float64),
        "y": np.concatenate([high, low[::-1]]).astype(np.float64),
    }


def _faded(color: str) -> str:
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{BAND_OPACITY})"


def _x_axis(axis: Axis, at: str, place: Place, theme: Theme) -> dict[str, Any]:
    """The axis below a panel, with a tick at each value where there are few."""
    if not axis.numeric:
        last = len(axis.values) - 1
        return {
            **places_axis(axis, place.x, f"y{at}", theme, titled=place.last),
            "range": [-0.15 - 0.03 * last, last + 0.15 + 0.03 * last],
            "gridcolor": theme.masked,
            "showgrid": True,
        }
    few = len(axis.values) * max(map(text_width, axis.labels), default=0) < 0.8 * (
        place.width * WIDTH
    )
    return {
        "domain": place.x,
        "anchor": f"y{at}",
        "type": "log" if axis.logarithmic else "linear",
        "title": {
            "text": axis.title if place.last else "",
            "standoff": 6,
            "font": {"color": theme.faint},
        },
        "fixedrange": True,
        "zeroline": False,
        "gridcolor": theme.masked,
        **(
            {"tickmode": "array", "tickvals": axis.values.tolist(), "ticktext": list(axis.labels)}
            if few
            else {"nticks": 6}
        ),
    }


def _y_axis(
    panel: Panel, at: str, place: Place, limits: list[float], theme: Theme
) -> dict[str, Any]:
    return {
        "domain": place.y,
        "anchor": f"x{at}",
        "range": limits,
        # A panel's title says what is measured, where it has one.
        "title": {"text": panel.value if not panel.title else "", "font": {"color": theme.faint}},
        "fixedrange": True,
        "zerolinecolor": theme.faint,
        "gridcolor": theme.masked,
        "nticks": 7 if place.height > 0.6 else 4,
    }
