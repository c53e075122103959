"""Thumbnails of all heads: what stands where, what a click means, and what the hover box reads."""

import math
import re
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.matrix import examples
from viz import overview_grid as grid_module
from viz.labels import token_labels
from viz.marks import PICTURE_LINE
from viz.overview import NO_VALUE, Overview, draw_overview, overview_grid, place_in
from viz.overview_grid import GAP, SMALLEST_CELL, Strip, plan_overview, plan_strip
from viz.pooling import pool_extremes
from viz.theme import DARK, LIGHT, color_scale
from viz.tiles_grid import HEIGHT

Shape = tuple[int, int, int, int]


def overview_of(
    values: np.ndarray, *, masked: np.ndarray | None = None, diverging: bool = True, **how: Any
) -> Overview:
    layers, heads, queries, keys = values.shape
    return Overview(
        values=values if masked is None else np.where(masked, np.float32("nan"), values),
        layer_names=[f"Layer {i}" for i in range(layers)],
        head_names=[f"Head {i}" for i in range(heads)],
        rows=token_labels([f"q{i}" for i in range(queries)]),
        columns=token_labels([f"k{i}" for i in range(keys)]),
        value_title="score",
        diverging=diverging,
        masked=masked,
        masked_text="hidden",
        **how,
    )


def numbers(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)


def future(queries: int, keys: int) -> np.ndarray:
    return np.triu(np.ones((queries, keys), dtype=bool), 1)


@pytest.fixture
def known_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sizes to calculate with, whatever the app's are this week."""
    sizes = {"WIDTH": 960, "GAP": 4, "STEP": 6, "SMALLEST_CELL": 2}
    for name, size in sizes.items():
        monkeypatch.setattr(grid_module, name, size)


@pytest.mark.usefixtures("known_screen")
@pytest.mark.parametrize(
    ("tiles", "cells", "size", "expected"),
    [
        # 960 - 11 · 4 = 916, 76 a thumbnail: room for 38 cells of 2. 916 / 384 = 2.4 each.
        (12, 32, 960, Strip(12, 32, pooled=1, steps=1, gap=2)),
        # 432 - 11 · 4 = 388, 32 a thumbnail: room for 16 cells, so 2 of 32 rows share one.
        (12, 32, 432, Strip(12, 16, pooled=2, steps=1, gap=2)),
        # 740 - 44 = 696: room for 29, again 2 of 32 share one. 696 / 192 = 3.6: one is gap enough.
        (12, 32, 740, Strip(12, 16, pooled=2, steps=1, gap=1)),
        # 38 cells are left of 300 where 8 share one.
        (12, 300, 960, Strip(12, 38, pooled=8, steps=1, gap=2)),
        # 960 - 3 · 4 = 948, by 20 cells: 47 pixels each, in steps of at least 6.
        (4, 5, 960, Strip(4, 5, pooled=1, steps=7, gap=1)),
        (1, 1, 960, Strip(1, 1, pooled=1, steps=160, gap=1)),
        # No room for anything: a cell each all the same.
        (300, 32, 432, Strip(300, 1, pooled=32, steps=1, gap=2)),
    ],
)
def test_a_side_by_hand(tiles: int, cells: int, size: int, expected: Strip) -> None:
    assert plan_strip(tiles, cells, size) == expected


@pytest.mark.usefixtures("known_screen")
def test_heads_stand_side_by_side_and_layers_below_each_other() -> None:
    grid = plan_overview(2, 12, 20, 300, height=432)
    assert grid.across == plan_strip(12, 300, 960)
    assert grid.down == plan_strip(2, 20, 432)
    assert (grid.pooled_rows, grid.pooled_columns) == (1, 8)


def test_places_along_a_side_by_hand() -> None:
    strip = Strip(tiles=2, cells=2, pooled=1, steps=3, gap=1)
    assert (strip.period, strip.length) == (7, 13)
    first, second = [(0, 0)] * 3 + [(0, 1)] * 3, [(1, 0)] * 3 + [(1, 1)] * 3
    assert [strip.place(step) for step in range(13)] == [*first, None, *second]
    assert [strip.place(step) for step in (-8, -7, -1, 13, 14, 1000)] == [None] * 6


