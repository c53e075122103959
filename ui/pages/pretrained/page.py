"""Pretrained: the same views on models that others have trained."""

from typing import Any

import streamlit as st

from ui.controls.fits import fit_sentence_to
from ui.controls.random_settings import sentence_input
from ui.frame.failures import told_in_place
from ui.frame.follow import Top, draw_top, end_sidebar, follow
from ui.frame.history import live
from ui.frame.page import Page
from ui.frame.source import Source
from ui.frame.view_bar import draw_selection_row, draw_view_bar
from ui.link.memory import value_of
from ui.pages.pretrained.changing import draw_changing
from ui.pages.pretrained.controls import (
    draw_first_settings,
    draw_kind,
    draw_layer,
    draw_layer_shown,
    draw_model,
    draw_second,
    draw_sentences,
    draw_together,
    expect_telling,
    opening,
)
from ui.pages.pretrained.file_memory import opened_file
from ui.pages.pretrained.file_page import draw_from_file, get_file
from ui.pages.pretrained.file_source import FROM_FILE
from ui.pages.pretrained.lesson import TEACHING
from ui.pages.pretrained.loading import VIEWS, load_model, stages_of, views_of
from ui.pages.pretrained.next_token_view import forget_written, take_written_from_link
from ui.pages.pretrained.parameters import PARAMETERS
from ui.pages.pretrained.run_notices import show_notices_of_run
from ui.pages.pretrained.settings import count_sentences
from ui.pages.pretrained.source import PRETRAINED
from ui.pages.pretrained.tokens import draw_tokens
from ui.runs.layers_of_file import MOST_SENTENCES
from ui.text.i18n import N_, _
from ui.views.view import named


def _draw() -> None:
    """Draw controls that stay, around a part that follows each key press."""
    if value_of("from_file"):
        draw_from_file()
        return
    top = draw_top()
    with top.messages:
        model = load_model()
    with st.sidebar:
        draw_model()
        if model is None:  # there is nothing that any other control could be about
            with top.sentences[0]:
                sentence_input(_("Sentence"), "text")
            return
        draw_second(model)
        draw_together(model)
        draw_sentences()
        draw_layer(model)
        draw_kind(model)
        draw_tokens(named(VIEWS, value_of("view")))
        draw_changing()
        end_sidebar(PRETRAINED, more=False, reset=draw_first_settings)
    draw_view_bar(views_of(model), there={"stage": stages_of(model)})
    draw_selection_row(VIEWS, sentences=count_sentences())
    live(_follow)(top)


def _follow(top: Top) -> None:
    """Draw the sentence and what follows from it."""
    forget_written()
    followed = follow(PRETRAINED, VIEWS, top.messages, header=top.header)
    if followed is not None:
        with top.messages, told_in_place():
            show_notices_of_run(followed)
    with top.sentences[0]:
        sentence_input(_("Sentence"), "text")


def _count_sentences() -> int:
    if not value_of("from_file"):
        return count_sentences()
    return MOST_SENTENCES if opened_file() is None else FROM_FILE.count_sentences()


def _source() -> Source[Any, Any]:
    """Return where the numbers come from: a model, or a file."""
    return FROM_FILE if value_of("from_file") else PRETRAINED


def _is_ready() -> bool:
    return get_file() if value_of("from_file") else load_model() is not None


PAGE = Page(
    name="pretrained",
    title=N_("Pretrained"),
    draw=_draw,
    parameters=PARAMETERS,
    # The rest when the model is known: see load_model.
    fits={
        "q": expect_telling,
        "sentence": lambda: fit_sentence_to(_count_sentences()),
        "added": take_written_from_link,
    },
    shared=frozenset({"text"}),
    opening=opening,
    get_ready=_is_ready,
    controls={"layer": draw_layer_shown},
    teaching=TEACHING,
    views=VIEWS,
    source=_source,
    is_compared=True,
)
