"""Means by offset: worked out by hand, and drawn as lines that nobody confuses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from viz.offsets import FEW, MOST_MARKERS, OffsetCurves, draw_offsets, mean_by_offset
from viz.theme import DARK, LIGHT, Theme

NAN = np.nan


def test_one_head_by_hand() -> None:
    scores = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]], dtype=np.float32)
    offsets, means = mean_by_offset(scores)
    assert offsets.tolist() == [-2, -1, 0, 1, 2]
    # Key 0 of query 2; (4 + 8) / 2; (1 + 5 + 9) / 3; (2 + 6) / 2; key 2 of query 0.
    assert means.tolist() == [7, 6, 5, 4, 3]
    assert means.dtype == np.float64


def test_heads_are_averaged_together() -> None:
    scores = np.array([[[1, 2], [3, 4]], [[5, 10], [7, 8]]])
    offsets, means = mean_by_offset(scores)
    assert offsets.tolist() == [-1, 0, 1]
    assert means.tolist() == [5, 4.5, 6]  # (3 + 7) / 2; (1 + 4 + 5 + 8) / 4; (2 + 10) / 2


def test_masked_scores_are_left_out() -> None:
    scores = np.array([[[1, NAN], [NAN, 4]], [[NAN, NAN], [7, 8]]])
    _, means = mean_by_offset(scores)
    np.testing.assert_array_equal(means, [7, 13 / 3, NAN])  # 7; (1 + 4 + 8) / 3; nothing


def test_a_single_token_has_one_offset() -> None:
    offsets, means = mean_by_offset(np.array([[[2.0]], [[4.0]]]))
    assert (offsets.tolist(), means.tolist()) == ([0], [3])


@given(data=st.data(), heads=st.integers(1, 3), length=st.integers(1, 6))
def test_each_mean_is_that_of_a_diagonal(data: st.DataObject, heads: int, length: int) -> None:
    numbers = st.floats(-100, 100, width=32) | st.just(NAN)
    scores = data.draw(arrays(np.float32, (heads, length, length), elements=numbers))
    offsets, means = mean_by_offset(scores)
    assert offsets.tolist() == list(range(1 - length, length))
    for offset, mean in zip(offsets, means, strict=True):
        diagonal = np.diagonal(scores, offset, axis1=1, axis2=2).astype(np.float64)
        there = diagonal[~np.isnan(diagonal)]
        expected = there.mean() if there.size else NAN
        assert mean == pytest.approx(expected, abs=1e-9, nan_ok=True)


def test_what_depends_on_the_offset_alone_comes_back() -> None:
    bias = np.array([-2, -1, 0, -0.5, -0.25])
    place = np.arange(3) - np.arange(3)[:, None] + 2
    np.testing.assert_array_equal(mean_by_offset(np.stack([bias[place]] * 4))[1], bias)


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 3, 4), (1, 2, 3, 3), (5, 3, 2)])
def test_scores_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"scores must be .*, got \("):
        mean_by_offset(np.zeros(shape))


def curves_of(count: int = 5, length: int = 4) -> OffsetCurves:
    offsets = np.arange(1 - length, length)
    means = {f"scheme {i}": offsets * (i + 0.1) for i in range(count)}
    return OffsetCurves(offsets, means, "distance", "mean score", "here")


def test_each_scheme_is_a_line_through_its_means() -> None:
    curves = curves_of()
    figure = draw_offsets(curves, LIGHT)
    assert [trace.name for trace in figure.data] == [f"scheme {i}" for i in range(5)]
    for trace, means in zip(figure.data, curves.curves.values(), strict=True):
        assert (trace.type, trace.mode) == ("scatter", "lines+markers")
        assert trace.x.tolist() == [-3, -2, -1, 0, 1, 2, 3]
        np.testing.assert_array_equal(trace.y, means)
        assert trace.hovertemplate == (
            "<b>%{fullData.name}</b><br>distance %{x}<br>mean score <b>%{y:.9g}</b><extra></extra>"
        )
    assert figure.layout.xaxis.title.text == "distance"
    assert figure.layout.yaxis.title.text == "mean score"
    assert figure.layout.hovermode == "closest"  # else the box lists all lines at once


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_lines_differ_in_colour_dash_and_marker(theme: Theme) -> None:
    figure = draw_offsets(curves_of(), theme)
    assert tuple(trace.line.color for trace in figure.data) == theme.lines
    assert len({trace.line.dash for trace in figure.data}) == 5
    assert len({trace.marker.symbol for trace in figure.data}) == 5


def test_a_sixth_scheme_is_drawn_too() -> None:
    figure = draw_offsets(curves_of(6), LIGHT)
    assert figure.data[5].line.color == LIGHT.lines[0]


def test_the_legend_is_on_top_also_for_a_single_scheme() -> None:
    for count in (1, 5):
        layout = draw_offsets(curves_of(count), LIGHT).layout
        assert layout.showlegend is True
        assert (layout.legend.orientation, layout.legend.yanchor, layout.legend.y) == (
            "h",
            "bottom",
            1,
        )
        assert layout.margin.autoexpand is True  # as many rows as a phone needs


def test_the_offset_zero_is_marked() -> None:
    layout = draw_offsets(curves_of(), LIGHT).layout
    (line,) = layout.shapes
    assert (line.x0, line.x1, line.y0, line.y1, line.yref) == (0, 0, 0, 1, "paper")
    (note,) = layout.annotations
    assert (note.x, note.text) == (0, "here")


def test_offsets_are_whole_numbers_at_the_axis() -> None:
    few = draw_offsets(curves_of(length=(FEW + 1) // 2), LIGHT).layout.xaxis
    assert (few.tick0, few.dtick) == (0, 1)
    many = draw_offsets(curves_of(length=FEW), LIGHT).layout.xaxis
    assert many.dtick is None  # Plotly's own steps, which are at least 1 here
    assert few.hoverformat == many.hoverformat == "d"


def test_many_points_do_not_bury_a_line_under_markers() -> None:
    figure = draw_offsets(curves_of(length=300), LIGHT)
    assert len(figure.data[0].x) == 599
    assert {trace.marker.maxdisplayed for trace in figure.data} == {MOST_MARKERS}


def test_numbers_travel_without_loss() -> None:
    sent = draw_offsets(curves_of(), LIGHT).to_dict()
    for trace in sent["data"]:
        assert (trace["x"]["dtype"], trace["y"]["dtype"]) == ("i4", "f8")
