"""One head as an equation: what stands where, in which range, with which marks."""

import re
from typing import Any
from urllib.parse import unquote

import numpy as np
import plotly.graph_objects as go
import pytest

from viz.equation import HEIGHT, MOST_CELLS, TALL_HEIGHT, Matrix, draw_equation
from viz.labels import dimension_labels, token_labels
from viz.pooling import pool_extremes
from viz.theme import DARK, LIGHT, Concept, color_scale


def numbers(rows: int, columns: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, (rows, columns)).astype(np.float32)


def matrix(values: np.ndarray, name: str = "Q", sign: str = "×", **more: Any) -> Matrix:
    rows, columns = values.shape
    return Matrix(
        values,
        name,
        token_labels([f"t{i}" for i in range(rows)]),
        dimension_labels(columns),
        "query",
        "at",
        (f"L = {rows}", f"D = {columns}"),
        sign,
        **more,
    )


def layout(figure: go.Figure) -> dict[str, Any]:
    made: dict[str, Any] = figure.to_dict()["layout"]
    return made


def test_terms_stand_side_by_side_with_their_signs_between_them() -> None:
    terms = [
        matrix(numbers(3, 2), "Q", "×"),
        matrix(numbers(2, 3), "Kᵀ", "="),
        matrix(numbers(3, 3), "E", ""),
    ]
    figure = draw_equation(terms, LIGHT)
    assert [trace.name for trace in figure.data] == ["Q", "Kᵀ", "E"]
    for trace, term in zip(figure.data, terms, strict=True):
        np.testing.assert_array_equal(trace.z, term.values)
    places = [figure.layout[f"xaxis{n}"].domain for n in ("", 2, 3)]
    assert places[0][0] == 0
    assert places[2][1] == pytest.approx(1)
    widths = [right - left for left, right in places]
    assert widths == pytest.approx([widths[0]] * 3)
    signs = {note.text: note.x for note in figure.layout.annotations if note.text in ("×", "=")}
    assert places[0][1] < signs["×"] < places[1][0]
    assert places[1][1] < signs["="] < places[2][0]
    assert len([n for n in figure.layout.annotations if n.text == ""]) == 0


def test_each_term_has_axes_of_its_own_with_the_first_row_on_top() -> None:
    figure = draw_equation([matrix(numbers(3, 2)), matrix(numbers(2, 5))], LIGHT)
    assert [(t.xaxis, t.yaxis) for t in figure.data] == [("x", "y"), ("x2", "y2")]
    assert figure.layout.yaxis.range == (2.5, -0.5)
    assert figure.layout.yaxis2.range == (1.5, -0.5)
    assert figure.layout.xaxis.range == (-0.5, 1.5)
    assert figure.layout.xaxis2.range == (-0.5, 4.5)
    assert (figure.layout.xaxis2.anchor, figure.layout.yaxis2.anchor) == ("y2", "x2")


def test_each_term_has_its_name_above_and_its_sizes_and_range_below() -> None:
    values = np.array([[1, -4], [2, 3]], dtype=np.float32)
    notes = [note["text"] for note in layout(draw_equation(
        [matrix(values), matrix(np.abs(values), "weights", "", diverging=False)], LIGHT
    ))["annotations"]]  # fmt: skip
    assert notes == ["<b>Q</b>", "L = 2 × D = 2<br>-4 … 4", "×",
                     "<b>weights</b>", "L = 2 × D = 2<br>0 … 4"]  # fmt: skip


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_signed_terms_are_centred_on_zero_and_weights_start_there(theme: Any) -> None:
    values = np.array([[0.25, -0.5]], dtype=np.float32)
    signed, weights = draw_equation(
        [matrix(values), matrix(np.abs(values), diverging=False)], theme
    ).to_dict()["data"]
    assert (signed["zmin"], signed["zmax"]) == (-0.5, 0.5)
    assert signed["colorscale"] == color_scale(theme.diverging)
    assert (weights["zmin"], weights["zmax"]) == (0, 0.5)
    assert weights["colorscale"] == color_scale(theme.sequential)


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_a_term_of_zeros_or_of_nothing_still_has_a_range(value: float) -> None:
    (trace,) = draw_equation([matrix(np.full((2, 2), value, np.float32))], LIGHT).to_dict()["data"]
    assert (trace["zmin"], trace["zmax"]) == (-1, 1)


def test_the_hover_box_has_the_term_the_row_the_column_and_nine_digits() -> None:
    figure = draw_equation([matrix(numbers(2, 2), "scores")], LIGHT)
    assert figure.data[0].hovertemplate == (
        "<b>%{fullData.name}</b><br>query %{y}<br>at %{x}<br><b>%{z:.9g}</b><extra></extra>"
    )
    assert figure.data[0].hovertemplatefallback == "masked"
    assert figure.layout.yaxis.labelalias == {"0": "t0 (position 0)", "1": "t1 (position 1)"}
    assert figure.layout.xaxis.labelalias == {"0": "dimension 0", "1": "dimension 1"}


def test_masked_cells_are_hatched_where_they_are() -> None:
    masked = np.triu(np.ones((3, 3), dtype=bool), 1)
    values = np.where(masked, np.float32("nan"), numbers(3, 3))
    figure = draw_equation([matrix(numbers(3, 3)), matrix(values, "scores", masked=masked)], LIGHT)
    (image,) = figure.layout.images
    assert (image.xref, image.yref, image.x, image.y) == ("x2", "y2", -0.5, -0.5)
    assert (image.sizex, image.sizey, image.layer) == (3, 3, "below")
    path = unquote(image.source)
    assert "M1 0h2" in path  # the first row's second and third cell
    assert "M2 1h1" in path
    assert "M0" not in path.split('d="')[1].split('"')[0]


