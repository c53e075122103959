"""The drawn figure: what stands where, in which colours, and what the hover box reads."""

import base64
import re
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.matrix import examples
from tests.viz.helpers import tiles_of
from viz.heatmap import LABEL_PITCH
from viz.labels import AxisLabels, text_width, token_labels
from viz.pooling import pool_extremes
from viz.theme import DARK, LIGHT, color_scale
from viz.tiles import draw_tiles, grid_of, stacked
from viz.tiles_grid import HEIGHT, SMALLEST_CELL, WIDTH


def numbers(tiles: int, rows: int, columns: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, (tiles, rows, columns)).astype(np.float32)


CAUSAL = np.triu(np.ones((4, 4), dtype=bool), 1)


@examples(40)
@given(tiles=st.integers(1, 16), rows=st.integers(1, 80), columns=st.integers(1, 80))
def test_every_cell_is_where_the_grid_says_and_its_hover_has_the_right_words(
    tiles: int, rows: int, columns: int
) -> None:
    info = tiles_of(numbers(tiles, rows, columns))
    grid = grid_of(info)
    figure = draw_tiles(info, LIGHT).to_dict()
    across, down = figure["layout"]["xaxis"], figure["layout"]["yaxis"]
    assert len(figure["data"]) == tiles
    for tile, trace in enumerate(figure["data"]):
        assert (trace["dx"], trace["dy"]) == (grid.cell_width, grid.cell_height)
        # A cell's centre, rounded down to a whole pixel.
        assert 0 <= grid.left(tile) + grid.cell_width / 2 - trace["x0"] < 1
        assert 0 <= grid.top(tile) + grid.cell_height / 2 - trace["y0"] < 1
        for column, label in enumerate(info.columns.full):
            x = trace["x0"] + column * trace["dx"]
            assert across["labelalias"][str(x)] == label
        for row, label in enumerate(info.rows.full):
            y = trace["y0"] + row * trace["dy"]
            assert down["labelalias"][str(y)] == label
    assert across["hoverformat"] == down["hoverformat"] == "d"  # 1003, not 1,003: as in the alias


def test_the_first_query_is_on_top() -> None:
    values = np.array([[[1, 2], [3, 4], [5, 6]]], dtype=np.float32)
    info = tiles_of(values)
    figure = draw_tiles(info, LIGHT)
    np.testing.assert_array_equal(figure.data[0].z, values[0])
    assert figure.layout.yaxis.range == (grid_of(info).height, 0)  # from high to low: downwards
    assert figure.layout.xaxis.range == (0, grid_of(info).width)
    assert figure.layout.yaxis.labelalias[str(figure.data[0].y0)] == "r0 (position 0)"
    assert (figure.layout.yaxis.title.text, figure.layout.xaxis.title.text) == (
        "query (from)",
        "key (to)",
    )


def test_tiles_carry_their_names_above_their_corners() -> None:
    info = tiles_of(numbers(6, 4, 4))
    figure = draw_tiles(info, LIGHT)
    grid = grid_of(info)
    assert [trace.name for trace in figure.data] == [f"Head {i}" for i in range(6)]
    assert [(a.text, a.name, a.x, a.y) for a in figure.layout.annotations] == [
        (f"<b>Head {i}</b>", str(i), grid.left(i), grid.top(i)) for i in range(6)
    ]
    assert all(a.yanchor == "bottom" and a.captureevents for a in figure.layout.annotations)


