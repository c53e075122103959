"""Sharing: a link to what is shown, for a class, with those controls that it is to touch.

What is chosen here is of the link alone: neither the page nor its address changes by it.
"""

from dataclasses import dataclass, field
from functools import partial

import streamlit as st
from streamlit.elements.lib.mutable_popover_container import PopoverContainer

from model.errors import CodedError
from ui.components import take_focus
from ui.controls.let_show import let_show
from ui.frame.page import Page, page_shown
from ui.lesson.board import on_board
from ui.lesson.controls import controls_of
from ui.lesson.room import SHARE, draw_opening
from ui.link.audience import controls_named
from ui.link.code import CODE, here_for_others
from ui.link.lesson import Place, place_shown
from ui.link.links import link_to_this
from ui.link.memory import default_of, own_memory, value_of
from ui.server.rooms import SHORT_LINKS
from ui.server.turns import session_in_use
from ui.text.errors import describe_error
from ui.text.i18n import _
from ui.text.markdown import plain
from ui.text.parameter_names import CONTROL_NAMES

ONLY, PRESENT = "share_only", "share_present"
# Of a lesson, what the class has yet to say and to see.
UNSAID = ("answer", "revealed")
MOST = 400  # characters of a lesson's title


@dataclass
class Wish:
    """What somebody wants of the links to a page."""

    only: tuple[str, ...]  # the controls that may be touched; empty: all
    is_presented: bool


@dataclass
class Sharing:
    """What a session keeps of sharing."""

    popover: PopoverContainer | None = None  # of this run
    wishes: dict[str, Wish] = field(default_factory=dict)  # by the page's name
    asked: str | None = None  # the link that a short one was asked for


def place_share() -> None:
    """Draw the button; what is inside needs what the page has yet to decide."""
    own_memory(Sharing).popover = st.popover(
        _("Share"),
        icon=":material/share:",
        help=_("A link to this, for a class: with few controls, or short enough for a board"),
        key=SHARE,
        on_change="rerun",
        width="content",
    )


def draw_share() -> None:
    """Draw what is inside while it is open, at the end of a run: the page has its values then."""
    popover = own_memory(Sharing).popover
    if popover is not None and popover.open:
        with popover, st.container(key="share", gap="small"):
            _draw_inside(page_shown(), place_shown())
            take_focus(key="share_focus")


def _draw_inside(page: Page, place: Place | None) -> None:
    kept = own_memory(Sharing)
    is_step = place is not None and not value_of("free")
    offered = () if is_step else controls_of(page)  # a step leaves its own ones
    wish = kept.wishes.setdefault(
        page.name, Wish(controls_named(value_of("only")), bool(value_of("present")))
    )
    st.markdown(_begins_with(page, place, is_step=is_step))
    if offered:
        _choose_controls(page, offered, wish)
    let_show(PRESENT, wish.is_presented)
    st.toggle(
        _("Presenter mode"),
        wish.is_presented,
        key=PRESENT,
        help=_("As large as a class needs it, on a projector."),
        on_change=partial(_take, wish),
    )
    otherwise = {key: default_of(key) for key in ("notes", *(UNSAID if place is not None else ()))}
    only = ",".join(wish.only) if offered else value_of("only")
    link = link_to_this(**otherwise, only=only, present=wish.is_presented)
    st.code(here_for_others(link), language=None, wrap_lines=True)
    st.button(  # stays when it was pressed, for those who have come to it by keys
        _("Short link"),
        key="share_short",
        icon=":material/edit_square:",
        help=_("A code of six letters. The server keeps it in memory: not for ever."),
        on_click=partial(_ask, kept, link),
    )
    draw_opening()
    if kept.asked == link:
        _draw_short(kept, link)


def _begins_with(page: Page, place: Place | None, *, is_step: bool) -> str:
    if place is None:
        said = _("This link opens {page} as it is now, with all that you have chosen and typed.")
        return said.format(page=_(page.title))
    if is_step:
        said = _(
            "This link opens step {number} of the lesson “{lesson}”, with nothing answered yet."
        )
    else:
        said = _(
            "This link opens {page} as it is now, and leads back to step {number} of the lesson "
            "“{lesson}”."
        )
    return said.format(
        page=_(page.title), number=place.number, lesson=plain(place.lesson.title, MOST)
    )


def _choose_controls(page: Page, offered: tuple[str, ...], wish: Wish) -> None:
    names = {**CONTROL_NAMES, **page.sentences}
    wish.only = tuple(name for name in wish.only if name in offered)
    let_show(ONLY, list(wish.only))
    st.multiselect(
        _("Controls that may be touched"),
        offered,
        default=list(wish.only),
        format_func=lambda name: _(names[name]),
        placeholder=_("All of them"),
        key=ONLY,
        on_change=partial(_take, wish),
    )


def _take(wish: Wish) -> None:
    """Take what has been chosen; of a page without such a choice, what there is."""
    wish.only = tuple(st.session_state.get(ONLY, wish.only))
    wish.is_presented = bool(st.session_state[PRESENT])


def _ask(kept: Sharing, link: str) -> None:
    kept.asked = link


def _draw_short(kept: Sharing, link: str) -> None:
    """Draw a short link, its code as large as the last row needs it, or why there is none."""
    try:
        code = SHORT_LINKS.code_of(link, session_in_use()).upper()
    except CodedError as error:
        kept.asked = None  # it may be tried again
        said = _("No short link: {reason}. The link above works.")
        st.warning(said.format(reason=plain(describe_error(error, _), MOST)))
        return
    short = here_for_others(f"?{CODE}={code}")
    st.html(on_board(code, short))
    st.code(short, language=None, wrap_lines=True)
