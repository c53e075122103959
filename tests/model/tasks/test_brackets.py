"""Brackets: by hand, those that don't match, and that all are drawn, or held out, as often."""

from collections import Counter

import pytest
import torch

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


def test_all_are_drawn_as_often_but_for_those_that_are_held_out() -> None:
    task = Short()
    drawn = task.draw(3600, torch.Generator().manual_seed(0))
    held_out = task.held_out(1800)
    # Two opening brackets of three kinds, side by side or nested: 18 ways, a third held out.
    counts = [
        Counter(
            (example.inputs, example.targets)
            for example in (row_of(task, batch, row) for row in range(len(batch.inputs)))
        )
        for batch in (drawn, held_out)
    ]
    assert [len(each) for each in counts] == [12, 6]
    assert not counts[0].keys() & counts[1].keys()
    for each in counts:
        assert sorted(each.values()) == pytest.approx([300] * len(each), abs=65)  # 4 deviations


def test_a_string_is_held_out_by_the_sum_of_its_opening_brackets() -> None:
    task = Brackets()
    for batch, rests in (
        (task.draw(500, torch.Generator().manual_seed(1)), {1, 2}),
        (task.held_out(500), {0}),
    ):
        opening = batch.inputs < len(task.opening)
        assert set(((batch.inputs * opening).sum(1) % 3).tolist()) == rests
        assert (opening.sum(1) == task.length // 2).all()
