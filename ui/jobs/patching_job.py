"""Patching of one sentence into another, computed for pages in turn with all else that is large."""

import logging
import time
from collections.abc import Callable, Hashable
from contextlib import closing
from threading import Event, Lock, Thread
from typing import Literal

import torch
from cachetools import LRUCache

from model.errors import CodedText
from model.patching import Answers, Cell, Cells, PatchedPair, patch_heads, patch_positions
from model.reasons import coded_reason
from ui.choices.options import Patched
from ui.server.turns import LARGE, take_turn, turn

GONE_FOR = 1.0  # seconds without a page, after which the work ends: a lost line comes back
KEPT = 128  # maps that all sessions share: some hundred numbers each

PatchingState = Literal["running", "finished", "cancelled", "failed"]
IsOpen = Callable[[], bool]

PATCHERS: dict[Patched, Callable[[PatchedPair], Cells]] = {
    "heads": patch_heads,
    "positions": patch_positions,
}


class PatchingJob:
    """One map, computed once for all who want to see it.

    Args:
        pair: what is patched.
        what: goes from A into B.
    """

    def __init__(self, pair: PatchedPair, what: Patched) -> None:
        self.what = what
        self.answers: Answers = pair.answers
        self.shape = (pair.layers, pair.heads if what == "heads" else pair.length)
        self.cells: tuple[Cell, ...] = ()  # so far
        self.state: PatchingState = "running"
        self.error: CodedText | str = ""  # why it failed
        self.seconds = 0.0  # since it began
        self._pair: PatchedPair | None = pair  # which has large traces, until the end
        self._viewers: dict[str, IsOpen] = {}
        self._seen = time.monotonic()  # when one of them was there the last time
        self._is_ending = False
        self._lock = Lock()
        self._over = Event()

    @property
    def total(self) -> int:
        """How many cells there will be."""
        return self.shape[0] * self.shape[1]

    @property
    def is_running(self) -> bool:
        """Whether more cells come."""
        return self.state == "running"

    def join(self, session: str, is_open: IsOpen) -> bool:
        """Compute it for this session too, while its page is open; whether it isn't over yet."""
        with self._lock:
            if not self._is_ending:
                self._viewers[session] = is_open
            return not self._is_ending

    def leave(self, session: str) -> None:
        """Compute it no longer for this session; it ends if it was the last."""
        with self._lock:
            self._viewers.pop(session, None)

    def start(self) -> None:
        """Begin, in a thread of its own."""
        Thread(target=self.work, daemon=True).start()

    def wait(self, seconds: float) -> bool:
        """Wait until it is over, or so many seconds; whether it is."""
        return self._over.wait(seconds)

    def work(self) -> None:
        """Compute the map until its end, or until nobody wants it any more."""
        torch.set_num_threads(1)  # which OpenMP keeps for each thread: the others are for others
        assert self._pair is not None  # it is let go of at the end
        began = time.monotonic()
        try:
            with closing(PATCHERS[self.what](self._pair)) as batches:
                ended: PatchingState = "finished"
                while (cells := self._next(batches)) is not None:
                    self.cells = (*self.cells, *cells)
                    self.seconds = time.monotonic() - began
                    if not self._is_wanted():
                        ended = "cancelled"
                        break
        except Exception as error:  # a page shows it; without this it would wait for ever
            logging.getLogger(__name__).exception("A patching failed")
            ended, self.error = "failed", coded_reason(error)
        with self._lock:
            self._is_ending = True
        self._pair = None
        self.state = ended
        self._over.set()

    def _next(self, batches: Cells) -> tuple[Cell, ...] | None:
        """Compute the next cells; each time in a turn, so that nobody waits for more than some."""
        with self._lock:
            session = next(iter(self._viewers), "patching")
        with turn(session, is_seen=False):
            take_turn(LARGE + 1)
            return next(batches, None)

    def _is_wanted(self) -> bool:
        with self._lock:
            now = time.monotonic()
            if any(is_open() for is_open in self._viewers.values()):
                self._seen = now
            self._is_ending = not self._viewers or now - self._seen > GONE_FOR
            return not self._is_ending


_jobs: LRUCache[Hashable, PatchingJob] = LRUCache(KEPT)
_lock = Lock()


def patching_of(key: Hashable) -> PatchingJob | None:
    """Return what was computed by these settings, or is being computed."""
    with _lock:
        return _jobs.get(key)


def patch(
    key: Hashable, make: Callable[[], PatchingJob], session: str, is_open: IsOpen
) -> PatchingJob:
    """Compute a map for a session, unless that has been done; it leaves any other.

    Args:
        key: tells it from others.
        make: makes the job, at once.
        session: whose it is.
        is_open: whether its page still is.
    """
    with _lock:
        job = _jobs.get(key)
        if job is None or not (job.state == "finished" or job.join(session, is_open)):
            job = _jobs[key] = make()
            job.join(session, is_open)
            job.start()
    leave_patching(session, but=job)
    return job


def leave_patching(session: str, *, but: PatchingJob | None = None) -> None:
    """Let whatever a session waits for end, but for one, if nobody else does."""
    with _lock:
        jobs = [job for job in _jobs.values() if job is not but]
    for job in jobs:
        job.leave(session)


def forget_patchings(is_gone: Callable[[Hashable], bool]) -> None:
    """Let go of maps, by their keys."""
    with _lock:
        for key in [key for key in _jobs if is_gone(key)]:
            del _jobs[key]
