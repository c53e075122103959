"""What is shown at an address that no page has."""

import streamlit as st

from ui.i18n import _


def page() -> None:
    """The page: that there is none, and a way to the first."""
    st.info(_("There is no page at this address."), icon=":material/explore_off:")
    st.page_link(
        st.session_state["_pages"]["explore"], label=_("Go to Explore"), icon=":material/home:"
    )
