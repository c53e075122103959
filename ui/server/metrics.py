"""Numbers about the server for Prometheus, at an address that only its owner reaches.

No label holds anything that somebody has typed: what can be a label's value is listed here.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from prometheus_client import Counter, Gauge, Histogram, start_http_server
from prometheus_client.core import REGISTRY, GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit.runtime import exists, get_instance
from streamlit.runtime.scriptrunner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData

from ui.server.lines import LINES
from ui.server.settings import settings

# Why somebody was refused. Written here, so that each is told as 0 before it happens.
REASONS = ("origin", "handles", "file", "value", "command", "address", "ending")
# Seconds: a small change takes about 0.01, and what is at the limits waits for its turn.
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

# What others count, by its name: what it is, and what counts it.
NUMBERS: dict[str, tuple[str, Callable[[], float]]] = {}

_refused = Counter("headlight_refused", "What was refused, by reason", ["reason"])
_slowed = Counter("headlight_slowed", "Messages that waited because a session sent too many")
_sockets = Gauge("headlight_websockets", "Pages that are connected")
_streams = Gauge("headlight_event_streams", "Event streams that are open")
_runs = Histogram("headlight_run_seconds", "Runs of pages' scripts", ["part"], buckets=SECONDS)
for _reason in REASONS:
    _refused.labels(_reason)


def count_refusal(reason: str) -> None:
    """Count that something was refused, for one of REASONS."""
    if reason not in REASONS:
        raise ValueError(f"{reason!r} is no reason; add it to REASONS, or take one of {REASONS}")
    _refused.labels(reason).inc()


def count_slowed() -> None:
    """Count a message that had to wait."""
    _slowed.inc()


@contextmanager
def counted_stream() -> Iterator[None]:
    """Count an event stream from here to the end."""
    with _streams.track_inprogress():
        yield


class CountedSockets:
    """ASGI middleware that counts the pages which are connected."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return
        with _sockets.track_inprogress():
            await self.app(scope, receive, send)


class _Now(Collector):
    """What is looked up when Prometheus asks."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        sessions = get_instance()._session_mgr.list_sessions() if exists() else []
        yield GaugeMetricFamily("headlight_sessions", "Sessions, lost ones too", len(sessions))
        for name, (meaning, count) in NUMBERS.items():
            yield GaugeMetricFamily(name, meaning, count() if exists() else 0)
        waiting = GaugeMetricFamily("headlight_waiting", "Work that waits", labels=["line"])
        inside = GaugeMetricFamily("headlight_working", "Work that is done now", labels=["line"])
        for name, line in list(LINES.items()):
            waiting.add_metric([name], line.waiting)
            inside.add_metric([name], line.inside)
        yield from (waiting, inside)


@contextmanager
def served_metrics() -> Iterator[None]:
    """Serve the numbers where the owner wants them, until the end.

    Raises:
        OSError: if the address is taken, or isn't this computer's.
    """
    address = settings().metrics
    if address is None:
        yield
        return
    host, port = address
    now = _Now()
    REGISTRY.register(now)
    server, thread = start_http_server(port, host)
    _time_runs()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        REGISTRY.unregister(now)


_run = ScriptRunner._run_script


def _time_runs() -> None:
    """Measure how long each run takes."""
    # Streamlit offers no hook.
    ScriptRunner._run_script = _run_timed  # type: ignore[method-assign, assignment]


def _run_timed(runner: ScriptRunner, asked: RerunData) -> None:
    part = "fragment" if asked.fragment_id_queue else "page"
    began = time.perf_counter()
    try:
        _run(runner, asked)
    finally:
        _runs.labels(part).observe(time.perf_counter() - began)
