"""The navigation, and which page is shown."""

from collections.abc import Callable

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
from ui.text.i18n import _

# Streamlit knows a page by a hash of its path, and the first page by this one, which isn't a path.
FIRST = "first"
MISSING = "missing"


def show_page() -> None:
    """Draw the page that the address names, and the navigation above it."""
    kept = session()  # first of all: it takes what the browser has sent
    mend_streamlit()
    spare_imports()
    st.set_page_config(page_title="Headlight", page_icon="ui/favicon.svg", layout="wide")
    apply_style()
    first, *others = PAGES
    asked = _page_asked_for({page.name for page in PAGES})
    is_named = asked == first.name
    read_language(first.name if asked == FIRST else asked)
    draw_language_switch()
    # The first page has two addresses; the one that is looked at is marked in the navigation.
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
    shown = {
        page.name: st.Page(_shows(page), title=_(page.title), url_path=page.name) for page in others
    }
    absent = st.Page(draw_missing, title=_("No such page"), url_path=MISSING, visibility="hidden")
    kept.targets = {first.name: named if is_named else alone, **shown}
    with turn():
        st.navigation([alone, named, *shown.values(), absent], position="top").run()


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
        hashes = {calc_hash(path): path for path in (*paths, MISSING)}
        return hashes.get(asked.intended_page_script_hash, FIRST)
    name = asked.intended_page_name
    if name and name not in paths:
        asked.set_script_intent(calc_hash(MISSING), "")
        return MISSING
    return name or FIRST
