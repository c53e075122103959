"""Turns: what is large is computed and drawn for one session after the other, over the server.

Python lets one thread work at a time, and a trace at the limits takes hundreds of megabytes while
it is drawn: twenty at once would stall everybody, and nobody would have theirs sooner.
"""

import ctypes
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cache

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_run_context import get_run_yield_check

from ui.server.gate import Gate
from ui.text.i18n import _

# Half of the cores: the others are for the small changes of everybody else.
PLACES = max(1, (os.cpu_count() or 1) // 2)
MOST_BYTES = 768 * 2**20  # of all that is large at once: two runs at the limits
# A cell's energy, score and weight are 12 bytes; comparing them with PyTorch's and drawing them
# takes as much again, twice (measured at the limits).
BYTES_OF_A_CELL = 40
LARGE = 2**18  # cells, of all layers and heads: about 20 ms; what is smaller passes by

OFTEN = 0.0005  # seconds

gate = Gate(PLACES, MOST_BYTES)
_switching = threading.Lock()  # of the two below
_large: list[int] = []  # threads that have a turn
_usual = 0.0  # seconds, the switch interval while nobody has


@dataclass
class _Scope:
    """From where a turn is asked for until it ends."""

    session: str
    is_seen: bool  # whether somebody looks at what is drawn meanwhile
    stack: ExitStack = field(default_factory=ExitStack)
    has_turn: bool = False


_of_thread = threading.local()


@contextmanager
def turn(session: str | None = None, *, is_seen: bool = True) -> Iterator[None]:
    """Keep the turn that is taken within until the end; also a decorator.

    Args:
        session: whose turn it is; where there is none, that of the script that runs.
        is_seen: whether those who wait are told on the page.
    """
    if getattr(_of_thread, "scope", None) is not None:  # a fragment in a whole run
        yield
        return
    scope = _of_thread.scope = _Scope(session or session_in_use(), is_seen)
    try:
        with scope.stack:
            yield
    finally:
        _of_thread.scope = None
        if scope.has_turn:
            _give_memory_back()


def take_turn(cells: int) -> None:
    """Wait for this session's turn, if so many cells are many; it has it until `turn` ends."""
    scope: _Scope | None = getattr(_of_thread, "scope", None)
    if cells <= LARGE or scope is None or scope.has_turn:
        return
    with _told_in_place() if scope.is_seen else nullcontext(lambda place: None) as tell:
        check = get_run_yield_check() or (lambda: None)  # ends the run that nobody waits for
        size = cells * BYTES_OF_A_CELL
        scope.stack.enter_context(gate.admit(scope.session, size, tell=tell, check=check))
    scope.stack.enter_context(_switching_often())
    scope.has_turn = True


def session_in_use() -> str:
    """Return the session whose script runs in this thread."""
    context = get_script_run_ctx()
    return threading.current_thread().name if context is None else context.session_id


@contextmanager
def _told_in_place() -> Iterator[Callable[[int], None]]:
    """Say on the page how many are before this one; nothing is drawn where nobody has to wait."""
    drawn: list[DeltaGenerator] = []

    def tell(place: int) -> None:
        if not drawn:
            drawn.append(st.empty())
        if place == 1:
            said = _("Others are computing large sentences: it is your turn next.")
        else:
            said = _("Others are computing large sentences: you are number {place} in the line.")
        drawn[0].info(said.format(place=place), icon=":material/hourglass_empty:")

    yield tell
    for message in drawn:
        message.empty()


@contextmanager
def _switching_often() -> Iterator[None]:
    """Let others have Python's lock sooner than usual: after 0.5 ms instead of 5.

    PyTorch gives the lock away in each operation, and a small change has a hundred of them: each
    time it would wait until the large run is asked to give it back. Where all changes are small,
    longer turns are better for everybody.
    """
    global _usual
    with _switching:
        if not _large:
            _usual = sys.getswitchinterval()
            sys.setswitchinterval(OFTEN)
        _large.append(threading.get_ident())
    try:
        yield
    finally:
        with _switching:
            _large.remove(threading.get_ident())
            if not _large:
                sys.setswitchinterval(_usual)


@cache
def _malloc_trim() -> Callable[[int], int]:
    """glibc's; elsewhere nothing needs to be done, or nothing can."""
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, TypeError, OSError):
        return lambda padding: 0


def _give_memory_back() -> None:
    """Give the system what a large run has freed: glibc keeps it, for each thread anew."""
    _malloc_trim()(0)
