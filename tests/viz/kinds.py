"""A figure of every kind that there is, with all that can have a colour."""

from collections.abc import Callable
from typing import Any

import numpy as np
import plotly.graph_objects as go

from tests.viz.costs import cost_of
from tests.viz.helpers import tiles_of
from tests.viz.trainings import finished, running
from viz.chain import draw_chain
from viz.contributions import Contributions
from viz.cost import draw_cost
from viz.cost_parts import Parts, draw_parts
from viz.equation import Matrix, draw_equation
from viz.inspector import cell_arithmetic, draw_products
from viz.labels import AxisLabels, dimension_labels, token_labels
from viz.learning import draw_learning
from viz.next_token import NextTokens, draw_next_tokens
from viz.offsets import OffsetCurves, draw_offsets
from viz.overview import Overview, draw_overview
from viz.stream import Stream, draw_stream
from viz.sweep_dots import Dots, draw_dots
from viz.sweep_maps import Map, Tile, draw_map
from viz.sweep_parts import Axis
from viz.sweeps import Lines, Panel, Series, draw_lines
from viz.theme import Theme
from viz.tiles import draw_tiles
from viz.weight_scale import WeightScale

Draw = Callable[[Theme], go.Figure]

RANDOM = np.random.default_rng(0)
WEIGHTS = RANDOM.dirichlet(np.ones(4), (3, 4)).astype(np.float32)  # 3 heads, 4 × 4
CAUSAL = np.triu(np.ones((4, 4), dtype=bool), 1)
WORDS, SIZES = token_labels(["the", "cat", "sat", "here"]), dimension_labels(2)
MADE_OF = Contributions(np.array([0.25, 0.5, 0, 0.25]), np.array([4.0, 2, 1, 1]), WORDS)
PLACES = Axis("size", np.array([8.0, 16, 32]), ["8", "16", "32"])
LENGTHS = 2 ** np.arange(6, 12)


def _terms() -> list[Matrix]:
    signed = RANDOM.normal(size=(4, 2)).astype(np.float32)
    masked = np.where(CAUSAL, np.float32("nan"), WEIGHTS[0])
    named = ("query", "key")
    return [
        Matrix(signed, "Q", WORDS, SIZES, *named, ("L", "D"), "×", row=1, concept="query"),
        Matrix(signed.T, "Kᵀ", SIZES, WORDS, *named, ("D", "L"), "→", concept="key"),
        Matrix(
            masked, "weights", WORDS, WORDS, *named, ("L", "L"), "",
            diverging=False, masked=CAUSAL, row=1,
        ),
    ]  # fmt: skip


TERMS = _terms()


def _overview(theme: Theme) -> go.Figure:
    names = [f"Head {head}" for head in range(3)]
    values = np.where(CAUSAL, np.float32("nan"), WEIGHTS)[None]
    marks = {"marked_layer": 0, "marked_head": 1}
    made = Overview(
        values, ["Layer 0"], names, WORDS, WORDS, "score", True, CAUSAL, "hidden", **marks
    )
    return draw_overview(made, theme)


def _stream(theme: Theme) -> go.Figure:
    steps = AxisLabels(("input", "attention"), ("input", "attention"))
    norms, similarity = 9 * WEIGHTS[0, :2], 2 * WEIGHTS[1, :2] - 1
    shown = Stream(
        norms=norms,
        similarity=similarity,
        steps=steps,
        tokens=WORDS,
    )
    return draw_stream(shown, theme)


def _products(theme: Theme) -> go.Figure:
    query, keys = np.array([1, 2], np.float32), np.array([[1, -2], [0, 1]], np.float32)
    return draw_products(cell_arithmetic(query, keys, 0, 1.0, np.ones(2, dtype=bool)), theme)


def _next_tokens(theme: Theme) -> go.Figure:
    now, before = (np.array(shares, np.float32) for shares in ([0.4, 0.3, 0.2, 0.1], [0.25] * 4))
    return draw_next_tokens(NextTokens(WORDS, now, before=before), theme)


def _offsets(theme: Theme) -> go.Figure:
    offsets = np.arange(-3, 4)
    means = {f"scheme {i}": offsets * (i + 0.1) for i in range(6)}
    return draw_offsets(OffsetCurves(offsets, means, "distance", "mean score", "here"), theme)


def _series(name: str) -> Series:
    x = np.array([8.0, 16, 32])
    about = [f"{name}, {at}" for at in x]
    return Series(
        name, x, np.array([1.0, 2, 4]), np.full(3, 0.5), np.full(3, 5), about, np.arange(3)
    )


def _lines(theme: Theme) -> go.Figure:
    many = Panel("one", "spread", [_series(f"line {i}") for i in range(6)])
    return draw_lines(Lines([many, Panel("other", "spread", [_series("line 0")])], PLACES), theme)


def _map(theme: Theme) -> go.Figure:
    mean = np.array([[0.1, 0.2, 0.3], [0.4, np.nan, 0.6]])
    about = [["here"] * 3] * 2
    rows = Axis("embedding", np.array([32.0, 64]), ["32", "64"])
    ids = np.arange(6).reshape(2, 3)
    tiles = [
        Tile(name, mean, np.full((2, 3), 0.05), np.full((2, 3), 5), about, ids) for name in "ab"
    ]
    return draw_map(Map(tiles, PLACES, rows, "entropy"), theme)


def _dots(theme: Theme) -> go.Figure:
    seeds = [np.array([100.0, 150, 200]), np.array([80.0, np.nan])]
    about = [["a seed"] * len(each) for each in seeds]
    places = Axis("", np.arange(2.0), ["1 head", "2 heads"], numeric=False)
    return draw_dots(Dots(places, seeds, about, [np.arange(3), np.arange(2)], "steps"), theme)


def _cost(theme: Theme) -> go.Figure:
    return draw_cost([cost_of(factor) for factor in (1, 2, 3, 4, 5)], theme)


def _tiles(**how: Any) -> Draw:
    return lambda theme: draw_tiles(tiles_of(WEIGHTS, **how), theme)


KINDS: dict[str, Draw] = {
    "weights": _tiles(masked=CAUSAL, marked_row=1, marked_column=2, marked_tile=0),
    "signed": lambda theme: draw_tiles(tiles_of(WEIGHTS - 0.25, diverging=True), theme),
    "own scales": lambda theme: draw_tiles(tiles_of(WEIGHTS), theme, scale_per_tile=True),
    "log": _tiles(scale=WeightScale("log", 1.0, "log")),
    "roots": _tiles(scale=WeightScale("sqrt", 0.5, "roots")),
    "equation": lambda theme: draw_equation(TERMS, theme, MADE_OF),
    "chain": lambda theme: draw_chain(TERMS, theme, MADE_OF),
    "overview": _overview,
    "stream": _stream,
    "products": _products,
    "offsets": _offsets,
    "next tokens": _next_tokens,
    "training": lambda theme: draw_learning(running(4), theme),
    "snapshots": lambda theme: draw_learning(finished(heads=5), theme),
    "lines": _lines,
    "map": _map,
    "dots": _dots,
    "cost": _cost,
    "parts": lambda theme: draw_parts([Parts("one", [1] * 7, [1] * 7)], list("abcdefg"), theme),
}
