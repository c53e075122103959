"""The page's own style: less air than Streamlit's default, so that all heads fit a projector."""

import streamlit as st

CSS = """
<style>
.stMainBlockContainer { padding: 0.7rem 1.6rem 2rem; max-width: 1800px; }
.stMainBlockContainer > div > .stVerticalBlock { gap: 0.5rem; }
header.stAppHeader { height: 2.4rem; background: transparent; }
.stSidebar [data-testid="stSidebarHeader"] { height: 2.2rem; margin-bottom: 0; }
[data-testid="stSidebarUserContent"] { padding-top: 0.2rem; }
[data-testid="stSidebarUserContent"] .stVerticalBlock { gap: 0.65rem; }
.stButtonGroup button p::first-letter { text-transform: uppercase; }
.st-key-selection .stNumberInput { display: flex; align-items: center; gap: 0.5rem; }
.st-key-selection .stNumberInput > label {
  margin: 0; min-height: 0; min-width: max-content; white-space: nowrap;
}
.st-key-heads_chart .nsewdrag, .st-key-heads_chart .annotation { cursor: pointer !important; }
</style>
"""


def apply_style() -> None:
    """Add the style to the page."""
    st.html(CSS)
