"""Results of earlier sweeps, in a file that several servers share."""

import hashlib
import logging
import platform
import sqlite3
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from threading import Lock

from model.errors import CodedText
from model.pretrained.cache import NoHomeError, cache_directory

ROOT = Path(__file__).parents[1]
MOST_BYTES = 64 * 2**20  # of the file: a hundred thousand points
PATIENCE = 2.0  # seconds that another server may take to write
ASKED_AT_ONCE = 500  # keys: SQLite takes a limited number of values

Action = Callable[[sqlite3.Connection], None]

_log = logging.getLogger(__name__)

_BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_TABLE = """
    CREATE TABLE IF NOT EXISTS results (key BLOB UNIQUE NOT NULL, value TEXT, checksum BLOB)
"""


class Cache:
    """Texts by their keys, kept on disk; can be used from several threads and processes.

    Nothing that goes wrong with the file is raised: it goes on without, and `problem` says why, of
    the last use alone. Where the file is, is told to the log, not to people who look at a page.

    Args:
        path: of the file; None for sweeps.sqlite in Headlight's cache directory.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.problem: CodedText | None = None  # what went wrong, for people
        self._lock = Lock()
        self._path: Path | None = None
        try:
            self._path = path or cache_directory() / "sweeps.sqlite"
        except NoHomeError as error:
            self.problem = _not_kept(error.text)

    def get(self, keys: Iterable[bytes]) -> dict[bytes, str]:
        """Return the values of those keys that are there, and whole."""
        asked = list(dict.fromkeys(keys))
        found: dict[bytes, str] = {}

        def read(file: sqlite3.Connection) -> None:
            for start in range(0, len(asked), ASKED_AT_ONCE):
                some = asked[start : start + ASKED_AT_ONCE]
                marks = ",".join("?" * len(some))
                rows = file.execute(f"SELECT * FROM results WHERE key IN ({marks})", some)
                for key, value, checksum in rows:
                    if checksum == _checksum(key, value):
                        found[key] = value
                    else:
                        self.problem = CodedText(
                            "cache.damaged",
                            "Some kept results were damaged, and are computed again.",
                        )

        self._use(read)
        return found

    def put(self, values: Mapping[bytes, str]) -> bool:
        """Keep these; whether that worked."""

        def write(file: sqlite3.Connection) -> None:
            _make_room(file)
            rows = [(key, value, _checksum(key, value)) for key, value in values.items()]
            file.executemany("INSERT OR REPLACE INTO results VALUES (?, ?, ?)", rows)

        return self._use(write)

    def _use(self, action: Action) -> bool:
        """Open the file, made anew if it is broken, and do something; whether that worked."""
        if self._path is None:
            return False
        with self._lock:
            self.problem = None
            try:
                try:
                    _act(self._path, action)
                except sqlite3.DatabaseError as error:
                    if getattr(error, "sqlite_errorcode", None) not in _BROKEN:
                        raise
                    aside = self._path.with_name(self._path.name + ".broken")
                    self._path.replace(aside)
                    self.problem = CodedText(
                        "cache.set_aside",
                        "The file of kept results was damaged. It is set aside, and a new one is "
                        "begun.",
                    )
                    _log.warning("%s (%s) is set aside as %s", self._path, error, aside)
                    _act(self._path, action)
            except (OSError, sqlite3.Error) as error:
                reason = error.strerror if isinstance(error, OSError) else error
                self.problem = _not_kept(str(reason))
                _log.warning("%s can't be used: %s", self._path, error)
                return False
            return True


def key_of(point: str) -> bytes:
    """Return the key of a point's result, from its canonical JSON; versions have different ones."""
    return hashlib.sha256(f"{code_version()}\0{point}".encode()).digest()


@lru_cache(maxsize=1)  # what runs is what was imported
def code_version() -> str:
    """Return a hash of what decides the numbers: sources, PyTorch, numpy, and how texts are split.

    Kinds of one processor family differ in the last bits of a sum, which nothing here tells.
    """
    files = [
        *ROOT.glob("model/**/*.py"), *ROOT.glob("model/**/*.txt"), ROOT / "lab" / "measure.py"
    ]  # fmt: skip
    versions = [*map(version, ("torch", "numpy", "regex")), unicodedata.unidata_version]
    found = hashlib.sha256(" ".join([*versions, platform.machine()]).encode())
    for file in sorted(files):
        found.update(f"\0{file.relative_to(ROOT).as_posix()}\0".encode())
        found.update(hashlib.sha256(file.read_bytes()).digest())
    return found.hexdigest()[:16]


def _not_kept(reason: CodedText | str) -> CodedText:
    return CodedText("cache.not_kept", "Results aren't kept: {reason}.", reason=reason)


def _act(path: Path, action: Action) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # A connection each time: it takes a tenth of a millisecond, and threads can't share one.
    with closing(sqlite3.connect(path, timeout=PATIENCE)) as file, file:
        file.text_factory = lambda text: text.decode(errors="replace")  # the checksum judges it
        file.execute(_TABLE)
        action(file)


def _make_room(file: sqlite3.Connection) -> None:
    """Drop the oldest quarter where the file is full; SQLite uses its pages again."""
    pages, free, size = (
        file.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    if (pages - free) * size >= MOST_BYTES:
        file.execute(
            "DELETE FROM results WHERE rowid IN (SELECT rowid FROM results ORDER BY rowid "
            "LIMIT (SELECT count(*) / 4 FROM results))"
        )


def _checksum(key: bytes, value: object) -> bytes:
    return hashlib.sha256(key + str(value).encode(errors="replace")).digest()[:8]
