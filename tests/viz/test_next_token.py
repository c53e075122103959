"""The bars of the next token: their lengths, their numbers, their words and their places."""

from typing import Any

import numpy as np
import pytest

from viz.labels import AxisLabels, text_width, token_labels
from viz.next_token import LOWEST_PAIR, LOWEST_ROW, TALLEST_ROW, NextTokens, draw_next_tokens
from viz.theme import DARK, LABEL_SIZE, LIGHT, Theme

PARIS = token_labels(["␣Paris", "␣the", "␣a"], "rank")
NOW = np.array([0.793, 0.1, 0.0025], dtype=np.float32)
BEFORE = np.array([0.5, 0.25, 0.0], dtype=np.float32)


def some_tokens(count: int, **how: Any) -> NextTokens:
    probabilities = np.linspace(0.5, 0.25, count)
    return NextTokens(token_labels([f"t{i}" for i in range(count)]), probabilities, **how)


def test_a_bar_a_token_in_percent_with_the_best_on_top() -> None:
    figure = draw_next_tokens(NextTokens(PARIS, NOW), LIGHT)
    (trace,) = figure.data
    assert (trace.type, trace.orientation) == ("bar", "h")
    assert list(trace.y) == [0, 1, 2]
    np.testing.assert_allclose(trace.x, [79.3, 10, 0.25], rtol=1e-6)
    assert figure.layout.yaxis.range == (2.5, -0.5)  # from high to low: downwards
    assert figure.layout.yaxis.ticktext == ("␣Paris", "␣the", "␣a")
    np.testing.assert_allclose(figure.layout.yaxis.tickvals, [0, 1, 2], atol=0.01)
    assert figure.layout.showlegend is False


def test_the_axis_is_in_percent_from_zero_to_the_longest_bar() -> None:
    axis = draw_next_tokens(NextTokens(PARIS, NOW), LIGHT).layout.xaxis
    assert axis.range == (0, pytest.approx(79.3))
    assert (axis.ticksuffix, axis.title.text) == (" %", "probability")
    assert axis.fixedrange is True
    pair = NextTokens(PARIS, BEFORE, before=NOW)  # the longest is one of before
    assert draw_next_tokens(pair, LIGHT).layout.xaxis.range == (0, pytest.approx(79.3))


def test_without_any_probability_an_axis_exists() -> None:
    figure = draw_next_tokens(NextTokens(PARIS, np.zeros(3)), LIGHT)
    assert figure.layout.xaxis.range == (0, 100)
    assert figure.data[0].text == ("0 %",) * 3


@pytest.mark.parametrize(
    ("probability", "text"),
    [
        (1, "100.0 %"),
        (0.793, "79.3 %"),
        (0.01, "1.0 %"),
        (0.0025, "0.25 %"),
        (0.0001, "0.01 %"),
        (0.00009, "&lt; 0.01 %"),
        (1e-30, "&lt; 0.01 %"),
        (0, "0 %"),
    ],
)
def test_each_bar_ends_in_its_number(probability: float, text: str) -> None:
    info = NextTokens(PARIS, np.array([probability, 0.5, 0.25]))
    (trace,) = draw_next_tokens(info, LIGHT).data
    assert trace.text == (text, "50.0 %", "25.0 %")
    assert (trace.textposition, trace.textangle, trace.constraintext) == ("outside", 0, "none")
    assert trace.cliponaxis is False  # or the longest bar's would be cut off


def test_the_longest_number_has_room_beside_the_plot() -> None:
    layout = draw_next_tokens(NextTokens(PARIS, NOW), LIGHT).layout
    assert layout.margin.r > text_width("100.0 %")
    assert layout.margin.autoexpand is False


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_before_is_a_paler_bar_beside_each(theme: Theme) -> None:
    figure = draw_next_tokens(NextTokens(PARIS, NOW, before=BEFORE), theme)
    now, before = figure.data
    np.testing.assert_allclose(before.x, [50, 25, 0])
    assert before.text == ("50.0 %", "25.0 %", "0 %")
    assert list(before.y) == list(now.y)
    assert figure.layout.barmode == "group"
    color = theme.lines[0]
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    assert now.marker.color == color
    assert before.marker.color == f"rgba({red}, {green}, {blue}, 0.3)"
    assert now.marker.line.color == before.marker.line.color == color  # seen on any projector
    assert figure.layout.showlegend is True
    assert (now.name, before.name) == ("without the head", "before")
    legend = figure.layout.legend
    assert (legend.itemclick, legend.itemdoubleclick) == (False, False)
    assert (legend.orientation, legend.y, legend.yanchor) == ("h", 1, "bottom")


