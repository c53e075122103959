"""The style of a page that is shown to a class: larger in all, and nothing beside the picture.

All sizes of Streamlit's are in the height of a text, and follow it. Its smallest texts are seven
eighths of that: at 768 pixels, 20 of them.
"""

from functools import cache

import streamlit as st

from ui.controls.presenting import REM, size_chosen

CSS = """
<style>
html:has(.st-key-presented) { font-size: calc(%(vh)g * 1vh) !important; }
body:has(.st-key-presented) :is(
  header.stAppHeader, .stSidebar, .st-key-corner, .st-key-lang, .st-key-present_button
) { display: none !important; }
body:has(.st-key-presented) .stMainBlockContainer {
  padding: 0.5rem 1rem 0.2rem; max-width: none;
}
.st-key-presented .stCaption, .st-key-presented [data-testid="stCaptionContainer"] p {
  font-size: 0.9rem; line-height: 1.3;
}
.st-key-presented h3 { font-size: 1.3rem; padding: 0; line-height: 1.2; }
.st-key-presented .st-key-lesson_bar { padding-bottom: 0; }
.st-key-presented :is(button, button p, label p, input, a p) { font-size: 0.9rem !important; }
.st-key-presented .stTextInput input {
  font-size: 1.2rem !important; line-height: 1.2; padding-block: 0.25rem;
}
.st-key-presented .st-key-lesson_question .stMarkdown strong { font-size: 1.25rem; }
.st-key-presented { min-height: calc(100vh - 1.9rem); --word: 2.6vw; }
[data-testid="stLayoutWrapper"]:has(> .st-key-say) { margin-top: auto; }
.st-key-presented .stMarkdown code { font-size: 0.92em; }
.st-key-say { padding: 0 2.6rem 0.2rem 0; }
.st-key-say .stMarkdown p { font-size: 1rem; line-height: 1.35; }
.st-key-presented .stTextInput [data-testid="InputInstructions"] { display: none; }
</style>
"""


class _Style:
    def __init__(self, vh: float) -> None:
        self._html = CSS % {"vh": vh}

    def _repr_html_(self) -> str:
        return self._html


@cache
def _style(vh: float) -> _Style:
    return _Style(vh)


def apply_presenter_style() -> None:
    """Let everything on the page be as large as somebody at the wall needs it."""
    st.html(_style(round(100 * REM * size_chosen(), 3)))
