"""How much people may upload.

Streamlit bounds a file (server.maxUploadSize), but not how many a session sends.
"""

from collections import Counter

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import config
from streamlit.runtime import get_instance
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager

from ui.server.metrics import NUMBERS, count_refusal
from ui.server.seldom import SeldomLogger

PATH = "/_stcore/upload_file/"  # then a session's id and a file's
# Whoever loads weights keeps one file, and has two while the next one replaces it.
MOST_FILES = 8  # of a session
MOST_OF_A_SESSION = 20 * 2**20  # bytes
MOST_OF_ALL = 200 * 2**20  # bytes: forty people, each with one file of the largest

_log = SeldomLogger(__name__)


def largest_file() -> int:
    """Return how many bytes the server takes of a file."""
    megabytes: int = config.get_option("server.maxUploadSize")
    return megabytes * 2**20


class BoundedUploads:
    """ASGI middleware that refuses a file of which there would be too much, before reading it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._coming: Counter[str] = Counter()  # bytes that each session is sending
        self._files_coming: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "PUT" or PATH not in scope["path"]:
            await self.app(scope, receive, send)
            return
        session, _slash, file = scope["path"].partition(PATH)[2].partition("/")
        size = _declared_size(Headers(scope=scope))
        if not self._has_room(session, file, size):
            count_refusal("file")
            _log.warning("Refused a file of %d bytes: there is no room for more", size)
            refusal = PlainTextResponse("There is no room for more files", status_code=413)
            await refusal(scope, receive, send)
            return
        self._coming[session] += size
        self._files_coming[session] += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self._coming[session] -= size
            self._files_coming[session] -= 1
            if not self._files_coming[session]:
                del self._coming[session], self._files_coming[session]

    def _has_room(self, session: str, file: str, size: int) -> bool:
        kept = _kept()
        kept.get(session, {}).pop(file, None)  # it would be replaced
        own = kept.get(session, {})
        in_all = sum(sum(files.values()) for files in kept.values())
        return (
            len(own) + self._files_coming[session] < MOST_FILES
            and sum(own.values()) + self._coming[session] + size <= MOST_OF_A_SESSION
            and in_all + self._coming.total() + size <= MOST_OF_ALL
        )


def kept_bytes() -> int:
    """Return how much is kept of what was uploaded, in all."""
    return sum(sum(files.values()) for files in _kept().values())


NUMBERS["headlight_upload_bytes"] = ("What is kept of uploads", kept_bytes)


def _kept() -> dict[str, dict[str, int]]:
    """The bytes of each file that is kept, by its session and its name."""
    uploads = get_instance().uploaded_file_mgr
    assert isinstance(uploads, MemoryUploadedFileManager)  # the only one that Streamlit has
    return {
        owner: {id: len(each.data) for id, each in list(files.items())}
        for owner, files in list(uploads.file_storage.items())
    }


def _declared_size(headers: Headers) -> int:
    """The bytes of a request's body; as many as there may be where it doesn't say."""
    declared = headers.get("content-length", "")
    return int(declared) if declared.isascii() and declared.isdigit() else largest_file()
