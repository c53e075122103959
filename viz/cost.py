"""What attention costs over the length of a sentence: time or multiply-adds, and memory."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go

from .figure import SpecFigure
from .heatmap import base_layout
from .labels import text_width
from .log_axis import Format, ends_of, log_axis
from .quantities import count_text, duration_text, size_text, whole_text
from .theme import LABEL_SIZE, TITLE_SIZE, Theme

WIDTH, HEIGHT = 1040, 560  # design pixels
MARGIN = {"l": 74, "r": 24, "t": 72, "b": 52}  # pixels
GAP = 92  # pixels between the panels: for the numbers at the right one's axis
LINE, BROKEN, DOT = "━", "╍", "●"  # how they look, in text
LABEL_ROW = 0.075  # of a panel's height: from one crossover's label to the next
ABOVE = 0.05  # of an axis' range: free above the highest point

Left = Literal["seconds", "multiply_adds"]


@dataclass(frozen=True)
class Cost:
    """The cost of one configuration at each length; lengths grow, all numbers are positive."""

    name: str  # escaped
    tokens: np.ndarray  # (P,) lengths of the prediction
    attention: np.ndarray  # (P,) multiply-adds
    feed_forward: np.ndarray  # (P,)
    seconds: np.ndarray  # (P,) predicted; NaN as long as nothing is known about the machine
    peak_bytes: np.ndarray  # (P,) predicted
    measured_tokens: np.ndarray  # (M,) may be empty
    measured_seconds: np.ndarray  # (M,)
    measured_bytes: np.ndarray  # (M,)
    crossover: float | None = None  # tokens; marked where it lies between the first and the last
    crossover_label: str = ""  # escaped


@dataclass(frozen=True)
class Words:
    """The words of the figures, escaped."""

    tokens: str = "tokens"
    time: str = "Time of a forward pass"
    multiply_adds: str = "Multiply-adds of a forward pass"
    memory: str = "Most memory held at one time"
    parameters: str = "Parameters"
    predicted: str = "predicted"
    measured: str = "measured"
    attention: str = "attention"
    feed_forward: str = "feed-forward"


ENGLISH = Words()


def draw_cost(
    costs: Sequence[Cost],
    theme: Theme,
    *,
    left: Left = "seconds",
    words: Words = ENGLISH,
    width: int = WIDTH,
    height: int = HEIGHT,
    only: Literal["left", "right"] | None = None,
) -> go.Figure:
    """Draw time or multiply-adds on the left, memory on the right, over the length; all axes log.

    A configuration has one colour in both. Lines are predictions, dots measurements; multiply-adds
    have a line for attention and a broken one for the feed-forward, which cross at the crossover.

    Args:
        costs: one to three configurations.
        theme: the page's colours.
        left: what the left panel shows.
        words: in the page's language.
        width: of the figure, design pixels.
        height: of the figure, pixels.
        only: which of the panels is drawn, in the width of both; None for both.
    """
    panels = _panels(costs, left, words)
    whole = width - MARGIN["l"] - MARGIN["r"]
    half = (whole - GAP) / 2 if only is None else whole  # pixels of a panel
    share = half / whole
    domains = [[0, share], [1 - share, 1]]
    if only is not None:
        panels, domains = [panels[only == "right"]], [[0, 1]]
    layout = base_layout(theme, margin=MARGIN, height=height)
    layout["annotations"] = [_key(costs, theme)]
    layout["shapes"] = []
    font = {"color": theme.faint, "size": LABEL_SIZE}
    ends = ends_of([c.tokens for c in costs] + [c.measured_tokens for c in costs], 0.03)
    for panel, domain in zip(panels, domains, strict=True):
        low, high = ends_of([line.y for line in panel.lines], ABOVE)
        if panel.number == "":
            below = len(_marks(costs, ends, half)) * LABEL_ROW  # for labels
            low -= (high - low) * below / (1 - below)
        layout[f"xaxis{panel.number}"] = {
            **log_axis(theme, ends, whole_text, doubling=True),
            "domain": domain,
            "anchor": f"y{panel.number}",
            "title": {"text": words.tokens, "standoff": 6, "font": font},
        }
        layout[f"yaxis{panel.number}"] = {
            **log_axis(theme, (low, high), panel.format),
            "anchor": f"x{panel.number}",
        }
        layout["annotations"] += _titles(panel, theme)
    if only != "right":
        _mark_crossovers(layout, costs, ends, half, theme)
    data = [_trace(line, panel, words, theme) for panel in panels for line in panel.lines]
    return SpecFigure({"data": data, "layout": layout})


@dataclass(frozen=True)
class _Line:
    """A line or dots of one configuration."""

    color: int
    name: str
    x: np.ndarray
    y: np.ndarray
    kind: Literal["line", "broken", "dots"]


@dataclass(frozen=True)
class _Panel:
    """One of the two charts."""

    number: str  # of its axes: "" or "2"
    title: str
    key: str  # how its lines are told apart
    lines: Sequence[_Line]
    format: Format


def _panels(costs: Sequence[Cost], left: Left, words: Words) -> list[_Panel]:
    predictions = f"{LINE} {words.predicted}"
    if any(len(cost.measured_tokens) for cost in costs):
        predictions += f"  {DOT} {words.measured}"
    seconds, counts, memory = [], [], []
    for i, cost in enumerate(costs):
        tokens, measured = cost.tokens, cost.measured_tokens
        seconds += [
            _Line(i, words.predicted, tokens, cost.seconds, "line"),
            _Line(i, words.measured, measured, cost.measured_seconds, "dots"),
        ]
        counts += [
            _Line(i, words.attention, tokens, cost.attention, "line"),
            _Line(i, words.feed_forward, tokens, cost.feed_forward, "broken"),
        ]
        memory += [
            _Line(i, words.predicted, tokens, cost.peak_bytes, "line"),
            _Line(i, words.measured, measured, cost.measured_bytes, "dots"),
        ]
    kinds = f"{LINE} {words.attention}  {BROKEN} {words.feed_forward}"
    first = (
        _Panel("", words.time, predictions, seconds, duration_text)
        if left == "seconds"
        else _Panel("", words.multiply_adds, kinds, counts, count_text)
    )
    return [first, _Panel("2", words.memory, predictions, memory, size_text)]


def _trace(line: _Line, panel: _Panel, words: Words, theme: Theme) -> dict[str, Any]:
    color = theme.lines[line.color]
    there = np.isfinite(line.y)
    x, y = line.x[there], line.y[there]
    look: dict[str, Any] = {
        "mode": "lines",
        "line": {"color": color, "width": 3, "dash": "6px,4px" if line.kind == "broken" else None},
    }
    if line.kind == "dots":
        look = {"mode": "markers", "marker": {"color": color, "size": 10}}
    return {
        "type": "scatter",
        **look,
        "x": x.astype(np.float64),
        "y": y.astype(np.float64),
        "xaxis": f"x{panel.number}",
        "yaxis": f"y{panel.number}",
        "text": [
            f"{whole_text(tokens)} {words.tokens}<br>{line.name} <b>{panel.format(value)}</b>"
            for tokens, value in zip(x, y, strict=True)
        ],
        "hovertemplate": "%{text}<extra></extra>",
        "showlegend": False,
    }


def _titles(panel: _Panel, theme: Theme) -> list[dict[str, Any]]:
    """A panel's title above its left end, and its key below that."""
    place = {
        "xref": f"x{panel.number} domain",
        "yref": "paper",
        "x": 0,
        "y": 1,
        "xanchor": "left",
        "yanchor": "bottom",
        "showarrow": False,
    }
    title = {"text": f"<b>{panel.title}</b>", "font": {"size": TITLE_SIZE}, "yshift": 20}
    return [
        {**place, **title},
        {**place, "text": panel.key, "font": {"color": theme.faint}, "yshift": 1},
    ]