def test_a_mask_that_forbids_nothing_has_no_hatching() -> None:
    nothing = np.zeros((2, 2), dtype=bool)
    assert layout(draw_equation([matrix(numbers(2, 2), masked=nothing)], LIGHT))["images"] == []


def test_the_chosen_row_is_framed_in_its_term() -> None:
    terms = [matrix(numbers(4, 3)), matrix(numbers(3, 4), row=2), matrix(numbers(2, 2))]
    (frame,) = draw_equation(terms, LIGHT).layout.shapes
    assert (frame.xref, frame.yref) == ("x2 domain", "y2 domain")
    assert frame.path == "M0,0.33333H1V0H0Z"  # the last of three rows, from side to side
    assert frame.line.color == LIGHT.query


def test_a_large_term_is_pooled_with_its_labels_its_mask_and_its_marks() -> None:
    size = 2 * MOST_CELLS + 1
    values = numbers(size, size)
    masked = np.zeros((size, size), dtype=bool)
    masked[:, -3:] = True
    tokens = token_labels(["w"] * size)
    shown_values = np.where(masked, np.float32("nan"), values)
    term = Matrix(
        shown_values, "scores", tokens, tokens, "query", "key", "", "", masked=masked, row=100
    )
    assert term.block == (3, 3)
    figure = draw_equation([term], LIGHT)
    shown = figure.data[0].z
    assert shown.shape[0] <= MOST_CELLS
    np.testing.assert_array_equal(shown, pool_extremes(term.values, 3, 3))
    assert figure.layout.yaxis.labelalias["33"] == "w (position 99) … w (position 101)"
    # Row 100 is in the 34th of 107 blocks: 1 - 33 / 107 and 1 - 34 / 107.
    assert figure.layout.shapes[0].path == "M0,0.69159H1V0.68224H0Z"
    assert figure.layout.images[0].sizex == shown.shape[1]


@pytest.mark.parametrize("size", [1, 5, 30, 150, 512])
def test_the_axis_has_no_more_labels_than_fit(size: int) -> None:
    figure = draw_equation([matrix(numbers(size, size))], LIGHT)
    for axis in (figure.layout.xaxis, figure.layout.yaxis):
        assert 1 <= len(axis.ticktext) <= 24
        assert axis.ticktext[0] in ("t0", "0")
        assert len(axis.tickvals) == len(axis.ticktext)


def test_a_higher_figure_has_higher_matrices_and_names_more_rows() -> None:
    low, high = (
        layout(draw_equation([matrix(numbers(30, 4))], LIGHT, height=height))
        for height in (HEIGHT, TALL_HEIGHT)
    )
    for made, plot in ((low, 262), (high, 460)):
        assert made["height"] - made["margin"]["t"] - made["margin"]["b"] == plot
    # Names are 15 pixels apart at least: 17 fit, so every other is named; or 30.
    assert [len(made["yaxis"]["ticktext"]) for made in (low, high)] == [15, 30]


def test_stripes_are_drawn_for_the_height_that_cells_have() -> None:
    masked = np.eye(4, dtype=bool)
    images = [
        layout(draw_equation([matrix(numbers(4, 4), masked=masked)], LIGHT, height=h))["images"]
        for h in (262, 524)
    ]
    low, high = (unquote(image["source"]) for (image,) in images)
    assert low != high


def test_tokens_that_look_like_markup_are_escaped() -> None:
    labels = token_labels(["<b>", "&lt;"])
    figure = draw_equation(
        [Matrix(numbers(2, 2), "Q", labels, labels, "query", "key", "", "")], LIGHT
    )
    assert list(figure.layout.yaxis.ticktext) == ["&lt;b&gt;", "&amp;lt;"]
    assert figure.layout.xaxis.labelalias["0"] == "&lt;b&gt; (position 0)"


@pytest.mark.parametrize(
    ("rows", "columns", "row", "middle"),
    [
        (160, 400, 100, 100),  # rows fit one by one; three columns share a cell
        (400, 2, 100, 33),  # three rows to a cell: 99, 100 and 101
        (400, 2, 101, 33),
        (400, 2, 102, 34),
        (400, 2, 399, 133),  # the last, alone in its cell
        (400, 2, 0, 0),  # the first is a row like any other
    ],
)
def test_the_frame_of_a_long_sentence_is_around_the_cells_of_the_chosen_query(
    rows: int, columns: int, row: int, middle: int
) -> None:
    (frame,) = draw_equation([matrix(numbers(rows, columns), row=row)], LIGHT).layout.shapes
    top, bottom = map(float, re.fullmatch(r"M0,(.*)H1V(.*)H0Z", frame.path).groups())
    blocks = {160: 160, 400: 134}[rows]
    assert (1 - top) * blocks == pytest.approx(middle, abs=2e-3)  # five digits of the height
    assert (1 - bottom) * blocks == pytest.approx(middle + 1, abs=2e-3)
    assert (frame.xref, frame.yref) == ("x domain", "y domain")
    assert not draw_equation([matrix(numbers(rows, columns))], LIGHT).layout.shapes


def test_names_of_queries_keys_and_values_have_their_colours() -> None:
    concepts: list[Concept | None] = ["query", "key", "value", None]
    terms = [matrix(numbers(2, 2), str(c), concept=c) for c in concepts]
    notes = draw_equation(terms, DARK).layout.annotations
    colors = {note.text: note.font.color for note in notes if note.text.startswith("<b>")}
    assert colors == {
        "<b>query</b>": DARK.query,
        "<b>key</b>": DARK.key,
        "<b>value</b>": DARK.value,
        "<b>None</b>": None,
    }
