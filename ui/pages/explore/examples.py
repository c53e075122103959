"""Sentences to begin with, and the further sentences of a batch."""

import streamlit as st

from ui.choices.examples import EXAMPLES
from ui.choices.options import TEXT_KEYS
from ui.controls.examples import draw_examples
from ui.controls.popover import draw_popover
from ui.controls.random_settings import sentence_input
from ui.text.i18n import _
from ui.text.option_names import word


def draw_sentences() -> None:
    """Draw the examples, and the further sentences of a batch."""
    with st.container(horizontal=True, gap="small"):
        draw_examples(EXAMPLES, named=word, begin_anew=("q", "k"))
        draw_popover(_("Batch"), _draw_batch, key="batch_popover", icon=":material/add:")


def _draw_batch() -> None:
    for number, key in enumerate(TEXT_KEYS[1:], start=2):
        sentence_input(_("Sentence {number}").format(number=number), key, hidden=True)
