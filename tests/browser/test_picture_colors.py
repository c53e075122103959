"""A figure of one theme in the colours of the other, as saved pictures have it: for all kinds."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from playwright.sync_api import Browser, Page

from tests.viz import test_chain as chains
from tests.viz import test_cost as costs
from tests.viz import test_cost_parts as parts
from tests.viz import test_next_token as tokens
from tests.viz import test_offsets as offsets
from tests.viz import test_overview as overviews
from tests.viz import test_stream as streams
from tests.viz import test_sweep_dots as dots
from tests.viz import test_sweep_maps as maps
from tests.viz import test_sweeps as sweeps
from tests.viz import trainings
from tests.viz.helpers import tiles_of
from viz.chain import draw_chain
from viz.cost import draw_cost
from viz.cost_parts import draw_parts
from viz.equation import draw_equation
from viz.inspector import cell_arithmetic, draw_products
from viz.learning import draw_learning
from viz.next_token import NextTokens, draw_next_tokens
from viz.offsets import draw_offsets
from viz.overview import draw_overview
from viz.stream import draw_stream
from viz.sweep_dots import draw_dots
from viz.sweep_maps import draw_map
from viz.sweeps import draw_lines
from viz.theme import DARK, LIGHT, Theme
from viz.tiles import draw_tiles
from viz.weight_scale import WeightScale

SAVING = Path(__file__).parents[2] / "ui" / "components" / "saving"
WEIGHTS = np.random.default_rng(0).dirichlet(np.ones(4), (3, 4)).astype(np.float32)
SIGNED = WEIGHTS - 0.25
CAUSAL = np.triu(np.ones((4, 4), dtype=bool), 1)
MARKED = {"marked_row": 1, "marked_column": 2, "marked_tile": 0}
ALL = np.ones(3, dtype=bool)
PRODUCTS = cell_arithmetic(
    np.array([1, 2], np.float32), np.array([[1, 0], [0, 1], [1, -1]], np.float32), 2, 1.0, ALL
)
HATCHED = [parts.Parts("one", [1] * 7, [1] * 7)]

Draw = Callable[[Theme], go.Figure]
KINDS: dict[str, Draw] = {
    "weights": lambda theme: draw_tiles(tiles_of(WEIGHTS, masked=CAUSAL, **MARKED), theme),
    "signed": lambda theme: draw_tiles(tiles_of(SIGNED, diverging=True), theme),
    "own scales": lambda theme: draw_tiles(tiles_of(SIGNED), theme, scale_per_tile=True),
    "log": lambda theme: draw_tiles(tiles_of(WEIGHTS, scale=WeightScale("log", 1.0, "log")), theme),
    "roots": lambda theme: draw_tiles(
        tiles_of(WEIGHTS, scale=WeightScale("sqrt", 0.5, "roots")), theme
    ),
    "equation": lambda theme: draw_equation(chains.terms(1), theme, chains.MADE_OF),
    "chain": lambda theme: draw_chain(chains.terms(1), theme, chains.MADE_OF),
    "overview": lambda theme: draw_overview(
        overviews.overview_of(WEIGHTS[None], masked=CAUSAL, marked_layer=0, marked_head=1), theme
    ),
    "stream": lambda theme: draw_stream(streams.some_stream(5, 3), theme),
    "products": lambda theme: draw_products(PRODUCTS, theme),
    "offsets": lambda theme: draw_offsets(offsets.curves_of(6), theme),
    "next tokens": lambda theme: draw_next_tokens(
        NextTokens(tokens.PARIS, tokens.NOW, before=tokens.BEFORE), theme
    ),
    "training": lambda theme: draw_learning(trainings.running(4), theme),
    "snapshots": lambda theme: draw_learning(trainings.finished(heads=5), theme),
    "lines": lambda theme: draw_lines(
        sweeps.lines_of(
            sweeps.panel_of(*(sweeps.series_of(f"s{i}") for i in range(6)), title="one"),
            sweeps.panel_of(sweeps.series_of("s0"), title="other"),
        ),
        theme,
    ),
    "map": lambda theme: draw_map(maps.map_of(maps.tile_of("a"), maps.tile_of("b")), theme),
    "dots": lambda theme: draw_dots(dots.dots_of([100, 150, 200], [80, np.nan]), theme),
    "cost": lambda theme: draw_cost([costs.cost_of(factor) for factor in (1, 2, 3, 4, 5)], theme),
    "parts": lambda theme: draw_parts(HATCHED, list("abcdefg"), theme),
}
CONVERT = """async ([modules, figure, from, to]) => {
    const [colors, parts] = await Promise.all(modules.map((text) =>
        import(URL.createObjectURL(new Blob([text], {type: "text/javascript"})))))
    return [colors.recolored(parts.still(figure), from, to), colors.themeOf(figure, {to, from})]
}"""


@pytest.fixture(scope="module")
def blank(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.close()


def test_every_colour_of_a_theme_tells_what_it_is_for() -> None:
    """Where two have one value in one theme, they have one in the other, too."""
    for one, other in ((LIGHT, DARK), (DARK, LIGHT)):
        found: dict[str, str] = {}
        for name, color in _lone(one).items():
            assert found.setdefault(color, _lone(other)[name]) == _lone(other)[name], name


def _lone(theme: Theme) -> dict[str, str]:
    colors = {name: value for name, value in asdict(theme).items() if isinstance(value, str)}
    return {**colors, **{f"line {i}": color for i, color in enumerate(theme.lines)}}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("own", "other"), [(LIGHT, DARK), (DARK, LIGHT)], ids=["light", "dark"])
def test_a_figure_in_the_other_themes_colours_is_the_other_themes_figure(
    blank: Page, kind: str, own: Theme, other: Theme
) -> None:
    found, its_theme = recolored(blank, KINDS[kind](own), own, other)
    expected, _its = recolored(blank, KINDS[kind](other), other, other)
    assert found["layout"] == expected["layout"]
    assert found["data"] == expected["data"]
    assert its_theme["ground"] == own.ground


def test_a_word_that_reads_like_a_colour_stays_as_it_was_typed(blank: Page) -> None:
    tiles = tiles_of(WEIGHTS[:1])
    labels = replace(tiles.rows, short=(LIGHT.query, LIGHT.text, "a", "b"))
    figure = draw_tiles(replace(tiles, rows=labels), LIGHT)
    found, _theme = recolored(blank, figure, LIGHT, DARK)
    assert found["layout"]["yaxis"]["ticktext"][:2] == [LIGHT.query, LIGHT.text]


def recolored(page: Page, figure: go.Figure, own: Theme, other: Theme) -> Any:
    """A figure as it would be saved in another theme's colours, and the theme that it has."""
    modules = [(SAVING / name).read_text("utf-8") for name in ("colors.js", "figure.js")]
    content = {**json.loads(figure.to_json()), "width": 900, "height": 500}
    content["layout"].pop("template", None)
    return page.evaluate(CONVERT, [modules, content, asdict(own), asdict(other)])
