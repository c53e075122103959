"""The pages, and which of them is shown."""

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.util import calc_hash

from ui.i18n import _
from ui.pages import compare, encoder_decoder, explore, lab, learn, missing, pretrained
from ui.server import mend_streamlit, spare_imports
from ui.style import apply_style
from ui.turns import turn

# Streamlit knows a page by a hash of its path, and the first page by this one, which isn't a path.
FIRST = "first"
MISSING = "missing"


def show_page() -> None:
    """Draw the page that the address names, and the navigation above it."""
    mend_streamlit()
    spare_imports()
    st.set_page_config(page_title="Headlight", page_icon="ui/favicon.svg", layout="wide")
    apply_style()
    shown = {
        "encoder-decoder": st.Page(
            encoder_decoder.page, title=_("Encoder-decoder"), url_path="encoder-decoder"
        ),
        "pretrained": st.Page(pretrained.page, title=_("Pretrained"), url_path="pretrained"),
        "learn": st.Page(learn.page, title=_("Learn"), url_path="learn"),
        "compare": st.Page(compare.page, title=_("Compare"), url_path="compare"),
        "lab": st.Page(lab.page, title=_("Lab"), url_path="lab"),
    }
    asked = _page_asked_for({"explore", *shown})
    first, named = (
        st.Page(
            explore.page,
            title=_("Explore"),
            url_path=path,
            default=path == FIRST,
            # The one that is looked at is in the navigation, and marked there.
            visibility="visible" if (path == "explore") is (asked == "explore") else "hidden",
        )
        for path in (FIRST, "explore")
    )
    absent = st.Page(missing.page, title=_("No such page"), url_path=MISSING, visibility="hidden")
    # For links from one to another.
    st.session_state["_pages"] = {"explore": named if asked == "explore" else first, **shown}
    with turn():
        st.navigation([first, named, *shown.values(), absent], position="top").run()


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
