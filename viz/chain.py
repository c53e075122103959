"""One head as a chain for a phone: the terms of its equation below one another.

For a chosen query the chain is its own: one row of each matrix in which it has one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import plotly.graph_objects as go

from .contributions import Contributions, contribution_axes, contribution_bars
from .equation import Matrix, term_axes, term_hatching, term_labels, term_trace
from .figure import SpecFigure
from .heatmap import base_layout, labels_below, thinning
from .labels import AxisLabels, text_width
from .theme import TITLE_SIZE, Concept, Theme

WIDTH = 250  # design pixels of a term: what a phone has beside the names of its rows
TITLE = 24  # ... above a term: its name, its shape and its range
ONE_ROW, ROW, HIGHEST = 30, 16, 220  # ... of a single row, of each of several, of all of them
BAR = 18  # ... of a key's bar
TICKS = 24  # ... below the bars
GAP = 6


@dataclass(frozen=True)
class _Link:
    """One term and its place, pixels from the plot's upper end."""

    term: Matrix
    top: float
    height: float
    angle: int  # of the labels below it, degrees
    every: tuple[int, int]  # how many-th label of rows and columns is shown
    end: float  # of its labels and of the room below them


def draw_chain(
    terms: Sequence[Matrix], theme: Theme, made_of: Contributions | None = None
) -> go.Figure:
    """Draw the terms below one another, each with a colour range of its own, written above it.

    Args:
        terms: in their order; of one that has a framed row, that row alone is drawn.
        theme: the page's colours.
        made_of: what the last term's row is made of: bars below it.
    """
    links = _links([_own_row(term) for term in terms])
    bars = 0.0 if made_of is None else TITLE + BAR * len(made_of.weights) + TICKS
    height = links[-1].end + bars
    names = max(text_width(name) for link in links for name in term_labels(link.term)[0].short)
    margin = {"l": names + 12, "r": 8, "t": 4, "b": 4}
    layout: dict[str, Any] = {
        **base_layout(theme, margin=margin, height=height + 8),
        "annotations": [],
        "images": [],
    }
    traces = []
    for i, link in enumerate(links):
        term, suffix = link.term, "" if i == 0 else str(i + 1)
        limits, trace = term_trace(term, suffix, theme)
        traces.append(trace)
        down = (1 - (link.top + link.height) / height, 1 - link.top / height)
        layout |= term_axes(
            term, suffix, across=(0, 1), down=down, every=link.every, angle=link.angle
        )
        sign = f"{terms[i - 1].sign} " if i else ""
        said = " · ".join((" × ".join(filter(None, term.size)), limits))
        layout["annotations"] += _title(sign, term.name, said, down[1], theme, term.concept)
        layout["images"] += term_hatching(term, suffix, (WIDTH, link.height), theme)
    if made_of is not None:
        suffix, top = str(len(links) + 1), 1 - (links[-1].end + TITLE) / height
        traces.append(contribution_bars(made_of, suffix, theme))
        layout |= contribution_axes(made_of, suffix, 0)
        layout[f"yaxis{suffix}"] |= {"domain": [TICKS / height, top], "showticklabels": True}
        said = made_of.caption.replace("<br>", " ")
        layout["annotations"] += _title("", made_of.title, said, top, theme)
    return SpecFigure({"data": traces, "layout": layout})


def _own_row(term: Matrix) -> Matrix:
    """The framed row alone, where there is one."""
    if term.row is None:
        return term
    only = slice(term.row, term.row + 1)
    return replace(
        term,
        values=term.values[only],
        rows=AxisLabels(term.rows.short[only], term.rows.full[only]),
        masked=None if term.masked is None else term.masked[only],
        size=("", term.size[1]),
        row=None,
    )


def _links(terms: Sequence[Matrix]) -> list[_Link]:
    """The terms with their places, from top to bottom."""
    links: list[_Link] = []
    top = 0.0
    for term in terms:
        rows, columns = term_labels(term)
        height = ONE_ROW if len(rows) == 1 else min(HIGHEST, len(rows) * ROW)
        angle, depth, every = labels_below(columns, WIDTH / len(columns))
        thinned = (thinning(len(rows), height / len(rows)), every)
        link = _Link(term, top + TITLE, height, angle, thinned, top + TITLE + height + depth + GAP)
        links.append(link)
        top = link.end
    return links


def _title(
    sign: str, name: str, said: str, y: float, theme: Theme, concept: Concept | None = None
) -> list[dict[str, Any]]:
    """Return sign and name above a picture's left end, and what is said of it above its right."""
    at = {"y": y, "xref": "paper", "yref": "paper", "yanchor": "bottom", "showarrow": False}
    font = {"size": TITLE_SIZE, "color": theme.text if concept is None else theme.of(concept)}
    left = {"x": 0, "xanchor": "left", "text": f"{sign}<b>{name}</b>", "font": font}
    right = {"x": 1, "xanchor": "right", "text": said}
    return [{**at, **left}, {**at, **right}]
