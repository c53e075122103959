"""Pretrained: the same views on models that others have trained."""

from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui.controls import sentence_input
from ui.downloads import Shown
from ui.failures import told_in_place
from ui.frame import Followed, end_sidebar, follow
from ui.i18n import _
from ui.link import keep_undrawn, parameters, read_link, remember, value_of
from ui.messages import tell_limits
from ui.seeing import told, told_of_pair
from ui.selection import attention_in
from ui.strip import show_strip
from ui.token_controls import WITH_STRIP, draw_tokens, has_strip
from ui.trained import TrainedRun, compute_trained
from ui.trained_controls import (
    draw_examples,
    draw_kind,
    draw_layer,
    draw_model,
    draw_second,
    draw_together,
    load_model,
    views_of,
)
from ui.turns import turn
from ui.view_bar import draw_selection_row, draw_view_bar
from ui.views.next_token import forget_written

TOKEN_BY_TOKEN = ("head", "cell")


def page() -> None:
    """The page: controls that stay, around a part that follows each key press."""
    read_link("pretrained")
    top = st.container()
    with top:
        model = load_model()
    with st.sidebar:
        draw_model()
        sentence_place = st.container()
        if model is None:  # there is nothing that any other control could be about
            with sentence_place:
                sentence_input(_("Sentence"), "text")
            keep_undrawn(*(key for key in parameters() if key not in ("model", "text")))
            remember()
            return
        draw_second(model)
        draw_together(model)
        draw_examples(model)
        draw_layer(model)
        draw_kind(model)
        draw_tokens()
        shown = st.session_state.setdefault("_shown_trained", Shown(compute_trained))
        end_sidebar(shown, more=False)
    view = draw_view_bar(views_of(model), ("stage", "overview", "pattern"))
    draw_selection_row(view)
    remember()
    _follow(sentence_place, top, shown)


@st.fragment
@turn()
def _follow(sentence_place: DeltaGenerator, top: DeltaGenerator, shown: Shown) -> None:
    """The sentence and what follows from it; a fragment, as on Explore."""
    forget_written()
    followed = follow(shown, top, "text", "text2", "added", "removed")
    if followed is not None:
        with top, told_in_place():
            _tell(followed)
    with sentence_place:
        sentence_input(_("Sentence"), "text")


def _tell(followed: Followed) -> None:
    run, selection = followed
    if run.is_empty:
        st.info(_("Type a sentence on the left, or pick an example, to see its attention."))
        return
    tell_limits(run)
    if value_of("view") not in WITH_STRIP:
        return
    if value_of("view") == "next" and selection.query is None:
        # The last token is the one that the next is predicted from.
        last = len(attention_in(run, selection).whole.queries) - 1
        selection = replace(selection, query=last)
    if has_strip():
        show_strip(run, selection)
    assert isinstance(run, TrainedRun)  # this page has no others
    _tell_seeing(run)


def _tell_seeing(run: TrainedRun) -> None:
    seeing, subwords = run.settings.seeing, run.sentences.subwords
    if value_of("view") in TOKEN_BY_TOKEN and not seeing.is_whole:
        st.caption(_("Below, all tokens are shown, one by one, with the module's own numbers."))
    said = told(seeing, [each for side in run.computed.sides for each in side.subwords])
    if run.settings.together:
        said = [*told_of_pair(subwords[0]), *said]
    if said:
        st.caption(" ".join(said))