@given(tiles=st.integers(1, 24), cells=st.integers(1, 600), size=st.integers(200, 1200))
def test_a_cell_has_its_pixels_and_every_number_a_cell(tiles: int, cells: int, size: int) -> None:
    strip = plan_strip(tiles, cells, size)
    assert strip.cells == math.ceil(cells / strip.pooled)
    assert size / strip.length * strip.steps >= SMALLEST_CELL
    assert size / strip.length * strip.gap >= GAP / 2
    if strip.pooled > 1:  # no more than it must
        before = math.ceil(cells / (strip.pooled - 1))
        assert tiles * before * SMALLEST_CELL + (tiles - 1) * GAP > size - tiles * SMALLEST_CELL
    places = [strip.place(step) for step in range(strip.length)]
    for tile in range(tiles):
        for cell in range(strip.cells):
            assert places.count((tile, cell)) == strip.steps
    assert places.count(None) == (tiles - 1) * strip.gap


shapes = st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(1, 9), st.integers(1, 9))


@examples(15)
@given(shape=shapes)
def test_every_drawn_cell_is_where_a_click_on_it_leads_and_says_so(shape: Shape) -> None:
    info = overview_of(numbers(*shape))
    figure = draw_overview(info, LIGHT)
    z = figure.data[0].z
    across, down = figure.layout.xaxis.labelalias, figure.layout.yaxis.labelalias
    assert (len(down), len(across)) == z.shape
    seen = set()
    for row, column in np.ndindex(z.shape):
        place = place_in(info, row, column)
        if place is None:
            assert np.isnan(z[row, column])
            assert NO_VALUE in (down[str(row)], across[str(column)])
            continue
        layer, head, query, key = place
        assert z[row, column] == info.values[place]
        assert down[str(row)] == f"<b>Layer {layer}</b> · query q{query} (position {query})"
        assert across[str(column)] == f"<br><b>Head {head}</b> · key k{key} (position {key})"
        seen.add(place)
    assert len(seen) == math.prod(shape)


def test_the_first_layer_is_on_top_and_the_first_head_on_the_left() -> None:
    values = np.arange(16, dtype=np.float32).reshape(2, 2, 2, 2)
    figure = draw_overview(overview_of(values), LIGHT)
    (trace,) = figure.data
    down, across = trace.z.shape
    assert (trace.x0, trace.dx, trace.y0, trace.dy) == (0, 1, 0, 1)
    assert figure.layout.xaxis.range == (-0.5, across - 0.5)
    assert figure.layout.yaxis.range == (down - 0.5, -0.5)  # from high to low: downwards
    assert (trace.z[0, 0], trace.z[0, -1], trace.z[-1, 0], trace.z[-1, -1]) == (0, 5, 10, 15)


@pytest.mark.parametrize(("row", "column"), [(-1, 0), (0, -1), (10**9, 0), (0, 10**9)])
def test_a_click_on_a_cell_that_is_not_there_leads_nowhere(row: int, column: int) -> None:
    assert place_in(overview_of(numbers(2, 2, 3, 3)), row, column) is None


@pytest.mark.usefixtures("known_screen")
def test_a_click_on_a_pooled_cell_leads_to_the_number_that_it_shows() -> None:
    values = np.zeros((12, 12, 32, 32), dtype=np.float32)
    values[3, 5, 9, 7] = -0.5  # rows 8 and 9 share a cell
    values[3, 5, 8, 7] = 0.25
    info = overview_of(values, height=432)
    grid = overview_grid(info)
    assert (grid.pooled_rows, grid.pooled_columns) == (2, 1)
    row, column = 3 * (16 + 2) + 4, 5 * (32 + 2) + 7
    assert draw_overview(info, LIGHT).data[0].z[row, column] == -0.5
    assert place_in(info, row, column) == (3, 5, 9, 7)
    assert place_in(info, 3 * 18 + 16, column) is None  # the gap below layer 3