def test_columns_are_named_below_tiles_and_below_no_empty_place() -> None:
    values = numbers(5, 3, 3)
    info = replace(tiles_of(values), width=400, height=300)
    grid = grid_of(info)
    assert (grid.columns, grid.rows) == (3, 2)  # the last place is empty
    figure = draw_tiles(info, LIGHT)
    assert max(figure.layout.xaxis.tickvals) < grid.left(2)
    named = figure.layout.annotations[5:]
    assert [label.text for label in named] == list(info.columns.short)
    assert [label.x for label in named] == [
        grid.left(2) + (i + 0.5) * grid.cell_width for i in range(3)
    ]
    assert {label.y for label in named} == {grid.top(2) + 3 * grid.cell_height}
    assert not any(label.captureevents for label in named)  # no head's name
    assert str(grid.left(2) + grid.cell_width // 2) in figure.layout.xaxis.labelalias  # on hover


def test_on_a_phone_tiles_stand_below_one_another_each_with_its_labels() -> None:
    info = stacked(tiles_of(numbers(3, 4, 4)), width=200, highest=250)
    grid = grid_of(info)
    assert (grid.columns, grid.rows, grid.tile_rows, grid.tile_columns) == (1, 3, 4, 4)
    figure = draw_tiles(info, LIGHT)
    assert len(figure.layout.xaxis.tickvals) == 4
    named = figure.layout.annotations[3:]
    assert [label.text for label in named] == 2 * list(info.columns.short)
    bottoms = [grid.top(tile) + 4 * grid.cell_height for tile in (0, 1, 2)]
    assert [label.y for label in named] == [bottoms[0]] * 4 + [bottoms[1]] * 4
    assert grid.height == bottoms[2]
    assert grid.top(1) - bottoms[0] >= 24 + text_width("c0") + 4  # for a name and labels
    tall = stacked(tiles_of(numbers(3, 400, 4)), width=200, highest=250)
    assert grid_of(tall).height <= 3 * 250 + 3 * grid.gap


def test_magnified_texts_have_the_room_that_they_need() -> None:
    info = tiles_of(numbers(2, 12, 12))
    usual = draw_tiles(info, LIGHT).layout
    large = draw_tiles(info, replace(LIGHT, magnified=2.0)).layout
    assert (usual.font.size, large.font.size) == (14, 28)
    assert large.annotations[0].font.size == 2 * usual.annotations[0].font.size
    assert large.coloraxis.colorbar.title.font.size == 28
    names = max(map(text_width, info.rows.short))
    assert large.margin.l - usual.margin.l == pytest.approx(names)
    assert large.margin.b > usual.margin.b
    low = replace(info, height=200)  # each row 14 pixels: room for names that are 14 high, not 28
    count = [
        len(draw_tiles(low, theme).layout.yaxis.tickvals)
        for theme in (LIGHT, replace(LIGHT, magnified=2.0))
    ]
    assert count[1] == count[0] / 2


def test_the_hover_box_has_head_query_key_and_nine_digits() -> None:
    trace = draw_tiles(tiles_of(numbers(1, 2, 2)), LIGHT).data[0]
    assert trace.hovertemplate == (
        "<b>%{fullData.name}</b><br>query %{y}<br>key %{x}<br>weight <b>%{z:.9g}</b><extra></extra>"
    )
    assert trace.hovertemplatefallback == "hidden"
    # Nine significant digits tell any two float32 numbers apart.
    z = np.float32(0.1)
    assert np.float32(f"{z:.9g}") == z
    assert np.float32(f"{np.nextafter(z, np.float32(1)):.9g}") != z


def test_numbers_and_repeated_words_stay_apart_at_the_axis() -> None:
    tokens = token_labels(["1", "2.5", "1", "<b>"])
    info = tiles_of(numbers(1, 4, 4), rows=tokens, columns=tokens)
    for axis in (draw_tiles(info, LIGHT).layout.xaxis, draw_tiles(info, LIGHT).layout.yaxis):
        assert axis.tickmode == "array"
        assert axis.ticktext == ("1 ·0", "2.5", "1 ·2", "&lt;b&gt;")
        assert len(set(axis.tickvals)) == 4
        assert all(isinstance(value, int | float) for value in axis.tickvals)


def test_masked_cells_are_empty_and_striped_in_every_tile() -> None:
    info = tiles_of(np.abs(numbers(8, 4, 4)), masked=CAUSAL)
    figure = draw_tiles(info, DARK)
    grid = grid_of(info)
    assert grid.rows > 1
    for trace in figure.data:
        np.testing.assert_array_equal(np.isnan(trace.z), CAUSAL)
    assert [(i.x, i.y, i.sizex, i.sizey) for i in figure.layout.images] == [
        (grid.left(tile), grid.top(tile), 4 * grid.cell_width, 4 * grid.cell_height)
        for tile in range(8)
    ]
    for image in figure.layout.images:
        assert (image.xref, image.yref, image.sizing, image.layer) == ("x", "y", "stretch", "below")
        assert 'd="M1 0h3v1h-3zM2 1h2v1h-2zM3 2h1v1h-1z"' in unquote(image.source)
        assert DARK.hatch in unquote(image.source)


@pytest.mark.parametrize("masked", [None, np.zeros((4, 4), dtype=bool)])
def test_without_masked_cells_there_are_no_stripes(masked: np.ndarray | None) -> None:
    assert draw_tiles(tiles_of(numbers(2, 4, 4), masked=masked), LIGHT).layout.images == ()


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("diverging", [False, True])
def test_all_tiles_share_one_scale_and_one_colour_bar(diverging: bool, theme: Any) -> None:
    values = np.zeros((3, 2, 2), dtype=np.float32)
    values[2, 1, 0] = 0.75 if not diverging else -0.75  # the largest, in one tile alone
    values[0, 0, 0] = 0.5
    figure = draw_tiles(tiles_of(values, diverging=diverging), theme)
    assert {trace.coloraxis for trace in figure.data} == {"coloraxis"}
    assert all(trace.zmin is None and trace.zmax is None for trace in figure.data)
    axis = figure.layout.coloraxis
    assert (axis.cmin, axis.cmax) == ((-0.75, 0.75) if diverging else (0, 0.75))
    colors = theme.diverging if diverging else theme.sequential
    assert [list(stop) for stop in axis.colorscale] == color_scale(colors)
    assert axis.colorbar.title.text == "weight"
    assert figure.layout.font.color == theme.text


def test_masked_cells_do_not_count_for_the_scale() -> None:
    values = np.full((1, 4, 4), 0.25, dtype=np.float32)
    values[0, 0, 3] = 9  # masked
    assert draw_tiles(tiles_of(values, masked=CAUSAL), LIGHT).layout.coloraxis.cmax == 0.25


@pytest.mark.parametrize("diverging", [False, True])
@pytest.mark.parametrize("value", [0.0, np.nan])
def test_where_there_is_nothing_to_show_a_scale_exists(value: float, diverging: bool) -> None:
    values = np.full((2, 3, 3), value, dtype=np.float32)
    axis = draw_tiles(tiles_of(values, diverging=diverging), LIGHT).layout.coloraxis
    assert (axis.cmin, axis.cmax) == (-1 if diverging else 0, 1)


def test_a_scale_for_each_tile_is_its_own_and_written_beside_its_name() -> None:
    values = np.array([[[0.5, -2.0]], [[0.25, 0.125]]], dtype=np.float32)
    figure = draw_tiles(tiles_of(values, diverging=True), LIGHT, scale_per_tile=True)
    assert [(t.zmin, t.zmax) for t in figure.data] == [(-2, 2), (-0.25, 0.25)]
    assert [a.text for a in figure.layout.annotations] == [
        "<b>Head 0  ±2</b>",
        "<b>Head 1  ±0.25</b>",
    ]
    assert all(t.coloraxis is None and t.showscale is False for t in figure.data)
    assert "coloraxis" not in figure.to_dict()["layout"]
    for trace in figure.data:
        assert [list(stop) for stop in trace.colorscale] == color_scale(LIGHT.diverging)


@pytest.mark.parametrize("diverging", [False, True])
def test_charts_can_share_one_scale(diverging: bool) -> None:
    values = np.array([[[0.5, 0.25]]], dtype=np.float32)
    axis = draw_tiles(tiles_of(values, diverging=diverging, limit=2.5), LIGHT).layout.coloraxis
    assert (axis.cmin, axis.cmax) == (-2.5 if diverging else 0, 2.5)


@pytest.mark.parametrize("limit", [None, 0.0])
def test_without_a_limit_the_scale_ends_at_the_largest_value(limit: float | None) -> None:
    values = np.array([[[0.5, 0.25]]], dtype=np.float32)
    assert draw_tiles(tiles_of(values, limit=limit), LIGHT).layout.coloraxis.cmax == 0.5


def test_a_scale_for_each_tile_ignores_the_shared_limit() -> None:
    info = tiles_of(np.array([[[0.5, 0.25]]], dtype=np.float32), limit=2.5)
    assert draw_tiles(info, LIGHT, scale_per_tile=True).data[0].zmax == 0.5


def test_a_chart_without_a_colour_bar_has_its_room() -> None:
    values = numbers(1, 4, 4)
    layout = draw_tiles(tiles_of(values, color_bar=False), LIGHT).layout
    assert layout.coloraxis.showscale is False
    assert layout.margin.r == 8
    assert draw_tiles(tiles_of(values), LIGHT).layout.coloraxis.showscale is True


def test_a_narrow_chart_is_planned_for_its_width() -> None:
    info = tiles_of(numbers(1, 10, 10), width=300)
    grid = grid_of(info)
    assert grid.cell_width == 30
    assert draw_tiles(info, LIGHT).layout.xaxis.range == (0, 300)
    pooled = grid_of(tiles_of(numbers(1, 4, 900), width=300))
    assert (pooled.pooled_columns, pooled.tile_columns) == (3, 300)  # and not one by one on 960


def test_a_scale_from_zero_is_not_written_as_one_with_two_sides() -> None:
    values = np.array([[[0.5, 0.25]]], dtype=np.float32)
    figure = draw_tiles(tiles_of(values), LIGHT, scale_per_tile=True)
    assert (figure.data[0].zmin, figure.data[0].zmax) == (0, 0.5)
    assert "±" not in figure.layout.annotations[0].text
    assert "0.5" in figure.layout.annotations[0].text


def test_numbers_travel_in_single_precision_and_without_a_template() -> None:
    values = numbers(2, 3, 4)
    info = tiles_of(values)
    sent = draw_tiles(info, LIGHT).to_dict()
    for tile, trace in enumerate(sent["data"]):
        assert (trace["z"]["dtype"], trace["z"]["shape"]) == ("f4", "3, 4")
        z = np.frombuffer(base64.b64decode(trace["z"]["bdata"]), dtype="<f4").reshape(3, 4)
        np.testing.assert_array_equal(z, values[tile])
    # Plotly's own has 7000 characters, and makes it draw a figure twice.
    assert "template" not in sent["layout"]

    looked_at = draw_tiles(info, LIGHT)
    assert looked_at.data[0].z.dtype == np.float32  # reading checks and completes the figure


def label_spacing(axis: go.layout.XAxis, count: int) -> float:
    """The smallest distance between the labels of the first tile."""
    shown = sorted(axis.tickvals)[:count]
    return min(np.diff(shown), default=np.inf)


@pytest.mark.parametrize("length", [1, 5, 20, 40, 100, 400, 1000])
@pytest.mark.parametrize("tiles", [1, 8])
def test_labels_that_would_stand_too_close_are_thinned_out(tiles: int, length: int) -> None:
    tokens = token_labels([f"word{i}" for i in range(length)])
    info = tiles_of(numbers(tiles, length, length), rows=tokens, columns=tokens)
    figure, grid = draw_tiles(info, LIGHT), grid_of(info)
    for axis, cell, share, copies in (
        (figure.layout.xaxis, grid.cell_width, grid.pooled_columns, grid.columns),
        (figure.layout.yaxis, grid.cell_height, grid.pooled_rows, grid.rows),
    ):
        assert len(axis.tickvals) == len(axis.ticktext)
        count = len(axis.ticktext) // copies
        assert axis.ticktext == axis.ticktext[:count] * copies  # the same at each tile
        assert label_spacing(axis, count) >= LABEL_PITCH
        assert axis.ticktext[0] == "word0"
        for value, text in zip(axis.tickvals[:count], axis.ticktext, strict=False):
            # The label's position, without the half pixel, is that of a cell: of its own.
            shown = axis.labelalias[str(int(value - 0.5))]
            assert re.match(rf"{text} \(position (\d+)\)", shown)
        if cell >= LABEL_PITCH:
            assert count == length  # nothing left out where there is room
        assert len(set(axis.labelalias.values())) == -(-length // share)


def test_labels_that_fit_their_cells_are_all_there_however_narrow() -> None:
    columns = WIDTH // 12  # twelve pixels each: less than the pitch of turned labels
    labels = AxisLabels(("a",) * columns, token_labels(["a"] * columns).full)
    axis = draw_tiles(tiles_of(numbers(1, 4, columns), columns=labels), LIGHT).layout.xaxis
    assert axis.tickangle == 0
    assert axis.ticktext == labels.short


@pytest.mark.parametrize(
    ("columns", "word", "angle", "depth"),
    [
        (5, "cat", 0, 20),
        (30, "catalogue", -45, 70),  # "catalogue ·29", 99 pixels long, across
        (200, "catalogue", -90, 106),  # "catalogue ·199", upright
    ],
)
def test_labels_turn_where_they_would_not_fit(
    columns: int, word: str, angle: int, depth: int
) -> None:
    labels = token_labels([word] * columns)
    layout = draw_tiles(tiles_of(numbers(1, 4, columns), columns=labels), LIGHT).layout
    assert layout.xaxis.tickangle == angle
    assert depth <= layout.margin.b <= depth + 50
    assert layout.height == HEIGHT + layout.margin.b + 2  # labels take nothing from the cells


@pytest.mark.parametrize(("tiles", "rows", "columns"), [(8, 512, 512), (2, 20, 3000)])
def test_long_sentences_are_pooled_to_what_the_screen_can_show(
    tiles: int, rows: int, columns: int
) -> None:
    values = numbers(tiles, rows, columns)
    future = np.triu(np.ones((rows, columns), dtype=bool), 1)
    info = tiles_of(values, masked=future, diverging=True)
    figure, grid = draw_tiles(info, LIGHT), grid_of(info)
    assert grid.is_pooled
    assert sum(trace.z.size for trace in figure.data) <= WIDTH * HEIGHT / SMALLEST_CELL**2
    for tile, trace in enumerate(figure.data):
        assert trace.z.dtype == np.float32
        expected = pool_extremes(info.values[tile], grid.pooled_rows, grid.pooled_columns)
        np.testing.assert_array_equal(trace.z, expected)
    assert figure.layout.coloraxis.cmax == np.nanmax(np.abs(info.values))  # no extreme is lost

    # Striped are exactly the cells without a value: those whose whole block is masked.
    striped = np.zeros((grid.tile_rows, grid.tile_columns), dtype=bool)
    boxes = re.findall(r"M(\d+) (\d+)h(\d+)", unquote(figure.layout.images[0].source))
    for x, y, width in boxes:
        striped[int(y), int(x) : int(x) + int(width)] = True
    np.testing.assert_array_equal(striped, np.isnan(figure.data[0].z))

    last = grid.pooled_columns - 1
    first_column = figure.layout.xaxis.labelalias[str(figure.data[0].x0)]
    assert first_column == f"c0 (position 0) … c{last} (position {last})"


@pytest.mark.parametrize(
    ("count", "width", "shown"),
    [
        # "Head 0" takes 6 · 7.6 · 1.12 = 51.1 pixels. Of four tiles of two cells each has
        # 2 · 20 + 12 = 52 pixels, or 2 · 19 + 12 = 50.
        (4, 196, ["Head 0", "Head 1", "Head 2", "Head 3"]),
        (4, 192, ["0", "1", "2", "3"]),
        (1, 20, ["Head 0"]),  # beside a single one there is nothing to run into
    ],
)
def test_names_give_way_to_numbers_where_they_would_run_together(
    count: int, width: int, shown: list[str]
) -> None:
    short = [str(head) for head in range(count)]
    info = tiles_of(numbers(count, 2, 2), width=width, height=60, short_names=short)
    assert grid_of(info).columns == count
    figure = draw_tiles(info, LIGHT)
    assert [a.text for a in figure.layout.annotations] == [f"<b>{name}</b>" for name in shown]
    assert [t.name for t in figure.data] == [f"Head {i}" for i in range(count)]  # on hover, in full


def test_the_longest_name_decides_and_without_numbers_names_stay() -> None:
    long = replace(
        tiles_of(numbers(4, 2, 2), width=196, height=60, short_names=["a", "b", "c", "d"]),
        names=["x", "x", "x", "Head 10"],  # 59.6 pixels
    )
    for info, shown in (
        (long, ["a", "b", "c", "d"]),
        (replace(long, short_names=None), long.names),
    ):
        texts = [a.text for a in draw_tiles(info, LIGHT).layout.annotations]
        assert texts == [f"<b>{name}</b>" for name in shown]


def test_titles_and_letters_have_the_colours_of_queries_keys_and_values() -> None:
    letters = AxisLabels(("Q", "", "K", "V"), ("Q 0", "Q 1", "K 0", "V 0"))
    tiles = replace(
        tiles_of(numbers(1, 2, 4)),
        columns=letters,
        row_title="query (from)",
        column_title="key (to)",
        row_concept="query",
        column_concept="key",
        letters={"Q": "query", "K": "key", "V": "value"},
    )
    for theme in (LIGHT, DARK):
        layout = draw_tiles(tiles, theme).layout
        assert layout.yaxis.title.font.color == theme.query
        assert layout.xaxis.title.font.color == theme.key
        assert [text for text in layout.xaxis.ticktext if text] == [
            f'<b style="color: {theme.query}">Q</b>',
            f'<b style="color: {theme.key}">K</b>',
            f'<b style="color: {theme.value}">V</b>',
        ]
    plain = draw_tiles(tiles_of(numbers(1, 2, 4)), LIGHT).layout
    assert plain.xaxis.title.font.color == plain.yaxis.title.font.color == LIGHT.faint
