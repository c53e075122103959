"""Headlight: see attention being computed."""

import streamlit as st

from ui.i18n import _
from ui.pages import encoder_decoder, explore, pretrained
from ui.server import prepare
from ui.style import apply_style

prepare()
st.set_page_config(page_title="Headlight", page_icon="ui/favicon.svg", layout="wide")
apply_style()
st.navigation(
    [
        st.Page(explore.page, title=_("Explore"), url_path="explore", default=True),
        st.Page(encoder_decoder.page, title=_("Encoder-decoder"), url_path="encoder-decoder"),
        st.Page(pretrained.page, title=_("Pretrained"), url_path="pretrained"),
    ],
    position="top",
).run()
