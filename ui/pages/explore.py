"""Explore: type a sentence, see every number of its attention."""

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui.components import StripData, chart_clicks, token_strip
from ui.compute import Run, compute
from ui.controls import BOUND, current_settings, draw_controls, draw_sentence, segments
from ui.header import show_header
from ui.i18n import _, ngettext
from ui.link import DEFAULTS, fit_sentence, read_link, show_notices, value_of
from ui.selection import (
    Selection,
    draw_selection,
    selection_in,
    take_cell,
    take_name,
    take_pick,
)
from ui.settings import MAX_TOKENS, STAGES, VIEWS
from ui.text import token_text
from ui.views.cell import show_cell
from ui.views.head import show_head
from ui.views.heads import show_heads
from ui.views.numbers import Shown, draw_downloads, show_numbers
from viz.theme import theme_of

REQUIRED = {"head": ("head",), "cell": ("head", "q", "k")}  # what a view can't do without


def page() -> None:
    """The page: controls that stay, around a part that follows each key press."""
    read_link()
    with st.sidebar:
        sentence_place = st.container()
        draw_controls()
        shown = st.session_state.setdefault("_shown", Shown(current_settings()))
        draw_downloads(shown)
        chart_clicks(chart_key="heads_chart", on_cell=take_cell, on_name=take_name)
    top = st.container()
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        view = segments(_("View"), VIEWS, key="view", hidden=True)
        # One head and Cell show every stage: there the switch is out of sight, not out of the link.
        with st.container(
            key="stage_unused" if view in REQUIRED else "stage_used", width="content"
        ):
            segments(_("Stage"), STAGES, key="stage", hidden=True)
        if view == "heads":  # it needs the height of a row, and a click chooses as well
            with st.popover(_("Head · query · key"), icon=":material/my_location:"):
                draw_selection()
    with st.container(horizontal=True, gap="medium", key="selection"):
        if view != "heads":
            draw_selection(required=REQUIRED.get(view, ()))
        _choose_sentence()
    _follow(sentence_place, top, shown)


@st.fragment
def _follow(sentence_place: DeltaGenerator, top: DeltaGenerator, shown: Shown) -> None:
    """The sentence and what follows from it.

    A fragment, so that typing runs this much and not the controls, which take more than
    half of a whole run's time.
    """
    run = compute(current_settings())
    selection, messages = selection_in(run)
    shown.settings, shown.sentence = run.settings, selection.sentence
    # The picture goes first: what is sent before it would delay it by a frame each.
    if run.length:
        _show_view(run, selection)
    with top:
        show_header(run)
        show_notices()
        if run.length:
            _tell_limits(run, messages)
            _show_strip(run, selection)
        else:
            st.info(_("Type a sentence on the left, or pick an example, to see its attention."))
    with sentence_place:
        draw_sentence()


def _show_view(run: Run, selection: Selection) -> None:
    theme = theme_of(st.context.theme.type)
    match value_of("view"):
        case "heads":
            show_heads(run, selection, value_of("stage"), theme)
        case "head":
            show_head(run, selection, theme)
        case "cell":
            show_cell(run, selection, theme)
        case "numbers":
            show_numbers(run, selection, value_of("stage"))


def _choose_sentence() -> None:
    """Which sentence of a batch is shown, where there is more than one."""
    count = len(current_settings().texts)
    fit_sentence(count)
    if count > 1:
        st.segmented_control(
            _("Sentence"),
            range(1, count + 1),
            default=DEFAULTS["sentence"],
            required=True,
            key="sentence",
            bind=BOUND,
        )


def _tell_limits(run: Run, messages: list[str]) -> None:
    """Say what was cut, what isn't there, and which rows have nothing to attend to."""
    if run.left_out:
        messages.append(
            ngettext(
                "A sentence is cut after {limit} tokens: {count} token was left out.",
                "Sentences are cut after {limit} tokens: {count} tokens were left out.",
                run.left_out,
            ).format(limit=MAX_TOKENS, count=run.left_out)
        )
    empty = sum(int((~run.allowed(s).any(axis=1)).sum()) for s in range(len(run.lengths)))
    if empty:
        messages.append(
            ngettext(
                "{count} query has nothing to attend to under this mask: its weights and its "
                "head outputs are zero.",
                "{count} queries have nothing to attend to under this mask: their weights and "
                "their head outputs are zero.",
                empty,
            ).format(count=empty)
        )
    if messages:
        st.warning("  \n".join(messages), icon=":material/info:")


def _show_strip(run: Run, selection: Selection) -> None:
    weights = run.trace.weights[selection.sentence].numpy()
    if selection.head is None:
        shown, whose = weights.mean(axis=0), _("mean of the heads")
    else:
        shown = weights[selection.head]
        whose = _("head {number}").format(number=selection.head)
    token_strip(
        StripData(
            tokens=[token_text(token) for token in run.tokens[selection.sentence]],
            real=run.lengths[selection.sentence],
            weights=np.asarray(shown),
            chosen=selection.query,
            hint=_("Point at a word: how much it attends to each of the others ({whose}).").format(
                whose=whose
            ),
            sentence=_("How much “{{token}}” attends to each word ({whose}).").format(whose=whose),
        ),
        key="strip",
        on_pick=take_pick,
    )