@pytest.mark.usefixtures("known_screen")
def test_a_masked_number_is_not_what_a_pooled_cell_shows() -> None:
    masked = np.zeros((32, 32), dtype=bool)
    masked[8, 7] = True
    values = numbers(12, 12, 32, 32)
    values[3, 5, 8, 7] = 9
    info = overview_of(values, masked=masked, height=432)
    assert place_in(info, 3 * 18 + 4, 5 * 34 + 7) == (3, 5, 9, 7)


SIZES = [
    (1, 1, 1, 1),
    (1, 1, 12, 12),
    (1, 16, 12, 12),
    (12, 1, 20, 20),
    (6, 8, 10, 25),
    (6, 8, 25, 10),
    (12, 12, 1, 1),
    (12, 12, 32, 32),
    (3, 4, 300, 300),
    (48, 40, 8, 8),
]


@pytest.mark.parametrize("shape", SIZES, ids=str)
def test_whatever_the_size_each_block_is_drawn(shape: Shape) -> None:
    layers, heads, queries, keys = shape
    info = overview_of(numbers(*shape), masked=future(queries, keys))
    figure, grid = draw_overview(info, DARK), overview_grid(info)
    z = figure.data[0].z
    assert z.dtype == np.float32
    pooled = pool_extremes(info.values, grid.pooled_rows, grid.pooled_columns)
    down, across = grid.down, grid.across
    for layer in range(layers):
        for head in range(heads):
            top, left = layer * down.period, head * across.period
            thumbnail = z[
                top : top + down.cells * down.steps, left : left + across.cells * across.steps
            ]
            np.testing.assert_array_equal(
                thumbnail[:: down.steps, :: across.steps], pooled[layer, head]
            )
            np.testing.assert_array_equal(
                thumbnail, np.kron(pooled[layer, head], np.ones((down.steps, across.steps)))
            )
    # All that is not a thumbnail is a gap.
    drawn = layers * heads * pooled.shape[2] * pooled.shape[3] * down.steps * across.steps
    inside = np.outer(
        [down.place(row) is not None for row in range(down.length)],
        [across.place(column) is not None for column in range(across.length)],
    )
    assert inside.sum() == drawn
    assert np.isnan(z[~inside]).all()


@pytest.mark.parametrize("shape", SIZES, ids=str)
def test_names_stand_at_the_middles_of_the_thumbnails(shape: Shape) -> None:
    layers = shape[0]
    info = overview_of(numbers(*shape))
    layout, grid = draw_overview(info, LIGHT).layout, overview_grid(info)
    for axis, strip, names in (
        (layout.xaxis, grid.across, info.head_names),
        (layout.yaxis, grid.down, info.layer_names),
    ):
        assert len(axis.tickvals) == len(axis.ticktext)
        assert axis.ticktext[0] in (names[0], "0")
        for value, text in zip(axis.tickvals, axis.ticktext, strict=True):
            number = int(text.split()[-1])
            middle = number * strip.period + (strip.cells * strip.steps - 1) / 2
            assert 0 <= value - middle < 0.21
            # On the very spot of a cell the hover box would show this text instead of the alias.
            assert abs(value - round(value)) > 1e-4 * strip.length
    if layers <= 12:
        assert layout.yaxis.ticktext == tuple(info.layer_names)


def test_names_of_narrow_heads_are_numbers_below_the_axis_title() -> None:
    wide = draw_overview(overview_of(numbers(1, 8, 4, 4)), LIGHT).layout.xaxis
    assert wide.ticktext == tuple(f"Head {i}" for i in range(8))
    narrow = draw_overview(overview_of(numbers(1, 24, 4, 4)), LIGHT).layout.xaxis
    assert narrow.ticktext == tuple(str(i) for i in range(24))
    assert narrow.title.text == "head"
    assert (narrow.side, narrow.tickangle) == ("top", 0)


