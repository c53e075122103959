"""Lines with bands: where the numbers stand, what is said of them, and which look is whose."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from viz.sweep_parts import MOST_PANELS, Axis, Words, grid_of
from viz.sweeps import Lines, Panel, Series, draw_lines
from viz.theme import DARK, LIGHT, Theme

SIZES = Axis("head size", np.array([8.0, 16, 32, 64]), ["8", "16", "32", "64"])


def series_of(name: str = "no scale", *, factor: float = 1.0, std: float = 0.5) -> Series:
    return Series(
        name=name,
        x=np.array([8.0, 16, 32, 64]),
        mean=factor * np.array([1.0, 2, 4, 8]),
        std=np.full(4, std),
        count=np.full(4, 5),
        about=[f"<b>{name}, D = {d}</b>" for d in (8, 16, 32, 64)],
        ids=np.array([0, 5, 10, 15]),
    )


def panel_of(*series: Series, title: str = "", **limits: float) -> Panel:
    return Panel(title, "spread", series or (series_of(),), **limits)


def lines_of(*panels: Panel, x: Axis = SIZES, **how: Any) -> Lines:
    return Lines(panels or (panel_of(),), x, **how)


def bands(figure: go.Figure) -> list[Any]:
    return [trace for trace in figure.data if trace.fill == "toself"]


def curves(figure: go.Figure) -> list[Any]:
    return [trace for trace in figure.data if trace.mode == "lines+markers"]


def test_a_line_goes_through_the_means_and_its_band_is_a_standard_deviation_wide() -> None:
    figure = draw_lines(lines_of(), LIGHT)
    (curve,), (band,) = curves(figure), bands(figure)
    assert curve.x.tolist() == [8, 16, 32, 64]
    assert curve.y.tolist() == [1, 2, 4, 8]
    assert curve.customdata.tolist() == [0, 5, 10, 15]
    assert band.x.tolist() == [8, 16, 32, 64, 64, 32, 16, 8]
    assert band.y.tolist() == [1.5, 2.5, 4.5, 8.5, 7.5, 3.5, 1.5, 0.5]
    assert band.hoverinfo == "skip"


def test_a_band_goes_no_further_than_the_measure() -> None:
    figure = draw_lines(lines_of(panel_of(series_of(std=3.0), low=0.0, high=9.0)), LIGHT)
    assert bands(figure)[0].y.tolist() == [4, 5, 7, 9, 5, 1, 0, 0]


def test_a_place_without_a_spread_or_a_mean_has_no_band() -> None:
    broken = replace(
        series_of(),
        mean=np.array([1, np.nan, 4, 8]),
        std=np.array([0.5, np.nan, np.nan, 0.5]),
        count=np.array([5, 0, 1, 5]),
    )
    figure = draw_lines(lines_of(panel_of(broken)), LIGHT)
    assert bands(figure)[0].x.tolist() == [8, 64, 64, 8]
    texts = curves(figure)[0].hovertext
    assert texts[1] == "<b>no scale, D = 16</b><br>spread: not measured"
    assert texts[2] == "<b>no scale, D = 32</b><br>spread <b>4</b> (1 seed)"


def test_hovering_says_all_numbers() -> None:
    exact = replace(series_of(), mean=np.full(4, 2.8284271), std=np.full(4, 0.123456789))
    figure = draw_lines(lines_of(panel_of(exact), words=Words(seeds="runs")), LIGHT)
    assert curves(figure)[0].hovertext[0] == (
        "<b>no scale, D = 8</b><br>spread <b>2.82843</b> ± 0.123457 (5 runs)"
    )


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_up_to_twenty_five_lines_all_look_different(theme: Theme) -> None:
    many = [series_of(f"line {i}", factor=i + 1) for i in range(25)]
    figure = draw_lines(lines_of(panel_of(*many)), theme)
    looks = {(t.line.color, t.line.dash, t.marker.symbol) for t in curves(figure)}
    assert len(looks) == 25
    for curve, band in zip(curves(figure), bands(figure), strict=True):
        rgb = [int(curve.line.color[i : i + 2], 16) for i in (1, 3, 5)]
        assert [int(n) for n in re.findall(r"\d+", band.fillcolor)[:3]] == rgb


def test_a_line_looks_the_same_in_all_panels_and_is_named_once() -> None:
    first = panel_of(series_of("a"), series_of("b"), title="one")
    second = panel_of(series_of("b"), title="two")
    figure = draw_lines(lines_of(first, second), LIGHT)
    a, b, again = curves(figure)
    assert (b.line.color, b.line.dash) == (again.line.color, again.line.dash)
    assert a.line.color != b.line.color
    assert [t.showlegend for t in (a, b, again)] == [True, True, False]
    assert (b.legendgroup, again.legendgroup) == ("b", "b")
    assert (b.yaxis, again.yaxis) == ("y", "y2")
    assert [note.text for note in figure.layout.annotations] == ["<b>one</b>", "<b>two</b>"]


def test_a_single_line_has_no_legend() -> None:
    figure = draw_lines(lines_of(panel_of(series_of(""))), LIGHT)
    assert figure.layout.showlegend is False
    assert figure.layout.yaxis.title.text == "spread"


@pytest.mark.parametrize(
    ("values", "kind"), [([8, 16, 64], "log"), ([1, 2, 4], "linear"), ([0, 10, 80], "linear")]
)
def test_numbers_far_apart_stand_in_equal_ratios(values: list[float], kind: str) -> None:
    axis = Axis("x", np.array(values, float), [f"{v:g}" for v in values])
    x = draw_lines(lines_of(x=axis), LIGHT).layout.xaxis
    assert x.type == kind
    assert list(x.tickvals) == values
    assert list(x.ticktext) == [f"{v:g}" for v in values]


def test_options_stand_beside_each_other_with_their_names() -> None:
    axis = Axis("mask", np.arange(3.0), ["none", "causal", "window"], numeric=False)
    x = draw_lines(lines_of(x=axis), LIGHT).layout.xaxis
    assert list(x.ticktext) == ["none", "causal", "window"]
    assert x.range[0] < 0 < 2 < x.range[1]


def test_many_values_are_thinned_out() -> None:
    values = np.arange(1.0, 101)
    axis = Axis("step", values, [f"step {v:g}" for v in values])
    x = draw_lines(lines_of(x=axis), LIGHT).layout.xaxis
    assert x.tickvals is None
    assert x.nticks == 6


def test_panels_of_one_measure_share_their_range_and_others_do_not() -> None:
    small, large = panel_of(series_of(), title="a"), panel_of(series_of(factor=100), title="b")
    shared = draw_lines(lines_of(small, large, same_range=True), LIGHT).layout
    assert shared.yaxis.range == shared.yaxis2.range
    assert shared.yaxis.range[1] > 800.5  # the highest end of a band
    assert shared.xaxis2.matches == "x"
    own = draw_lines(lines_of(small, large), LIGHT).layout
    assert own.yaxis.range[1] < 10 < 800 < own.yaxis2.range[1]


def test_a_range_begins_at_nothing_where_that_is_near() -> None:
    near = draw_lines(lines_of(panel_of(low=0.0)), LIGHT).layout.yaxis.range
    assert -0.5 < near[0] < 0
    far = replace(series_of(), mean=np.full(4, 100.0))
    low = draw_lines(lines_of(panel_of(far, low=0.0)), LIGHT).layout.yaxis.range[0]
    assert 99 < low < 99.5
    none = replace(series_of(), mean=np.zeros(4), std=np.zeros(4))
    low, high = draw_lines(lines_of(panel_of(none, low=0.0, high=1.0)), LIGHT).layout.yaxis.range
    assert -0.1 < low < 0 < 1 < high < 1.1


@pytest.mark.parametrize("count", range(1, MOST_PANELS + 1))
def test_panels_neither_overlap_nor_leave_the_plot(count: int) -> None:
    places = grid_of(count, 400, titled=True)
    assert len(places) == count
    for i, one in enumerate(places):
        assert 0 <= one.x[0] < one.x[1] <= 1 + 1e-9
        assert 0 <= one.y[0] < one.y[1] <= 1
        for other in places[:i]:
            apart_x = one.x[0] >= other.x[1] or other.x[0] >= one.x[1]
            apart_y = one.y[0] >= other.y[1] or other.y[0] >= one.y[1]
            assert apart_x or apart_y


@pytest.mark.parametrize("count", [0, MOST_PANELS + 1])
def test_no_panels_and_too_many_are_refused(count: int) -> None:
    with pytest.raises(ValueError, match=f"1 to {MOST_PANELS} panels, got {count}"):
        draw_lines(Lines([panel_of()] * count, SIZES), LIGHT)


def test_a_click_fades_no_point() -> None:
    figure = draw_lines(lines_of(), LIGHT)
    assert curves(figure)[0].unselected.marker.opacity == 1
