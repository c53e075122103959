"""What the sides of a comparison read, above their pictures."""

import streamlit as st

from ui.choices.limits import MAX_CHARACTERS
from ui.controls.let_show import let_show
from ui.controls.random_settings import TYPING_PAUSE
from ui.frame.follow import Top, draw_top
from ui.link.memory import assume, value_of
from ui.link.side import Side
from ui.pages.compare.comparable import comparable
from ui.pages.compare.side import LETTERS, Letter, put, put_gradually, side_of
from ui.text.i18n import _


def draw_texts() -> Top:
    """Draw the places above the view, with what the side reads that is changed; return them."""
    letter: Letter = value_of("side")
    side, _messages = side_of(letter)
    kind = comparable(side)
    keys = [key for key in kind.texts if kind.is_used(side, key)]
    top = draw_top(len(keys))
    for place, key in zip(top.sentences, keys, strict=False):
        with place:
            _draw_text(letter, side, key)
    return top


def _draw_text(letter: Letter, side: Side, key: str) -> None:
    """A field for one text of a side, which is sent while it is typed."""
    name = f"{letter}_{key}"
    let_show(name, side.value(key))
    reads_sentences = comparable(side).reads_sentences(side)
    st.text_input(
        _label(letter, side, key),
        side.value(key),
        key=name,
        live=TYPING_PAUSE,
        max_chars=MAX_CHARACTERS,
        placeholder=_("Type a sentence") if reads_sentences else _("the task's own example"),
        on_change=lambda: _take(letter, key, st.session_state[name]),
    )


def _label(letter: Letter, side: Side, key: str) -> str:
    """What a text is called, and whose it is where it isn't both sides'."""
    kind = comparable(side)
    if key == "text" and _have_one_text():
        return _("Sentence")
    label = _("Sentence") if kind.reads_sentences(side) else _("Input")
    return f"{letter.upper()}: {_(kind.second_text(side)) if key == 'text2' else label}"


def _take(letter: Letter, key: str, text: str) -> None:
    """A text was typed: that of one side, or of both."""
    letters = LETTERS if key == "text" and _have_one_text() else (letter,)
    put_gradually(**{each: side_of(each)[0].replaced(**{key: text}) for each in letters})


def draw_one_text(letter: Letter) -> None:
    """Draw whether both sides read the same, where both read sentences.

    Args:
        letter: of the side whose sentence both have when it is switched on.
    """
    if not _both_read_sentences():
        return
    a, b = (side_of(each)[0].value("text") for each in LETTERS)
    if a != b and value_of("one_text"):  # a link's: typing on one must not overwrite the other
        assume(one_text=False)
    st.toggle(
        _("One sentence for A and B"),
        value_of("one_text"),
        key="one_text",
        on_change=lambda: _share_text(letter),
    )


def _share_text(letter: Letter) -> None:
    if value_of("one_text"):
        text = side_of(letter)[0].value("text")
        put("share", **{each: side_of(each)[0].replaced(text=text) for each in LETTERS})


def _have_one_text() -> bool:
    return value_of("one_text") and _both_read_sentences()


def _both_read_sentences() -> bool:
    sides = [side_of(letter)[0] for letter in LETTERS]
    return all(comparable(side).reads_sentences(side) for side in sides)
