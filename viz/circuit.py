"""A circuit: heads as dots, layer by layer, and lines to the later heads that can read them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import plotly.graph_objects as go

from .figure import SpecFigure
from .heatmap import base_layout
from .theme import Concept, Theme

WIDTH, NARROW_WIDTH, HEIGHT = 420, 300, 240  # pixels of the figure
DOT = 26  # pixels across, at most
WRITTEN = 18  # pixels of a dot in which its head's number can be read
NAMED = 72  # pixels that a layer's name takes
THINNEST, THICKEST = 1.0, 7.0  # pixels of a line
LEAVES, ARRIVES = 0.06, 0.09  # how far beside a dot's centre, in layers
PORTS: dict[str, float] = {"q": -0.24, "k": 0.0, "v": 0.24}  # where lines arrive, in heads
CONCEPTS: dict[str, Concept] = {"q": "query", "k": "key", "v": "value"}
HOVERED = 0.72  # of the way along a line: nearer to its end, where fewer cross
CROSS = "✕"
LEGEND = 30  # pixels above the plot
LAYERS = 24  # ... and between the two, for the names of the layers
BELOW = 24  # pixels below the plot


@dataclass(frozen=True)
class CircuitEdge:
    """A line from a head to what a later head reads."""

    layer: int
    head: int
    later_layer: int
    later_head: int
    into: Literal["q", "k", "v"]
    strength: float  # from 0, and up to 1 for the strongest
    text: str  # what is said of it on hover, escaped
    is_cut: bool = False


@dataclass(frozen=True)
class Circuit:
    """The content of a circuit's picture, before any drawing is decided."""

    layers: int
    heads: int
    edges: Sequence[CircuitEdge]
    into_words: tuple[str, str, str] = ("query", "key", "value")
    layer_word: str = "layer"
    head_word: str = "head"
    width: int = WIDTH  # about: dots are made for it
    height: int = HEIGHT


def draw_circuit(circuit: Circuit, theme: Theme) -> go.Figure:
    """Draw the first layer on the left, a line's thickness its strength, a cross on what is cut."""
    drawn = sorted(circuit.edges, key=lambda edge: (edge.is_cut, edge.strength))
    traces = [_line(edge, circuit, theme) for edge in drawn]
    traces += [_legend_entry(circuit, into, theme) for into in PORTS]
    traces += [_middles(drawn, circuit, theme), _dots(circuit, theme)]
    layout = base_layout(
        theme, margin={"l": 24, "r": 24, "t": LEGEND + LAYERS, "b": BELOW}, height=circuit.height
    )
    beside = max(
        0.2, 0.6 * _dot_size(circuit) * circuit.layers / circuit.width
    )  # of a dot's centre
    step = -(-NAMED * circuit.layers // circuit.width)
    named = list(range((circuit.layers - 1) % step, circuit.layers, step))  # the last among them
    layout |= {
        "xaxis": {
            "range": [-beside, circuit.layers - 1 + beside],
            "side": "top",
            "tickmode": "array",
            "tickvals": named,
            "ticktext": [f"{circuit.layer_word} {layer}" for layer in named],
            "showgrid": False,
            "zeroline": False,
            "fixedrange": True,
        },
        "yaxis": {
            "range": [circuit.heads - 0.4, -0.6],
            "visible": False,
            "fixedrange": True,
        },
        "legend": {
            "orientation": "h",
            "x": 0,
            "y": 1 + LAYERS / _plot_height(circuit),
            "yanchor": "bottom",
            "itemclick": False,
            "itemdoubleclick": False,
        },
        "hovermode": "closest",
    }
    return SpecFigure({"data": traces, "layout": layout})


def _plot_height(circuit: Circuit) -> int:
    return circuit.height - LEGEND - LAYERS - BELOW


def _dot_size(circuit: Circuit) -> float:
    return min(
        DOT, 0.8 * min(_plot_height(circuit) / circuit.heads, circuit.width / circuit.layers)
    )


def _ends(edge: CircuitEdge, circuit: Circuit) -> tuple[tuple[float, float], tuple[float, float]]:
    """Where a line begins and where it ends, each as layer and head."""
    radius = 0.5 * _dot_size(circuit) * circuit.layers / circuit.width  # in layers
    return (
        (edge.layer + max(LEAVES, radius), float(edge.head)),
        (edge.later_layer - max(ARRIVES, radius), edge.later_head + PORTS[edge.into]),
    )


def _line(edge: CircuitEdge, circuit: Circuit, theme: Theme) -> dict[str, Any]:
    (x0, y0), (x1, y1) = _ends(edge, circuit)
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [x0, x1],
        "y": [y0, y1],
        "line": {
            "color": theme.of(CONCEPTS[edge.into]),
            "width": THINNEST + (THICKEST - THINNEST) * edge.strength,
            "dash": "dot" if edge.is_cut else "solid",
        },
        "opacity": 0.35 if edge.is_cut else 0.8,
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _legend_entry(circuit: Circuit, into: str, theme: Theme) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": circuit.into_words[list(PORTS).index(into)],
        "x": [None],
        "y": [None],
        "line": {"color": theme.of(CONCEPTS[into]), "width": 4},
        "showlegend": True,
    }


def _middles(edges: Sequence[CircuitEdge], circuit: Circuit, theme: Theme) -> dict[str, Any]:
    """Where each line is hovered, and its cross if it is cut."""
    places = []
    for edge in edges:
        (x0, y0), (x1, y1) = _ends(edge, circuit)
        places.append((x0 + HOVERED * (x1 - x0), y0 + HOVERED * (y1 - y0)))
    return {
        "type": "scatter",
        "mode": "markers+text",
        "x": [x for x, _y in places],
        "y": [y for _x, y in places],
        "text": [CROSS if edge.is_cut else "" for edge in edges],
        "textfont": {"color": theme.text},
        "marker": {"size": 12, "opacity": 0},
        "hovertext": [edge.text for edge in edges],
        "hovertemplate": "%{hovertext}<extra></extra>",
        "showlegend": False,
    }


def _dots(circuit: Circuit, theme: Theme) -> dict[str, Any]:
    heads = [(layer, head) for layer in range(circuit.layers) for head in range(circuit.heads)]
    size = _dot_size(circuit)
    return {
        "type": "scatter",
        "mode": "markers+text",
        "x": [layer for layer, _head in heads],
        "y": [head for _layer, head in heads],
        "text": [str(head) if size >= WRITTEN else "" for _layer, head in heads],
        "textfont": {"color": theme.text},
        "marker": {
            "size": size,
            "color": theme.ground,
            "line": {"color": theme.faint, "width": 1.5},
        },
        "hovertext": [
            f"{circuit.layer_word} {layer}, {circuit.head_word} {head}" for layer, head in heads
        ],
        "hovertemplate": "%{hovertext}<extra></extra>",
        "showlegend": False,
    }
