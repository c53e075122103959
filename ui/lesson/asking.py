"""A step's question, from what is asked to what is true, and when it is asked anew."""

from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lessons.answers import place_of
from lessons.lesson import Step
from ui.controls.selection import attention_in
from ui.frame.follow import Followed
from ui.frame.page import Page, page_shown
from ui.lesson.question import draw_answer, said_of
from ui.lesson.seen import Inquiry
from ui.lesson.sentences import describe_question, describe_truth
from ui.lesson.votes import describe_paintings, show_votes
from ui.lesson.waiting import wait_of
from ui.link.lesson import place_shown
from ui.link.memory import choose, default_of, own_memory, settle, value_of
from ui.link.notices import notice
from ui.link.room import is_following, vote, votes_shown
from ui.text.i18n import _
from ui.text.markdown import plain, verbatim


@dataclass
class Revealed:
    """Of which sentence a session's question was answered."""

    of: tuple[Any, ...] | None = None


def draw_question(step: Step, inquiry: Inquiry, say: DeltaGenerator | None) -> bool:
    """Draw what is asked, and what can be said or is true; whether that may be seen.

    Args:
        step: of the lesson that is followed.
        inquiry: its question, asked of what is shown.
        say: the place for what is true, where that isn't below the question.
    """
    _tell_missing_words(step, inquiry)
    wants_truth, is_revealed = bool(value_of("revealed")), is_answered(step)
    votes = votes_shown() if is_revealed else None
    with st.container(key="lesson_question", gap="xsmall"):
        st.markdown(f"**{describe_question(inquiry)}**")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            draw_answer(
                inquiry,
                is_revealed=is_revealed,
                is_locked=wants_truth,
                painted=_painted(inquiry, votes),
            )
            if not wants_truth and not is_following():
                _draw_reveal(inquiry)
        if is_following() and not wants_truth:
            _send(inquiry)
        if votes is not None:
            show_votes(inquiry, votes)
        if is_revealed:
            with say or nullcontext():
                _tell_truth(step, inquiry)
    return is_revealed


def _painted(inquiry: Inquiry, votes: Counter[str] | None) -> str:
    """What a class has painted, in a sentence; nothing for other questions, and without one."""
    if votes is None or inquiry.question.kind != "paint":
        return ""
    return describe_paintings(inquiry, votes)


def _send(inquiry: Inquiry) -> None:
    """Send what somebody in a class has said, and say so; the truth comes for all at once."""
    if said_of(inquiry) is None:
        st.caption(_("Answer, on your own: the class sees how many have said what, and not who."))
    elif vote(value_of("answer")):
        st.caption(_("Sent. You can change it until the answer is shown to all."))
    else:
        st.caption(_("This is your own sentence: the class is asked about another one."))


def _tell_missing_words(step: Step, inquiry: Inquiry) -> None:
    """Say where a question is about words that the lesson's own sentence hasn't."""
    question = inquiry.question
    if inquiry.run is None or not _is_own_sentence(page_shown()):
        return
    asked = ((question.query, inquiry.seen.queries), (question.key, inquiry.seen.keys))
    for word, there in asked:
        if word is not None and place_of(there, word) is None:
            _tell_missing(word)


def _tell_missing(word: str) -> None:
    said = _("The lesson's step is about {word}, which its sentence hasn't.")
    notice("text", said.format(word=verbatim(word)))


def is_answered(step: Step) -> bool:
    """Whether what is true of a step's question is shown."""
    if step.question is None or not value_of("revealed"):
        return False
    return wait_of(step) is None


def _tell_truth(step: Step, inquiry: Inquiry) -> None:
    """Say what is right, and what it means or what can be done next."""
    st.markdown(describe_truth(inquiry, said_of(inquiry)))
    if step.then and _is_own_sentence(page_shown()):
        st.markdown(plain(step.then, 400))
    elif "text" in step.controls:
        st.caption(_("Type another sentence: the question is asked of it anew."))
    elif inquiry.run is None:
        st.caption(_("Change a number: the question is asked anew."))


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


def marked(inquiry: Inquiry, followed: Followed) -> Followed:
    """Return what is shown with frames around what is asked about, and what is right."""
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


def with_marks(step: Step, followed: Followed) -> Followed:
    """Return what is shown with frames around the words that a step marks, where none are yet."""
    if not step.mark:
        return followed
    run, selection = followed
    attention = attention_in(run, selection).at("weights")
    groups = {"query": attention.query_groups, "key": attention.key_groups}
    words = {"query": attention.queries, "key": attention.keys}
    found = {"query": selection.query, "key": selection.key}
    for side, word in step.mark.items():
        place = place_of(words[side], word)
        if place is None and _is_own_sentence(page_shown()):
            _tell_missing(word)
        if found[side] is None and place is not None:
            found[side] = groups[side][place][0]
    return Followed(run, replace(selection, query=found["query"], key=found["key"]))


def fit_revealed(page: Page) -> None:
    """Ask anew where the sentence has changed since the truth was seen."""
    kept = own_memory(Revealed)
    now = tuple(map(value_of, ("lesson", "step", *page.teaching.asks_of)))
    if not value_of("revealed") or is_following():  # there the leader asks
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
