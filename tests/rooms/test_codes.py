"""Codes: letters that nobody takes for others, as people type them."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as some

from rooms.codes import ALPHABET, draw_code, read_code
from rooms.record import LETTERS
from rooms.short_links import LETTERS as OF_A_LINK


def test_a_code_is_letters_that_nobody_takes_for_others() -> None:
    codes = [draw_code(6) for _number in range(100)]
    assert len(set(codes)) == 100
    assert {len(code) for code in codes} == {6}
    assert set("".join(codes)) <= set(ALPHABET) < set(string.ascii_lowercase)
    assert not set("iloaeu") & set(ALPHABET)


def test_there_are_enough() -> None:
    assert len(ALPHABET) ** OF_A_LINK == 64_000_000
    assert len(ALPHABET) ** LETTERS == 160_000


@given(some.integers(1, 9), some.text(" \t\n\r\u3000", max_size=3), some.booleans())
def test_a_code_is_read_as_people_type_it(letters: int, around: str, is_upper: bool) -> None:
    code = draw_code(letters)
    typed = around + (code.upper() if is_upper else code) + around
    assert read_code(typed, letters) == code


@given(some.text(max_size=8), some.integers(1, 6))
def test_what_is_read_is_a_code_or_nothing(typed: str, letters: int) -> None:
    code = read_code(typed, letters)
    assert code == "" or (len(code) == letters and set(code) <= set(string.ascii_lowercase))


@pytest.mark.parametrize(
    "typed",
    [
        *("", " ", "b", "b" * 7, "b" * 100_000, "bbb bbb", "bbbbb1", "bbbbb\x00", "<b>bbb"),
        *("\u212abbbbb", "ｂｂｂｂｂｂ", "бббббб", "bbbbb́", "%62bbbb"),
    ],
)
def test_what_is_no_code_is_read_as_nothing(typed: str) -> None:
    assert read_code(typed, 6) == ""
