"""Numbers in words: by hand, all of them, and which are held out."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from model.tasks.number_words import LARGEST, Numbers, words_of
from tests.model.tasks.helpers import draw, row_of


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1, "one"),
        (10, "ten"),
        (19, "nineteen"),
        (20, "twenty"),
        (42, "forty two"),
        (100, "one hundred"),
        (407, "four hundred and seven"),
        (999, "nine hundred and ninety nine"),
        (4000, "four thousand"),
        (4007, "four thousand and seven"),
        (4100, "four thousand one hundred"),
        (8612, "eight thousand six hundred and twelve"),
        (9999, "nine thousand nine hundred and ninety nine"),
    ],
)
def test_by_hand(number: int, words: str) -> None:
    task = Numbers()
    assert " ".join(words_of(number)) == words
    example = task.example(task.split(words))
    assert example.source == tuple(words.split())
    assert example.inputs == ("[START]", *str(number))
    assert example.targets == (*str(number), "[END]")


@given(number=st.integers(1, LARGEST))
def test_every_way_to_write_a_number_is_the_same(number: int) -> None:
    task = Numbers()
    words = words_of(number)
    example = task.example(words)
    assert "".join(example.inputs[1:]) == str(number)
    assert task.example([word for word in words if word != "and"]) == example
    for text in (str(number), f"{number:,}", f" 00{number} ", "-".join(words), " ".join(words)):
        assert task.example(task.split(text.upper())) == example


def test_all_numbers_have_words_of_their_own() -> None:
    names = {words_of(number) for number in range(1, LARGEST + 1)}
    assert len(names) == LARGEST
    assert max(map(len, names)) == Numbers.length


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "four hundert and sefen",
            "^'hundert', 'sefen': not in the name of a number from 1 to 9999",
        ),
        ("minus one", "^'minus': not in the name"),
        ("zero", "^'zero': not in the name"),
        ("4 0 7", "^'4', '0', '7': not in the name .* or as 407"),
        ("٤", "^'٤': not in the name"),
        ("²", "^'²': not in the name"),
        ("0", "^the model knows the numbers from 1 to 9999, and 0 is none of them; type another"),
        ("10000", "and 10000 is none of them"),
        ("9" * 5000, "and 99999999999999999999 is none of them"),
        ("[START]", "^'\\[start\\]': not in the name"),
    ],
)
def test_strange_words_and_numbers_are_named(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Numbers().split(text)


@pytest.mark.parametrize(
    "text",
    [
        "seven four",
        "and",
        "and seven",
        "hundred",
        "twenty and one",
        "four and hundred",
        "one thousand twelve hundred",
        "four thousand and",
    ],
)
def test_words_that_are_no_number_are_refused(text: str) -> None:
    task = Numbers()
    message = f"^'{text}' is no number from 1 to 9999; write it as in 'four hundred and seven'"
    with pytest.raises(ValueError, match=message):
        task.example(task.split(text))


def numbers(batch_count: int, *, held_out: bool) -> list[int]:
    task = Numbers()
    batch = task.held_out(batch_count) if held_out else draw(task, batch_count)
    rows = (row_of(task, batch, row) for row in range(batch_count))
    return [int("".join(example.inputs[1:])) for example in rows]


def test_every_eleventh_number_is_held_out() -> None:
    drawn, unseen = numbers(3000, held_out=False), numbers(1000, held_out=True)
    assert not any(number >= 100 and number % 11 == 5 for number in drawn)
    assert all(number >= 100 and number % 11 == 5 for number in unseen)
    assert {len(str(number)) for number in unseen} == {3, 4}
    # Each digit ends some of them, and stands in each other place.
    for place in range(4):
        assert {str(number)[place] for number in unseen if number >= 1000} >= set("123456789")


def test_numbers_of_each_length_are_drawn_as_often() -> None:
    lengths = [len(str(number)) for number in numbers(4000, held_out=False)]
    counts = [lengths.count(length) for length in (1, 2, 3, 4)]
    assert counts == pytest.approx([1000] * 4, abs=110)  # 4 deviations


def test_padding_is_masked_and_nothing_is_asked_after_the_end() -> None:
    task = Numbers()
    batch = draw(task, 64)
    assert batch.source is not None
    assert batch.source_mask is not None
    assert batch.source_mask.shape == (64, 1, 1, task.length)
    padding = task.encode(["[PAD]"])
    assert torch.equal(batch.source_mask[:, 0, 0], batch.source != padding)
    assert batch.source_mask[..., 0].all()
    ends = (batch.targets == task.encode(["[END]"])).nonzero()[:, 1]
    asked = (batch.targets >= 0).sum(1)
    assert torch.equal(ends, asked - 1)
