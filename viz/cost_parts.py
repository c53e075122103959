"""What each part of a transformer costs at one length, as stacked bars."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from .cost import ENGLISH, WIDTH, Words
from .figure import SpecFigure
from .heatmap import base_layout
from .labels import text_width
from .quantities import count_text
from .theme import TITLE_SIZE, Theme

ROW = 64  # pixels of a bar with the gap
TOP, BOTTOM, RIGHT = 84, 36, 24  # pixels: legend and titles above
WIDEST_NAME = 260  # pixels on the left
PANEL_GAP = 32  # pixels
BEYOND = 1.22  # how far a panel reaches, the longest bar being 1: its sum stands there


@dataclass(frozen=True)
class Parts:
    """The cost of each part of one configuration at one length."""

    name: str  # escaped
    multiply_adds: Sequence[int]  # one a part
    parameters: Sequence[int]


def draw_parts(
    parts: Sequence[Parts],
    names: Sequence[str],
    theme: Theme,
    *,
    words: Words = ENGLISH,
    width: int = WIDTH,
    height: int | None = None,
) -> go.Figure:
    """Draw a stacked bar a configuration: multiply-adds on the left, parameters on the right.

    Each bar ends in its sum. Shares too small for their number say it on hover.

    Args:
        parts: one a configuration, from top to bottom.
        names: of the parts, escaped; at most ten, as many as there are looks.
        theme: the page's colours.
        words: in the page's language.
        width: of the figure, design pixels.
        height: of the figure, pixels; None: as high as it must be.
    """
    left = min(WIDEST_NAME, 20 + max(int(text_width(of.name)) for of in parts))
    height = height or TOP + BOTTOM + ROW * len(parts)
    inner, half = width - left - RIGHT, (width - left - RIGHT - PANEL_GAP) / 2
    layout = base_layout(
        theme, margin={"l": left, "r": RIGHT, "t": TOP, "b": BOTTOM}, height=height
    )
    layout |= {
        "barmode": "stack",
        "bargap": 0.35,
        "annotations": [],
        "legend": _legend(left / inner, 34 / (height - TOP - BOTTOM)),
        "yaxis": {
            **_BARE,
            "tickvals": list(range(len(parts))),
            "ticktext": [of.name for of in parts],
            "ticklabelstandoff": 6,
            "range": [len(parts) - 0.5, -0.5],
        },
    }
    data: list[dict[str, Any]] = []
    panels = (
        ("", words.multiply_adds, [of.multiply_adds for of in parts], [0, half / inner]),
        ("2", words.parameters, [of.parameters for of in parts], [1 - half / inner, 1]),
    )
    for number, title, rows, domain in panels:
        counts = np.array(rows, dtype=np.float64).reshape(len(parts), len(names))
        end = float(counts.sum(axis=1).max()) * BEYOND or 1.0
        axis = {"domain": domain, "range": [0, end], "showticklabels": False}
        layout[f"xaxis{number}"] = {**_BARE, **axis}
        layout["annotations"] += _bar_texts(number, title, counts)
        data += _bars(number, counts, names, half / end, theme)
    return SpecFigure({"data": data, "layout": layout})


_BARE = {"showgrid": False, "zeroline": False, "fixedrange": True}


def _legend(before: float, above: float) -> dict[str, Any]:
    """In one row above everything, from the left end of the figure; shares of the plot."""
    return {
        "orientation": "h",
        "x": -before,
        "y": 1 + above,
        "yanchor": "bottom",
        "traceorder": "normal",
        "itemclick": False,
        "itemdoubleclick": False,
    }


def _bars(
    number: str, counts: np.ndarray, names: Sequence[str], pixels: float, theme: Theme
) -> list[dict[str, Any]]:
    """One trace a part; `pixels` is how long a unit is."""
    sums = np.maximum(counts.sum(axis=1), 1)
    colors = len(theme.lines)
    traces = []
    for part, name in enumerate(names):
        shares = counts[:, part] / sums
        texts = [f"{share:.0%}".replace("%", " %") for share in shares]
        fits = [text_width(t) + 8 < n * pixels for t, n in zip(texts, counts[:, part], strict=True)]
        striped = part >= colors
        color = theme.lines[part % colors]
        traces.append(
            {
                "type": "bar",
                "orientation": "h",
                "name": name,
                "x": counts[:, part],
                "y": np.arange(len(counts), dtype=np.int32),
                "xaxis": f"x{number}",
                "marker": {
                    "color": color,
                    "line": {"color": theme.masked, "width": 1},
                    "pattern": {
                        "shape": "/" if striped else "",
                        "fillmode": "overlay",
                        "fgcolor": theme.masked,
                        "fgopacity": 0.5,
                        "solidity": 0.15,
                    },
                },
                "text": [text if fit else "" for text, fit in zip(texts, fits, strict=True)],
                "textposition": "inside",
                "insidetextanchor": "middle",
                "textangle": 0,
                "customdata": [
                    f"{count_text(n)} · {text}"
                    for n, text in zip(counts[:, part], texts, strict=True)
                ],
                "hovertemplate": f"<b>{name}</b><br>%{{customdata}}<extra></extra>",
                "showlegend": number == "",
            }
        )
    return traces


def _bar_texts(number: str, title: str, counts: np.ndarray) -> list[dict[str, Any]]:
    """The panel's title, and the sum at the end of each bar."""
    ends = [
        {
            "x": float(row.sum()),
            "y": i,
            "xref": f"x{number}",
            "yref": "y",
            "text": f"<b>{count_text(float(row.sum()))}</b>",
            "xanchor": "left",
            "xshift": 4,
            "showarrow": False,
        }
        for i, row in enumerate(counts)
    ]
    heading = {
        "x": 0,
        "y": 1,
        "xref": f"x{number} domain",
        "yref": "paper",
        "text": f"<b>{title}</b>",
        "font": {"size": TITLE_SIZE},
        "xanchor": "left",
        "yanchor": "bottom",
        "yshift": 4,
        "showarrow": False,
    }
    return [heading, *ends]
