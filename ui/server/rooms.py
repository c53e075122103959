"""This server's rooms and short links, in its memory or in a store that it shares with others."""

import os

from starlette.routing import Route

from rooms.events import RoomEvents
from rooms.listeners import Listeners
from rooms.rooms import Rooms
from rooms.short_links import ShortLinks
from rooms.store import VARIABLE, store_at

STORE = store_at(os.environ.get(VARIABLE, ""))
ROOMS = Rooms(STORE)
SHORT_LINKS = ShortLinks(STORE)
LISTENERS = Listeners(ROOMS)
EVENTS = "/_headlight/room"  # where screens follow a room, below the app's own path
# The path below which the app is served is known when the server has started, and Streamlit wants
# the routes before.
ROUTES = [Route(path, RoomEvents(LISTENERS)) for path in (EVENTS, "/{base:path}" + EVENTS)]
