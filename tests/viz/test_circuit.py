"""The picture of a circuit: where lines lead, how thick they are, and what is crossed out."""

import pytest

from viz.circuit import (
    CROSS,
    THICKEST,
    THINNEST,
    Circuit,
    CircuitEdge,
    draw_circuit,
)
from viz.theme import DARK, LIGHT, Theme

STRONG = CircuitEdge(0, 1, 1, 0, "k", strength=1.0, text="strong")
WEAK = CircuitEdge(0, 0, 1, 1, "q", strength=0.0, text="weak")
GONE = CircuitEdge(0, 0, 2, 1, "v", strength=0.5, text="gone", is_cut=True)
RADIUS = 13 * 3 / 420  # of a dot, in layers of which three are 420 pixels wide
CIRCUIT = Circuit(
    layers=3, heads=2, edges=[STRONG, GONE, WEAK], into_words=("Q", "K", "V"), height=300
)


def test_a_line_leads_from_a_head_to_what_a_later_one_reads() -> None:
    weak, strong, gone = draw_circuit(CIRCUIT, LIGHT).data[:3]  # the strong above the weak
    assert list(strong.x) == pytest.approx([RADIUS, 1 - RADIUS])
    assert list(strong.y) == [1, 0]  # a key arrives in the middle,
    assert weak.y[1] < 1  # a query above it, and a value below it:
    assert gone.y[1] > 1  # the first head stands on top
    assert gone.x[1] == pytest.approx(2 - RADIUS)


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_colour_tells_into_what_and_thickness_how_strongly(theme: Theme) -> None:
    figure = draw_circuit(CIRCUIT, theme)
    weak, strong, gone = figure.data[:3]
    assert [line.line.color for line in (weak, strong, gone)] == [
        theme.query,
        theme.key,
        theme.value,
    ]
    assert [line.line.width for line in (weak, strong, gone)] == [
        THINNEST,
        THICKEST,
        (THINNEST + THICKEST) / 2,
    ]
    legend = {trace.name: trace.line.color for trace in figure.data if trace.showlegend}
    assert legend == {"Q": theme.query, "K": theme.key, "V": theme.value}


def test_what_is_cut_is_dotted_and_crossed_out() -> None:
    figure = draw_circuit(CIRCUIT, LIGHT)
    assert [line.line.dash for line in figure.data[:3]] == ["solid", "solid", "dot"]
    middles = figure.data[-2]
    assert list(middles.text) == ["", "", CROSS]
    assert list(middles.hovertext) == ["weak", "strong", "gone"]


def test_every_head_has_a_dot_also_where_no_line_leads() -> None:
    figure = draw_circuit(Circuit(layers=2, heads=3, edges=[]), LIGHT)
    dots = figure.data[-1]
    assert list(zip(dots.x, dots.y, dots.text, strict=True)) == [
        (0, 0, "0"), (0, 1, "1"), (0, 2, "2"), (1, 0, "0"), (1, 1, "1"), (1, 2, "2"),
    ]  # fmt: skip
    assert dots.hovertext[5] == "layer 1, head 2"
    assert list(figure.layout.xaxis.ticktext) == ["layer 0", "layer 1"]
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]


def test_dots_of_many_heads_do_not_touch() -> None:
    figure = draw_circuit(Circuit(layers=2, heads=8, edges=[], height=200), LIGHT)
    assert figure.data[-1].marker.size < (200 - 78) / 8


def test_of_many_layers_some_are_named_and_the_last_always() -> None:
    figure = draw_circuit(Circuit(layers=30, heads=9, edges=[]), LIGHT)
    named = list(figure.layout.xaxis.ticktext)
    assert named[-1] == "layer 29"
    assert len(named) <= 6
    assert set(figure.data[-1].text) == {""}  # in dots this small nothing can be read
    # Nor do dots touch, or lines end within one, or the first and the last stand half outside.
    size, (low, high) = figure.data[-1].marker.size, figure.layout.xaxis.range
    assert size < 420 / 30
    edge = CircuitEdge(0, 0, 29, 8, "k", strength=1.0, text="")
    line = draw_circuit(Circuit(layers=30, heads=9, edges=[edge]), LIGHT).data[0]
    radius = size / 2 * 30 / 420
    assert line.x[0] >= radius
    assert line.x[1] <= 29 - radius
    assert low < -radius
    assert high > 29 + radius
    narrow = draw_circuit(Circuit(layers=30, heads=9, edges=[], width=300), LIGHT)
    assert narrow.data[-1].marker.size < 300 / 30
