"""Headlight: see attention being computed."""

import streamlit as st

from ui.server import MIDDLEWARE, ROUTES, lifespan

if __name__ == "__main__":  # a session runs this file as its script
    from ui.pages.navigation import show_page

    show_page()
else:  # the server imports it, once
    app = st.App(__file__, lifespan=lifespan, routes=ROUTES, middleware=MIDDLEWARE)
