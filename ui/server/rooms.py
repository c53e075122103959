"""This server's rooms and short links, in its memory or in a store that it shares with others."""

import os

from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from rooms.events import RoomEvents
from rooms.listeners import Listeners
from rooms.rooms import Rooms
from rooms.short_links import ShortLinks
from rooms.store import VARIABLE, store_at
from ui.server.health import READY_CHECKS, ReadyCheck
from ui.server.metrics import counted_stream

STORE = store_at(os.environ.get(VARIABLE, ""))
ROOMS = Rooms(STORE)
SHORT_LINKS = ShortLinks(STORE)
LISTENERS = Listeners(ROOMS)
EVENTS = "/_headlight/room"  # where screens follow a room, below the app's own path


class CountedEvents(RoomEvents):
    """ASGI app that streams a room's events, and counts the streams."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with counted_stream():
            await super().__call__(scope, receive, send)


class _Found:
    """Whether the store was ever reached.

    A server with a wrong address for it isn't to come into service. But all servers lose the same
    store at the same time, and are of use without: pages work, and say that rooms don't.
    """

    def __init__(self) -> None:
        self._is_found = False

    async def __call__(self) -> bool:
        if not self._is_found:
            await LISTENERS.in_thread(STORE.ping)  # raises where it isn't reached
            self._is_found = True
        return True


READY_CHECKS.append(ReadyCheck("store", _Found()))
# The path below which the app is served is known when the server has started, and Streamlit wants
# the routes before.
ROUTES = [Route(path, CountedEvents(LISTENERS)) for path in (EVENTS, "/{base:path}" + EVENTS)]
