"""Costs over the length: which numbers are drawn, at which axis, and that no text is in the way."""

from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from tests.viz.costs import LENGTHS, cost_of
from viz.cost import (
    HEIGHT,
    MARGIN,
    WIDTH,
    Words,
    draw_cost,
)
from viz.labels import text_width
from viz.theme import DARK, LIGHT, Theme


def on(figure: go.Figure, axis: str, mode: str) -> list[Any]:
    return [t for t in figure.data if t.xaxis == axis and t.mode == mode]


def texts(figure: go.Figure) -> list[str]:
    return [annotation.text for annotation in figure.layout.annotations]


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_lines_are_predicted_and_dots_are_measured(theme: Theme) -> None:
    first, second = cost_of(1), cost_of(2)
    figure = draw_cost([first, second], theme)
    for axis, predicted, measured in (
        ("x", "seconds", "measured_seconds"),
        ("x2", "peak_bytes", "measured_bytes"),
    ):
        for cost, line, dots, color in zip(
            (first, second),
            on(figure, axis, "lines"),
            on(figure, axis, "markers"),
            theme.lines,
            strict=False,
        ):
            np.testing.assert_array_equal(line.x, LENGTHS)
            np.testing.assert_array_equal(line.y, getattr(cost, predicted))
            # What wasn't measured has no dot.
            np.testing.assert_array_equal(dots.x, [64])
            np.testing.assert_array_equal(dots.y, getattr(cost, measured)[:1])
            assert line.line.color == dots.marker.color == color
    assert len(figure.data) == 8


def test_multiply_adds_are_of_attention_and_of_the_feed_forward() -> None:
    cost = cost_of()
    attention, feed_forward = on(draw_cost([cost], LIGHT, left="multiply_adds"), "x", "lines")
    np.testing.assert_array_equal(attention.y, cost.attention)
    np.testing.assert_array_equal(feed_forward.y, cost.feed_forward)
    assert attention.line.dash is None
    assert feed_forward.line.dash == "6px,4px"
    assert attention.text[0] == "64 tokens<br>attention <b>4.1 k</b>"


def test_all_points_are_within_the_axes() -> None:
    figure = draw_cost([cost_of(1), cost_of(30)], LIGHT)
    for trace in figure.data:
        number = trace.xaxis[1:]
        for values, axis in ((trace.x, f"xaxis{number}"), (trace.y, f"yaxis{number}")):
            low, high = 10 ** np.array(figure.layout[axis].range)
            assert low < min(values) <= max(values) < high


def test_ticks_have_units_and_lengths_double() -> None:
    layout = draw_cost([cost_of()], LIGHT).layout
    assert list(layout.xaxis.ticktext) == ["64", "128", "256", "512", "1\u202f024", "2\u202f048"]
    assert list(layout.xaxis.tickvals) == list(LENGTHS)
    assert layout.yaxis.ticktext[-3:] == ("5 ms", "10 ms", "20 ms")
    assert layout.yaxis2.ticktext == ("1 MB", "2 MB", "5 MB", "10 MB", "20 MB")
    for axis in (layout.xaxis, layout.yaxis, layout.xaxis2, layout.yaxis2):
        assert axis.type == "log"
        assert 10 ** axis.range[0] < axis.tickvals[0]
        assert axis.tickvals[-1] < 10 ** axis.range[1]


def test_the_crossover_is_a_line_on_the_left_with_its_label() -> None:
    figure = draw_cost([cost_of(crossover=512)], LIGHT)
    [line], [label] = (
        figure.layout.shapes,
        [a for a in figure.layout.annotations if a.text == "equal at 512 tokens"],
    )
    assert line.x0 == line.x1 == pytest.approx(512)
    assert line.xref == label.xref == "x"
    assert label.x == pytest.approx(np.log10(512))
    # Below all curves, for there nothing is drawn.
    low, high = figure.layout.yaxis.range
    lowest = np.log10(min(t.y.min() for t in figure.data if t.xaxis == "x" and len(t.y)))
    label_top = label.y + 20 / (HEIGHT - MARGIN["t"] - MARGIN["b"])
    assert low + label_top * (high - low) < lowest


