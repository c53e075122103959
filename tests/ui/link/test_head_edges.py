"""Edges between heads, as links have them."""

import pytest

from model.head_edges import HeadEdges
from ui.choices.limits import MOST_INTERVENTIONS
from ui.link.head_edges import head_edges, read_edges, write_edges

WRITTEN = {
    "0.1-1.2.k": (HeadEdges((0, 1), (1, 2), "k"),),
    "*-*.q": (HeadEdges(None, None, "q"),),
    "0.10-*.v,*-3.0.k": (HeadEdges((0, 10), None, "v"), HeadEdges(None, (3, 0), "k")),
    "": (),
}


@pytest.mark.parametrize("text", WRITTEN)
def test_what_is_written_is_read(text: str) -> None:
    assert read_edges(text) == WRITTEN[text]
    assert write_edges(WRITTEN[text]) == text
    assert head_edges("cut_edges", text, "") == (text, None)


def test_blanks_zeros_and_repetitions_are_put_in_order() -> None:
    assert head_edges("cut_edges", " 00.1-1.02.k,0.1-1.2.k,,", "") == ("0.1-1.2.k", None)


@pytest.mark.parametrize(
    "text",
    [
        *("0.1-1.2", "0.1-1.2.x", "0.1.k", "0-1.k", "a.1-1.2.k", "0.1-1.2.k.k", "1.0-0.1.k"),
        *("1.0-1.1.k", "-1.0-1.1.k", "0.1-1.².k", "k", "-", "*.*-*.k", "0.1--1.2.k"),
    ],
)
def test_what_cannot_be_read_is_told(text: str) -> None:
    value, told = head_edges("cut_edges", text, "")
    assert value == ""
    assert told is not None
    assert "0.1-1.2.k" in told


def test_too_many_are_told() -> None:
    text = ",".join(f"0.{head}-1.0.k" for head in range(MOST_INTERVENTIONS + 1))
    value, told = head_edges("cut_edges", text, "")
    assert value == text.rpartition(",")[0]
    assert told is not None
    assert str(MOST_INTERVENTIONS + 1) in told
