"""A story that is told on Learn: its sentences, its cause, and its buttons."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui.link.memory import value_of
from ui.pages.learn.stories import STORIES
from ui.pages.learn.story_cause import describe_cause, draw_cause_button
from ui.pages.learn.story_check import draw_check_button
from ui.text.i18n import _
from ui.text.option_names import word


def draw_story_buttons() -> None:
    """Draw what can be tried of the story, if one is told."""
    if value_of("story") is not None:
        draw_check_button()
        draw_cause_button()


def draw_story_box() -> DeltaGenerator | None:
    """Draw the story that is told, and return the place for what its check finds."""
    key = value_of("story")
    if key is None:
        return None
    with st.container(key="told_story"):
        st.markdown(f"**{word(key)}.** {_(STORIES[key].say)} {describe_cause()}")
        return st.container()
