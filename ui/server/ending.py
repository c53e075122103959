"""The end of the server, when it is asked to end: nothing new begins, and what runs may finish.

uvicorn would close at once what is open, then wait for it without an end, and end with a signal.
Each page's connection is closed with the code 1012, "service restart", at which Streamlit's page
shows that it is connecting, and comes back by itself as soon as there is a server again.
"""

import asyncio
import inspect
import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit.logger import get_logger

from ui.server.health import READY_CHECKS, ReadyCheck
from ui.server.limits import refuse
from ui.server.lines import are_idle
from ui.server.metrics import count_refusal
from ui.server.settings import settings

SIGNALS = (signal.SIGTERM, signal.SIGINT)
LOOK_EVERY = 0.1  # seconds between two looks at whether something is still at work
TO_CLOSE = 0.25  # of the deadline: for connections that are open, and then the lifespan's end
MOST_TO_CLOSE = 2.0  # seconds

_log = get_logger(__name__)
_is_ending = threading.Event()


def is_ending() -> bool:
    """Whether the server has been asked to end."""
    return _is_ending.is_set()


async def _goes_on() -> bool:
    return not is_ending()


READY_CHECKS.append(ReadyCheck("server", _goes_on))


class NoneWhileEnding:
    """ASGI middleware that begins no session once the server has been asked to end."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and is_ending():
            count_refusal("ending")
            await refuse(503, "The server is being restarted", scope, receive, send)
            return
        await self.app(scope, receive, send)


def serving() -> uvicorn.Server | None:
    """Return the uvicorn that runs this process; None where something else does."""
    handler = signal.getsignal(signal.SIGTERM)
    owner = handler.__self__ if inspect.ismethod(handler) else None
    return owner if isinstance(owner, uvicorn.Server) else None


@contextmanager
def ended_in_time(server: uvicorn.Server) -> Iterator[None]:
    """Let the server end as this module says, while its lifespan lasts; within an event loop."""
    loop = asyncio.get_running_loop()
    to_close = min(MOST_TO_CLOSE, settings().deadline * TO_CLOSE)
    server.config.timeout_graceful_shutdown = int(to_close) or 1
    tasks: list[asyncio.Task[None]] = []

    def end() -> None:
        if is_ending():  # asked twice: whoever asks is in a hurry
            server.should_exit = True
            return
        _is_ending.set()
        threading.Thread(target=_end_at, args=[settings().deadline], daemon=True).start()
        tasks.append(asyncio.create_task(_end_when_idle(server, settings().deadline - to_close)))

    for number in SIGNALS:
        loop.add_signal_handler(number, end)
    yield


async def _end_when_idle(server: uvicorn.Server, seconds: float) -> None:
    """Let uvicorn close everything once nothing is at work, or after so many seconds."""
    _log.info("The server was asked to end")
    until = time.monotonic() + seconds
    while not are_idle() and time.monotonic() < until:
        await asyncio.sleep(LOOK_EVERY)
    server.should_exit = True


def _end_at(seconds: float) -> None:
    """End the process when the deadline comes, whatever still holds it up."""
    time.sleep(seconds)
    _log.warning("The server ends with work undone: the deadline is over")
    logging.shutdown()
    os._exit(0)
