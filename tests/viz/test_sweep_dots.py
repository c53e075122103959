"""A point for each seed: where it stands, and where those stand that never got there."""

import numpy as np
import pytest

from viz.sweep_dots import Dots, draw_dots
from viz.sweep_parts import Axis
from viz.theme import LIGHT


def dots_of(*seeds: list[float]) -> Dots:
    names = [f"{2**i} heads" for i in range(len(seeds))]
    return Dots(
        Axis("", np.arange(float(len(seeds))), names, numeric=False),
        [np.array(each) for each in seeds],
        [
            [f"<b>{name}</b>, seed {seed + 5}" for seed in range(len(each))]
            for name, each in zip(names, seeds, strict=True)
        ],
        [np.arange(len(each)) + 10 * i for i, each in enumerate(seeds)],
        "steps to 95 %",
    )


def test_each_seed_has_a_point_around_its_column_and_a_bar_is_at_the_mean() -> None:
    figure = draw_dots(dots_of([100, 150, 200], [80, 90, 100]), LIGHT)
    first, second = figure.data
    assert first.y.tolist() == [100, 150, 200]
    assert second.y.tolist() == [80, 90, 100]
    assert first.x.mean() == pytest.approx(0)
    assert second.x.mean() == pytest.approx(1)
    assert (np.abs(second.x - 1) < 0.5).all()
    assert second.customdata.tolist() == [10, 11, 12]
    assert [(bar.y0, bar.y1) for bar in figure.layout.shapes] == [(150, 150), (90, 90)]
    assert list(figure.layout.xaxis.ticktext) == ["1 heads", "2 heads"]
    assert first.hovertext[1] == "<b>1 heads</b>, seed 6<br>steps to 95 % <b>150</b>"


def test_a_seed_that_never_got_there_stands_above_all_others_and_there_is_no_mean() -> None:
    figure = draw_dots(dots_of([100, np.nan], [80, 90]), LIGHT)
    first = figure.data[0]
    assert first.y[1] > 100
    assert list(first.marker.symbol) == ["circle", "x"]
    assert first.hovertext[1].endswith("<b>never</b>")
    axis = figure.layout.yaxis
    assert axis.ticktext[-1] == "never"
    assert axis.tickvals[-1] == first.y[1] < axis.range[1]
    assert [bar.y0 for bar in figure.layout.shapes] == [85]


def test_where_none_ever_got_there_a_scale_exists() -> None:
    figure = draw_dots(dots_of([np.nan]), LIGHT)
    assert figure.data[0].y[0] < figure.layout.yaxis.range[1]
