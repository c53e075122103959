"""What the pages have in common: the end of the sidebar, and what follows each key press."""

from collections.abc import Callable
from typing import Any, NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui.controls.random_settings import draw_more
from ui.controls.reset import draw_reset
from ui.controls.selection import Selection, attention_in, fit_selection
from ui.frame.clicks import draw_click_listener
from ui.frame.downloads import Shown, draw_downloads
from ui.frame.failures import told_in_place
from ui.frame.header import show_header
from ui.frame.page_download import seen_now
from ui.frame.pin import draw_pin
from ui.frame.source import Source
from ui.link.memory import memory, value_of
from ui.link.notices import show_notices
from ui.runs.run import Run
from ui.text.i18n import _
from ui.views.view import View, named
from viz.theme import theme_of


class Top(NamedTuple):
    """The places above the view."""

    sentences: tuple[DeltaGenerator, ...]  # one each
    header: DeltaGenerator  # for what the numbers are
    messages: DeltaGenerator


def draw_top(sentences: int = 1, *, has_header: bool = True) -> Top:
    """Draw the places above the view, and return them.

    What is read is the main thing, and has the width that a sentence needs: beside what the numbers
    are, or across the page where there are two, or where nothing is said beside it.
    """
    with st.container(key="sentences"):
        if sentences > 1 or not has_header:
            return Top(tuple(st.columns(sentences)), st.container(), st.container())
        sentence, header = st.columns([11, 9], vertical_alignment="center")
    return Top((sentence,), header, st.container())


def end_sidebar(
    source: Source[Any, Any],
    *,
    more: bool = True,
    reset: Callable[[], None] | None = draw_reset,
) -> None:
    """Draw the rest of the controls and the downloads, and store the layout: it is settled.

    Args:
        source: of the numbers.
        more: whether there are the further controls of random weights.
        reset: draws the button that puts the settings back; None where there is none.
    """
    with st.container(horizontal=True, gap="small"):
        if more:
            draw_more()
        draw_downloads(shown_of(source))
    draw_last_row(reset)
    draw_click_listener()
    settle_layout(source)


def draw_last_row(reset: Callable[[], None] | None) -> None:
    """Draw what is done with all settings at once: pin them, and put them back."""
    with st.container(horizontal=True, gap="small"):
        draw_pin()
        if reset is not None:
            reset()


def shown_of(source: Source[Any, Any]) -> Shown:
    """Return what this session's page shows, for its downloads."""
    kept = memory()
    if kept.shown is None or kept.shown.source != source:
        kept.shown = Shown(source)
    shown: Shown = kept.shown
    return shown


def settle_layout(source: Source[Any, Any]) -> None:
    """Store what the controls that were drawn depend on."""
    memory().layout = source.layout()


class Followed(NamedTuple):
    """What a page shows now."""

    run: Run
    selection: Selection


def compute_chosen(source: Source[Any, Any]) -> Followed:
    """Return what is chosen now, computed, with the selection brought within it.

    Raises whatever a source's settings and numbers do.
    """
    shown = shown_of(source)
    shown.settings = source.settings()
    run = shown.run()
    return Followed(run, fit_selection(run))


def follow(
    source: Source[Any, Any],
    views: tuple[View, ...],
    messages: DeltaGenerator,
    *,
    header: DeltaGenerator | None = None,
) -> Followed | None:
    """Compute what is chosen now, draw the view, and say above it what its numbers are.

    None where it can't be computed: why is said among the messages. Nothing is raised, so that a
    page goes on to its inputs, in which alone it can be corrected.

    Args:
        source: of the numbers.
        views: those that the page has.
        messages: the place above the view.
        header: the place for what the numbers are; None for the same.
    """
    if memory().layout != source.layout():
        st.rerun()  # a control was changed while somebody typed: Streamlit ran only the fragment
    followed = None
    with told_in_place(messages):
        followed = compute_chosen(source)
        selection, shown = followed.selection, shown_of(source)
        shown.sentence, shown.layer, shown.kind = (
            selection.sentence,
            selection.layer,
            selection.kind,
        )
        shown.seen = seen_now(selection)
    # The picture goes first: what is sent before it would delay it by a frame each.
    if followed is not None and not followed.run.is_empty:
        with told_in_place():
            show_view(followed, named(views, value_of("view")))
    if followed is not None:
        with header or messages, told_in_place():
            show_header(source, followed.run)
    with messages:
        show_notices()
    return followed


def show_view(followed: Followed, view: View) -> None:
    """Draw the view that is chosen."""
    run, selection = followed
    attention = attention_in(run, selection)
    if view.needs_tokens and not (attention.queries and attention.keys):
        st.info(_("All tokens of this sentence are hidden: the first one, or special ones."))
        return
    view.show(run, selection, theme_of(st.context.theme.type))
