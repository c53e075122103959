"""Where the cells stand: worked out by hand, and whatever the number of heads and tokens."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viz import tiles_grid as tiles_module
from viz.tiles_grid import COLUMN_GAP, HEIGHT, NAME_GAP, SMALLEST_CELL, WIDTH, Grid, plan_grid

# Well beyond what the app offers: 16 heads, 512 tokens, and Q, K and V of 512 numbers each.
tile_counts = st.integers(1, 32)
lengths = st.integers(1, 40) | st.integers(1, 2000)


@pytest.fixture
def known_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sizes to calculate with, whatever the app's are this week."""
    sizes = {"NAME_GAP": 24, "COLUMN_GAP": 12, "SMALLEST_CELL": 2}
    for name, size in sizes.items():
        monkeypatch.setattr(tiles_module, name, size)


@pytest.mark.usefixtures("known_screen")
@pytest.mark.parametrize(
    ("tiles", "rows", "columns", "expected"),
    [
        # The room of one column: (960 + 12) / across - 12; of one row: 430 / down - 24.
        (1, 10, 10, (1, 1, 96, 40)),  # 960 / 10 and 406 / 10
        (2, 10, 10, (2, 1, 47, 40)),  # 474 / 10
        (4, 10, 10, (4, 1, 23, 40)),  # 231 / 10; two by two would be 47 by 19
        (8, 10, 10, (4, 2, 23, 19)),  # (215 - 24) / 10; eight in a row would be 10 by 40
        (5, 10, 10, (3, 2, 31, 19)),  # as high as four by two, with one hole instead of three
        (4, 5, 200, (1, 4, 4, 16)),  # wide: below each other, 960 / 200 and 83.5 / 5
        (4, 1, 1, (4, 1, 231, 406)),
        (3, 200, 5, (3, 1, 62, 2)),  # high: beside each other, 312 / 5 and 406 / 200
    ],
)
def test_cells_are_as_large_as_can_be(
    tiles: int, rows: int, columns: int, expected: tuple[int, int, int, int]
) -> None:
    grid = plan_grid(tiles, rows, columns, height=430, width=960)
    assert (grid.columns, grid.rows, grid.cell_width, grid.cell_height) == expected
    assert (grid.tile_rows, grid.tile_columns) == (rows, columns)
    assert not grid.is_pooled


@pytest.mark.usefixtures("known_screen")
def test_pooling_by_hand() -> None:
    # Four by two tiles, each of 231 × 191 pixels: room for 115 × 95 cells of 2 pixels. So 5 of 512
    # columns share one, which leaves 103, and 6 of 512 rows, which leaves 86.
    assert plan_grid(8, 512, 512, height=430, width=960) == Grid(
        columns=4,
        rows=2,
        cell_width=2,
        cell_height=2,
        tile_columns=103,
        tile_rows=86,
        pooled_columns=5,
        pooled_rows=6,
    )


@pytest.mark.usefixtures("known_screen")
def test_a_narrow_chart_has_its_own_grid() -> None:
    # Two by two: (300 + 12) / 2 - 12 = 144 by 430 / 2 - 24 = 191, so cells of 14 × 19 pixels; four
    # in a row would have 6 pixels, four below each other 8.
    grid = plan_grid(4, 10, 10, height=430, width=300)
    assert (grid.columns, grid.rows, grid.cell_width, grid.cell_height) == (2, 2, 14, 19)


@pytest.mark.usefixtures("known_screen")
def test_edges_by_hand() -> None:
    # Four by two tiles of 10 × 10 cells of 23 × 19 pixels.
    grid = plan_grid(8, 10, 10, height=430, width=960)
    assert [grid.left(tile) for tile in range(8)] == [0, 242, 484, 726] * 2  # 10 · 23 + 12
    assert [grid.top(tile) for tile in range(8)] == [24] * 4 + [238] * 4  # 24 + 10 · 19 + 24
    assert grid.width == 956  # 726 + 230
    assert grid.height == 428  # 238 + 190


@given(tiles=tile_counts, rows=lengths, columns=lengths)
def test_every_number_has_a_cell_and_every_cell_a_pixel(
    tiles: int, rows: int, columns: int
) -> None:
    grid = plan_grid(tiles, rows, columns)
    assert grid.columns * grid.rows >= tiles > grid.columns * (grid.rows - 1)
    assert min(grid.cell_width, grid.cell_height) >= SMALLEST_CELL >= 1
    assert grid.tile_columns == math.ceil(columns / grid.pooled_columns)
    assert grid.tile_rows == math.ceil(rows / grid.pooled_rows)
    assert grid.is_pooled == (grid.pooled_columns > 1 or grid.pooled_rows > 1)


@given(tiles=tile_counts, rows=lengths, columns=lengths, width=st.sampled_from([WIDTH, 600]))
def test_the_grid_stays_within_the_design_size(
    tiles: int, rows: int, columns: int, width: int
) -> None:
    grid = plan_grid(tiles, rows, columns, width=width)
    assert grid.width <= 1.1 * width  # rounding a pooled cell's size up costs a little
    assert grid.height <= 1.1 * HEIGHT
    assert tiles * grid.tile_rows * grid.tile_columns <= WIDTH * HEIGHT / SMALLEST_CELL**2


@given(tiles=tile_counts, rows=lengths, columns=lengths)
def test_cells_are_pooled_no_more_than_they_must(tiles: int, rows: int, columns: int) -> None:
    grid = plan_grid(tiles, rows, columns)
    across = (WIDTH + COLUMN_GAP) / grid.columns - COLUMN_GAP
    down = HEIGHT / grid.rows - NAME_GAP
    if grid.pooled_columns > 1:
        assert math.ceil(columns / (grid.pooled_columns - 1)) * SMALLEST_CELL > int(across) - 1
    if grid.pooled_rows > 1:
        assert math.ceil(rows / (grid.pooled_rows - 1)) * SMALLEST_CELL > int(down) - 1


def rectangle(grid: Grid, tile: int) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of a tile's cells."""
    left, top = grid.left(tile), grid.top(tile)
    right = left + grid.tile_columns * grid.cell_width
    return left, top, right, top + grid.tile_rows * grid.cell_height


@given(tiles=tile_counts, rows=lengths, columns=lengths)
def test_no_two_tiles_touch_and_each_has_room_for_its_name(
    tiles: int, rows: int, columns: int
) -> None:
    grid = plan_grid(tiles, rows, columns)
    places = [rectangle(grid, tile) for tile in range(tiles)]
    for i, (left, top, right, bottom) in enumerate(places):
        assert 0 <= left < right <= grid.width
        assert NAME_GAP <= top < bottom <= grid.height
        for other_left, other_top, other_right, _ in places[i + 1 :]:
            beside = other_left >= right + COLUMN_GAP or left >= other_right + COLUMN_GAP
            below = other_top >= bottom + NAME_GAP
            assert beside or below
