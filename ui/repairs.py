"""Indices that a run turns out not to have: made right where they stand, and wanted again later.

A link can ask for word 7 of a sentence of six; how many there are is known only when the controls
have been drawn. So the whole page runs once more, and control and link say what is shown.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from ui.link import value_of


@dataclass(frozen=True)
class Repair:
    """What becomes of a control's value."""

    key: str
    wanted: int | None  # comes back as soon as it is there
    used: int | None
    message: str  # empty where nothing has to be said


def index_within(key: str, count: int, message: str) -> Repair | None:
    """Return what becomes of an index, so that it is one of `count`; None if it stays.

    Args:
        key: of its control; None is a value, and stays.
        count: how many there are; with none at all, it stays.
        message: what is said, with places for `asked` and `used`, where the last one is used; if it
            is empty, nothing is chosen instead, and nothing said.
    """
    value, wanted = value_of(key), wanted_of(key)
    if not count or wanted is None:
        return None
    used, said = wanted, ""
    if wanted >= count:
        used = count - 1 if message else None
        said = message.format(asked=wanted, used=used)
    st.session_state[f"_wanted_{key}"] = (wanted, used)
    return None if used == value else Repair(key, wanted, used, said)


def wanted_of(key: str) -> int | None:
    """Return what was last chosen or asked for, whether it is there or not."""
    value: int | None = value_of(key)
    wanted, used = st.session_state.get(f"_wanted_{key}", (value, value))
    return wanted if value == used else value  # somebody has chosen since


def repair(repairs: Iterable[Repair | None]) -> None:
    """Run the whole page anew with repaired controls, if there are any; ui.link applies them."""
    needed: list[Any] = [each for each in repairs if each is not None]
    if needed:
        st.session_state["_repairs"] = needed
        st.rerun()
