"""A step on its page: its question, its picture, and those controls that may be touched."""

from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lessons.lesson import Step
from ui.controls.presenting import is_presented, tell_heads
from ui.frame.clicks import draw_click_listener
from ui.frame.failures import told_in_place
from ui.frame.follow import Followed, compute_chosen, settle_layout
from ui.frame.history import live
from ui.frame.messages import show_limits
from ui.frame.page import Page, draw_link, page_shown, source_shown
from ui.frame.pictures import tell_weights
from ui.frame.presenter_style import apply_presenter_style
from ui.lesson.asking import draw_question, fit_revealed, is_answered, marked, with_marks
from ui.lesson.audience import draw_for_audience
from ui.lesson.bar import MOST, draw_bar
from ui.lesson.controls import (
    draw_controls,
    draw_controls_of_run,
    draw_sentences,
    tell_unknown_controls,
)
from ui.lesson.exhibit import follow_exhibit
from ui.lesson.keys import draw_keys
from ui.lesson.notes import draw_notes
from ui.lesson.picture import show_heads_of_layers, show_picture
from ui.lesson.room_style import apply_presented_room_style
from ui.lesson.seen import Inquiry
from ui.lesson.waiting import (
    begin_steps,
    draw_wait,
    fit_repainting,
    repaint_every,
    steady_charts,
    wait_of,
)
from ui.link.lesson import Place, place_shown
from ui.link.memory import memory, parameters, session, value_of
from ui.link.notices import show_notices
from ui.text.i18n import _
from ui.text.markdown import plain
from ui.views.view import named


def draw_lesson(pages: Sequence[Page]) -> bool:
    """Draw the page as its link asks for, where that isn't the page alone; whether that is all.

    A step of a lesson, the teacher's notes on it, what a class is shown, or a choice of controls.

    Args:
        pages: all that there are: the next step may be on another one.
    """
    if "notes" in parameters() and value_of("notes"):
        draw_notes()
        return True
    if not is_presented():
        if place_shown() is not None:
            draw_keys()
        return _draw(pages)
    with st.container(key="presented", gap="xsmall"):
        apply_presenter_style()
        if session().room is not None:
            apply_presented_room_style()
        draw_keys()
        is_all = _draw(pages)
    return is_all


def _draw(pages: Sequence[Page]) -> bool:
    """Draw a step, or the page for its audience; whether that is all there is to draw."""
    place = place_shown()
    if place is None:
        return "only" in parameters() and draw_for_audience(page_shown())
    if place.step.page != page_shown().name:
        _draw_elsewhere(place)
        return True
    is_free = bool(value_of("free"))
    draw_bar(place, is_free=is_free)
    if is_free:
        return False
    begin_steps(page_shown(), place, pages)
    _draw_stage(page_shown(), place)
    return True


def _draw_elsewhere(place: Place) -> None:
    """Say that the link asks a page for a step that another one shows, and lead there."""
    st.info(_("This step of the lesson is on another page."), icon=":material/school:")
    draw_link(
        place.step.page,
        _("{lesson} · step {number}").format(lesson=plain(place.lesson.title), number=place.number),
        query={"lesson": place.lesson.name, "step": str(place.number)},
        icon=":material/arrow_forward:",
    )


def _draw_stage(page: Page, place: Place) -> None:
    with told_in_place():
        if not page.get_ready():
            return
    step = place.step
    if step.question is None:
        # For a class, there is no room for what may be touched but in one row.
        said, picture = st.container(horizontal=is_presented()), st.container()
    else:  # beside one another: both are to be seen without scrolling
        said, picture = st.columns([6 if is_presented() else 5, 8], gap="medium")
    tell_unknown_controls(page, step)
    with said:
        question = st.container(gap="small")
        with st.container(horizontal=True, key="lesson_controls", vertical_alignment="bottom"):
            draw_controls(page, step.controls)
    # What is to be said stands below the picture for a class, and for one person where it is read.
    say = st.container(key="say", gap="xsmall") if is_presented() else None
    # A click would lead away from the step.
    draw_click_listener(has_charts=False, steady=steady_charts(page, step))
    if page.source is not None:
        settle_layout(source_shown())
    live(_follow, run_every=repaint_every(step))(page, step, question, picture, say)


def _follow(
    page: Page,
    step: Step,
    said: DeltaGenerator,
    picture: DeltaGenerator,
    say: DeltaGenerator | None,
) -> None:
    """Draw the question, or the picture and what is true of it."""
    fit_revealed(page)
    fit_repainting(step)
    wait = wait_of(step)
    with say or picture:
        if wait is not None:
            draw_wait(wait)
        elif say is not None and not is_answered(step):
            st.markdown(plain(step.text, MOST))
    if page.source is None:
        follow_exhibit(page, step, said, picture, partial(draw_question, say=say))
        return
    source = source_shown()
    if memory().layout != source.layout():
        st.rerun()  # a control was changed while somebody typed: Streamlit ran only the fragment
    followed, shares = None, None
    with said, told_in_place():
        followed = compute_chosen(source)
        tell_heads(followed.run.heads_of(followed.selection.kind))
    with said:
        _draw_inputs(page, step, followed)
        if followed is not None and not followed.run.is_empty:
            with told_in_place():
                followed, shares = _ask(step, followed, say)
    with picture:
        if followed is not None and not followed.run.is_empty:
            if step.question is None or (value_of("revealed") and wait is None):
                with told_in_place():
                    if shares is not None:
                        show_heads_of_layers(shares, _("weight on the word before"))
                    else:
                        is_wide = step.question is None
                        view = named(page.views, value_of("view"))
                        shown_now = with_marks(step, followed)
                        show_picture(shown_now, view, is_wide=is_wide)
                    tell_weights(source.describe(followed.run))
                    st.caption(source.describe(followed.run))
                    show_limits(source, followed.run)
            elif wait is None:
                st.caption(_("The picture comes with the answer."))
        show_notices()


def _draw_inputs(page: Page, step: Step, followed: Followed | None) -> None:
    """Draw the sentence, and what is painted for it, where they may be touched."""
    with st.container(key="sentences") if is_presented() else nullcontext():
        draw_sentences(page, step.controls)
        if followed is not None and not followed.run.is_empty:
            draw_controls_of_run(page, step.controls, followed)
    if followed is not None and followed.run.is_empty:
        st.info(_("Type a sentence above."))


def _ask(
    step: Step, followed: Followed, say: DeltaGenerator | None
) -> tuple[Followed, np.ndarray | None]:
    """Draw a step's question, if it has one; return what is to be looked at then.

    That is a run with what is framed in it, or what each head of each layer has, (layers, H).
    """
    if step.question is None:
        return followed, None
    inquiry = Inquiry(step.question, followed.run, followed.selection)
    if not inquiry.has_words:
        st.info(_("All tokens of this sentence are hidden: the first one, or special ones."))
        return followed, None
    if not draw_question(step, inquiry, say=say):
        return followed, None
    return marked(inquiry, followed), inquiry.truth.shares
