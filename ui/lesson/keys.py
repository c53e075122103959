"""What the presenter's keys do, and what this window tells others of the same browser."""

import streamlit as st

from ui.components.presenter import KEY, PresenterData, presenter
from ui.controls.presenting import enlarge, is_presented, next_head
from ui.controls.selection import whole_numbers
from ui.frame.failures import logged
from ui.link.lesson import place_shown
from ui.link.memory import choose, default_of, parameters, value_of
from ui.text.i18n import _


def draw_keys() -> None:
    """Mount the keys, while a page is presented; and tell other windows where in a lesson it is."""
    place = place_shown()
    presenter(
        PresenterData(
            has_keys=is_presented(),
            place={} if place is None else {"lesson": place.lesson.name, "step": place.number},
            keys={
                "→  PageDown": _("next step"),
                "←  PageUp": _("step before"),
                _("Space"): _("reveal"),
                "B": _("black screen, and back"),
                "H": _("next head"),
                "+  −": _("larger, smaller"),
                "Esc": _("leave the presenter's mode"),
                "?": _("show or hide this list"),
            },
            words={
                "title": _("Keys"),
                "switch": _("Keys lead through the page"),
                "close": _("Close"),
                "open": _("Keys (?)"),
            },
        ),
        on_head=_next_head,
        on_size=_take_size,
        on_leave=leave,
    )


def present() -> None:
    """Show the page to a class."""
    choose("present", present=True)


def leave() -> None:
    """Show the page as it is at a desk."""
    choose("leave presenting", present=False)


@logged()
def _next_head() -> None:
    """Choose the next head; after the last one what the page begins with."""
    if "head" in parameters():
        choose("next head", head=next_head(value_of("head"), default_of("head")))


@logged()
def _take_size() -> None:
    sent = whole_numbers(st.session_state.get(KEY), "size")
    if sent and sent[0] in (-1, 1):
        enlarge(sent[0])


def draw_present_button() -> None:
    """Draw the way into the presenter's mode, in the corner of every page."""
    st.button(
        _("Present"),
        key="present_button",
        icon=":material/slideshow:",
        shortcut="Alt+P",
        on_click=present,
        help=_("Show this page to a class: as large as can be, without controls."),
    )
