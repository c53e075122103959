"""Finding something again: by hand, and what can't be looked up."""

import pytest

from model.tasks.base import IGNORED
from model.tasks.recall import Copy, Induction, Lookup
from tests.model.tasks.helpers import answers, draw


def test_a_copy_begins_at_the_bar() -> None:
    example = Copy().example("abc")
    assert example.inputs == ("a", "b", "c", "|", "a", "b")
    assert example.targets == (None, None, None, "a", "b", "c")
    assert Copy().example("a").inputs == ("a", "|")


def test_the_value_is_answered_at_the_question() -> None:
    assert answers("lookup", "c a1 b4 c7 d2") == "7........"
    assert answers("lookup", "aa0") == "0.."
    assert Lookup().example("bb3").inputs == ("b", "b", "3")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("c", "^expected a letter, and then pairs .* got 'c'; add a pair"),
        ("7a1", "got '7' where a letter belongs, at place 1"),
        ("c1a", "got '1' where a letter belongs, at place 2"),
        ("cab", "got 'b' where a digit belongs, at place 3"),
        ("cc1b", "^the letter 'b' at the end has no digit; add one"),
        ("cb", "^the letter 'b' at the end has no digit; add one"),
        ("cc1b2c3", "^the letter 'c' has several digits; give each letter one"),
        ("fa1b2", "^the first letter asks for 'f', and there are only a b; ask for .* add 'f'"),
    ],
)
def test_what_cannot_be_looked_up(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        answers("lookup", text)


def test_each_place_is_asked_for_as_often() -> None:
    batch = draw(Lookup(), 4000)
    place = (batch.inputs[:, 1::2] == batch.inputs[:, :1]).nonzero()[:, 1]
    assert place.bincount().tolist() == pytest.approx([1000] * 4, abs=100)  # 3.7 deviations


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("abcabca", "...bcab"),
        ("abacaa", "..b.ca"),  # after the last a came c, and then a itself
        ("aab", ".a."),
        ("abc", "..."),
    ],
)
def test_what_followed_the_last_time(text: str, right: str) -> None:
    assert answers("induction", text) == right


def test_segments_have_each_length_and_no_letter_twice() -> None:
    batch = draw(Induction(), 1000)
    periods = (batch.targets == IGNORED).sum(1)
    assert periods.unique().tolist() == list(range(6, 17))
    for row, period in zip(batch.inputs.tolist(), periods.tolist(), strict=True):
        assert len(set(row)) == period
        assert row[period:] == row[:-period]
