"""A server's sweeps: one at a time for everybody, the others in a line; and those of a page."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cache
from threading import Condition, Thread
from typing import Literal

import pandas as pd

from lab.cache import Cache
from lab.grid import Grid
from lab.local_pool import warm_up
from lab.results import Result, table
from lab.sweep import Progress, Sweep, scheduler_address
from ui.server.lines import LINES

LISTEN = 0.1  # seconds between two looks at what a sweep's page wants
GONE_FOR = 1.0  # seconds without its page, after which a sweep ends: a lost line comes back
ENDS_WITHIN = 10.0  # seconds that a cancelled sweep is waited for, before the next one begins
PLACE = "place"  # a column

State = Literal["waiting", "running", "finished", "cancelled", "failed"]


class Waiting(ABC):
    """Work as a page asked for it, from its place in the line to its end.

    Args:
        is_wanted: whether somebody is still there to see it; asked from another thread.
    """

    def __init__(self, is_wanted: Callable[[], bool]) -> None:
        self._is_wanted = is_wanted
        self._seen = time.monotonic()  # when somebody was there the last time
        self.is_cancelled = False
        self.is_over = False  # whether the line goes on without it

    @property
    @abstractmethod
    def state(self) -> State:
        """Where it is."""

    @abstractmethod
    def work(self) -> None:
        """Begin, and return when it is over; in a thread of its own."""

    @property
    def is_active(self) -> bool:
        """Whether it runs, or waits for it."""
        return self.state in ("waiting", "running")

    @property
    def is_wanted(self) -> bool:
        """Whether nobody has cancelled it, and somebody is there to see it, or was just now."""
        now = time.monotonic()
        if self._is_wanted():
            self._seen = now
        return not self.is_cancelled and now - self._seen <= GONE_FOR

    def cancel(self) -> None:
        """End it; what there is stays."""
        self.is_cancelled = True

    def wait_while_wanted(self, has_ended: Callable[[float], bool]) -> bool:
        """Wait until it has ended, or nobody wants it any more; whether it has ended.

        `has_ended` gets the seconds that it may wait.
        """
        while not has_ended(LISTEN):
            if not self.is_wanted:
                return False
        return True


class Ticket(Waiting):
    """A sweep.

    Args:
        grid: what to measure, which must not be too large.
        is_wanted: whether somebody is still there to see it; asked from another thread.
        scheduler: of the cluster that it runs on; None for this machine.
        kept: the results of earlier sweeps; None to compute everything.
        only_kept: whether to show those, and compute nothing.
    """

    def __init__(
        self,
        grid: Grid,
        is_wanted: Callable[[], bool] = lambda: True,
        *,
        scheduler: str | None = None,
        kept: Cache | None = None,
        only_kept: bool = False,
    ) -> None:
        super().__init__(is_wanted)
        self.grid = grid
        self.scheduler = scheduler
        self.sweep = Sweep(grid, scheduler=scheduler, cache=kept, only_kept=only_kept)
        self._table: tuple[int, pd.DataFrame] | None = None

    @property
    def state(self) -> State:
        """Where it is."""
        if self.sweep.state == "waiting" and self.is_over:
            return "cancelled"
        return self.sweep.state

    @property
    def progress(self) -> Progress:
        """How far it is."""
        return self.sweep.progress

    @property
    def results(self) -> tuple[Result, ...]:
        """What there is so far."""
        return self.sweep.results

    @property
    def version(self) -> int:
        """A number that changes when anything else does."""
        return self.sweep.version

    def frame(self) -> pd.DataFrame:
        """Return the results so far as a table; not to be changed."""
        return self.placed_frame().drop(columns=PLACE)

    def placed_frame(self) -> pd.DataFrame:
        """Return the same, with each row's place in the grid as a last column."""
        version = self.version
        if self._table is None or self._table[0] != version:
            results = sorted(self.results, key=lambda result: result.index)
            places = [result.index for result in results]
            made = table(results, self.grid.kind).assign(**{PLACE: places})
            self._table = version, made
        return self._table[1]

    def work(self) -> None:
        """Start the sweep, and end it when nobody wants it any more."""
        self.sweep.start()
        if not self.wait_while_wanted(self.sweep.wait):
            self.sweep.cancel()
            self.sweep.wait(ENDS_WITHIN)


class SweepLine:
    """First come, first served, one at a time: a sweep takes all cores, or the whole cluster."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._waiting: list[Waiting] = []
        self._running: Waiting | None = None

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    @property
    def inside(self) -> int:
        """How many run."""
        return 0 if self._running is None else 1

    def submit(self, ticket: Waiting) -> None:
        """Run it as soon as it is its turn."""
        with self._changed:
            self._waiting.append(ticket)
        self._start_next()

    def place(self, ticket: Waiting) -> int:
        """Return how many must end before it runs: 0 for one that runs, or is about to."""
        self._drop_unwanted()
        with self._changed:
            return self._waiting.index(ticket) + 1 if ticket in self._waiting else 0

    def wait(self, ticket: Waiting, seconds: float) -> bool:
        """Wait until it is over, or so many seconds; whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: ticket.is_over, seconds)

    def cancel_all(self) -> None:
        """End everything."""
        with self._changed:
            tickets = [*self._waiting, *([self._running] if self._running else [])]
        for ticket in tickets:
            ticket.cancel()
        self._drop_unwanted()
        for ticket in tickets:
            self.wait(ticket, ENDS_WITHIN)

    def _drop_unwanted(self) -> None:
        with self._changed:
            for ticket in list(self._waiting):
                if not ticket.is_wanted:
                    self._waiting.remove(ticket)
                    ticket.is_over = True
            self._changed.notify_all()

    def _start_next(self) -> None:
        self._drop_unwanted()
        with self._changed:
            if self._running is None and self._waiting:
                self._running = self._waiting.pop(0)
                Thread(target=self._run, args=[self._running], daemon=True).start()

    def _run(self, ticket: Waiting) -> None:
        """One of them from its start to its end; in a thread of its own."""
        try:
            ticket.work()
        finally:
            with self._changed:
                self._running = None
                ticket.is_over = True
                self._changed.notify_all()
            self._start_next()


@cache
def line() -> SweepLine:
    """Return the line that all pages share."""
    made = LINES["sweeps"] = SweepLine()
    return made


@cache
def kept_results() -> Cache:
    """Return the results of earlier sweeps, on disk."""
    return Cache()


@cache
def prepare_workers() -> None:
    """Start the processes that measure, before somebody needs them: that takes a second or two."""
    if scheduler_address() is None:
        warm_up()
