"""Tests: what a mask hides, and what positions tell, tried out on the sentence."""

import streamlit as st

from ui.controls.selection import Selection
from ui.link.memory import value_of
from ui.pages.explore.leak_view import draw_leak_controls, show_leak
from ui.pages.explore.order_view import draw_order_controls, show_order
from ui.runs.random_weights import RandomRun
from ui.text.descriptions import Description
from ui.text.i18n import N_
from ui.views.view import View
from viz.theme import Theme

SHOW = {"leak": show_leak, "order": show_order}
DESCRIPTIONS = {
    "leak": Description(
        N_("Leak test: one word is changed. Which other words' vectors move, and so know of it?"),
        "",
        ("mask", "causal", "token", "query", "key", "layer", "embedding"),
    ),
    "order": Description(
        N_("Word order: the words are shuffled. Does what comes out change, beyond its order?"),
        "",
        ("positions", "token", "sinusoidal", "rotary", "alibi", "score", "energy", "query", "key",
         "output", "head", "layer"),
    ),
}  # fmt: skip
DRAW_CONTROLS = {"leak": draw_leak_controls, "order": draw_order_controls}


def draw_test_inputs(view: View) -> None:
    """Draw what the chosen test is about, in the row above it."""
    if view is TESTS:
        with st.container(horizontal=True, key="test_inputs"):
            DRAW_CONTROLS[value_of("test")]()


def _show(run: RandomRun, selection: Selection, theme: Theme) -> None:
    SHOW[value_of("test")](run, selection, theme)


TESTS = View(
    "tests",
    _show,
    lambda: DESCRIPTIONS[value_of("test")],
    switch="test",
    picks=False,
    has_strip=False,
)
