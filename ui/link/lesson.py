"""The lesson that a link asks for: its step's state needs no other place in the link."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lessons.checking import MOST_STEPS
from lessons.lesson import Lesson, Step
from lessons.shelf import lessons
from ui.link.memory import parameters, settle, value_of
from ui.link.notices import notice
from ui.link.page import Linked, Parameter
from ui.link.readers import flag, number, text
from ui.text.i18n import _, spoken
from ui.text.markdown import verbatim

MOST_LETTERS = 400  # of an answer in a link: a painting of thirty words


def _lesson(key: str, text: str, default: Any) -> tuple[Any, str | None]:
    """One of the lessons that the server's owner offers."""
    name = text.strip().lower()
    if name in lessons():
        return name, None
    return default, _("The link asks for {key} {text}; there are: {options}. Using {used}.").format(
        key=key, text=verbatim(text), options=", ".join(lessons()), used=_("none")
    )


def _answer(key: str, said: str, default: Any) -> tuple[Any, str | None]:
    return text(key, said[:MOST_LETTERS], default)


# Of every page that a lesson can show.
LESSON: dict[str, Parameter] = {
    "lesson": Parameter(None, _lesson, computes=False),
    "step": Parameter(1, number(1, MOST_STEPS), computes=False),
    "answer": Parameter("", _answer, computes=False, is_gradual=True),
    "revealed": Parameter(False, flag, computes=False),
    "free": Parameter(False, flag, computes=False),
}


@dataclass(frozen=True)
class Place:
    """Where somebody is in a lesson."""

    lesson: Lesson
    number: int  # of the step, from 1

    @property
    def step(self) -> Step:
        """The step that is shown."""
        return self.lesson.steps[self.number - 1]

    def values(self, page: Linked) -> dict[str, Any]:
        """Return what the step chooses on a page: nothing where it lives on another."""
        return step_values(page, {"lesson": self.lesson.name, "step": self.number})


def place_shown() -> Place | None:
    """Return where somebody is; None where no lesson is followed."""
    if "lesson" not in parameters():
        return None
    return _place(value_of("lesson"), value_of("step"))


def _place(name: str | None, number: int) -> Place | None:
    lesson = lessons(spoken().code).get(name or "")
    return None if lesson is None else Place(lesson, min(number, len(lesson.steps)))


def step_values(page: Linked, chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a lesson's step chooses on a page, as its link would.

    Args:
        page: the one that is shown.
        chosen: what is, the lesson and its step among it.
    """
    return {
        key: page.parameters[key].read(key, asked)[0]
        for key, asked in _state(page, chosen).items()
        if key in page.parameters
    }


def tell_state(page: Linked, chosen: Mapping[str, Any]) -> None:
    """Say what of a step's state the page doesn't know, or has to change: its author is to hear."""
    for key, asked in _state(page, chosen).items():
        if key not in page.parameters:
            unknown = _("The lesson's step chooses {key}, which this page hasn't.")
            notice("lesson", unknown.format(key=verbatim(key)))
        elif message := page.parameters[key].read(key, asked)[1]:
            notice(key, message)


def _state(page: Linked, chosen: Mapping[str, Any]) -> Mapping[str, str]:
    """The parameters of a step's link; none where it lives on another page."""
    place = _place(chosen.get("lesson"), chosen.get("step", 1))
    return {} if place is None or place.step.page != page.name else place.step.state


def asked_step(page: Linked, asked: Mapping[str, str]) -> dict[str, Any]:
    """Return the same of an address."""
    read = {
        key: page.parameters[key].read(key, asked[key])[0]
        for key in ("lesson", "step")
        if key in asked and key in page.parameters
    }
    return step_values(page, read)


def fit_step() -> None:
    """Keep a link's step among those that the lesson has, with a notice."""
    place = place_shown()
    if place is not None and value_of("step") != place.number:
        asked = value_of("step")
        settle(step=place.number)
        notice(
            "step",
            _("This lesson has no step {asked}; showing the last one, {used}.").format(
                asked=asked, used=place.number
            ),
        )
