"""Explore: type a sentence, see every number of its attention."""

import numpy as np
import streamlit as st

from ui.components import StripData, token_strip
from ui.compute import Run, compute
from ui.controls import BOUND, choose_settings, segments
from ui.header import show_header
from ui.i18n import _, ngettext
from ui.link import DEFAULTS, finish_repairs, fit_index, read_link, show_notices, value_of
from ui.selection import Selection, choose, take_pick
from ui.settings import MAX_TOKENS, STAGES, VIEWS
from ui.views.cell import show_cell
from ui.views.head import show_head
from ui.views.heads import show_heads
from ui.views.numbers import show_downloads, show_numbers
from viz.labels import shorten, visible
from viz.theme import theme_of


def page() -> None:
    """The page: read the state, compute, present."""
    read_link()
    settings = choose_settings()
    run = compute(settings)
    show_header(run)
    show_notices()
    if run.length == 0:
        st.info(_("Type a sentence on the left, or pick an example, to see its attention."))
        finish_repairs()
        return
    _tell_limits(run)
    sentence = _choose_sentence(run)
    strip_place = st.container()
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        view = segments(_("View"), VIEWS, key="view", hidden=True)
        stage = segments(_("Stage"), STAGES, key="stage", hidden=True)
        show_downloads(settings, sentence, stage)
    selection = choose(run, sentence)
    with strip_place:
        _show_strip(run, selection)

    theme = theme_of(st.context.theme.type)
    match view:
        case "heads":
            show_heads(run, selection, stage, theme)
        case "head":
            show_head(run, selection, theme)
        case "cell":
            show_cell(run, selection, theme)
        case "numbers":
            show_numbers(run, selection, stage)
    finish_repairs()


def _choose_sentence(run: Run) -> int:
    """Which sentence of the batch is shown, counted from 0."""
    count = len(run.lengths)
    if count == 1:
        return 0
    fit_index("sentence", count + 1, _("There is no sentence {value}; showing {used}."))
    st.segmented_control(
        _("Sentence shown"),
        range(1, count + 1),
        default=DEFAULTS["sentence"],
        required=True,
        key="sentence",
        bind=BOUND,
    )
    return int(value_of("sentence")) - 1


def _tell_limits(run: Run) -> None:
    """Say what was cut, and which rows have nothing to attend to."""
    if run.left_out:
        st.warning(
            ngettext(
                "A sentence is cut after {limit} tokens: {count} token was left out.",
                "Sentences are cut after {limit} tokens: {count} tokens were left out.",
                run.left_out,
            ).format(limit=MAX_TOKENS, count=run.left_out),
            icon=":material/content_cut:",
        )
    empty = sum(int((~run.allowed(s).any(axis=1)).sum()) for s in range(len(run.lengths)))
    if empty:
        st.warning(
            ngettext(
                "{count} query has nothing to attend to under this mask: its weights and its "
                "head outputs are zero.",
                "{count} queries have nothing to attend to under this mask: their weights and "
                "their head outputs are zero.",
                empty,
            ).format(count=empty),
            icon=":material/block:",
        )


def _show_strip(run: Run, selection: Selection) -> None:
    weights = run.trace.weights[selection.sentence].numpy()
    if selection.head is None:
        shown, whose = weights.mean(axis=0), _("mean of the heads")
    else:
        shown = weights[selection.head]
        whose = _("head {number}").format(number=selection.head)
    token_strip(
        StripData(
            tokens=[shorten(visible(t), 40) for t in run.tokens[selection.sentence]],
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
