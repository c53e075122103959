"""Encoder-decoder: a source and a target, and every attention within and between them."""

import streamlit as st

from ui.choices.options import KINDS, PAIR_MASKS
from ui.controls.fits import fit_sentence_to, size_fits
from ui.controls.popover import draw_popover
from ui.controls.random_settings import draw_layers, draw_sizes, segments, sentence_input
from ui.frame.failures import told_in_place
from ui.frame.follow import Top, draw_top, end_sidebar, follow
from ui.frame.history import live
from ui.frame.messages import show_limits
from ui.frame.opened_from_learn import fit_weights, opened_model, show_opened
from ui.frame.page import Page
from ui.frame.random_source import RandomWeights
from ui.frame.view_bar import draw_selection_row, draw_view_bar
from ui.link.common_parameters import SHARED
from ui.pages.encoder_decoder.parameters import PARAMETERS
from ui.pages.encoder_decoder.untrained import tell_untrained
from ui.text.explain import explain
from ui.text.i18n import N_, _
from ui.views.cell import CELL
from ui.views.few_heads import opening
from ui.views.head import HEAD
from ui.views.heads import HEADS
from ui.views.kinds import KINDS_SIDE_BY_SIDE
from ui.views.layers import LAYERS
from ui.views.numbers import NUMBERS
from ui.views.view import View

SOURCE = RandomWeights(is_pair=True)
VIEWS = (KINDS_SIDE_BY_SIDE, HEADS, HEAD, CELL, LAYERS, NUMBERS)


def _draw() -> None:
    """Draw controls that stay, around a part that follows each key press."""
    if (model := opened_model()) is not None:
        show_opened(model, VIEWS)
        return
    with st.sidebar:
        draw_popover(
            _("A second pair (a batch)"),
            _draw_second_pair,
            key="batch_popover",
            icon=":material/add:",
        )
        draw_sizes()
        segments(
            _("Mask"),
            PAIR_MASKS,
            key="mask",
            help=explain(
                "mask",
                "causal",
                more=_(
                    "Causal: the target doesn't look ahead in itself. Padding: neither side's "
                    "filling is looked at. The source sees all of itself, the target all of the "
                    "source."
                ),
            ),
        )
        draw_layers(pair=True)
        end_sidebar(SOURCE)
        tell_untrained()
    top = draw_top(sentences=2)
    draw_view_bar(VIEWS)
    draw_selection_row(VIEWS, sentences=SOURCE.count_sentences(), draw_more=_draw_kind)
    live(_follow)(top)


def _draw_second_pair() -> None:
    sentence_input(_("Source 2"), "text3", hidden=True)
    sentence_input(_("Target 2"), "text4", hidden=True)


def _draw_kind(view: View) -> None:
    if view is not KINDS_SIDE_BY_SIDE:
        with st.container(key="kind_row", width="content"):
            segments(_("Attention"), KINDS, key="kind", hidden=True)


def _follow(top: Top) -> None:
    """Draw the sentences and what follows from them."""
    followed = follow(SOURCE, VIEWS, top.messages, header=top.header)
    if followed is not None:
        with top.messages, told_in_place():
            if followed.run.is_empty:
                st.info(_("Type a source and a target above to see the attention between them."))
            else:
                show_limits(SOURCE, followed.run)
    source, target = top.sentences
    with source:
        sentence_input(_("Source"), "text")
    with target:
        sentence_input(_("Target"), "text2")


PAGE = Page(
    name="encoder-decoder",
    title=N_("Encoder-decoder"),
    draw=_draw,
    parameters=PARAMETERS,
    opening=opening,
    fits={
        "weights": fit_weights,
        **size_fits(pair=True),
        "sentence": lambda: fit_sentence_to(SOURCE.count_sentences()),
    },
    shared=SHARED,
    sentences={"text": N_("Source"), "text2": N_("Target")},
    views=VIEWS,
    source=lambda: opened_model() or SOURCE,
    is_compared=True,
)
