"""Values that must fit others, or a run: brought in line, and wanted again later.

A link can ask for word 7 of a sentence of six; how many there are is known only when the controls
have been drawn. So the whole page runs once more, and control and link say what is shown.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import streamlit as st

from ui.choices.sizes import nearest
from ui.link.memory import Repair, Wanted, memory, settle, value_of
from ui.link.page import UNCHOSEN


def fit_among(key: str, choices: Sequence[Any], otherwise: str | None = None) -> tuple[Any, Any]:
    """Bring a control's value among its choices: what was wanted, and what is used.

    What was wanted is remembered, and comes back when it is among them. As long as neither the
    value nor the choices change, there is nothing to do or to say. Of numbers the nearest is used
    instead, of words `otherwise`.
    """
    value, kept = value_of(key), memory().wanted
    before = kept.get(key, Wanted(value, value))
    wanted = before.value
    if value != before.used:  # somebody has chosen since
        wanted = value
    elif choices == before.fitted_to:
        return value, value
    used = wanted
    if wanted not in choices:
        used = otherwise or nearest(wanted, list(choices))
    kept[key] = Wanted(wanted, used, choices)
    if used != value:
        settle(**{key: used})
    return wanted, used


def index_within(key: str, count: int, message: str) -> Repair | None:
    """Return what becomes of an index, so that it is one of `count`; None if it stays.

    Args:
        key: of its control; None is a value, and stays.
        count: how many there are; with none at all, it stays.
        message: what is said, with places for `asked` and `used`, where the last one is used; if it
            is empty, nothing is chosen instead, and nothing said.
    """
    value, wanted = value_of(key), wanted_of(key)
    if not count or wanted is None or wanted is UNCHOSEN:
        return None
    used, said = wanted, ""
    if wanted >= count:
        used = count - 1 if message else None
        said = message.format(asked=wanted, used=used)
    memory().wanted[key] = Wanted(wanted, used)
    return None if used == value else Repair(key, wanted, used, said)


def wanted_of(key: str) -> Any:
    """Return what was last chosen or asked for, whether it is there or not."""
    value = value_of(key)
    kept = memory().wanted.get(key, Wanted(value, value))
    return kept.value if value == kept.used else value  # somebody has chosen since


def repair(repairs: Iterable[Repair | None]) -> None:
    """Run the whole page anew with repaired controls, if there are any."""
    needed = [each for each in repairs if each is not None]
    if needed:
        memory().repairs.extend(needed)
        st.rerun()
