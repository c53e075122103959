"""A step on its page: its question, its picture, and those controls that may be touched."""

from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lessons.lesson import Step
from ui.controls.presenting import is_presented, tell_heads
from ui.controls.selection import fit_selection
from ui.frame.clicks import draw_click_listener
from ui.frame.failures import told_in_place
from ui.frame.follow import Followed, settle_layout, shown_of
from ui.frame.history import live
from ui.frame.messages import show_limits
from ui.frame.page import Page, draw_link, page_shown, source_shown
from ui.frame.presenter_style import apply_presenter_style
from ui.lesson.audience import draw_for_audience
from ui.lesson.bar import MOST, draw_bar
from ui.lesson.controls import draw_controls, draw_controls_of_run, draw_sentences
from ui.lesson.keys import draw_keys
from ui.lesson.notes import draw_notes
from ui.lesson.picture import show_heads_of_layers, show_picture
from ui.lesson.question import draw_answer, said_of
from ui.lesson.seen import Inquiry
from ui.lesson.sentences import describe_question, describe_truth
from ui.link.lesson import Place, place_shown
from ui.link.memory import choose, default_of, memory, own_memory, parameters, settle, value_of
from ui.link.notices import show_notices
from ui.text.i18n import _
from ui.text.markdown import plain
from ui.views.view import named


@dataclass
class Revealed:
    """Of which sentence a session's question was answered."""

    of: tuple[Any, ...] | None = None


def draw_lesson() -> bool:
    """Draw the page as its link asks for, where that isn't the page alone; whether that is all.

    A step of a lesson, the teacher's notes on it, what a class is shown, or a choice of controls.
    """
    if "notes" in parameters() and value_of("notes"):
        draw_notes()
        return True
    if not is_presented():
        if place_shown() is not None:
            draw_keys()
        return _draw()
    with st.container(key="presented", gap="xsmall"):
        apply_presenter_style()
        draw_keys()
        is_all = _draw()
    return is_all


def _draw() -> bool:
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
    with said:
        question = st.container(gap="small")
        with st.container(horizontal=True, key="lesson_controls", vertical_alignment="bottom"):
            draw_controls(page, step.controls)
    # What is to be said stands below the picture for a class, and for one person where it is read.
    say = st.container(key="say", gap="xsmall") if is_presented() else None
    draw_click_listener(has_charts=False)  # a click would lead away from the step
    settle_layout(source_shown())
    live(_follow)(page, step, question, picture, say)


def _follow(
    page: Page,
    step: Step,
    said: DeltaGenerator,
    picture: DeltaGenerator,
    say: DeltaGenerator | None,
) -> None:
    """Draw the question, or the picture and what is true of it."""
    source = source_shown()
    if memory().layout != source.layout():
        st.rerun()  # a control was changed while somebody typed: Streamlit ran only the fragment
    followed, shares = None, None
    with said, told_in_place():
        _fit_revealed(step)
        shown = shown_of(source)
        shown.settings = source.settings()
        run = shown.run()
        followed = Followed(run, fit_selection(run))
        tell_heads(run.heads_of(followed.selection.kind))
    with said:
        _draw_inputs(page, step, followed)
        if followed is not None and not followed.run.is_empty:
            with told_in_place():
                followed, shares = _ask(step, followed, say)
    is_open = step.question is None or bool(value_of("revealed"))
    if say is not None and not (is_open and step.question is not None):
        with say:
            st.markdown(plain(step.text, MOST))
    with picture:
        if followed is not None and not followed.run.is_empty:
            if is_open:
                with told_in_place():
                    if shares is not None:
                        show_heads_of_layers(shares, _("weight on the word before"))
                    else:
                        is_wide = step.question is None
                        view = named(page.views, value_of("view"))
                        show_picture(followed, view, is_wide=is_wide)
                    show_limits(source, followed.run)
            else:
                st.caption(_("The picture comes with the answer."))
            st.caption(source.describe(followed.run))
        show_notices()


def _draw_inputs(page: Page, step: Step, followed: Followed | None) -> None:
    """Draw the sentence, and what is painted for it, where they may be touched."""
    with st.container(key="sentences") if is_presented() else nullcontext():
        draw_sentences(page, step.controls)
    if followed is None:
        return
    if followed.run.is_empty:
        st.info(_("Type a sentence above."))
        return
    draw_controls_of_run(page, step.controls, followed)


def _ask(
    step: Step, followed: Followed, say: DeltaGenerator | None
) -> tuple[Followed, np.ndarray | None]:
    """Draw a step's question, if it has one; return what is to be looked at then.

    That is a run with what is framed in it, or what each head of each layer has, (layers, H).
    """
    if step.question is None:
        return followed, None
    is_revealed = bool(value_of("revealed"))
    inquiry = Inquiry(step.question, followed.run, followed.selection)
    if not (inquiry.seen.queries and inquiry.seen.keys):
        st.info(_("All tokens of this sentence are hidden: the first one, or special ones."))
        return followed, None
    with st.container(key="lesson_question", gap="xsmall"):
        st.markdown(f"**{describe_question(inquiry)}**")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            draw_answer(inquiry, is_revealed=is_revealed)
            if not is_revealed:
                _draw_reveal(inquiry)
                return followed, None
        with say or nullcontext():
            _tell_truth(step, inquiry)
    return _marked(inquiry, followed), inquiry.truth.shares


def _tell_truth(step: Step, inquiry: Inquiry) -> None:
    """Say what is right, and what it means or what can be done next."""
    st.markdown(describe_truth(inquiry, said_of(inquiry)))
    if step.then and _is_own_sentence(step):
        st.markdown(plain(step.then, 400))
    elif "text" in step.controls:
        st.caption(_("Type another sentence: the question is asked of it anew."))


def _draw_reveal(inquiry: Inquiry) -> None:
    has_said = said_of(inquiry) is not None
    st.button(
        _("Reveal"),
        key="reveal",
        icon=":material/visibility:",
        type="primary" if has_said else "secondary",
        on_click=partial(choose, "reveal", revealed=True),
        help=None if has_said else _("You can answer first: what you predict, you remember."),
    )


def _marked(inquiry: Inquiry, followed: Followed) -> Followed:
    """Frame in the picture what the question is about, and what is right."""
    if inquiry.question.kind in ("choice", "paint") or not inquiry.truth.right:
        return followed
    query, key = None, None
    if inquiry.answer.asks_query:
        query = inquiry.token_of(query=inquiry.asked.query)
    if inquiry.answer.asks_key:
        key = inquiry.token_of(key=inquiry.asked.key)
    match inquiry.question.kind:
        case "word":
            key = inquiry.token_of(key=inquiry.truth.right[0])
        case "cell":
            row, column = inquiry.truth.right[0]
            query, key = inquiry.token_of(query=row), inquiry.token_of(key=column)
    return Followed(followed.run, replace(followed.selection, query=query, key=key))


def _fit_revealed(step: Step) -> None:
    """Ask anew where the sentence has changed since the truth was seen."""
    kept = own_memory(Revealed)
    now = (value_of("lesson"), value_of("step"), value_of("text"))
    if not value_of("revealed"):
        kept.of = None
        return
    if kept.of is not None and kept.of != now and kept.of[:2] == now[:2]:
        settle(revealed=False, answer="")
        kept.of = None
        return
    kept.of = now


def _is_own_sentence(step: Step) -> bool:
    place = place_shown()
    if place is None:
        return False
    return bool(value_of("text") == place.values(page_shown()).get("text", default_of("text")))
