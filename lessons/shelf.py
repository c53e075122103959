"""All lessons that there are: the app's own, and those of a folder that the server's owner names.

The environment variable HEADLIGHT_LESSONS names it. A broken file is left out, with what is wrong
with it in the server's log; the app starts without it.
"""

import logging
import os
from functools import cache
from pathlib import Path

from lessons.lesson import Lesson
from lessons.reading import BrokenLessonError, read_lesson, translate_lesson

FOLDER = Path(__file__).parent
ORDER = (  # others follow
    *("who", "qkv", "scale", "mask", "heads", "trained", "explain", "learned", "cost"),
)

_log = logging.getLogger(__name__)


@cache
def lessons(language: str = "en") -> dict[str, Lesson]:
    """Return all lessons by their names, in the order in which they are offered.

    Args:
        language: of their texts; where a lesson has no translation, it is as it was written.
    """
    found = {}
    for path in _files():
        lesson = _read(path)
        if lesson is not None:
            found[lesson.name] = _translated(lesson, path, language)
    ranks = {name: rank for rank, name in enumerate(ORDER)}
    in_order = sorted(found, key=lambda name: (ranks.get(name, len(ranks)), name))
    return {name: found[name] for name in in_order}


def forget() -> None:
    """Let all files be read anew when lessons are asked for next."""
    lessons.cache_clear()
    _read.cache_clear()


def _files() -> list[Path]:
    """The files, the owner's after the app's own: one with the same name takes its place."""
    owners = os.environ.get("HEADLIGHT_LESSONS")
    folders = [FOLDER, *([Path(owners)] if owners else [])]
    return [
        path
        for folder in folders
        for path in sorted(folder.glob("*.toml"))
        if len(path.suffixes) == 1  # else it is a translation
    ]


@cache
def _read(path: Path) -> Lesson | None:
    try:
        return read_lesson(path)
    except BrokenLessonError as error:
        _left_out(path, error)
        return None


def _translated(lesson: Lesson, path: Path, language: str) -> Lesson:
    beside = path.with_suffix(f".{language}.toml")
    if not beside.is_file():
        return lesson
    try:
        return translate_lesson(lesson, beside)
    except BrokenLessonError as error:
        _left_out(beside, error)
        return lesson


def _left_out(path: Path, error: BrokenLessonError) -> None:
    for problem in error.problems:
        _log.warning("The lesson %s is left out: %s", path.name, problem)
