"""Widgets whose value the page keeps itself."""

from typing import Any

import streamlit as st

_NEVER = object()  # None is a value


def let_show(widget: str, value: Any) -> None:
    """Have a widget show a value.

    Set only where it shows another: what is set is sent to the browser, where it would undo what
    was clicked in the meantime. The value must also be the widget's default, for a browser that a
    second run of the page reaches before it has heard of the first.
    """
    if st.session_state.get(widget, _NEVER) != value:
        st.session_state[widget] = value
