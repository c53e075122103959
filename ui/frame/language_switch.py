"""The switch between languages, in the corner of every page."""

import streamlit as st

from ui.controls.let_show import let_show
from ui.link.language import KEY, choose_language
from ui.text.i18n import _, languages, own_name, spoken


def draw_language_switch() -> None:
    """Draw the switch, where there is more than one language."""
    if len(languages()) == 1:
        return

    def take() -> None:
        choose_language(st.session_state[KEY])

    let_show(KEY, spoken().code)
    st.segmented_control(
        _("Language"),
        languages(),
        default=spoken().code,
        required=True,
        format_func=own_name,
        key=KEY,
        on_change=take,
        label_visibility="collapsed",
    )
