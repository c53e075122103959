"""Whatever is in a value, its literal is safe Python, and the value again."""

import ast
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.scripts.literals import Numbers, literal, quoted, visible

values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=30,
)  # fmt: skip


@given(values)
def test_a_literal_is_its_value(value: Any) -> None:
    assert ast.literal_eval(literal(value)) == value


@given(st.text(alphabet=st.characters()), st.integers(0, 100))
def test_a_text_is_itself_and_shows_all_there_is(text: str, before: int) -> None:
    for written in (quoted(text), literal(text, before)):
        assert ast.literal_eval(written) == text
        assert all(c.isprintable() or c == "\n" for c in written)


def test_every_character_is_itself() -> None:
    for start in range(0, 0x110000, 0x1000):
        text = "".join(map(chr, range(start, start + 0x1000)))
        assert ast.literal_eval(quoted(text)) == text


@pytest.mark.parametrize("mark", ["\u202e", "\u2066", "\u200f", "\ud800", "\n", "\x00", "\u2028"])
def test_what_is_not_seen_is_escaped(mark: str) -> None:
    assert mark not in quoted(mark)
    assert mark not in visible(mark)


def test_numbers_are_in_base64() -> None:
    written = ast.literal_eval(literal(Numbers(np.array([1.0, -2.0]))))
    assert written == "AACAPwAAAMA="  # 00 00 80 3f, 00 00 00 c0


def test_a_long_line_is_filled() -> None:
    words = ["word"] * 40
    lines = literal(words, 10).splitlines()
    assert max(map(len, lines)) <= 100
    assert ast.literal_eval(literal(words)) == words
    long = literal("x" * 250, 8)
    assert max(map(len, long.splitlines())) <= 100
    assert ast.literal_eval(long) == "x" * 250