def test_hovering_anywhere_in_a_row_tells_all_digits() -> None:
    info = NextTokens(
        PARIS,
        NOW,
        before=BEFORE,
        probability_title="Wahrscheinlichkeit",
        after_name="ohne den Kopf",
        before_name="vorher",
    )
    figure = draw_next_tokens(info, LIGHT)
    assert [trace.hovertemplate for trace in figure.data] == [
        "ohne den Kopf <b>%{x:.9g} %</b><extra></extra>",
        "vorher <b>%{x:.9g} %</b><extra></extra>",
    ]
    assert figure.layout.hovermode == "y unified"
    assert figure.layout.yaxis.labelalias["0"] == "␣Paris (rank 0)"
    assert figure.layout.yaxis.showspikes is False
    assert figure.layout.xaxis.title.text == "Wahrscheinlichkeit"
    (alone,) = draw_next_tokens(NextTokens(PARIS, NOW), LIGHT).data
    assert alone.hovertemplate == "probability <b>%{x:.9g} %</b><extra></extra>"


@pytest.mark.parametrize("count", [1, 3, 10, 40])
def test_ticks_are_never_on_the_very_spot_of_a_bar(count: int) -> None:
    """There the hover box would show the short label; far from it, the label would be amiss."""
    axis = draw_next_tokens(some_tokens(count), LIGHT).layout.yaxis
    assert axis.ticktext == tuple(f"t{i}" for i in range(count))  # none is left out
    for place, value in enumerate(axis.tickvals):
        assert 1e-4 * count < value - place < 1e-3 * count


def test_labels_are_shown_as_typed_and_have_their_room() -> None:
    tokens = ["<b>bold</b>", "a" * 60, "日本語の長い単語です東京都庁"]
    figure = draw_next_tokens(NextTokens(token_labels(tokens, "rank"), NOW), LIGHT)
    axis = figure.layout.yaxis
    assert axis.ticktext == ("&lt;b&gt;bold&lt;/b&gt;", "a" * 13 + "…", tokens[2])
    assert axis.labelalias["0"] == "&lt;b&gt;bold&lt;/b&gt; (rank 0)"
    assert axis.labelalias["1"] == "a" * 60 + " (rank 1)"
    assert figure.layout.margin.l >= max(map(text_width, axis.ticktext)) + 8
    one = draw_next_tokens(NextTokens(AxisLabels(("x",), ("x",)), NOW[:1]), LIGHT)
    assert one.layout.margin.l < 30


@pytest.mark.parametrize(
    ("count", "pairs", "expected"),
    [
        (10, False, 380),
        (3, False, 3 * TALLEST_ROW),  # not stretched
        (40, False, 40 * LOWEST_ROW),  # not squeezed
        (20, True, 20 * LOWEST_PAIR),
    ],
)
def test_rows_are_as_high_as_can_be_read(count: int, pairs: bool, expected: int) -> None:
    info = some_tokens(count, before=np.full(count, 0.25) if pairs else None)
    layout = draw_next_tokens(info, LIGHT).layout
    assert layout.height - layout.margin.t - layout.margin.b == expected
    bar = expected / count * (1 - layout.bargap) / (2 if pairs else 1)
    assert bar >= LABEL_SIZE  # a number is as high as its bar at most


def test_the_height_can_be_chosen() -> None:
    layout = draw_next_tokens(some_tokens(10, height=500), LIGHT).layout
    assert layout.height - layout.margin.t - layout.margin.b == 500


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_words_have_the_pages_colours_and_can_be_read_from_the_back(theme: Theme) -> None:
    layout = draw_next_tokens(NextTokens(PARIS, NOW), theme).layout
    assert layout.font.color == theme.text
    assert layout.font.size >= 14
    assert layout.hoverlabel.font.size >= 14
    assert (layout.hoverlabel.bgcolor, layout.xaxis.gridcolor) == (theme.masked, theme.masked)


def test_numbers_travel_without_loss() -> None:
    sent = draw_next_tokens(NextTokens(PARIS, NOW, before=BEFORE), LIGHT).to_dict()
    assert [trace["x"]["dtype"] for trace in sent["data"]] == ["f8", "f8"]
    assert "template" not in sent["layout"]
