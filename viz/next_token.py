"""What a language model takes for the next token, as bars."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from .figure import SpecFigure
from .heatmap import base_layout, labelled_axis, limit_of
from .labels import AxisLabels, text_width
from .stream import OFF_CENTRE
from .theme import Theme

LOWEST_ROW = 26  # pixels of a token's bar with the gap: its label and number are 14 high ...
LOWEST_PAIR = 44  # ... and of two bars
TALLEST_ROW = 64  # few tokens don't fill a screen
LEGEND_ROOM = 34  # pixels above
NUMBER_ROOM = 78  # pixels on the right, where "100.0 %" stands at the end of the longest bar
PALER = 0.3  # the opacity of the bars of before


@dataclass(frozen=True)
class NextTokens:
    """The content of the bars, before any drawing is decided."""

    labels: AxisLabels  # N, the best first
    probabilities: np.ndarray  # (N,) from 0 to 1
    before: np.ndarray | None = None  # (N,) of the same tokens before a head was removed
    probability_title: str = "probability"
    after_name: str = "without the head"  # the two kinds of bars, where there are two
    before_name: str = "before"
    height: int = 380  # pixels of all bars; less where they are few, more where they are too many


def draw_next_tokens(info: NextTokens, theme: Theme) -> go.Figure:
    """Draw a bar a token, the best on top, and the probability of before as a paler one below it.

    The axis is in percent and ends at the largest bar.

    Args:
        info: the probabilities of one or more tokens.
        theme: the page's colours.
    """
    color = theme.lines[0]
    if info.before is None:
        bars = [(info.probability_title, info.probabilities, color)]
    else:
        bars = [
            (info.after_name, info.probabilities, color),
            (info.before_name, info.before, _paler(color)),
        ]
    traces = [
        {
            "type": "bar",
            "orientation": "h",
            "name": name,
            "y": list(range(len(info.labels))),
            "x": 100 * probabilities.astype(np.float64),
            "marker": {"color": fill, "line": {"color": color, "width": 1}},
            "text": [_percent(p) for p in probabilities],
            "textposition": "outside",
            "textangle": 0,
            "constraintext": "none",  # else Plotly shrinks it to the bar
            "cliponaxis": False,  # the longest bar's number stands beside the plot
            "hovertemplate": f"{name} <b>%{{x:.9g}} %</b><extra></extra>",
        }
        for name, probabilities, fill in bars
    ]
    longest = limit_of(np.concatenate([probabilities for _, probabilities, _ in bars]))
    return SpecFigure({"data": traces, "layout": _layout(info, 100 * longest, theme)})


def _layout(info: NextTokens, longest: float, theme: Theme) -> dict[str, Any]:
    count, pairs = len(info.labels), info.before is not None
    lowest = LOWEST_PAIR if pairs else LOWEST_ROW
    bars_height = min(max(info.height, count * lowest), count * TALLEST_ROW)
    left_margin = 12 + max(map(text_width, info.labels.short))
    above = LEGEND_ROOM if pairs else 8
    margin = {"l": left_margin, "r": NUMBER_ROOM, "t": above, "b": 46, "pad": 4}
    frame = base_layout(theme, margin=margin, height=bars_height + above + 46)
    return {
        **frame,
        "hoverlabel": {**frame["hoverlabel"], "bgcolor": theme.masked, "bordercolor": theme.faint},
        "hovermode": "y unified",  # anywhere in the row: of a bar of no length nobody can point at
        "barmode": "group",
        "bargap": 0.2,
        "showlegend": pairs,
        "legend": {
            "orientation": "h",
            "x": 0,
            "y": 1,
            "xanchor": "left",
            "yanchor": "bottom",
            "itemclick": False,
            "itemdoubleclick": False,
        },
        "xaxis": {
            "range": [0, longest],
            "title": {"text": info.probability_title, "font": {"color": theme.faint}},
            "ticksuffix": " %",
            "nticks": 6,
            "gridcolor": theme.masked,
            "zerolinecolor": theme.faint,
            "fixedrange": True,
        },
        "yaxis": {
            "range": [count - 0.5, -0.5],
            "showspikes": False,  # the line that comes with hovering over a row
            **labelled_axis(info.labels, step=1, off_centre=OFF_CENTRE * count),
        },
    }


def _percent(probability: float) -> str:
    """A probability as people say it; a small one isn't written as none."""
    percent = 100 * float(probability)
    if percent >= 1:
        return f"{percent:.1f} %"
    if percent >= 0.01:
        return f"{percent:.2f} %"
    return "&lt; 0.01 %" if percent else "0 %"


def _paler(color: str) -> str:
    """A colour "#rrggbb", through which the page is seen."""
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {PALER})"
