"""The pages, imported before the first visitor comes: that takes seconds, PyTorch's among them.

The server itself answers meanwhile. It knows the pages by name only: they know the server.
"""

import asyncio
import importlib

from streamlit.logger import get_logger

from ui.server.health import READY_CHECKS, ReadyCheck

PAGES = "ui.pages.navigation"

_log = get_logger(__name__)


async def import_pages() -> None:
    """Import all pages in a thread; until then the server isn't ready."""
    importing = asyncio.ensure_future(asyncio.to_thread(importlib.import_module, PAGES))

    async def are_imported() -> bool:
        return importing.done() and importing.exception() is None

    READY_CHECKS.append(ReadyCheck("pages", are_imported))
    try:
        await asyncio.shield(importing)
    except Exception:
        _log.exception("The pages can't be imported, and the server isn't ready for anybody")
