"""How much people may upload.

Streamlit bounds a file (server.maxUploadSize), but not how many a session sends, and knows one
bound for all uploaders. Here a file may be as large as one of weights, and a larger one is let in
from sessions alone that have been shown an uploader for it.
"""

from collections import Counter
from threading import Lock

from cachetools import LRUCache
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import config
from streamlit.runtime import get_instance
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFile

from ui.server.metrics import NUMBERS, count_refusal
from ui.server.seldom import SeldomLogger
from ui.server.turns import session_in_use

PATH = "/_stcore/upload_file/"  # then a session's id and a file's
# Whoever loads weights keeps one file, and has two while the next one replaces it.
MOST_FILES = 8  # of a session
MOST_OF_A_SESSION = 20 * 2**20  # bytes
LARGEST_USUAL_FILE = 5 * 2**20  # bytes, of all but attention's
LARGEST_OF_ATTENTION = 32 * 2**20  # bytes: given back as soon as it has been read
FRAME = 64 * 2**10  # bytes around a file's own, of the form that it is sent in
MOST_OF_ALL = 200 * 2**20  # bytes: forty people, each with one file of the largest

_log = SeldomLogger(__name__)


def largest_file() -> int:
    """Return how many bytes the server takes of a file."""
    megabytes: int = config.get_option("server.maxUploadSize")
    return megabytes * 2**20


# Sessions that have been shown an uploader for a large file, the last so many.
_expected: LRUCache[str, bool] = LRUCache(4096)
_lock = Lock()


def expect_large_file() -> None:
    """Let this session send a file of attention, larger than others may be."""
    with _lock:
        _expected[session_in_use()] = True


def give_back(file: UploadedFile) -> None:
    """Let go of an uploaded file that has been read."""
    uploads = get_instance().uploaded_file_mgr
    if isinstance(uploads, MemoryUploadedFileManager):  # tests without a server have another
        uploads.remove_file(session_in_use(), file.file_id)


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
        most = MOST_OF_A_SESSION
        with _lock:
            is_large = session in _expected
        if is_large:
            most += LARGEST_OF_ATTENTION + FRAME
        return (
            size <= (LARGEST_OF_ATTENTION + FRAME if is_large else LARGEST_USUAL_FILE)
            and len(own) + self._files_coming[session] < MOST_FILES
            and sum(own.values()) + self._coming[session] + size <= most
            and in_all + self._coming.total() + size <= MOST_OF_ALL
        )


def kept_bytes() -> int:
    """Return how much is kept of what was uploaded, in all."""
    return sum(sum(files.values()) for files in _kept().values())


NUMBERS["headlight_upload_bytes"] = ("What is kept of uploads", kept_bytes)


def _kept() -> dict[str, dict[str, int]]:
    """The bytes of each file that is kept, by its session and its name."""
    return {
        owner: {id: len(each.data) for id, each in list(files.items())}
        for owner, files in list(_uploads().file_storage.items())
    }


def _uploads() -> MemoryUploadedFileManager:
    uploads = get_instance().uploaded_file_mgr
    assert isinstance(uploads, MemoryUploadedFileManager)  # the only one that Streamlit has
    return uploads


def _declared_size(headers: Headers) -> int:
    """The bytes of a request's body; as many as there may be where it doesn't say."""
    declared = headers.get("content-length", "")
    return int(declared) if declared.isascii() and declared.isdigit() else largest_file()