def test_names_that_would_stand_too_close_are_thinned_out() -> None:
    info = overview_of(numbers(96, 96, 2, 2))  # 10 pixels a head, 4.5 a layer
    layout = draw_overview(info, LIGHT).layout
    assert layout.yaxis.ticktext == tuple(f"Layer {i}" for i in range(0, 96, 4))
    assert layout.xaxis.ticktext == tuple(str(i) for i in range(0, 96, 3))


def test_the_hover_box_has_layer_head_query_key_and_nine_digits() -> None:
    figure = draw_overview(
        overview_of(numbers(2, 2, 2, 2), row_word="from", column_word="to"), LIGHT
    )
    (trace,) = figure.data
    assert trace.hovertemplate == "%{y}%{x}<br>score <b>%{z:.9g}</b><extra></extra>"
    assert trace.hovertemplatefallback == "hidden"
    assert figure.layout.yaxis.labelalias["0"] == "<b>Layer 0</b> · from q0 (position 0)"
    assert figure.layout.xaxis.labelalias["0"] == "<br><b>Head 0</b> · to k0 (position 0)"
    assert figure.layout.xaxis.hoverformat == figure.layout.yaxis.hoverformat == "d"


def test_the_hover_box_does_not_call_a_gap_masked() -> None:
    """Plotly moves what stands between <extra> and the last </extra> to a part of the box that
    `namelength` hides."""
    info = overview_of(numbers(2, 2, 3, 3), masked=future(3, 3))
    figure, grid = draw_overview(info, LIGHT), overview_grid(info)
    (trace,) = figure.data
    gap = str(grid.across.cells * grid.across.steps)
    label = figure.layout.xaxis.labelalias[gap]
    template = trace.hovertemplate.replace("%{y}", "A").replace("%{x}", label)
    assert re.sub("<extra>.*</extra>", "", template) == "A"
    assert trace.hoverlabel.namelength == 0


def test_labels_of_pooled_cells_name_the_first_and_the_last() -> None:
    info = overview_of(numbers(12, 12, 300, 300))
    grid = overview_grid(info)
    assert grid.pooled_rows > 1
    last = grid.pooled_rows - 1
    assert draw_overview(info, LIGHT).layout.yaxis.labelalias["0"] == (
        f"<b>Layer 0</b> · query q0 (position 0) … q{last} (position {last})"
    )


@pytest.mark.parametrize("shape", SIZES, ids=str)
def test_one_image_stripes_the_masked_cells_of_all_thumbnails(shape: Shape) -> None:
    masked = future(*shape[2:])
    info = overview_of(numbers(*shape), masked=masked)
    figure, grid = draw_overview(info, DARK), overview_grid(info)
    down, across = grid.down, grid.across
    if not masked.any():
        assert figure.layout.images == ()
        return
    (image,) = figure.layout.images
    assert (image.x, image.y, image.sizex, image.sizey) == (-0.5, -0.5, across.length, down.length)
    assert (image.xref, image.yref, image.sizing, image.layer) == ("x", "y", "stretch", "below")
    svg = unquote(image.source)
    striped = np.zeros((down.cells, across.cells), dtype=bool)
    for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)", svg):
        striped[int(y), int(x) : int(x) + int(width)] = True
    thumbnail = figure.data[0].z[: down.cells * down.steps, : across.cells * across.steps]
    np.testing.assert_array_equal(striped, np.isnan(thumbnail[:: down.steps, :: across.steps]))

    # Each copy of the thumbnail lies on its own.
    size = re.search(r'viewBox="0 0 (\S+) (\S+)"', svg)
    assert size is not None
    for direction, strip, full in (("x", across, size[1]), ("y", down, size[2])):
        places = [float(at) for at in re.findall(rf'<use href="#\w" {direction}="(\S+)"/>', svg)]
        expected = [tile * strip.period / strip.length for tile in range(1, strip.tiles)]
        np.testing.assert_allclose(np.array(places) / float(full), expected, rtol=1e-4)
        first = re.search(r'id="t" width="(\S+)" height="(\S+)"', svg)
        assert first is not None
        length = float(first[1 if direction == "x" else 2]) / float(full)
        assert length == pytest.approx(strip.cells * strip.steps / strip.length, rel=1e-4)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("diverging", [False, True])
