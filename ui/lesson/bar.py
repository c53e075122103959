"""The bar of a lesson: where one is in it, what is said, and the ways on."""

from functools import partial
from urllib.parse import urlencode

import streamlit as st

from lessons.lesson import Lesson
from lessons.shelf import lessons
from ui.controls.popover import draw_popover
from ui.controls.presenting import is_presented
from ui.frame.page import Page, draw_link, page_shown
from ui.lesson.keys import present
from ui.link.audience import CARRIED
from ui.link.language import as_parameter
from ui.link.lesson import LESSON, Place, step_values
from ui.link.memory import choose, default_of, parameters, value_of
from ui.link.room import is_following
from ui.text.i18n import _, spoken
from ui.text.markdown import plain

POPOVER = "lessons_popover"
MOST = 400  # characters of what a lesson says at once


def draw_bar(place: Place, *, is_free: bool) -> None:
    """Draw the lesson's heading and text, with the ways on beside them."""
    step, count = place.step, len(place.lesson.steps)
    with st.container(key="lesson_bar", gap="xsmall"):
        said, ways = st.columns([11, 9], vertical_alignment="center")
        with said:
            st.caption(
                _("{lesson} · step {number} of {count}").format(
                    lesson=plain(place.lesson.title, MOST), number=place.number, count=count
                )
            )
            st.subheader(plain(step.heading, MOST), anchor=False)
        with (
            ways,
            st.container(
                horizontal=True,
                horizontal_alignment="right",
                vertical_alignment="center",
                gap="small",
            ),
        ):
            if not is_following():  # then another one leads through it
                _draw_ways(place, is_free=is_free)
        if not (is_free or is_presented()):  # for a class, it stands below the picture
            st.markdown(plain(step.text, MOST))


def _draw_ways(place: Place, *, is_free: bool) -> None:
    lesson, number = place.lesson, place.number
    draw_popover(
        _("Lessons"),
        partial(_draw_rest, place),
        key=POPOVER,
        icon=":material/school:",
        width="content",
    )
    if is_free:
        st.button(
            _("Back to the lesson"),
            key="back_to_lesson",
            icon=":material/undo:",
            on_click=partial(go_to, lesson.name, number),
        )
        return
    if number > 1:
        draw_way(_("Back"), lesson.name, number - 1, icon=":material/arrow_back:", key="back")
    if number < len(lesson.steps):
        draw_way(_("Next"), lesson.name, number + 1, icon=":material/arrow_forward:", key="next")
    elif (following := _following(lesson.name)) is not None:
        draw_way(
            _("Next lesson"),
            following.name,
            1,
            icon=":material/arrow_forward:",
            key="next",
            help=plain(following.title, MOST),
        )


def _draw_rest(place: Place) -> None:
    """Draw the ways to other lessons, and out of this one."""
    with st.container(key="lesson_list", gap="xsmall"):
        st.button(
            _("Explore from here"),
            key="explore_from_here",
            icon=":material/tune:",
            on_click=_explore,
            disabled=bool(value_of("free")),
            help=_("All controls and views, from this state. The lesson stays within reach."),
            width="stretch",
        )
        _draw_ways_to_teach(place)
        st.button(
            _("Leave the lesson"),
            key="leave",
            icon=":material/close:",
            on_click=_leave,
            width="stretch",
        )
        _draw_lessons()


def _draw_ways_to_teach(place: Place) -> None:
    """Draw what a teacher needs: everything larger, and the notes in a window of their own."""
    if not is_presented():
        st.button(
            _("Present"),
            key="present_lesson",
            icon=":material/slideshow:",
            on_click=_present,
            help=_("As large as a class needs it, with keys that lead through the lesson."),
            width="stretch",
        )
    query = {"lesson": place.lesson.name, "step": str(place.number), "notes": "true"}
    st.link_button(
        _("Notes in a second window"),
        f"{place.step.page}?{urlencode({**as_parameter(), **query})}",
        icon=":material/sticky_note_2:",
        help=_("What to say, and what is often answered wrongly. It follows this window."),
        width="stretch",
    )


def _present() -> None:
    """Show the lesson to a class."""
    _close_popover()
    present()


def _draw_lessons() -> None:
    """Draw the ways into all lessons."""
    for lesson in lessons(spoken().code).values():
        minutes = _("{minutes} min").format(minutes=lesson.minutes)
        label = f"{plain(lesson.title, MOST)} · {minutes}"
        about = plain(lesson.about, MOST)
        draw_way(
            label,
            lesson.name,
            1,
            icon=":material/school:",
            key=f"into_{lesson.name}",
            help=about,
            in_list=True,
        )


def draw_way(
    label: str,
    name: str,
    number: int,
    *,
    icon: str,
    key: str,
    help: str | None = None,
    in_list: bool = False,
) -> None:
    """Draw a way to a step: a link where it lives on another page, and else a button.

    Streamlit reads no address anew for a link to the page that is shown.

    Args:
        label: what is written on it.
        name: the lesson's.
        number: the step's, from 1.
        icon: beside the label.
        key: tells it from others on the page.
        help: what is said of it on hover.
        in_list: whether it stands in a list, in which all are as wide.
    """
    page = lessons()[name].steps[number - 1].page
    if page == page_shown().name:
        st.button(
            label,
            key=f"way_{key}",
            icon=icon,
            help=help,
            on_click=partial(go_to, name, number),
            width="stretch" if in_list else "content",
        )
    else:
        with st.container(key=f"way_{key}", width="stretch" if in_list else "content"):
            draw_link(
                page, label, query={"lesson": name, "step": str(number)}, icon=icon, help=help
            )


def go_to(name: str, number: int) -> None:
    """Choose a step of a lesson on the page that is shown, and its state."""
    page: Page = page_shown()
    at = {"lesson": name, "step": number}
    _close_popover()
    first = {
        key: parameter.default for key, parameter in parameters().items() if key not in CARRIED
    }
    choose(f"step {name} {number}", **{**first, **step_values(page, at), **at})


def _explore() -> None:
    """Show all controls and views, from the state that is shown."""
    _close_popover()
    choose("explore from here", free=True, present=False)


def _close_popover() -> None:
    """Let the menu be closed: what it led to is below it."""
    st.session_state[POPOVER] = False


def _leave() -> None:
    """Go on without the lesson, from the state that is shown."""
    _close_popover()
    choose("leave the lesson", **{key: default_of(key) for key in LESSON})


def _following(name: str) -> Lesson | None:
    """The lesson after this one."""
    every = list(lessons(spoken().code).values())
    place = [lesson.name for lesson in every].index(name) + 1
    return every[place] if place < len(every) else None
