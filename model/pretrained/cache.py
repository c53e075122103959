"""Files that take long to make, kept in the user's cache directory and checked before use."""

import hashlib
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from ..errors import CodedError

ABANDONED = 3600  # seconds: nobody writes a folder for that long
SUMS = "SHA256SUMS"  # of the other files, as `sha256sum --check` reads it

Thing = TypeVar("Thing")

_log = logging.getLogger(__name__)


class NoHomeError(CodedError):
    """Nobody knows where to keep anything."""


def cache_directory() -> Path:
    """Return the folder of what Headlight keeps: $XDG_CACHE_HOME/headlight, or ~/.cache/headlight.

    Raises:
        NoHomeError: if neither is known.
    """
    if home := os.environ.get("XDG_CACHE_HOME"):
        return Path(home) / "headlight"
    try:
        return Path.home() / ".cache" / "headlight"
    except RuntimeError as error:  # as in a container that runs under a number of its own
        raise NoHomeError(
            "cache.no_home", "the user has no home directory, and XDG_CACHE_HOME isn't set"
        ) from error


def kept_or_made(
    name: str,
    *,
    read: Callable[[Path], Thing],
    make: Callable[[], Thing],
    write: Callable[[Thing, Path], None],
    replaces: str | None = None,
) -> Thing:
    """Return what a folder of files holds, or make it and keep it there for the next time.

    The files are written beside their place and moved there at once, so that nobody ever sees half
    of them, and every file is compared with its hash before use: a damaged folder is made anew.
    Whatever goes wrong while files are kept (no space, no permission, and whatever a library makes
    of these) is told to the log, and costs the keeping alone.

    Args:
        name: of the folder; another name for another content.
        read: makes the thing from the folder's files.
        make: makes it without them; what it raises is raised.
        write: writes the thing's files into an empty folder.
        replaces: a pattern of names; older folders that fit it are removed when this one is kept.
    """
    try:
        folder = cache_directory() / name
        if is_whole(folder):
            return read(folder)
    except Exception as error:  # whatever a library makes of a file that has gone meanwhile
        _log.warning("what is kept as %s can't be used: %s", name, error)
    made = make()
    try:
        folder = cache_directory() / name
        _replace(folder, partial(write, made))
        _tidy(folder, replaces)
    except Exception as error:
        _log.warning("%s isn't kept: %s", name, error)
    return made


def is_whole(folder: Path) -> bool:
    """Whether the files of a folder are those in its list of hashes, as they were written."""
    try:
        sums = (folder / SUMS).read_text(encoding="utf-8").splitlines()
        return bool(sums) and sums == _sums(folder)
    except (OSError, ValueError):
        return False


def _replace(folder: Path, write: Callable[[Path], None]) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        write(made)
        (made / SUMS).write_text("\n".join(_sums(made)) + "\n", encoding="utf-8")
        if folder.exists() and not is_whole(folder):
            shutil.rmtree(folder, ignore_errors=True)
        made.rename(folder)  # which leaves a whole one as it is: somebody may be reading it
    except OSError:
        if not is_whole(folder):  # else another was quicker
            raise
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _tidy(folder: Path, replaces: str | None) -> None:
    """Remove what came before a folder: of another version, or half made by a killed process."""
    if replaces is None:
        return
    before = [*folder.parent.glob(replaces), *folder.parent.glob(f".{replaces}")]
    long_ago = time.time() - ABANDONED
    for old in before:
        if old != folder and (not old.name.startswith(".") or old.stat().st_mtime < long_ago):
            shutil.rmtree(old, ignore_errors=True)


def _sums(folder: Path) -> list[str]:
    """A line for each file of a folder, but the list of them."""
    return [_sum(file) for file in sorted(folder.iterdir()) if file.name != SUMS]


def _sum(file: Path) -> str:
    with file.open("rb") as opened:
        return f"{hashlib.file_digest(opened, 'sha256').hexdigest()}  {file.name}"
