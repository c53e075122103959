"""What is shown at an address that no page has."""

import streamlit as st

from ui.link.memory import session
from ui.text.i18n import _


def draw_missing() -> None:
    """Draw that there is no such page, and a way to the first."""
    st.info(_("There is no page at this address."), icon=":material/explore_off:")
    st.page_link(
        session().targets["start"], label=_("Go to the start page"), icon=":material/home:"
    )
