"""Says what is wrong with lessons: `python -m lessons check FILE...`, line by line."""

import argparse
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

from lessons.lesson import Lesson
from lessons.reading import BrokenLessonError, read_lesson, translate_lesson
from lessons.screen import NoBrowserError, find_what_scrolls
from lessons.shelf import forget

APP = Path(__file__).resolve().parents[1] / "app.py"
PATIENCE = 120  # seconds: a model may have to be loaded


def check(path: Path) -> list[str]:
    """Return what is wrong with a lesson's file, a line each; a translation is held to its lesson.

    Each step is opened in the app, before and after the truth is revealed.
    """
    try:
        if len(path.suffixes) == 2:
            original = path.with_name(f"{path.name.partition('.')[0]}.toml")
            translate_lesson(read_lesson(original), path)
            return []
        lesson = read_lesson(path)
    except BrokenLessonError as error:
        return [f"{path}: {problem}" for problem in error.problems]
    os.environ["HEADLIGHT_LESSONS"] = str(path.resolve().parent)
    forget()
    return [f"{path}: {problem}" for problem in _open_steps(lesson)]


def look(path: Path) -> list[str]:
    """Return which steps of a lesson's file don't fit a classroom's screen, a line each.

    A translation's steps aren't looked at: nobody knows the language of a browser that asks.

    Raises:
        NoBrowserError: if there is no browser to look with.
    """
    if len(path.suffixes) == 2:
        return []
    lesson = read_lesson(path)
    return [f"{path}: {problem}" for problem in find_what_scrolls(lesson, path.resolve().parent)]


def _open_steps(lesson: Lesson) -> Iterator[str]:
    """What goes wrong where the app shows the steps."""
    for number, step in enumerate(lesson.steps, 1):
        for revealed in (False, True) if step.question else (False,):
            query = {"lesson": lesson.name, "step": str(number)}
            if revealed:
                query["revealed"] = "true"
            yield from (
                f"step {number}{', revealed' if revealed else ''}: {problem}"
                for problem in _open(step.page, query)
            )


def _open(page: str, query: dict[str, str]) -> Iterator[str]:
    from streamlit.testing.v1 import AppTest  # slow to import
    from streamlit.util import calc_hash

    app = AppTest.from_file(str(APP), default_timeout=PATIENCE)
    app.query_params = {key: [text] for key, text in query.items()}
    app._page_hash = calc_hash(page)  # AppTest itself knows pages only as files
    app.run()
    for kind in (app.exception, app.error, app.warning):
        yield from (" ".join(str(element.value).split()) for element in kind)
    if not app.subheader:
        yield f"{page}?{urlencode(query)} doesn't show the step"


def main() -> int:
    """Check the files and print what is wrong with them; 1 if anything is."""
    parser = argparse.ArgumentParser(prog="python -m lessons", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    checking = commands.add_parser("check", help="say what is wrong with lessons")
    checking.add_argument("files", nargs="+", type=Path, metavar="FILE")
    args = parser.parse_args()
    logging.disable(logging.WARNING)  # Streamlit wonders where its browser is
    problems = [problem for path in args.files for problem in check(path)]
    try:
        if not problems:
            problems = [problem for path in args.files for problem in look(path)]
    except NoBrowserError as error:
        print(f"Whether the steps fit a screen wasn't checked: {error}")
    for problem in problems:
        print(problem)
    if not problems:
        print("Nothing is wrong.")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
