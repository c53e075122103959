"""Numbers in cells: there where they can be read from far away, and nowhere else."""

from dataclasses import replace

import numpy as np
import pytest

from viz.labels import token_labels
from viz.theme import LIGHT, Theme
from viz.tiles import Tiles, fitted, grid_of, tiles_spec

CLASS = replace(LIGHT, magnified=20 / 14)  # as for a class: labels of 20 pixels


def tiles_of(values: np.ndarray, **more: object) -> Tiles:
    count, rows, columns = values.shape
    made = Tiles(
        values=values.astype(np.float32),
        names=[f"Head {i}" for i in range(count)],
        rows=token_labels(["it"] * rows, places=range(rows)),
        columns=token_labels(["it"] * columns, places=range(columns)),
        row_title="query (from)",
        column_title="key (to)",
        value_title="weight",
        diverging=False,
        writes=lambda value: f"{value:.0%}",
    )
    return replace(made, **more)  # type: ignore[arg-type]


def test_cells_say_their_numbers_and_empty_ones_nothing() -> None:
    (trace,) = tiles_spec(tiles_of(np.array([[[0.254, 0.746], [np.nan, 1.0]]])), CLASS)["data"]
    assert trace["text"] == [["25%", "75%"], ["", "100%"]]
    assert trace["texttemplate"] == "%{text}"
    assert trace["textfont"] == {"size": 20}


@pytest.mark.parametrize(("size", "has_room"), [(12, True), (40, False)])
def test_small_cells_say_nothing(size: int, has_room: bool) -> None:
    values = np.full((1, size, size), 0.5)
    (trace,) = tiles_spec(tiles_of(values, height=500), CLASS)["data"]
    assert ("text" in trace) == has_room


def test_all_tiles_say_their_numbers_or_none_does() -> None:
    values = np.zeros((2, 12, 12))
    values[1, 3, 3] = 123456789  # which is too wide
    traces = tiles_spec(tiles_of(values), CLASS)["data"]
    assert not any("text" in trace for trace in traces)


def test_pooled_cells_say_nothing() -> None:
    tiles = tiles_of(np.zeros((1, 2000, 2000)))
    assert grid_of(tiles).is_pooled
    (trace,) = tiles_spec(tiles, CLASS)["data"]
    assert "text" not in trace


@pytest.mark.parametrize("theme", [LIGHT, CLASS], ids=["at a desk", "for a class"])
@pytest.mark.parametrize("count", [1, 2])
def test_fitted_tiles_make_a_figure_of_that_size(theme: Theme, count: int) -> None:
    tiles = fitted(tiles_of(np.zeros((count, 9, 9))), theme, width=1200, height=520)
    layout = tiles_spec(tiles, theme)["layout"]
    assert layout["height"] == pytest.approx(520, abs=1)
    margin = layout["margin"]
    assert tiles.width + margin["l"] + margin["r"] == pytest.approx(1200, abs=1)
    # What Plotly draws is the grid, whose cells are whole pixels.
    assert grid_of(tiles).width <= tiles.width
    assert grid_of(tiles).height <= tiles.height


def test_a_large_name_has_room_above_its_tile() -> None:
    small, large = (
        tiles_spec(tiles_of(np.zeros((1, 3, 3))), theme)["layout"]["margin"]["t"]
        for theme in (LIGHT, replace(LIGHT, magnified=2.0))
    )
    assert small == 2
    assert large == 2 + 42 - 24  # 1.4 × 15 × 2, of which 24 are there in any case
