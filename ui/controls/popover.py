"""Popovers whose insides are made when they are opened."""

from collections.abc import Callable
from typing import Literal

import streamlit as st


def draw_popover(
    label: str,
    draw: Callable[[], None],
    *,
    key: str,
    icon: str,
    help: str | None = None,
    width: Literal["stretch", "content"] = "stretch",
    disabled: bool = False,
) -> None:
    """Draw a popover, and while it is open also what is inside.

    Most people open few of them, and what is inside costs as much as what is around it. A value
    that is chosen inside is kept while it is closed: see ui.link.memory.
    """
    popover = st.popover(
        label, icon=icon, help=help, width=width, disabled=disabled, key=key, on_change="rerun"
    )
    if popover.open:
        with popover:
            draw()
