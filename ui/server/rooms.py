"""This server's rooms and short links, in its memory or in a store that it shares with others."""

import os

from rooms.rooms import Rooms
from rooms.short_links import ShortLinks
from rooms.store import VARIABLE, store_at

STORE = store_at(os.environ.get(VARIABLE, ""))
ROOMS = Rooms(STORE)
SHORT_LINKS = ShortLinks(STORE)
