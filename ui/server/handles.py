"""File handles: as many as the system gives, and some kept back for the people who are there.

Each session takes about four, of 256 on a Mac and 1,024 on Linux. Where none is left, asyncio logs
thousands of lines a second, and whatever a page needs a file for fails.
"""

import asyncio
import errno
import os
import resource
import socket
from collections.abc import Callable
from typing import Any, BinaryIO

from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from ui.server.metrics import count_refusal
from ui.server.seldom import SeldomLogger

MOST_HANDLES = 65_536  # 16,000 sessions: the processor is exhausted long before
MOST_ON_A_MAC = 10_240  # which says that there is no limit, and refuses more
KEPT_BACK = 48  # for processes that train, files and imports; of few handles, a quarter
OF_A_SESSION = 4  # its connection, and an event loop's three
TRY_AGAIN = 1013  # WebSocket's code for a server that is full

_FULL = (errno.EMFILE, errno.ENFILE)
_log = SeldomLogger(__name__)


def raise_limit() -> None:
    """Let this process have as many file handles as the system allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for most in (MOST_HANDLES, MOST_ON_A_MAC):
        wanted = most if hard == resource.RLIM_INFINITY else min(most, hard)
        if soft == resource.RLIM_INFINITY or wanted <= soft:
            return
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (ValueError, OSError):
            continue
        return


def for_connections() -> int:
    """Return the number below which a connection's handle must lie, for enough others to remain.

    The system gives the lowest number that is free.
    """
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return MOST_HANDLES
    return soft - min(KEPT_BACK, soft // 4)


def has_room() -> bool:
    """Whether there are handles for one more session."""
    try:
        free = os.open(os.devnull, os.O_RDONLY)
    except OSError:
        return False
    os.close(free)
    return free + OF_A_SESSION <= for_connections()


def watch_listeners(
    loop: asyncio.AbstractEventLoop, when_closed: Callable[[], None] = lambda: None
) -> None:
    """Let the servers that this loop will open refuse newcomers when handles run out.

    `when_closed` is called when a server stops, before it waits for what it still answers.
    """
    create = loop.create_server

    async def create_watched(*arguments: Any, sock: socket.socket, **options: Any) -> Any:
        return await create(*arguments, sock=_Listener.of(sock, when_closed), **options)

    loop.create_server = create_watched  # type: ignore[method-assign, assignment]


class RoomForSessions:
    """ASGI middleware that begins no session for which there are too few handles."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and not has_room():
            _tell()
            await WebSocketClose(TRY_AGAIN)(scope, receive, send)
            return
        await self.app(scope, receive, send)


class _Listener(socket.socket):
    """A listening socket that hangs up on newcomers when handles run out.

    To asyncio it looks as if nobody had come. What the system raises then, asyncio would log, with
    a traceback, as often as the queue of connections is long, and again a second later.
    """

    _spare: BinaryIO  # a handle to accept a connection with that is to be closed
    _when_closed: Callable[[], None]

    @classmethod
    def of(cls, listening: socket.socket, when_closed: Callable[[], None]) -> "_Listener":
        """The same listening socket."""
        kind = (listening.family, listening.type, listening.proto)
        watched = cls(*kind, fileno=os.dup(listening.fileno()))
        watched._spare = open(os.devnull, "rb")  # noqa: SIM115 - closed by close
        watched._when_closed = when_closed
        return watched

    def accept(self) -> tuple[socket.socket, Any]:
        try:
            connection, address = super().accept()
        except OSError as error:
            if error.errno not in _FULL:
                raise
            self._spare.close()
            try:
                connection, address = super().accept()
                connection.close()
            finally:
                self._spare = open(os.devnull, "rb")  # noqa: SIM115 - as above
        if 0 <= connection.fileno() < for_connections():
            return connection, address
        connection.close()
        _tell()
        raise BlockingIOError

    def close(self) -> None:
        super().close()
        self._spare.close()
        self._when_closed()


def _tell() -> None:
    count_refusal("handles")
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    _log.warning("Refused a newcomer: this process may have %d file handles, and has them", soft)
