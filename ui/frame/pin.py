"""Pin as A: what is shown becomes what the next comparison begins with."""

import streamlit as st

from ui.frame.page import page_shown, source_shown
from ui.link.memory import choose, session
from ui.text.errors import describe_error
from ui.text.i18n import _
from ui.text.markdown import plain


def draw_pin() -> None:
    """Draw the button, where what is shown can be compared."""
    if not page_shown().is_compared:
        return
    st.button(
        _("Pin as A"),
        key="pin",
        icon=":material/push_pin:",
        on_click=_pin,
        width="stretch",
        help=_("Compare what is shown now with something else: pin it, change it, open Compare."),
    )


def _pin() -> None:
    try:
        pinned = source_shown().side().text
    except ValueError as error:
        st.toast(plain(describe_error(error, _), 300), icon=":material/error:")
        return
    session().pinned, session().has_pinned = pinned, True
    choose("pin")
    st.toast(
        _("Pinned as A. Change anything, on any page, and open Compare to see the difference."),
        icon=":material/push_pin:",
    )
