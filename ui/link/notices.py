"""Why a control has another value than was asked for."""

from typing import Any

import streamlit as st

from ui.link.memory import MISSING, memory, session, value_of


def notice(key: str, message: str, asked: Any = MISSING) -> None:
    """Say why a control has another value than asked for, for as long as it keeps that value.

    If the link had asked for more still, so that `asked` is a repaired value itself, say both.
    """
    notices = memory().notices
    value, said = notices.get(key, (None, ""))
    if said and value == asked:
        message = f"{said} {message}"
    notices[key] = (value_of(key), message)


def show_notices() -> None:
    """Show, in one box, the notices whose value is still in force."""
    notices = memory().notices
    for key in [key for key, (value, _message) in notices.items() if value_of(key) != value]:
        del notices[key]
    kept = session()
    lines = [message for _value, message in notices.values()]
    lines = [*filter(None, (kept.code_notice, kept.room_notice, kept.language_notice)), *lines]
    if lines:
        st.warning("  \n".join(lines), icon=":material/info:")
