"""What an output is made of: a bar a key, by hand."""

import numpy as np
import pytest

from viz.contributions import BARS, Contributions
from viz.equation import GAP, Matrix, draw_equation
from viz.labels import dimension_labels, token_labels
from viz.theme import LIGHT

KEYS = token_labels(["a", "b", "c"])
MADE_OF = Contributions(
    weights=np.array([0.5, 0.25, 0.25], dtype=np.float32),
    lengths=np.array([2, 8, 0], dtype=np.float32),
    keys=KEYS,
    title="parts",
    caption="below",
)


def output() -> Matrix:
    values = np.ones((3, 2), dtype=np.float32)
    return Matrix(values, "output", KEYS, dimension_labels(2), "query", "", ("3", "2"), "")


def test_each_key_has_a_bar_as_long_as_its_weight_times_its_length() -> None:
    figure = draw_equation([output()], LIGHT, MADE_OF)
    bars = figure.data[1]
    assert bars.orientation == "h"
    assert list(bars.x) == [1, 2, 0]
    assert list(bars.y) == [0, 1, 2]
    assert bars.customdata.tolist() == [[0.5, 2], [0.25, 8], [0.25, 0]]
    assert bars.hovertemplate == (
        "key %{y}<br>weight %{customdata[0]:.9g}<br>length of its value %{customdata[1]:.9g}<br>"
        "adds <b>%{x:.9g}</b><extra></extra>"
    )
    assert figure.layout.yaxis2.labelalias["1"] == "b (position 1)"


def test_the_bars_stand_beside_the_last_term_with_their_first_key_on_top() -> None:
    layout = draw_equation([output()], LIGHT, MADE_OF).layout
    assert layout.yaxis2.range == (2.5, -0.5)
    assert layout.xaxis2.range[0] == 0
    assert layout.xaxis2.range[1] > 2  # the longest
    # One term and its bars, which are BARS as wide, with a gap between them.
    width = (1 - GAP) / (1 + BARS)
    assert layout.xaxis.domain == pytest.approx((0, width))
    assert layout.xaxis2.domain == pytest.approx((width + GAP, 1))
    notes = {note.text: note.x for note in layout.annotations}
    assert notes["<b>parts</b>"] == notes["below"] == pytest.approx((width + GAP + 1) / 2)


def test_where_nothing_is_added_there_is_an_axis() -> None:
    nothing = Contributions(np.zeros(3, np.float32), np.zeros(3, np.float32), KEYS)
    layout = draw_equation([output()], LIGHT, nothing).layout
    assert layout.xaxis2.range[1] > 0


def test_without_them_the_term_has_the_whole_width() -> None:
    assert draw_equation([output()], LIGHT).layout.xaxis.domain == (0, 1)
