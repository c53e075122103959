"""The picture of a circuit: where lines lead, how thick they are, and what is crossed out."""

import pytest

from viz.circuit import (
    ARRIVES,
    CROSS,
    LEAVES,
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
CIRCUIT = Circuit(
    layers=3, heads=2, edges=[STRONG, GONE, WEAK], into_words=("Q", "K", "V"), height=300
)


def test_a_line_leads_from_a_head_to_what_a_later_one_reads() -> None:
    weak, strong, gone = draw_circuit(CIRCUIT, LIGHT).data[:3]  # the strong above the weak
    assert list(strong.x) == pytest.approx([LEAVES, 1 - ARRIVES])
    assert list(strong.y) == [1, 0]  # a key arrives in the middle,
    assert weak.y[1] < 1  # a query above it, and a value below it:
    assert gone.y[1] > 1  # the first head stands on top
    assert gone.x[1] == pytest.approx(2 - ARRIVES)


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
