"""The sweeps of a page: the one that runs, and those that have run."""

from collections import OrderedDict

from lab.cache import key_of
from lab.grid import Grid
from lab.points import Point
from lab.spelling import to_json
from lab.sweep import scheduler_address
from ui.jobs.open_page import page_is_open
from ui.jobs.sweep_queue import Ticket, kept_results, line
from ui.pages.lab.memory import lab_memory

READ_WITHIN = 2.0  # seconds that kept results are waited for, before the page is shown
MOST_KEPT = 4  # sweeps of a page, whose results are looked at again without any work


def ticket_of(grid: Grid) -> Ticket | None:
    """Return what has come of a grid on this page; None if it was never run."""
    return _tickets().get(grid)


def active() -> Ticket | None:
    """Return the page's sweep that runs, or waits for it."""
    return next((ticket for ticket in _tickets().values() if ticket.is_active), None)


def start(grid: Grid, *, here: bool = False) -> Ticket:
    """Run a grid for this page, instead of what runs; `here` not on a cluster."""
    cancel()
    scheduler = None if here else scheduler_address()
    ticket = _add(Ticket(grid, page_is_open(), scheduler=scheduler, kept=kept_results()))
    line().submit(ticket)
    return ticket


def show_kept(grid: Grid) -> Ticket:
    """Have a grid's results that are all kept from earlier: nobody has to wait for his turn."""
    ticket = _add(Ticket(grid, kept=kept_results(), only_kept=True))
    ticket.sweep.start()
    ticket.sweep.wait(READ_WITHIN)
    ticket.is_over = True
    return ticket


def _add(ticket: Ticket) -> Ticket:
    tickets = _tickets()
    tickets.pop(ticket.grid, None)
    while len(tickets) >= MOST_KEPT:
        tickets.popitem(last=False)
    tickets[ticket.grid] = ticket
    return ticket


def cancel() -> None:
    """End what runs on this page."""
    for ticket in _tickets().values():
        if ticket.is_active:
            ticket.cancel()


def is_kept(points: tuple[Point, ...]) -> bool:
    """Whether all of these were measured before, so that there is nothing to wait for."""
    keys = {key_of(to_json(point)) for point in points}
    return bool(keys) and len(kept_results().get(keys)) == len(keys)


def _tickets() -> OrderedDict[Grid, Ticket]:
    return lab_memory().tickets
