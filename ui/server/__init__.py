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

from ui.server.handles import RoomForSessions, raise_limit, watch_listeners
from ui.server.looked_up import look_up_single_keys
from ui.server.origins import SameOrigin
from ui.server.queue import mend_queue
from ui.server.redirects import RedirectedCodes
from ui.server.rooms import LISTENERS, ROUTES
from ui.server.sessions import drop_ended_sessions
from ui.server.theme import read_theme_once
from ui.server.uploads import BoundedUploads
from ui.server.widget_states import drop_forged_states

__all__ = ["MIDDLEWARE", "ROUTES", "lifespan", "mend_streamlit", "spare_imports"]

MIDDLEWARE = [
    Middleware(SameOrigin),
    Middleware(RoomForSessions),
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


@cache
def spare_imports() -> None:
    """Spare the garbage collector what the pages have imported: it stays anyway."""
    gc.collect()
    gc.freeze()
