"""The pages, and which of them is shown."""

import streamlit as st

from ui.i18n import _
from ui.pages import compare, encoder_decoder, explore, lab, learn, pretrained
from ui.server import spare_imports
from ui.style import apply_style
from ui.turns import turn


def show_page() -> None:
    """Draw the page that the address names, and the navigation above it."""
    spare_imports()
    st.set_page_config(page_title="Headlight", page_icon="ui/favicon.svg", layout="wide")
    apply_style()
    pages = {
        "explore": st.Page(explore.page, title=_("Explore"), url_path="explore", default=True),
        "encoder-decoder": st.Page(
            encoder_decoder.page, title=_("Encoder-decoder"), url_path="encoder-decoder"
        ),
        "pretrained": st.Page(pretrained.page, title=_("Pretrained"), url_path="pretrained"),
        "learn": st.Page(learn.page, title=_("Learn"), url_path="learn"),
        "compare": st.Page(compare.page, title=_("Compare"), url_path="compare"),
        "lab": st.Page(lab.page, title=_("Lab"), url_path="lab"),
    }
    st.session_state["_pages"] = pages  # for links from one to another
    with turn():
        st.navigation(list(pages.values()), position="top").run()
