"""Costs by part: lengths of bars, shares and sums."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from viz.cost import Words
from viz.cost_parts import Parts, draw_parts
from viz.theme import DARK, LIGHT, Theme

NAMES = ["projections", "q · k", "feed-forward"]
SMALL = Parts("small", multiply_adds=[1_000_000, 500_000, 500_000], parameters=[30, 0, 70])
LARGE = Parts("large", multiply_adds=[4_000_000, 0, 4_000_000], parameters=[100, 0, 1])


def bars(figure: go.Figure, axis: str) -> list[Any]:
    return [trace for trace in figure.data if trace.xaxis == axis]


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_each_part_is_a_bar_as_long_as_its_count(theme: Theme) -> None:
    figure = draw_parts([SMALL, LARGE], NAMES, theme)
    assert figure.layout.barmode == "stack"
    for axis, name in (("x", "multiply_adds"), ("x2", "parameters")):
        for part, bar in enumerate(bars(figure, axis)):
            assert bar.name == NAMES[part]
            expected = [getattr(of, name)[part] for of in (SMALL, LARGE)]
            np.testing.assert_array_equal(bar.x, expected)
            assert bar.marker.color == theme.lines[part]
    assert len(figure.data) == 6


def test_the_first_configuration_is_on_top() -> None:
    axis = draw_parts([SMALL, LARGE], NAMES, LIGHT).layout.yaxis
    assert (axis.ticktext, axis.tickvals) == (("small", "large"), (0, 1))
    assert axis.range == (1.5, -0.5)


def test_shares_are_in_bars_that_have_room_and_always_on_hover() -> None:
    projections, energy, _ = bars(draw_parts([SMALL, LARGE], NAMES, LIGHT), "x")
    assert projections.text == ("50 %", "50 %")
    assert energy.text == ("", "")  # 25 % of a short bar, and nothing of the other
    assert energy.customdata == ("500 k · 25 %", "0 · 0 %")
    alone = bars(draw_parts([SMALL], NAMES, LIGHT), "x")
    assert [bar.text[0] for bar in alone] == ["50 %", "25 %", "25 %"]


def test_bars_end_in_their_sums_within_the_panel() -> None:
    figure = draw_parts([SMALL, LARGE], NAMES, LIGHT, words=Words(parameters="Parameter"))
    said = {(a.text, a.xref): a for a in figure.layout.annotations}
    assert said["<b>2 M</b>", "x"].x == 2_000_000
    assert said["<b>8 M</b>", "x"].x == 8_000_000
    assert said["<b>100</b>", "x2"].x == 100
    assert ("<b>Parameter</b>", "x2 domain") in said
    pixels = 1040 * 0.3  # about what a panel has
    room = (1 - 8_000_000 / figure.layout.xaxis.range[1]) * pixels
    assert room > 45  # "999 M" in bold


def test_each_part_is_once_in_the_legend() -> None:
    figure = draw_parts([SMALL], NAMES, LIGHT)
    assert [t.name for t in figure.data if t.showlegend] == NAMES


def test_more_parts_than_colours_are_striped() -> None:
    names = [f"part {i}" for i in range(7)]
    figure = draw_parts([Parts("one", [1] * 7, [1] * 7)], names, LIGHT)
    looks = {(bar.marker.color, bar.marker.pattern.shape) for bar in bars(figure, "x")}
    assert len(looks) == 7


def test_a_configuration_without_parameters_has_an_axis() -> None:
    figure = draw_parts([Parts("none", [1, 1, 1], [0, 0, 0])], NAMES, LIGHT)
    assert figure.layout.xaxis2.range == (0, 1)
    assert [bar.text for bar in bars(figure, "x2")] == [("",), ("",), ("",)]


def test_the_figure_grows_with_its_bars_and_long_names_have_room() -> None:
    one, three = (draw_parts([SMALL] * n, NAMES, LIGHT).layout for n in (1, 3))
    assert three.height - one.height == 128
    long = draw_parts([Parts("n" * 25, [1, 1, 1], [1, 1, 1])], NAMES, LIGHT).layout
    assert long.margin.l > 25 * 7 > one.margin.l