@pytest.mark.parametrize("crossover", [None, 0.0, 10.0, 5000.0])
def test_no_line_where_the_crossover_is_not_on_the_axis(crossover: float | None) -> None:
    assert draw_cost([cost_of(crossover=crossover)], LIGHT).layout.shapes == ()


@pytest.mark.parametrize("places", [(600, 1500), (1500, 600), (70, 90), (70, 90, 110), (900, 80)])
def test_no_label_stands_on_another_ones_line(places: tuple[float, ...]) -> None:
    costs = [cost_of(crossover=place) for place in places]
    layout = draw_cost(costs, LIGHT).layout
    labels = [a for a in layout.annotations if a.text.startswith("equal")]
    inner = WIDTH - MARGIN["l"] - MARGIN["r"]
    low, high = layout.xaxis.range
    scale = inner * layout.xaxis.domain[1] / (high - low)  # pixels
    for label in labels:
        width = text_width(label.text)
        start = label.x * scale + label.xshift - (width if label.xanchor == "right" else 0)
        for line in layout.shapes:
            crossed = start < np.log10(line.x0) * scale < start + width
            assert not crossed or line.y0 > label.y + 0.05
    assert len({label.y for label in labels}) == len(places)


def test_names_and_keys_say_what_is_what() -> None:
    words = Words(predicted="vorhergesagt", measured="gemessen", time="Zeit", memory="Speicher")
    said = texts(draw_cost([cost_of(1), cost_of(2)], LIGHT, words=words))
    assert "embedding 256" in said[0]
    assert "embedding 512" in said[0]
    assert LIGHT.lines[1] in said[0]
    assert said[1:3] == ["<b>Zeit</b>", "━ vorhergesagt  ● gemessen"]
    assert "<b>Speicher</b>" in said
    nothing = np.ones(0)
    unmeasured = cost_of(
        measured_tokens=nothing, measured_seconds=nothing, measured_bytes=nothing, crossover=None
    )
    assert not any("●" in text for text in texts(draw_cost([unmeasured], LIGHT))[1:])


def test_as_long_as_the_machine_is_unknown_there_is_no_time_but_memory() -> None:
    unknown = np.full(len(LENGTHS), np.nan)
    nothing = np.ones(0)
    cost = cost_of(seconds=unknown, measured_seconds=np.full(2, np.nan))
    figure = draw_cost([replace(cost, measured_bytes=np.full(2, np.nan))], LIGHT)
    assert [len(trace.x) for trace in figure.data] == [0, 0, len(LENGTHS), 0]
    np.testing.assert_array_equal(figure.data[0].y, nothing)


def test_panels_do_not_touch() -> None:
    layout = draw_cost([cost_of()], LIGHT).layout
    gap = (layout.xaxis2.domain[0] - layout.xaxis.domain[1]) * (WIDTH - MARGIN["l"] - MARGIN["r"])
    assert gap == pytest.approx(92)
    assert layout.height == HEIGHT


def test_one_panel_alone_has_the_width_of_both() -> None:
    left, right = (
        draw_cost([cost_of()], LIGHT, left="multiply_adds", only=only) for only in ("left", "right")
    )
    assert {trace.xaxis for trace in left.data} == {"x"}
    assert tuple(left.layout.xaxis.domain) == (0, 1)
    assert [shape.x0 for shape in left.layout.shapes] == [pytest.approx(512)]
    assert {trace.xaxis for trace in right.data} == {"x2"}
    assert tuple(right.layout.xaxis2.domain) == (0, 1)
    assert not right.layout.shapes  # both curves that cross are in the other one
    (line,) = on(right, "x2", "lines")
    np.testing.assert_array_equal(line.y, cost_of().peak_bytes)
