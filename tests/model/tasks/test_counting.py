"""Counting: by hand, and what can't be counted."""

import pytest
import torch

from model.tasks.counting import Histogram, Majority
from tests.model.tasks.helpers import answers, draw


@pytest.mark.parametrize(
    ("name", "text", "right"),
    [
        ("histogram", "abbacb", "233213"),
        ("histogram", "aaaaaaaa", "88888888"),
        ("majority", "abbacb", "b......"),
        ("majority", "d", "d."),
    ],
)
def test_by_hand(name: str, text: str, right: str) -> None:
    assert answers(name, text) == right


def test_the_question_comes_first() -> None:
    assert Majority().example("abb").inputs == ("?", "a", "b", "b")


def test_no_number_is_so_large() -> None:
    with pytest.raises(
        ValueError, match=r"^'a' occurs 9 times, and the model has numbers up to 8;"
    ):
        answers("histogram", "baaaaaaaaa")


@pytest.mark.parametrize(
    ("text", "ties"), [("abba", "a, b"), ("dcdacab", "a, c, d"), ("cabbac", "a, b, c")]
)
def test_a_tie_has_no_answer(text: str, ties: str) -> None:
    with pytest.raises(ValueError, match=f"^{ties}: these occur equally often.* once more"):
        answers("majority", text)


def test_every_letter_is_the_most_frequent_in_as_many_examples() -> None:
    counts = draw(Majority(), 4000).targets[:, 0].bincount()
    assert counts.tolist() == pytest.approx([1000] * 4, abs=100)  # 3.7 deviations


def test_large_numbers_are_seen() -> None:
    times = draw(Histogram(), 2000).targets - len(Histogram.alphabet) + 1
    assert torch.unique(times).tolist()[:6] == [1, 2, 3, 4, 5, 6]
    assert (times == 5).float().mean() > 0.02
