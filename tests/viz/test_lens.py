"""The table of early readings: its cells, what is written in them, and its frames."""

from typing import Any

import numpy as np
import pytest

from viz.labels import AxisLabels, token_labels
from viz.lens import (
    LEAST_ROW,
    TALLEST_ROW,
    TITLE,
    TOKEN_SIZE,
    TOP,
    Lens,
    draw_lens,
    rows_written,
)
from viz.theme import DARK, LIGHT, Theme


def lens_of(probabilities: np.ndarray, tokens: list[list[str]] | None = None, **how: Any) -> Lens:
    rows, columns = probabilities.shape
    names = ("input", *map(str, range(rows - 1)))
    drawn: dict[str, Any] = {
        "tokens": tokens or [[f"t{row}" for _ in range(columns)] for row in range(rows)],
        "hovers": [[f"{row}, {column}" for column in range(columns)] for row in range(rows)],
        "wins": [rows - 1] * columns,
        "layers": AxisLabels(names, names),
        "positions": token_labels([f"p{i}" for i in range(columns)]),
    }
    return Lens(probabilities=probabilities, **(drawn | how))


def some_lens(rows: int, columns: int, **how: Any) -> Lens:
    return lens_of(np.random.default_rng(0).uniform(0, 1, (rows, columns)), **how)


def luminance(color: str) -> float:
    """As WCAG 2 has it."""
    shares = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


def test_a_cell_for_each_layer_and_position_with_the_input_on_top() -> None:
    probabilities = np.array([[0.5, 0.25], [0.125, 1.0], [0.75, 0.0]], dtype=np.float32)
    figure = draw_lens(lens_of(probabilities, [["a", "b"], ["c", "d"], ["e", "f"]]), LIGHT)
    (trace,) = figure.data
    np.testing.assert_array_equal(trace.z, probabilities)
    assert [list(row) for row in trace.text] == [["a", "b"], ["c", "d"], ["e", "f"]]
    assert trace.texttemplate == "%{text}"
    assert [list(row) for row in trace.hovertext] == [
        ["0, 0", "0, 1"],
        ["1, 0", "1, 1"],
        ["2, 0", "2, 1"],
    ]
    assert figure.layout.yaxis.range == (2.5, -0.5)  # from high to low: downwards
    assert figure.layout.yaxis.ticktext == ("input", "0", "1")
    np.testing.assert_allclose(figure.layout.yaxis.tickvals, [0, 1, 2], atol=0.01)
    assert figure.layout.xaxis.ticktext == ("p0", "p1")
    assert (figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmax) == (0, 1)


def test_a_hover_says_layer_position_and_what_else_is_known() -> None:
    figure = draw_lens(some_lens(2, 2, layer_title="after", position_title="token"), LIGHT)
    assert figure.data[0].hovertemplate == (
        "after %{y}<br>token %{x}<br>%{hovertext}<extra></extra>"
    )
    assert figure.layout.yaxis.labelalias == {"0": "input", "1": "0"}
    assert figure.layout.xaxis.labelalias == {"0": "p0 (position 0)", "1": "p1 (position 1)"}


def test_a_token_is_cut_to_its_cell_and_never_within_an_entity() -> None:
    tokens = [["unbelievable", "&lt;b&gt;&amp;&lt;i&gt;&lt;u&gt;", "I"]]
    (trace,) = draw_lens(lens_of(np.ones((1, 3)), tokens, width=3 * 50), LIGHT).data
    long, markup, short = trace.text[0]
    assert short == "I"
    assert long.endswith("…")
    assert "unbelievable".startswith(long[:-1])
    assert 4 <= len(long) <= 8  # of about 6.5 pixels, in 46
    assert markup.endswith("…")
    assert set(markup[:-1].replace("&lt;", "").replace("&gt;", "").replace("&amp;", "")) <= set(
        "biu"
    )
    assert markup.startswith("&lt;b&gt;")


def test_a_cell_too_narrow_for_two_letters_says_nothing() -> None:
    (trace,) = draw_lens(lens_of(np.ones((1, 40)), [["token"] * 40], width=400), LIGHT).data
    assert set(trace.text[0]) == {""}


def test_all_rows_are_written_where_there_is_room() -> None:
    lens = some_lens(31, 14, height=31 * LEAST_ROW + 100)
    assert rows_written(lens) == list(range(31))
    assert draw_lens(lens, LIGHT).layout.yaxis.ticktext[-1] == "29"


@pytest.mark.parametrize(("rows", "first"), [(31, 0), (32, 1), (61, 0), (62, 1)])
def test_where_rows_are_low_some_are_written_and_the_last_is_one(rows: int, first: int) -> None:
    lens = some_lens(rows, 4, height=rows * LEAST_ROW // 2 + 1 + TOP + 22 + TITLE)
    figure = draw_lens(lens, LIGHT)
    written = list(range(first, rows, 2))
    assert rows_written(lens) == written
    assert [row for row, texts in enumerate(figure.data[0].text) if any(texts)] == written
    assert len(figure.layout.yaxis.ticktext) == len(written)
    assert figure.layout.yaxis.ticktext[-1] == str(rows - 2)
    np.testing.assert_allclose(figure.layout.yaxis.tickvals, written, atol=0.05)
    assert len(figure.layout.yaxis.labelalias) == rows  # all have their names on hover


def test_few_layers_dont_fill_a_screen() -> None:
    layout = draw_lens(some_lens(3, 4, height=900), LIGHT).layout
    assert layout.height - layout.margin.t - layout.margin.b == 3 * TALLEST_ROW
    full = draw_lens(some_lens(31, 4, height=480), LIGHT).layout
    assert full.height == 480


def test_each_answer_is_framed_from_where_it_wins() -> None:
    (wins,) = draw_lens(some_lens(4, 2, wins=[1, 3]), LIGHT).layout.shapes
    # From a quarter of the height to its end, and in the second column the last row alone.
    assert wins.path == "M0,0.75H0.5V0H0ZM0.5,0.25H1V0H0.5Z"
    assert wins.line.color == LIGHT.highlight


def test_what_is_chosen_is_framed_in_the_colour_of_queries() -> None:
    lens = some_lens(4, 2, marked_position=1, marked_layer=2)
    _wins, column, cell = draw_lens(lens, LIGHT).layout.shapes
    assert column.path == "M0.5,1H1V0H0.5Z"
    assert cell.path == "M0.5,0.5H1V0.25H0.5Z"
    assert {column.line.color, cell.line.color} == {LIGHT.query}
    assert len(draw_lens(some_lens(4, 2, marked_position=1), LIGHT).layout.shapes) == 2


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_tokens_can_be_read_on_every_colour(theme: Theme) -> None:
    figure = draw_lens(some_lens(3, 3), theme)
    letters = luminance(figure.data[0].textfont.color)
    assert figure.data[0].textfont.size == TOKEN_SIZE
    for _at, color in figure.layout.coloraxis.colorscale:
        light, dark = sorted([luminance(color), letters], reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, color
    first, *_between, last = [luminance(color) for _at, color in figure.layout.coloraxis.colorscale]
    assert abs(first - last) > 0.1  # and still tell much from little
