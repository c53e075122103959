"""What is left of sessions that are over.

Streamlit keeps a session whose connection is lost for server.disconnectedSessionTTL, but looks at
the clock only when the next connection is lost: the last sessions of a day, with their files and
file handles, would stay for ever.
"""

import asyncio
from typing import Any

from streamlit import config
from streamlit.logger import get_logger
from streamlit.runtime import Runtime, get_instance

_log = get_logger(__name__)

LOOK_EVERY = 5.0  # seconds between two looks


async def drop_ended_sessions() -> None:
    """Shut down the sessions that nobody has come back to, again and again."""
    kept_for: float = config.get_option("server.disconnectedSessionTTL")
    while True:
        await asyncio.sleep(min(LOOK_EVERY, kept_for))
        try:
            drop_ended(get_instance())
        except Exception:
            _log.exception("A session that is over could not be dropped")


def drop_ended(runtime: Runtime) -> None:
    """Shut down the sessions that nobody has come back to, and drop what nobody owns."""
    # Streamlit's types know no more of these two than their interfaces.
    manager: Any = runtime._session_mgr
    uploads: Any = runtime.uploaded_file_mgr
    with manager._storage_lock:
        ended = manager._session_storage._cache.expire()
    for _id, info in ended:
        info.session.shutdown()
    for owner in list(uploads.file_storage):
        if manager.get_session_info(owner) is None:  # it ended while a file was on its way
            uploads.remove_session_files(owner)
