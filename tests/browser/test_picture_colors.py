"""A figure of one theme in the colours of the other, as saved pictures have it: for all kinds."""

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import pytest
from playwright.sync_api import Browser, Page

from tests.viz.helpers import tiles_of
from tests.viz.kinds import KINDS, WEIGHTS
from viz.theme import DARK, LIGHT, Theme
from viz.tiles import draw_tiles

SAVING = Path(__file__).parents[2] / "ui" / "components" / "saving"
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
