"""The residual stream: lengths and similarities side by side, the input on top."""

from typing import Any

import numpy as np
import pytest

from viz import stream as stream_module
from viz.heatmap import LABEL_PITCH
from viz.labels import AxisLabels, token_labels
from viz.pooling import pool_extremes
from viz.stream import TALLEST_ROW, Stream, StreamGrid, draw_stream, plan_stream, stream_grid
from viz.theme import DARK, LIGHT, color_scale


def step_names(steps: int) -> list[str]:
    parts = ("attention", "feed-forward")
    return ["input"] + [f"{i // 2} {parts[i % 2]}" for i in range(steps - 1)]


def stream_of(norms: np.ndarray, similarity: np.ndarray, **how: Any) -> Stream:
    steps, tokens = norms.shape
    names = tuple(step_names(steps))
    return Stream(
        norms=norms.astype(np.float32),
        similarity=similarity.astype(np.float32),
        steps=AxisLabels(names, names),
        tokens=token_labels([f"t{i}" for i in range(tokens)]),
        **how,
    )


def some_stream(steps: int, tokens: int, **how: Any) -> Stream:
    draw = np.random.default_rng(0).uniform
    return stream_of(draw(0, 9, (steps, tokens)), draw(-1, 1, (steps, tokens)), **how)


@pytest.fixture
def known_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sizes to calculate with, whatever the app's are this week."""
    for name, size in {"HALF": 430, "SMALLEST_CELL": 2, "TALLEST_ROW": 60}.items():
        monkeypatch.setattr(stream_module, name, size)


@pytest.mark.usefixtures("known_screen")
@pytest.mark.parametrize(
    ("steps", "tokens", "expected"),
    [
        # 3 rows of 60 pixels instead of 144.
        (3, 5, StreamGrid(3, 5, height=180, pooled_rows=1, pooled_columns=1)),
        (25, 32, StreamGrid(25, 32, height=432, pooled_rows=1, pooled_columns=1)),
        # Room for 216 × 215 cells of 2 pixels.
        (300, 500, StreamGrid(150, 167, height=432, pooled_rows=2, pooled_columns=3)),
        (216, 215, StreamGrid(216, 215, height=432, pooled_rows=1, pooled_columns=1)),
        (1, 1, StreamGrid(1, 1, height=60, pooled_rows=1, pooled_columns=1)),
    ],
)
def test_the_cells_by_hand(steps: int, tokens: int, expected: StreamGrid) -> None:
    assert plan_stream(steps, tokens, height=432) == expected


def test_lengths_are_on_the_left_and_similarities_on_the_right() -> None:
    info = stream_of(np.array([[1, 2], [3, 4], [5, 6]]), np.array([[1, 1], [0.5, 0], [-0.25, -1]]))
    figure = draw_stream(info, LIGHT)
    norms, similarity = figure.data
    np.testing.assert_array_equal(norms.z, info.norms)
    np.testing.assert_array_equal(similarity.z, info.similarity)
    assert (norms.name, similarity.name) == ("length", "similarity to the input")
    assert (norms.xaxis, norms.yaxis, similarity.xaxis, similarity.yaxis) == ("x", "y", "x2", "y")
    left, right = figure.layout.xaxis.domain, figure.layout.xaxis2.domain
    assert 0 == left[0] < left[1] < right[0] < right[1] == 1
    assert left[1] - left[0] == pytest.approx(right[1] - right[0])
    titles = [(note.text, note.x) for note in figure.layout.annotations]
    assert titles == [("<b>length</b>", left[0]), ("<b>similarity to the input</b>", right[0])]


