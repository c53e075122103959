"""A step on a page without a run: its question, and the picture that the page draws for it."""

from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lessons.lesson import Step
from ui.controls.selection import Selection
from ui.frame.failures import told_in_place
from ui.frame.page import Page
from ui.lesson.seen import Inquiry
from ui.lesson.waiting import wait_of
from ui.link.notices import show_notices
from ui.text.i18n import _

NOWHERE = Selection("encoder_self", 0, 0, None, None, None)


def follow_exhibit(
    page: Page,
    step: Step,
    said: DeltaGenerator,
    picture: DeltaGenerator,
    ask: Callable[[Step, Inquiry], bool],
) -> None:
    """Draw the question, or the picture and what is true of it.

    Args:
        page: the one that is shown.
        step: of the lesson that is followed.
        said: the place for what is asked and said.
        picture: the place for the picture.
        ask: draws a question; whether its truth may be seen.
    """
    teaching = page.teaching
    is_seen = step.question is None
    with said, told_in_place():
        if teaching.describe is not None:
            st.caption(teaching.describe())
        if step.question is not None:
            is_seen = ask(step, Inquiry(step.question, None, NOWHERE))
    with picture, told_in_place():
        if is_seen and teaching.show is not None:
            teaching.show(step.question is None)
        elif not is_seen and wait_of(step) is None:
            st.caption(_("The picture comes with the answer."))
        show_notices()
