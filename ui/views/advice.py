"""What is said until somebody has done it: that what is shown can be clicked."""

from dataclasses import dataclass

import streamlit as st

from ui.link.memory import own_memory
from ui.text.i18n import _


@dataclass
class Advice:
    """What a session keeps of it."""

    is_taken: bool = False


def click_advice() -> str:
    """Return a sentence on what can be clicked; empty once something was."""
    if own_memory(Advice).is_taken:
        return ""
    return _("Click a word, a cell or a head's name to choose it.")


def chart_advice() -> str:
    """Return a sentence on what can be clicked where there is no strip of words, or nothing."""
    if own_memory(Advice).is_taken:
        return ""
    return _("Click a cell or a head's name to look closer.")


def show_chart_advice() -> None:
    """Say below a chart what can be clicked in it."""
    if advice := chart_advice():
        st.caption(advice)


def take_advice() -> None:
    """Remember that somebody has clicked, so that nothing more is said."""
    own_memory(Advice).is_taken = True
