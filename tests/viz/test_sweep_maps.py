"""Heatmaps over two axes: each number in its cell, on one scale, and found by a pointer."""

from typing import Any

import numpy as np
import pytest

from viz.sweep_maps import Map, Tile, draw_map
from viz.sweep_parts import Axis
from viz.theme import DARK, LIGHT, Theme

ROWS = Axis("embedding size", np.array([32.0, 64]), ["32", "64"])
COLUMNS = Axis("heads", np.array([1.0, 2, 4]), ["1", "2", "4"])


def tile_of(title: str = "", *, shift: float = 0.0) -> Tile:
    mean = np.array([[0.1, 0.2, 0.3], [0.4, np.nan, 0.6]]) + shift
    return Tile(
        title,
        mean,
        np.full((2, 3), 0.05),
        np.full((2, 3), 5),
        [[f"row {r}, column {c}" for c in range(3)] for r in range(2)],
        np.arange(6).reshape(2, 3) * 5,
    )


def map_of(*tiles: Tile, **how: Any) -> Map:
    return Map(tiles or (tile_of(),), COLUMNS, ROWS, "entropy", **how)


def test_each_mean_is_in_its_cell_and_a_pointer_finds_it() -> None:
    cells, points = draw_map(map_of(), LIGHT).data
    np.testing.assert_array_equal(cells.z, tile_of().mean)
    assert points.x.tolist() == [0, 1, 2, 0, 1, 2]
    assert points.y.tolist() == [0, 0, 0, 1, 1, 1]
    assert points.customdata.tolist() == [0, 5, 10, 15, 20, 25]
    assert points.hovertext[2] == "row 0, column 2<br>entropy <b>0.3</b> ± 0.05 (5 seeds)"
    assert points.hovertext[4] == "row 1, column 1<br>entropy: not measured"


def test_axes_have_the_values_and_titles() -> None:
    layout = draw_map(map_of(), LIGHT).layout
    assert list(layout.xaxis.ticktext) == ["1", "2", "4"]
    assert list(layout.yaxis.ticktext) == ["32", "64"]
    assert (layout.xaxis.title.text, layout.yaxis.title.text) == ("heads", "embedding size")


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_all_tiles_share_a_scale_from_the_lowest_to_the_highest(theme: Theme) -> None:
    figure = draw_map(map_of(tile_of("a"), tile_of("b", shift=1.0)), theme)
    axis = figure.layout.coloraxis
    assert (axis.cmin, axis.cmax) == (0.1, 1.6)
    assert [stop[1] for stop in axis.colorscale] == list(theme.sequential)
    heatmaps = [trace for trace in figure.data if trace.type == "heatmap"]
    assert [trace.coloraxis for trace in heatmaps] == ["coloraxis"] * 2
    assert [note.text for note in figure.layout.annotations] == ["<b>a</b>", "<b>b</b>"]


def test_a_scale_exists_where_all_are_equal_or_none_is_there() -> None:
    for value in (2.0, np.nan):
        same = tile_of()
        figure = draw_map(map_of(Tile("", np.full((2, 3), value), *vars_of(same))), LIGHT)
        assert figure.layout.coloraxis.cmin < figure.layout.coloraxis.cmax


def vars_of(tile: Tile) -> tuple[Any, ...]:
    return tile.std, tile.count, tile.about, tile.ids


def test_numbers_are_written_only_where_there_is_room() -> None:
    assert draw_map(map_of(), LIGHT).data[0].texttemplate == "%{z:.3g}"
    narrow = draw_map(map_of(*[tile_of(str(i)) for i in range(8)]), LIGHT)  # 60 pixels a cell
    assert narrow.data[0].texttemplate == "%{z:.3g}"
    narrower = draw_map(map_of(*[tile_of(str(i)) for i in range(8)], height=140), LIGHT)
    assert narrower.data[0].texttemplate is None
