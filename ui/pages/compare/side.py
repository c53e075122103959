"""The two sides of a comparison, as the comparison's link holds them."""

from contextlib import suppress
from typing import Any, Literal
from urllib.parse import parse_qs

import streamlit as st

from ui.frame.page import page_shown
from ui.link.memory import as_if, choose, memory_of, session, set_values, settle, value_of
from ui.link.notices import notice
from ui.link.page import Linked
from ui.link.side import Side, computing
from ui.pages.compare.comparable import COMPARABLE, comparable
from ui.text.i18n import _

Letter = Literal["a", "b"]
LETTERS: tuple[Letter, ...] = ("a", "b")
MAX_SIDE_TEXT = 40_000  # characters: two sentences at their longest, and what is chosen


def read_side(text: str) -> tuple[Side, list[str]]:
    """Return a configuration to compare, and a message for each repair.

    Raises:
        ValueError: if no page is named that can be compared.
    """
    name, _mark, query = text[:MAX_SIDE_TEXT].partition("?")
    if name not in COMPARABLE:
        raise ValueError(_("it must begin with one of {pages}").format(pages=", ".join(COMPARABLE)))
    page = COMPARABLE[name].page
    asked = parse_qs(query, keep_blank_values=True)
    chosen, messages = {}, []
    for key, parameter in computing(page).items():
        if key in asked:
            chosen[key], message = parameter.read(key, asked[key][-1])
            messages += [message] if message else []
    return Side.of(page, chosen), messages


def other_than(letter: Letter) -> Letter:
    """Return the other side's letter."""
    return "a" if letter == "b" else "b"


def side_of(letter: Letter) -> tuple[Side, list[str]]:
    """Return a side of the comparison that is shown, and what had to be repaired of it."""
    side, messages = read_side(value_of(letter))
    side, unfit = comparable(side).fit(side)
    return side, messages + unfit


def fit_sides() -> None:
    """Let the link and the controls have what is shown of each side, where they ask for more."""
    is_changed = False
    for letter in LETTERS:
        side, messages = side_of(letter)
        if messages:
            settle(**{letter: side.text})
            notice(letter, "  \n".join(f"{letter.upper()}: {message}" for message in messages))
            is_changed = True
    if is_changed:
        st.rerun()


def put(action: str, **sides: Side) -> None:
    """Compare these from now on, after one deliberate action."""
    choose(action, **written(sides))


def put_gradually(**sides: Side) -> None:
    """Compare these from now on, while somebody types or drags."""
    set_values(**written(sides))


def written(sides: dict[str, Side]) -> dict[str, Any]:
    """Return what a link to Compare holds of sides, and let what is pinned be the first of them."""
    texts = {letter: comparable(side).fit(side)[0].text for letter, side in sides.items()}
    if "a" in texts and session().pinned is not None:
        session().pinned = texts["a"]
    return texts


def bring_sides(compare: Linked) -> None:
    """Let the comparison begin with what was pinned, and with what the page that is left shows.

    To be called while that page is still the current one.
    """
    pinned = session().pinned
    if session().page is None or pinned is None:
        return
    left, begins = page_shown(), {"a": pinned}
    if left.is_compared and left.source is not None:
        shown = memory_of(left).values
        with as_if(left, shown), suppress(ValueError):  # no link holds it: B is what it was
            begins["b"] = left.source().side().text
    memory_of(compare).values.update(begins)
