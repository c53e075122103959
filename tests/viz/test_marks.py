"""Frames around what is chosen: worked out by hand, pooled cells and edges included."""

import re

import numpy as np
import plotly.graph_objects as go
import pytest

from tests.viz.helpers import tiles_of
from viz.marks import COLUMN_LINE, PICTURE_LINE, ROW_LINE, frame
from viz.theme import LIGHT
from viz.tiles import draw_tiles, grid_of
from viz.tiles_grid import Grid

NUMBER = r"(-?[\d.e-]+)"
SIDES = re.compile(f"M{NUMBER},{NUMBER}H{NUMBER}V{NUMBER}H{NUMBER}Z")


def boxes_of(shape: go.layout.Shape, width: float, height: float) -> list[list[float]]:
    """The rectangles of a path as left, top, right, bottom, in pixels that run down."""
    assert SIDES.sub("", shape.path) == ""
    assert (shape.type, shape.xref, shape.yref) == ("path", "x domain", "y domain")
    sides = [list(map(float, found)) for found in SIDES.findall(shape.path)]
    assert all(left == back for left, _top, _right, _bottom, back in sides)
    return [
        [left * width, (1 - top) * height, right * width, (1 - bottom) * height]
        for left, top, right, bottom, _back in sides
    ]


def near(boxes: list[list[float]], grid: Grid) -> object:
    """The same boxes, as exact as five digits of the picture's size are."""
    return [pytest.approx(box, abs=1e-4 * max(grid.width, grid.height)) for box in boxes]


def test_one_path_frames_all_boxes() -> None:
    shape = frame(
        [(0, 0, 10, 5), (30, 10, 10, 10)],
        (40, 20),
        "#ff5fa2",
        line=2,
        outside=1,
        xref="x2",
        yref="y2",
    )
    # 1 px further out: left -1 / 40, right 11 / 40; Plotly counts y up, from 1 + 1/20 to 1 - 6/20.
    assert shape == {
        "type": "path",
        "path": "M-0.025,1.05H0.275V0.7H-0.025ZM0.725,0.55H1.025V-0.05H0.725Z",
        "line": {"color": "#ff5fa2", "width": 2},
        "layer": "above",
        "xref": "x2 domain",
        "yref": "y2 domain",
    }


def test_nothing_chosen_is_no_shape() -> None:
    assert draw_tiles(tiles_of(np.ones((3, 2, 2), dtype=np.float32)), LIGHT).layout.shapes == ()


def test_the_row_and_the_column_are_framed_in_every_tile_and_the_tile_as_a_whole() -> None:
    # Two tiles side by side with room for 300 × 100 pixels: cells of (312 / 2 - 12) / 4 = 36 by
    # (100 - 24) / 4 = 19 pixels. Tiles begin at 0 and 4 × 36 + 12 = 156, below a name of 24.
    tiles = tiles_of(
        np.ones((2, 4, 4), dtype=np.float32),
        width=300,
        height=100,
        marked_row=1,
        marked_column=3,
        marked_tile=1,
    )
    grid = grid_of(tiles)
    assert (grid.columns, grid.width, grid.height) == (2, 300, 100)
    column, row, tile = draw_tiles(tiles, LIGHT).layout.shapes
    # Row 1 is from 24 + 19 to 24 + 38, column 3 from 108 to 144; frames stand a pixel outside.
    assert boxes_of(row, 300, 100) == near([[-1, 42, 145, 63], [155, 42, 301, 63]], grid)
    assert boxes_of(column, 300, 100) == near([[107, 23, 145, 101], [263, 23, 301, 101]], grid)
    assert boxes_of(tile, 300, 100) == near([[153, 21, 303, 103]], grid)
    widths = (column.line.width, row.line.width, tile.line.width)
    assert widths == (COLUMN_LINE, ROW_LINE, PICTURE_LINE) == (1.5, 2.5, 2.0)
    # A key's column and a query's row have their own colours, which a chosen head's frame hasn't.
    colors = [shape.line.color for shape in (column, row, tile)]
    assert colors == [LIGHT.key, LIGHT.query, LIGHT.highlight]
    assert len({*colors, LIGHT.value}) == 4


@pytest.mark.parametrize(
    ("marked", "block"), [(0, 0), (1, 0), (2, 1), (5, 2), (398, 199), (399, 199)]
)
def test_a_marked_row_within_a_pooled_block_frames_the_block(marked: int, block: int) -> None:
    # 400 rows and columns in 300 × (224 - 24) pixels: two rows and two columns share a cell of
    # 1 pixel.
    values = np.ones((1, 400, 400), dtype=np.float32)
    tiles = tiles_of(values, width=300, height=224, marked_row=marked, marked_column=marked)
    grid = grid_of(tiles)
    assert (grid.pooled_rows, grid.pooled_columns) == (2, 2)
    assert (grid.cell_height, grid.cell_width, grid.width, grid.height) == (1, 1, 200, 224)
    column, row = draw_tiles(tiles, LIGHT).layout.shapes
    assert boxes_of(row, 200, 224) == near([[-1, 24 + block - 1, 201, 24 + block + 2]], grid)
    assert boxes_of(column, 200, 224) == near([[block - 1, 23, block + 2, 225]], grid)


def test_a_marked_tile_is_framed_where_it_stands() -> None:
    # Eight tiles of square matrices on 960 × 432: four across, the sixth in the second row.
    tiles = tiles_of(np.ones((8, 10, 10), dtype=np.float32), marked_tile=5)
    grid = grid_of(tiles)
    # (960 + 12) / 4 - 12 = 231, / 10 = 23; (432 / 2 - 24) / 10 = 19.
    assert (grid.columns, grid.cell_width, grid.cell_height) == (4, 23, 19)
    (shape,) = draw_tiles(tiles, LIGHT).layout.shapes
    left, top = 230 + 12, 190 + 24 + 24
    assert boxes_of(shape, grid.width, grid.height) == near(
        [[left - 3, top - 3, left + 233, top + 193]], grid
    )
