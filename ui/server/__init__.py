"""What this server does beside Streamlit: whom it lets in, how much it keeps, what it mends.

Nothing here needs torch: the server answers before the pages are imported.
"""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

import streamlit as st
from starlette.middleware import Middleware

from ui.server.addresses import ForwardedAddresses
from ui.server.assets import ASSET_ROUTES
from ui.server.disclosed import Undisclosed, hide_the_desk
from ui.server.ending import NoneWhileEnding
from ui.server.fragments import run_pages_of_unknown_fragments
from ui.server.handles import RoomForSessions, raise_limit, watch_listeners
from ui.server.headers import SecurityHeaders
from ui.server.health import HEALTH_ROUTES
from ui.server.limits import LimitedSessions
from ui.server.looked_up import look_up_single_keys
from ui.server.metrics import CountedSockets
from ui.server.operation import operated
from ui.server.origins import SameOrigin
from ui.server.queue import mend_queue
from ui.server.redirects import RedirectedCodes
from ui.server.rooms import LISTENERS
from ui.server.rooms import ROUTES as ROOM_ROUTES
from ui.server.sessions import drop_ended_sessions
from ui.server.theme import read_theme_once
from ui.server.uploads import BoundedUploads
from ui.server.widget_states import drop_forged_states

ROUTES = [*HEALTH_ROUTES, *ROOM_ROUTES, *ASSET_ROUTES]
MIDDLEWARE = [
    Middleware(SecurityHeaders),
    Middleware(ForwardedAddresses),
    Middleware(Undisclosed),
    Middleware(SameOrigin),
    Middleware(NoneWhileEnding),
    Middleware(LimitedSessions),
    Middleware(RoomForSessions),
    Middleware(CountedSockets),
    Middleware(BoundedUploads),
    Middleware(RedirectedCodes),
]


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[None]:
    """Prepare the server before it takes the first connection."""
    raise_limit()
    watch_listeners(asyncio.get_running_loop(), when_closed=LISTENERS.end)
    mend_streamlit()
    dropping = asyncio.create_task(drop_ended_sessions())
    await LISTENERS.start()
    async with operated():
        yield
    await LISTENERS.close()
    dropping.cancel()


@cache
def mend_streamlit() -> None:
    """Change what Streamlit does with what it sends and is sent; a session without a server too."""
    mend_queue()
    drop_forged_states()
    look_up_single_keys()
    read_theme_once()
    hide_the_desk()
    run_pages_of_unknown_fragments()


@cache
def spare_imports() -> None:
    """Spare the garbage collector what the pages have imported: it stays anyway."""
    gc.collect()
    gc.freeze()
