"""The line that says what a picture is."""

import streamlit as st

from ui.frame.pictures import tell_title
from ui.text.descriptions import Description
from viz.theme import theme_of


def draw_description(description: Description) -> None:
    """Draw what a picture is, with its formula, and what the terms mean in a tooltip.

    It stands outside of what follows each key press: it depends on what is chosen alone.
    """
    line = description.line(theme_of(st.context.theme.type))
    tell_title(description)
    st.caption(line, help=description.explained())
