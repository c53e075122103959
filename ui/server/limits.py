"""How much one session may send, and how many sessions one address may begin and have.

HTTP isn't counted. The first page that a browser opens asks for about 120 files, a class of 300 for
36,000 within seconds, from one address; whatever lets them in lets in all that this server can
answer. What costs memory and time are sessions; a file is a small answer from a disk.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketClose

from ui.server.addresses import client_address
from ui.server.buckets import Bucket, Buckets, Clock
from ui.server.handles import TRY_AGAIN
from ui.server.metrics import count_refusal, count_slowed
from ui.server.seldom import SeldomLogger

# A field that is typed into sends at most every 50 ms, a slider that is dragged about as often.
MESSAGES_A_SECOND = 40.0
MOST_MESSAGES = 200.0  # at once: somebody who holds a key in each of ten fields for a second
# Each message holds the values of all widgets: 0.3 MB with four of the longest sentences.
BYTES_A_SECOND = 8 * 2.0**20
MOST_BYTES = 16 * 2.0**20

# A school is behind one address: 300 people who all open a page within seconds, and come back
# together when the server was started anew, some of them with a second window.
SESSIONS_A_SECOND = 10.0
MOST_NEW_SESSIONS = 600.0
MOST_SESSIONS = 1_000  # at once, of one address

_log = SeldomLogger(__name__)


class LimitedSessions:
    """ASGI middleware that lets an address begin and have so many sessions, and slows each down.

    A session that sends too much is read more slowly, until its browser can't send any more: what
    is typed meanwhile isn't lost. An address is refused with the status 429.
    """

    def __init__(
        self,
        app: ASGIApp,
        clock: Clock = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.app = app
        self._clock, self._sleep = clock, sleep
        self._new = Buckets(SESSIONS_A_SECOND, MOST_NEW_SESSIONS, clock)
        self._open: Counter[str] = Counter()  # by address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return
        address = client_address(scope)
        if self._open[address] >= MOST_SESSIONS or not self._new.take(address):
            count_refusal("address")
            _log.warning("Refused a newcomer: there are too many sessions of one address")
            await refuse(429, "Too many sessions of one address", scope, receive, send)
            return
        self._open[address] += 1
        try:
            await self.app(scope, self._slowed(receive), send)
        finally:
            self._open[address] -= 1
            if not self._open[address]:
                del self._open[address]

    def _slowed(self, receive: Receive) -> Receive:
        messages = Bucket(MESSAGES_A_SECOND, MOST_MESSAGES, self._clock)
        sizes = Bucket(BYTES_A_SECOND, MOST_BYTES, self._clock)

        async def receive_slowed() -> Message:
            message = await receive()
            if message["type"] == "websocket.receive":
                size = len(message.get("bytes") or message.get("text") or b"")
                wait = max(messages.borrow(), sizes.borrow(size))
                if wait:
                    count_slowed()
                    await self._sleep(wait)
            return message

        return receive_slowed


async def refuse(status: int, text: str, scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse a WebSocket, with an HTTP status where the server can say one."""
    if "websocket.http.response" in scope.get("extensions", {}):
        socket = WebSocket(scope, receive, send)
        headers = {"Retry-After": "10"}
        await socket.send_denial_response(PlainTextResponse(text, status, headers))
    else:
        await WebSocketClose(TRY_AGAIN)(scope, receive, send)