def test_the_input_is_on_top() -> None:
    figure = draw_stream(some_stream(5, 3), LIGHT)
    assert figure.layout.yaxis.range == (4.5, -0.5)  # from high to low: downwards
    assert figure.layout.yaxis.ticktext == tuple(step_names(5))
    assert figure.layout.yaxis.labelalias["0"] == "input"
    assert figure.layout.yaxis.labelalias["4"] == "1 feed-forward"
    for axis in (figure.layout.xaxis, figure.layout.xaxis2):
        assert axis.range == (-0.5, 2.5)
        assert axis.labelalias["2"] == "t2 (position 2)"
        assert axis.title.text == "token"


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_lengths_run_from_zero_and_similarities_from_minus_one_to_one(theme: Any) -> None:
    info = stream_of(np.array([[0.5, 2.5]]), np.array([[0.25, -0.125]]))
    figure = draw_stream(info, theme)
    lengths, similarities = figure.layout.coloraxis, figure.layout.coloraxis2
    assert [trace.coloraxis for trace in figure.data] == ["coloraxis", "coloraxis2"]
    assert (lengths.cmin, lengths.cmax) == (0, 2.5)
    assert (similarities.cmin, similarities.cmax) == (-1, 1)  # whatever the numbers are
    assert [list(stop) for stop in lengths.colorscale] == color_scale(theme.sequential)
    assert [list(stop) for stop in similarities.colorscale] == color_scale(theme.diverging)
    left, right = figure.layout.xaxis.domain, figure.layout.xaxis2.domain
    assert left[1] < lengths.colorbar.x < right[0]  # each beside its own heatmap
    assert similarities.colorbar.x > right[1]


def test_the_hover_box_has_step_token_and_nine_digits() -> None:
    info = some_stream(
        3,
        2,
        norm_title="Länge",
        similarity_title="Ähnlichkeit",
        token_title="Wort",
        step_title="nach",
        undefined_text="keine",
    )
    figure = draw_stream(info, LIGHT)
    assert [trace.hovertemplate for trace in figure.data] == [
        "nach %{y}<br>Wort %{x}<br>Länge <b>%{z:.9g}</b><extra></extra>",
        "nach %{y}<br>Wort %{x}<br>Ähnlichkeit <b>%{z:.9g}</b><extra></extra>",
    ]
    assert {trace.hovertemplatefallback for trace in figure.data} == {"keine"}
    assert (figure.layout.yaxis.title.text, figure.layout.xaxis.title.text) == ("nach", "Wort")


@pytest.mark.parametrize("steps", [1, 3, 7, 25])
def test_few_rows_are_not_stretched(steps: int) -> None:
    layout = draw_stream(some_stream(steps, 4), LIGHT).layout
    plot = layout.height - layout.margin.t - layout.margin.b
    assert plot == min(432, steps * TALLEST_ROW)


@pytest.mark.parametrize(("steps", "tokens"), [(1, 1), (3, 10), (25, 32), (97, 300), (3, 2000)])
def test_labels_are_thinned_out_and_never_on_the_spot_of_a_cell(steps: int, tokens: int) -> None:
    info = some_stream(steps, tokens)
    layout, grid = draw_stream(info, LIGHT).layout, stream_grid(info)
    for axis, count, pixels in (
        (layout.yaxis, grid.rows, grid.height),
        (layout.xaxis, grid.columns, stream_module.HALF),
        (layout.xaxis2, grid.columns, stream_module.HALF),
    ):
        assert axis.ticktext[0] in ("input", "t0")
        if axis.tickangle != 0:
            apart = np.diff(axis.tickvals) * pixels / count
            assert (apart >= min(LABEL_PITCH, pixels / count) - 1e-6).all()
        for value in axis.tickvals:
            # There the hover box would show the label at the axis; far from it, it would be amiss.
            assert 1e-4 * count < value - round(value) < 1e-3 * count


def test_more_numbers_than_pixels_are_pooled() -> None:
    info = some_stream(3, 2000)
    figure, grid = draw_stream(info, LIGHT), stream_grid(info)
    assert grid.pooled_rows == 1
    assert grid.pooled_columns > 1
    for trace, values in zip(figure.data, (info.norms, info.similarity), strict=True):
        assert trace.z.shape == (3, grid.columns)
        np.testing.assert_array_equal(trace.z, pool_extremes(values, 1, grid.pooled_columns))
    last = grid.pooled_columns - 1
    expected = f"t0 (position 0) … t{last} (position {last})"
    assert figure.layout.xaxis2.labelalias["0"] == expected


def test_a_vector_without_a_length_has_no_similarity_and_disturbs_no_scale() -> None:
    info = stream_of(np.array([[0.0, 0.0]]), np.array([[np.nan, np.nan]]))
    figure = draw_stream(info, LIGHT)
    assert np.isnan(figure.data[1].z).all()
    assert (figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmax) == (0, 1)
