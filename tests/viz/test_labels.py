"""Labels show what was typed, tell repeated words apart, and do no harm."""

import html
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viz.labels import (
    AxisLabels,
    dimension_labels,
    escape,
    shorten,
    text_width,
    token_labels,
    visible,
)

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
# Unicode's property Bidi_Control: each may turn around what stands near it.
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@pytest.mark.parametrize(
    ("token", "escaped"),
    [
        ("<b>", "&lt;b&gt;"),
        ("</s>", "&lt;/s&gt;"),
        ('<a href="x">', '&lt;a href="x"&gt;'),
        ("&lt;", "&amp;lt;"),  # typed so: it must not turn into <
        ("&amp;", "&amp;amp;"),
        ("a & b", "a &amp; b"),
        ("$x^2$ %{z}", "$x^2$ %{z}"),
    ],
)
def test_markup_is_shown_as_typed(token: str, escaped: str) -> None:
    assert escape(token) == escaped
    labels = token_labels([token])
    assert labels.short == (escaped,)
    assert labels.full == (f"{escaped} (position 0)",)


@given(text=st.text())
def test_escaping_leaves_no_markup_and_loses_nothing(text: str) -> None:
    escaped = escape(text)
    assert "<" not in escaped
    assert ">" not in escaped
    assert html.unescape(escaped) == text


def test_words_that_occur_again_carry_their_positions() -> None:
    assert token_labels(["the", "cat", "the", "The"]) == AxisLabels(
        short=("the ·0", "cat", "the ·2", "The"),
        full=("the (position 0)", "cat (position 1)", "the (position 2)", "The (position 3)"),
    )


def test_numbers_stay_as_they_were_typed() -> None:
    labels = token_labels(["1", "2.50", "1e3", "1", "007"])
    assert labels.short == ("1 ·0", "2.50", "1e3", "1 ·3", "007")
    assert all(isinstance(label, str) for label in labels.short + labels.full)


@given(tokens=st.lists(st.text(min_size=1) | st.sampled_from(["a", "b", "x" * 99, "x" * 98])))
def test_no_two_labels_merge(tokens: list[str]) -> None:
    labels = token_labels(tokens)
    assert len(labels) == len(labels.short) == len(labels.full) == len(tokens)
    assert len(set(labels.full)) == len(tokens)
    for token in set(tokens):
        same = [label for t, label in zip(tokens, labels.short, strict=True) if t == token]
        assert len(set(same)) == len(same)


@pytest.mark.parametrize(
    ("token", "shown"),
    [
        (" ", "␣"),
        ("\n", "␣"),
        ("\u00a0\u3000", "␣␣"),
        ("\u200b", "⟨U+200B⟩"),  # zero-width space
        ("\ufeff", "⟨U+FEFF⟩"),
        ("\u00ad", "⟨U+00AD⟩"),  # soft hyphen
        ("\u0301", "⟨U+0301⟩"),  # an accent without its letter
        ("\u200d\ufe0f", "⟨U+200D⟩⟨U+FE0F⟩"),
        ("\ue000", "⟨U+E000⟩"),  # private use: no font has it
        ("\ud800", "⟨U+D800⟩"),  # a lone surrogate
        ("\x00", "⟨U+0000⟩"),
        ("a\x07b", "a⟨U+0007⟩b"),
        ("a\udfff", "a⟨U+DFFF⟩"),
        ("a\nb", "a⟨U+000A⟩b"),
        ("\U000e0067", "⟨U+E0067⟩"),  # a tag: five digits
    ],
    ids=ascii,
)
def test_the_invisible_is_made_visible(token: str, shown: str) -> None:
    assert visible(token) == shown
    assert token_labels([token]).full == (f"{shown} (position 0)",)


@pytest.mark.parametrize(
    "token",
    ["cat", FAMILY, "1\ufe0f\u20e3", "e\u0301", "नमस्ते", "שָׁלוֹם", "نمی\u200cخواهم", "é", "①", "។"],
    ids=ascii,
)
def test_joiners_and_marks_inside_a_visible_token_are_left_alone(token: str) -> None:
    assert visible(token) == token


@pytest.mark.parametrize("control", BIDI, ids=ascii)
def test_controls_of_direction_are_made_visible_wherever_they_stand(control: str) -> None:
    code = f"⟨U+{ord(control):04X}⟩"
    assert visible(control) == code
    assert visible(f"ab{control}cd") == f"ab{code}cd"
    assert visible(f"{control}שלום") == f"{code}שלום"


@given(token=st.text(st.characters(), min_size=1))
def test_what_is_shown_is_never_blank_and_never_a_control(token: str) -> None:
    shown = visible(token)
    assert shown.strip()
    assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in shown)


def test_long_tokens_are_cut_at_the_axis_and_less_so_on_hover() -> None:
    assert token_labels(["x" * 14]).short == ("x" * 14,)
    assert token_labels(["x" * 15]).short == ("x" * 13 + "…",)
    assert token_labels(["x" * 80]).full == ("x" * 80 + " (position 0)",)
    assert token_labels(["x" * 81]).full == ("x" * 79 + "… (position 0)",)
    assert token_labels(["x" * 15] * 2).short[1] == "x" * 13 + "… ·1"


def test_cutting_never_tears_an_escape() -> None:
    labels = token_labels(["<" * 100])
    assert labels.short == ("&lt;" * 13 + "…",)
    assert labels.full == ("&lt;" * 79 + "… (position 0)",)


@given(text=st.text(), longest=st.integers(1, 20))
def test_a_shortened_text_is_a_beginning_of_the_length_asked_for(text: str, longest: int) -> None:
    short = shorten(text, longest)
    assert len(short) == min(len(text), longest)
    assert short == text or (short[-1] == "…" and text.startswith(short[:-1]))


def test_dimensions_count_from_zero() -> None:
    assert dimension_labels(2, "Q") == AxisLabels(("0", "1"), ("Q, dimension 0", "Q, dimension 1"))
    assert dimension_labels(1) == AxisLabels(("0",), ("dimension 0",))
    assert len(dimension_labels(0)) == 0


@pytest.mark.parametrize(
    ("label", "width"),
    [
        ("", 0),
        ("ab", 15.2),
        ("我", 14.44),  # wide: 1.9 of a letter
        ("\U0001f44d", 14.44),
        ("&lt;b&gt;", 22.8),  # three characters on the screen
        ("&amp;lt;", 30.4),  # four: &lt;
    ],
)
def test_the_width_of_a_label_is_that_of_what_is_drawn(label: str, width: float) -> None:
    assert text_width(label) == pytest.approx(width)
