"""Brackets: by hand, those that don't match, and that all are drawn as often."""

from collections import Counter

import numpy as np
import pytest

from model.tasks.brackets import Brackets
from tests.model.tasks.helpers import answers, row_of


@pytest.mark.parametrize(
    ("text", "right"),
    [("(?[?", ".).]"), ("([{???", "...}])"), ("{()[]}", "..).]}"), ("[ ]", ".]")],
)
def test_by_hand(text: str, right: str) -> None:
    assert answers("brackets", text) == right


def test_what_closes_is_hidden() -> None:
    assert Brackets().example("[()?").inputs == ("[", "(", "?", "?")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("?", r"^'\?' at place 1 closes nothing; open a bracket before it"),
        ("()]", r"^'\]' at place 3 closes nothing"),
        ("(?)", r"^'\)' at place 3 closes nothing"),
        ("[(])", r"^'\]' at place 3 can't close '\(' at place 2; type '\)' or '\?'"),
        ("{([)?}", r"^'\)' at place 4 can't close '\[' at place 3"),
        ("([]", r"^'\(' at place 1 isn't closed; type '\?' at the end"),
        ("()[{", r"^'\{' at place 4 isn't closed"),
    ],
)
def test_what_does_not_match_is_refused_and_said_where(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        answers("brackets", text)


class Short(Brackets):
    length = 4


def test_all_are_drawn_as_often() -> None:
    task = Short()
    batch = task.examples(5400, np.random.default_rng(0))
    # Two opening brackets of three kinds, side by side or nested: 18 ways.
    counts = Counter(
        (example.inputs, example.targets)
        for example in (row_of(task, batch, row) for row in range(len(batch.inputs)))
    )
    assert len(counts) == 18
    assert sorted(counts.values()) == pytest.approx([300] * 18, abs=68)  # 4 deviations


def test_half_of_them_open() -> None:
    task = Brackets()
    for batch in (task.draw(500, np.random.default_rng(1)), task.held_out(500)):
        assert ((batch.inputs < len(task.opening)).sum(1) == task.length // 2).all()
