"""The teacher's notes: a second window of the same browser, which follows the first one.

It shows what to say at a step, and what is often answered wrongly. The windows tell each other
where they are; see ui.components.presenter.
"""

import re
from collections.abc import Mapping
from typing import Any

import streamlit as st

from lessons.checking import MOST_STEPS
from lessons.lesson import Lesson, Question, Step
from lessons.shelf import lessons
from ui.components.presenter import follower
from ui.frame.failures import logged
from ui.frame.page import page_shown
from ui.link.lesson import place_shown, step_values
from ui.link.memory import parameters, settle
from ui.link.notices import show_notices
from ui.text.i18n import _, spoken
from ui.text.markdown import plain

MOST = 1200  # characters of a note


def draw_notes() -> None:
    """Draw the notes on the step that another window shows, or that the link asks for."""
    follower(on_place=_take_place)
    show_notices()
    place = place_shown()
    if place is None:
        st.subheader(_("Notes"), anchor=False)
        st.info(
            _("No lesson is followed in another window of this browser. Open one there: its notes "
              "come here."),
            icon=":material/school:",
        )  # fmt: skip
        return
    _draw_step(place.lesson, place.number)


def _draw_step(lesson: Lesson, number: int) -> None:
    step = lesson.steps[number - 1]
    with st.container(key="notes", gap="small"):
        st.caption(
            _("Notes · {lesson} · step {number} of {count} · {minutes} min in all").format(
                lesson=plain(lesson.title, MOST),
                number=number,
                count=len(lesson.steps),
                minutes=lesson.minutes,
            )
        )
        st.subheader(plain(step.heading, MOST), anchor=False)
        for title, text in _notes(step):
            st.markdown(f"**{title}**")
            st.markdown("\n\n".join(plain(part, MOST) for part in _paragraphs(text)))
        following = lesson.steps[number] if number < len(lesson.steps) else None
        st.caption(
            _("Next: {heading}").format(heading=plain(following.heading, MOST))
            if following is not None
            else _("This is the last step.")
        )


def _notes(step: Step) -> list[tuple[str, str]]:
    """What stands there of a step: a title, and a text, which is never empty."""
    notes = [
        (_("On the wall"), step.text),
        (_("Asked"), "" if step.question is None else _asked(step.question)),
        (_("Say"), step.say),
        (_("Often answered wrongly, and why"), step.mistakes),
        (_("After the answer"), step.then),
    ]
    return [(title, text) for title, text in notes if text]


def _asked(question: Question) -> str:
    """What is asked, about the words that the lesson has for it."""
    asked = question.ask
    for place, text in (("{query}", question.query), ("{key}", question.key)):
        asked = asked.replace(place, text or "…")
    return re.sub(r"\{\w+\}", "…", asked)


def _paragraphs(text: str) -> list[str]:
    """A note's paragraphs, which its file parts by empty lines."""
    return [" ".join(part.split()) for part in re.split(r"\n\s*\n", text)]


@logged()
def _take_place() -> None:
    """Go where another window is; a browser can send anything."""
    sent = st.session_state.get("follower", {}).get("place")
    name, number = _place_of(sent)
    lesson = lessons(spoken().code).get(name)
    if lesson is not None:
        first = {key: parameter.default for key, parameter in parameters().items()}
        step = min(number, len(lesson.steps))
        at = {"lesson": name, "step": step}
        settle(**{**first, **step_values(page_shown(), at), "notes": True, **at})


def _place_of(sent: Any) -> tuple[str, int]:
    if not isinstance(sent, Mapping):
        return "", 1
    name, number = sent.get("lesson"), sent.get("step")
    if not isinstance(number, (int, float)) or not 1 <= number <= MOST_STEPS:
        number = 1
    return name if isinstance(name, str) else "", int(number)
