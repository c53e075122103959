"""The navigation, and which page is shown."""

from collections.abc import Callable
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.util import calc_hash

from ui.frame.history import show_address
from ui.frame.language_switch import draw_language_switch
from ui.frame.page import Page
from ui.frame.style import apply_style
from ui.link.address import open_page
from ui.link.language import read_language
from ui.link.memory import session
from ui.pages import PAGES
from ui.pages.missing.page import draw_missing
from ui.server import mend_streamlit, spare_imports
from ui.server.turns import turn
from ui.text.i18n import _, spoken

# Streamlit knows a page by a hash of its path, and the first page by this one, which isn't a path.
FIRST = "first"
NO_SUCH_PAGE = "missing"


def show_page() -> None:
    """Draw the page that the address names, and the navigation above it."""
    kept = session()  # first of all: it takes what the browser has sent
    mend_streamlit()
    spare_imports()
    first = PAGES[0]
    asked = _page_asked_for({page.name for page in PAGES})
    if kept.configured != asked:  # a browser forgets it with the page
        st.set_page_config(page_title="Headlight", page_icon="ui/favicon.svg", layout="wide")
        kept.configured = None
    apply_style()
    read_language(first.name if asked == FIRST else asked)
    draw_language_switch()
    navigation = (asked == first.name, spoken().code)
    if kept.navigation != navigation:
        kept.navigation, kept.targets = navigation, _targets(is_named=navigation[0])
    with turn():
        st.navigation(list(kept.targets.values()), position="top").run()
    kept.configured = asked  # the run wasn't broken off, and has reached the browser


def _targets(*, is_named: bool) -> dict[str, Any]:
    """Return what can be navigated to, in the language of now.

    The first page has two addresses; the one that is looked at is marked in the navigation.
    """
    first, *others = PAGES
    alone, named = (
        st.Page(
            _shows(first),
            title=_(first.title),
            url_path=path,
            default=path == FIRST,
            visibility="visible" if (path == first.name) is is_named else "hidden",
        )
        for path in (FIRST, first.name)
    )
    looked_at, hidden = (named, alone) if is_named else (alone, named)
    return {
        first.name: looked_at,
        **{p.name: st.Page(_shows(p), title=_(p.title), url_path=p.name) for p in others},
        "": hidden,
        NO_SUCH_PAGE: st.Page(
            draw_missing, title=_("No such page"), url_path=NO_SUCH_PAGE, visibility="hidden"
        ),
    }


def _shows(page: Page) -> Callable[[], None]:
    """What draws a page, and lets the address say what is shown."""

    def show() -> None:
        open_page(page)
        page.draw()
        show_address()

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
