"""Headlight: see attention being computed."""

import streamlit as st

from ui.server import MIDDLEWARE, ROUTES, lifespan
from ui.server.settings import check_settings

if __name__ == "__main__":  # a session runs this file as its script
    from ui.pages.navigation import show_page

    show_page()
else:  # the server imports it, once
    check_settings()
    app = st.App(__file__, lifespan=lifespan, routes=ROUTES, middleware=MIDDLEWARE)
