"""The navigation, and which page is shown."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.util import calc_hash

from ui.frame.history import show_address
from ui.frame.language_switch import draw_language_switch
from ui.frame.page import Page
from ui.frame.pictures import draw_pictures, forget_caption
from ui.frame.style import apply_style
from ui.lesson.keys import draw_present_button
from ui.lesson.room import draw_room
from ui.lesson.share import draw_share, place_share
from ui.lesson.stage import draw_lesson
from ui.link.address import open_page, went_back
from ui.link.audience import CARRIED
from ui.link.language import as_parameter, read_language
from ui.link.member import KEY as ROOM
from ui.link.memory import address_parameters, session
from ui.link.room import enter_room, is_following
from ui.pages import ONCE_FIRST, PAGES
from ui.pages.missing.page import draw_missing
from ui.server import mend_streamlit, spare_imports
from ui.server.turns import turn
from ui.text.i18n import N_, _, spoken

# Streamlit knows a page by a hash of its path, and the first page by this one, which isn't a path.
FIRST = "first"
NO_SUCH_PAGE = "missing"
NO_SUCH_PAGE_TITLE = N_("No such page")
# What the address says there at the least, once it is ONCE_FIRST's: else a reload would open START.
TELLS_APART = "view"
# What asks for it there: the start page is presented, too.
ASKS_FOR_IT = ONCE_FIRST.parameters.keys() - set(CARRIED)


def show_page() -> None:
    """Draw the page that the address names, and the navigation above it."""
    kept = session()  # first of all: it takes what the browser has sent
    mend_streamlit()
    spare_imports()
    asked = _page_asked_for({page.name for page in PAGES})
    enter_room(at_root=asked == FIRST)
    at_first = _page_at_first(asked)
    kept.always_written = TELLS_APART if asked == FIRST and at_first is ONCE_FIRST else None
    shown = next((page for page in PAGES if page.name == asked), at_first)
    title = NO_SUCH_PAGE_TITLE if asked == NO_SUCH_PAGE else shown.title
    read_language(shown.name)
    address = f"{asked} {shown.name} {spoken().code}"
    if kept.configured != address:  # a browser forgets it with the page
        st.set_page_config(
            page_title=_("{page} · Headlight").format(page=_(title)),
            page_icon="ui/favicon.svg",
            layout="wide",
        )
        kept.configured = None
    apply_style("" if shown.has_heading and title == shown.title else _(title))
    with st.container(key="corner", horizontal=True):
        if asked != NO_SUCH_PAGE:
            draw_present_button()
            place_share()
        draw_language_switch()
        # Last, so that nothing else moves when somebody comes in; it is shown first.
        room_place = st.container(key="corner_room", horizontal=True) if kept.room else None
    is_own = not is_following() and kept.goes_to is None
    navigation = (
        asked if asked in (FIRST, PAGES[0].name) else "",
        at_first.name,
        spoken().code,
        is_own,
    )
    if kept.navigation != navigation:
        kept.navigation, kept.targets = navigation, _targets(asked, at_first, is_own=is_own)
    if room_place is not None:
        with room_place:
            draw_room()
    with turn():
        every = {id(page): page for page in kept.targets.values()}
        opened = st.navigation(list(every.values()), position="top")
        _go(asked)
        opened.run()
    kept.configured = address  # the run wasn't broken off, and has reached the browser


def _page_at_first(asked: str) -> Page:
    """Return the page that is shown at the first page's address, decided when somebody comes there.

    Who comes from another page has chosen the first page; the address may still be the other's.
    """
    kept = session()
    before, kept.asked = kept.asked, asked
    if is_following() and kept.room is not None:
        kept.at_first = next((page for page in PAGES if page.name == kept.room.page), PAGES[0])
    elif asked != FIRST:
        kept.at_first = PAGES[0]
    elif before != FIRST or went_back():
        has_chosen = before is not None and not went_back()
        asks = any(key in ASKS_FOR_IT for key, _text in address_parameters())
        kept.at_first = ONCE_FIRST if asks and not has_chosen else PAGES[0]
    page = kept.at_first
    assert isinstance(page, Page)  # no others are
    return page


def _go(asked: str) -> None:
    """Go where this run has found that one has to go, if one isn't there."""
    kept = session()
    goes_to, kept.goes_to = kept.goes_to, None
    if goes_to is not None and (asked, goes_to[0]) != (FIRST, ROOM):
        target, query = goes_to
        st.switch_page(
            kept.targets[target],
            query_params={**as_parameter(), **dict(parse_qsl(query, keep_blank_values=True))},
        )


def _targets(asked: str, at_first: Page, *, is_own: bool) -> dict[str, Any]:
    """Return what can be navigated to, in the language of now.

    The first page has two addresses, and so has the one that may be shown in its place; of each,
    the one that is looked at is marked in the navigation.

    Args:
        asked: the path that is asked for.
        at_first: the page that is shown at the first page's address.
        is_own: whether one is there by oneself; else that is where a class is followed.
    """
    start = PAGES[0]
    root = st.Page(
        _shows(at_first),
        title=_(at_first.title),
        url_path=FIRST,
        default=True,
        visibility="hidden" if asked == start.name or not is_own else "visible",
    )
    looked_at = {} if asked == start.name or not is_own else {at_first.name: root}
    named = {
        page.name: st.Page(
            _shows(page),
            title=_(page.title),
            url_path=page.name,
            visibility="hidden" if page.name in looked_at else "visible",
        )
        for page in PAGES
    }
    hidden = [page for name, page in named.items() if name in looked_at]
    return {
        **named,
        **looked_at,
        **{f"hidden {number}": page for number, page in enumerate(hidden)},
        ROOM: root,
        NO_SUCH_PAGE: st.Page(
            draw_missing, title=_(NO_SUCH_PAGE_TITLE), url_path=NO_SUCH_PAGE, visibility="hidden"
        ),
    }


def _shows(page: Page) -> Callable[[], None]:
    """What draws a page, or a lesson's step on it, and lets the address say what is shown."""

    def show() -> None:
        open_page(page)
        forget_caption()
        if not draw_lesson(PAGES):
            page.draw()
        draw_pictures()
        show_address()
        draw_share()

    return show


def _page_asked_for(paths: set[str]) -> str:
    """The path of the page that is asked for; FIRST where none is.

    An address that isn't a page's is made to ask for the page that says so: Streamlit would show
    the first page below a window about an error.
    """
    context = get_script_run_ctx()
    assert context is not None  # a session runs this
    asked = context.pages_manager
    if asked.intended_page_script_hash:
        hashes = {calc_hash(path): path for path in (*paths, NO_SUCH_PAGE)}
        return hashes.get(asked.intended_page_script_hash, FIRST)
    name = asked.intended_page_name
    if name and name not in paths:
        asked.set_script_intent(calc_hash(NO_SUCH_PAGE), "")
        return NO_SUCH_PAGE
    return name or FIRST
