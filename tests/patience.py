"""How long tests wait for what takes a moment, before they say that it will never come."""

from collections.abc import Callable
from threading import Event
from time import monotonic

LONG = 150.0  # seconds, for the busiest machine; pytest gives up a test after 180


def wait_until(holds: Callable[[], bool], what: Callable[[], object] = lambda: "") -> None:
    """Wait until something holds that nobody tells; `what` is said if it never does."""
    deadline, pause = monotonic() + LONG, Event()
    while not holds():
        assert monotonic() < deadline, what()
        pause.wait(0.02)
