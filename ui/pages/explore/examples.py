"""Sentences to begin with, and the further sentences of a batch."""

import streamlit as st

from ui.choices.examples import EXAMPLES
from ui.choices.options import TEXT_KEYS
from ui.controls.popover import draw_popover
from ui.controls.random_settings import sentence_input
from ui.link.memory import choose
from ui.text.i18n import _
from ui.text.option_names import word


def draw_examples() -> None:
    """Draw the examples, and the further sentences of a batch."""

    def take_example() -> None:
        example = st.session_state["example"]
        choose(f"example {example}", **EXAMPLES[example])
        st.session_state["example"] = None

    with st.container(horizontal=True, gap="small"):
        st.selectbox(
            _("Examples"),
            list(EXAMPLES),
            index=None,
            format_func=word,
            key="example",
            placeholder=_("Examples"),
            label_visibility="collapsed",
            on_change=take_example,
        )
        draw_popover(_("Batch"), _draw_batch, key="batch_popover", icon=":material/add:")


def _draw_batch() -> None:
    for number, key in enumerate(TEXT_KEYS[1:], start=2):
        sentence_input(_("Sentence {number}").format(number=number), key, hidden=True)
