"""The address at which screens follow a room: a stream of Server-Sent Events.

Each stream begins with the present state. Then come, with JSON:

    place        {"version", "question", "revealed"}: the room shows something else
    counts       {"people", "answered"}: who follows, and who has voted on what is asked
    unreachable  {}: nobody knows; the present state follows once somebody does
    ended        {}: the room has ended, and so does the stream
    alive        {}: nothing has changed for a while
"""

import random
import re
from collections.abc import AsyncIterator
from functools import partial

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from rooms.codes import read_code
from rooms.errors import RoomFull, StoreUnreachable, TooManyWrongCodes
from rooms.listeners import Listeners, Show
from rooms.record import LETTERS

WHO = re.compile(r"[A-Za-z0-9_-]{0,64}")
RETRY = 1000  # milliseconds at the least until a browser asks again, twice that at the most
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # nginx would gather events


class RoomEvents:
    """ASGI app that streams what happens in the room `code` to the browser `who`.

    Without `who` it tells the same, and whoever looks doesn't count as somebody who follows.
    """

    def __init__(self, listeners: Listeners) -> None:
        self._listeners = listeners

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        request = Request(scope)
        code = read_code(request.query_params.get("code", ""), LETTERS)
        who = request.query_params.get("who", "")
        refusal = await self._refusal(request, code, who)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        with self._listeners.following(code, who) as show:
            stream = StreamingResponse(
                self._stream(show), headers=HEADERS, media_type="text/event-stream"
            )
            await stream(scope, receive, send)

    async def _refusal(self, request: Request, code: str, who: str) -> Response | None:
        if not WHO.fullmatch(who):
            return _refuse("`who` must have up to 64 letters, digits, - and _", 400)
        address = request.client.host if request.client is not None else ""
        look_up = partial(self._listeners.rooms.look_up, code, f"{address} {who}", address)
        try:
            if await self._listeners.in_thread(look_up) is None:
                return _refuse("There is no such room", 404)
            await self._listeners.check_room(code, who)
        except TooManyWrongCodes as error:
            return _refuse(str(error), 429)
        except RoomFull as error:
            return _refuse(str(error), 503)
        except StoreUnreachable:
            pass  # the stream says so, and goes on once the store is back
        return None

    async def _stream(self, show: Show) -> AsyncIterator[str]:
        # All who are cut off at once must not come back at once.
        yield f"retry: {random.randint(RETRY, 2 * RETRY)}\n\n"
        async for event in self._listeners.events(show):
            yield event


def _refuse(text: str, status: int) -> Response:
    return PlainTextResponse(text, status, headers={"Cache-Control": "no-store"})
