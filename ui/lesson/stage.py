"""A step on its page: its question, its picture, and those controls that may be touched."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lessons.lesson import Step
from ui.controls.random_settings import segments, sentence_input
from ui.controls.selection import draw_selection, fit_selection
from ui.frame.clicks import draw_click_listener
from ui.frame.failures import told_in_place
from ui.frame.follow import Followed, settle_layout, shown_of
from ui.frame.history import live
from ui.frame.messages import show_limits
from ui.frame.page import Page, draw_link, page_shown, source_shown
from ui.frame.view_bar import SWITCHES
from ui.lesson.bar import draw_bar
from ui.lesson.exhibit import follow_exhibit
from ui.lesson.picture import show_heads_of_layers, show_picture
from ui.lesson.question import draw_answer, said_of
from ui.lesson.seen import Inquiry
from ui.lesson.sentences import describe_question, describe_truth
from ui.lesson.waiting import (
    begin_steps,
    draw_wait,
    fit_repainting,
    repaint_every,
    steady_charts,
    wait_of,
)
from ui.link.lesson import Place, place_shown
from ui.link.memory import choose, default_of, memory, own_memory, settle, value_of
from ui.link.notices import show_notices
from ui.text.i18n import _
from ui.text.markdown import plain
from ui.views.view import named

VIEW_CONTROLS: Mapping[str, Callable[[], Any]] = {  # of every page with a run
    "head": partial(draw_selection, ("head",)),
    "q": partial(draw_selection, ("q",)),
    "k": partial(draw_selection, ("k",)),
    "stage": lambda: segments(_(SWITCHES["stage"][0]), SWITCHES["stage"][1], key="stage"),
}


@dataclass
class Revealed:
    """Of which sentence a session's question was answered."""

    of: tuple[Any, ...] | None = None


def draw_lesson(pages: Sequence[Page]) -> bool:
    """Draw the step of the lesson that is followed; whether that is all there is to draw.

    Args:
        pages: all that there are: the next step may be on another one.
    """
    place = place_shown()
    if place is None:
        return False
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
        said, picture = st.container(), st.container()
    else:  # beside one another: both are to be seen without scrolling
        said, picture = st.columns([5, 8], gap="medium")
    with said:
        question = st.container()
        with st.container(horizontal=True, key="lesson_controls", vertical_alignment="bottom"):
            for name in step.controls:
                draw = page.controls.get(name) or VIEW_CONTROLS.get(name)
                if draw is not None:
                    draw()
    # A click would lead away from the step.
    draw_click_listener(has_charts=False, steady=steady_charts(page, step))
    if page.source is not None:
        settle_layout(source_shown())
    live(_follow, run_every=repaint_every(step))(page, step, question, picture)


def _follow(page: Page, step: Step, said: DeltaGenerator, picture: DeltaGenerator) -> None:
    """Draw the question, or the picture and what is true of it."""
    _fit_revealed(page)
    fit_repainting(step)
    if page.source is None:
        follow_exhibit(page, step, said, picture, _draw_question)
        return
    source = source_shown()
    if memory().layout != source.layout():
        st.rerun()  # a control was changed while somebody typed: Streamlit ran only the fragment
    followed, shares = None, None
    with said, told_in_place():
        shown = shown_of(source)
        shown.settings = source.settings()
        run = shown.run()
        followed = Followed(run, fit_selection(run))
    with said:
        _draw_inputs(page, step, followed)
        if followed is not None and not followed.run.is_empty:
            with told_in_place():
                followed, shares = _ask(step, followed)
    with picture:
        if followed is not None and not followed.run.is_empty:
            wait = wait_of(step)
            if step.question is None and wait is not None:
                draw_wait(wait)
            if step.question is None or (value_of("revealed") and wait is None):
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
        show_notices()


def _draw_inputs(page: Page, step: Step, followed: Followed | None) -> None:
    """Draw the sentence, and what is painted for it, where they may be touched."""
    if "text" in step.controls and "text" not in page.controls_of_run:
        sentence_input(_("Sentence"), "text")
    if followed is None:
        return
    if followed.run.is_empty:
        st.info(_("Type a sentence above."))
        return
    for name in step.controls:
        if (draw := page.controls_of_run.get(name)) is not None:
            draw(*followed)


def _ask(step: Step, followed: Followed) -> tuple[Followed, np.ndarray | None]:
    """Draw a step's question, if it has one; return what is to be looked at then.

    That is a run with what is framed in it, or what each head of each layer has, (layers, H).
    """
    if step.question is None:
        return followed, None
    inquiry = Inquiry(step.question, followed.run, followed.selection)
    if not inquiry.has_words:
        st.info(_("All tokens of this sentence are hidden: the first one, or special ones."))
        return followed, None
    if not _draw_question(step, inquiry):
        return followed, None
    return _marked(inquiry, followed), inquiry.truth.shares


def _draw_question(step: Step, inquiry: Inquiry) -> bool:
    """Draw what is asked, and what can be said or is true; whether that may be seen."""
    wants_truth, wait = bool(value_of("revealed")), wait_of(step)
    is_revealed = wants_truth and wait is None
    with st.container(key="lesson_question", gap="xsmall"):
        st.markdown(f"**{describe_question(inquiry)}**")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            draw_answer(inquiry, is_revealed=is_revealed, is_locked=wants_truth)
            if not wants_truth:
                _draw_reveal(inquiry)
        if wait is not None:
            draw_wait(wait)
        if not is_revealed:
            return False
        st.markdown(describe_truth(inquiry, said_of(inquiry)))
        if step.then and _is_own_sentence(page_shown()):
            st.markdown(plain(step.then, 400))
        elif "text" in step.controls:
            st.caption(_("Type another sentence: the question is asked of it anew."))
        elif inquiry.run is None:
            st.caption(_("Change a number: the question is asked anew."))
    return True


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


def _fit_revealed(page: Page) -> None:
    """Ask anew where the sentence has changed since the truth was seen."""
    kept = own_memory(Revealed)
    now = tuple(map(value_of, ("lesson", "step", *page.teaching.asks_of)))
    if not value_of("revealed"):
        kept.of = None
        return
    if kept.of is not None and kept.of != now and kept.of[:2] == now[:2]:
        settle(revealed=False, answer="")
        kept.of = None
        return
    kept.of = now


def _is_own_sentence(page: Page) -> bool:
    """Whether the question is asked of what the lesson's author has seen."""
    place = place_shown()
    if place is None:
        return False
    own = place.values(page)
    return all(value_of(key) == own.get(key, default_of(key)) for key in page.teaching.asks_of)
