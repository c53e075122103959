"""A sweep: its buttons, how far it is, and its picture."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui.frame.description import draw_description
from ui.frame.failures import told_in_place
from ui.frame.follow import draw_top
from ui.frame.history import live
from ui.jobs.sweep_queue import Ticket
from ui.link.memory import value_of
from ui.link.notices import show_notices
from ui.pages.lab import learning_view, mechanism_view
from ui.pages.lab.controls import draw_sentence, draw_view
from ui.pages.lab.grids import Described, described
from ui.pages.lab.mechanism_view import present_mechanism
from ui.pages.lab.memory import lab_memory
from ui.pages.lab.page_files import draw_sweep_page
from ui.pages.lab.picture_controls import draw_learn_picture, draw_picture_choice
from ui.pages.lab.progress import (
    draw_buttons,
    draw_left_out,
    show_problems,
    show_progress,
)
from ui.pages.lab.sweeps import active, is_kept, show_kept, ticket_of
from ui.pages.lab.table import draw_downloads, show_table
from ui.pages.lab.words import DESCRIPTIONS
from ui.server.turns import take_turn
from ui.text.i18n import _

REPAINT_EVERY = 0.4  # seconds, while something runs
CELLS_OF_A_RESULT = 100  # that take as long to draw as a row of a sweep's table


def show_sweeps(downloads_place: DeltaGenerator) -> None:
    what, ticket = Described(None, None), None
    with told_in_place():
        what = described()
        ticket = _ticket(what)
    # Before anything is drawn: what ends from here on is seen by the part that repaints.
    lab_memory().running = running = _running()
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="experiment"):
        draw_view()
        draw_buttons(what, ticket)
        left_out_place = st.container(width="content")
        progress_place = st.container()
    draw_description(DESCRIPTIONS[value_of("view")])
    if value_of("view") == "learning":
        messages = st.container()
        draw_learn_picture()
    else:
        top = draw_top(has_header=False)
        with top.sentences[0]:
            draw_sentence()
        messages = top.messages
        if what.grid is not None:
            draw_picture_choice(mechanism_view.describe_axes(what.grid))
    with downloads_place, told_in_place():
        draw_downloads(ticket, draw_sweep_page)
    follow = live(_follow, run_every=REPAINT_EVERY if running else None)
    follow(progress_place, left_out_place, messages, what, ticket)


def present_sweeps() -> None:
    """Show a sweep's picture, with what is to be said of it below."""
    what, ticket = Described(None, None), None
    with told_in_place():
        what = described()
        ticket = _ticket(what)
    lab_memory().running = running = _running()
    picture, said = st.container(), st.container(key="say", gap="xsmall")
    follow = live(_follow_for_a_class, run_every=REPAINT_EVERY if running else None)
    follow(picture, said, what, ticket)


def _follow_for_a_class(
    picture: DeltaGenerator, said: DeltaGenerator, what: Described, ticket: Ticket | None
) -> None:
    """Draw what follows from how far the sweep is."""
    if _running() != lab_memory().running:
        st.rerun()
    with said, told_in_place():
        show_notices()
        show_problems(what, ticket)
    with told_in_place(picture):
        if ticket is None or ticket.is_active:
            with said:
                show_progress(what, ticket)
        if ticket is not None:
            take_turn(CELLS_OF_A_RESULT * len(ticket.results))
            is_learning = ticket.grid.kind == "learning"
            present = learning_view.present_learning if is_learning else present_mechanism
            present(ticket, picture, said)


def _running() -> object:
    """What runs, or waits for it: the buttons depend on it."""
    ticket = active()
    return None if ticket is None else ticket.grid


def _ticket(what: Described) -> Ticket | None:
    """What has come of the controls' grid; what was measured before needs no button."""
    if what.grid is None or what.points is None:
        return None
    ticket = ticket_of(what.grid)
    if ticket is None and _was_measured(what):
        ticket = show_kept(what.grid)
    return ticket


def _was_measured(what: Described) -> bool:
    """Whether all of it is known from earlier; asked once for each grid."""
    memory = lab_memory()
    if memory.looked_up == what.grid:
        return False
    memory.looked_up = what.grid
    return what.points is not None and is_kept(what.points.valid)


def _follow(
    progress_place: DeltaGenerator,
    left_out_place: DeltaGenerator,
    messages: DeltaGenerator,
    what: Described,
    ticket: Ticket | None,
) -> None:
    """What follows from how far the sweep is."""
    if _running() != lab_memory().running:
        st.rerun()  # a sweep has ended: other buttons
    with progress_place, told_in_place():
        show_progress(what, ticket)
    with left_out_place, told_in_place():
        draw_left_out(what, ticket)
    with messages, told_in_place():
        show_notices()
        show_problems(what, ticket)
    with told_in_place():
        _show_picture(what, ticket)


def _show_picture(what: Described, ticket: Ticket | None) -> None:
    """The picture of a sweep, and its table."""
    if ticket is None:
        _tell_to_run(what)
        return
    take_turn(CELLS_OF_A_RESULT * len(ticket.results))
    if ticket.grid.kind == "learning":
        learning_view.show_learning(ticket)
    else:
        mechanism_view.show_mechanism(ticket)
    if ticket.results and not ticket.is_active:  # thousands of rows, which nobody reads meanwhile
        is_chosen = ticket.grid.kind == "learning" and value_of("learn_picture") == "table"
        with st.expander(_("All measurements"), expanded=is_chosen):
            show_table(ticket)


def _tell_to_run(what: Described) -> None:
    """What to do where there is nothing to see yet."""
    if what.points is not None and what.points.valid:
        st.info(
            _("Press **Run**: every combination is measured, and the picture grows meanwhile."),
            icon=":material/science:",
        )