def test_all_thumbnails_share_one_scale_and_one_colour_bar(diverging: bool, theme: Any) -> None:
    values = np.zeros((3, 2, 2, 2), dtype=np.float32)
    values[2, 1, 1, 0] = -0.75 if diverging else 0.75  # the largest, in one thumbnail alone
    values[0, 0, 0, 1] = 9  # masked
    figure = draw_overview(overview_of(values, masked=future(2, 2), diverging=diverging), theme)
    assert figure.data[0].coloraxis == "coloraxis"
    axis = figure.layout.coloraxis
    assert (axis.cmin, axis.cmax) == ((-0.75, 0.75) if diverging else (0, 0.75))
    colors = theme.diverging if diverging else theme.sequential
    assert [list(stop) for stop in axis.colorscale] == color_scale(colors)
    assert axis.colorbar.title.text == "score"


def test_where_there_is_nothing_to_show_a_scale_exists() -> None:
    info = overview_of(numbers(2, 2, 3, 3), masked=np.ones((3, 3), dtype=bool))
    figure = draw_overview(info, LIGHT)
    assert np.isnan(figure.data[0].z).all()
    assert (figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmax) == (-1, 1)


def test_the_plot_is_as_high_as_asked_for() -> None:
    for height in (HEIGHT, 900):
        layout = draw_overview(overview_of(numbers(3, 3, 4, 4), height=height), LIGHT).layout
        assert layout.height - layout.margin.t - layout.margin.b == height


def test_144_heads_are_one_trace_that_is_sent_as_it_is() -> None:
    sent = draw_overview(overview_of(numbers(12, 12, 32, 32)), LIGHT).to_dict()
    (trace,) = sent["data"]
    assert trace["z"]["dtype"] == "f4"
    assert "template" not in sent["layout"]


def test_nothing_chosen_is_not_framed_and_neither_is_all_there_is() -> None:
    assert draw_overview(overview_of(numbers(2, 3, 4, 4)), LIGHT).layout.shapes == ()
    only = overview_of(numbers(1, 3, 4, 4), marked_layer=0)
    assert draw_overview(only, LIGHT).layout.shapes == ()
    assert len(draw_overview(replace(only, marked_head=1), LIGHT).layout.shapes) == 1


@pytest.mark.usefixtures("known_screen")
@pytest.mark.parametrize(
    ("head", "left", "right"),
    [
        (None, -0.5, 12 * 21 - 1 + 0.5),  # the layer: all of its heads
        (0, -0.5, 20.5),
        (11, 11 * 21 - 0.5, 12 * 21 - 0.5),  # the last
    ],
)
def test_the_chosen_layer_or_its_head_is_framed_in_the_gaps_around_it(
    head: int | None, left: float, right: float
) -> None:
    # 12 heads of 20 columns on 960 pixels, 2 layers of 20 rows on 432: each cell is a step, each
    # gap one more, but between the layers, where a step is 428 / 40 = 10 pixels: 1 again.
    thumbnails = overview_of(numbers(2, 12, 20, 20), height=432, marked_layer=1, marked_head=head)
    grid = overview_grid(thumbnails)
    assert (grid.across.period, grid.across.length) == (21, 251)
    assert (grid.down.period, grid.down.length, grid.down.steps) == (21, 41, 1)
    (shape,) = draw_overview(thumbnails, DARK).layout.shapes
    found = list(map(float, re.findall(r"-?[\d.]+", shape.path)))
    expected = [left / 251, 1 - 20.5 / 41, right / 251, 1 - 41.5 / 41, left / 251]
    assert found == pytest.approx(expected, abs=1e-5)
    assert (shape.xref, shape.yref) == ("x domain", "y domain")
    assert (shape.line.color, shape.line.width) == (DARK.highlight, PICTURE_LINE)