def _key(costs: Sequence[Cost], theme: Theme) -> dict[str, Any]:
    """Return the key of which colour is which configuration, above everything."""
    names = (
        f'<span style="color:{theme.lines[i]}">{LINE}{DOT}{LINE}</span> {cost.name}'
        for i, cost in enumerate(costs)
    )
    return {
        "text": "     ".join(names),
        "xref": "paper",
        "yref": "paper",
        "x": 0,
        "y": 1,
        "xanchor": "left",
        "yanchor": "bottom",
        "yshift": 44,
        "showarrow": False,
        "font": {"size": TITLE_SIZE},
    }


def _mark_crossovers(
    layout: dict[str, Any],
    costs: Sequence[Cost],
    ends: tuple[float, float],
    width: float,
    theme: Theme,
) -> None:
    """Dotted lines over the left panel, whose labels stand one above the other below all curves.

    A line ends at its own label. All labels are on one side of their lines, where there is room,
    in such an order that none crosses another one's line.
    """
    marks = _marks(costs, ends, width)
    on_left = bool(marks) and text_width(marks[0].label) + 8 < marks[0].before
    for row, mark in enumerate(reversed(marks) if on_left else marks):
        color, bottom = theme.lines[mark.color], 0.02 + row * LABEL_ROW
        layout["shapes"].append(
            {
                "type": "line",
                "xref": "x",
                "yref": "y domain",
                "x0": 10**mark.exponent,
                "x1": 10**mark.exponent,
                "y0": bottom,
                "y1": 1,
                "line": {"color": color, "width": 2, "dash": "dot"},
                "layer": "below",
            }
        )
        beyond = text_width(mark.label) + 8 > width - mark.before
        layout["annotations"].append(
            {
                "x": mark.exponent,  # an annotation on a logarithmic axis stands at the exponent
                "xref": "x",
                "y": bottom,
                "yref": "y domain",
                "text": mark.label,
                "showarrow": False,
                "xanchor": "right" if on_left or beyond else "left",
                "yanchor": "bottom",
                "xshift": -4 if on_left or beyond else 4,
                "font": {"color": color},
            }
        )


@dataclass(frozen=True)
class _Mark:
    """A crossover that lies on the axis."""

    color: int
    label: str
    exponent: float
    before: float  # pixels between the panel's left end and it


def _marks(costs: Sequence[Cost], ends: tuple[float, float], width: float) -> list[_Mark]:
    """From left to right."""
    marks = []
    for color, cost in enumerate(costs):
        exponent = math.log10(cost.crossover) if cost.crossover else -math.inf
        if ends[0] <= exponent <= ends[1]:
            before = (exponent - ends[0]) / (ends[1] - ends[0]) * width
            marks.append(_Mark(color, cost.crossover_label, exponent, before))
    return sorted(marks, key=lambda mark: mark.exponent)
