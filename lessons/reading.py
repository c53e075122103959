"""Reading a lesson's file: TOML, as a teacher writes it, and what is wrong with one, line by line.

Nothing in a file is run, and nothing of it is shown but as plain text.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from lessons.checking import (
    TRANSLATED,
    Lines,
    Problem,
    check_lesson,
    check_name,
    check_translation,
)
from lessons.lesson import Lesson, Question, Step

MOST_BYTES = 200_000  # of a file


class BrokenLessonError(ValueError):
    """Says everything that is wrong with a lesson's file."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = tuple(problems)


def read_lesson(path: Path) -> Lesson:
    """Return the lesson of a file.

    Raises:
        BrokenLessonError: if it isn't one; says everything that is wrong with it.
    """
    name, table, lines = _load(path)
    problems = [*check_name(name), *check_lesson(table, lines)]
    if problems:
        raise BrokenLessonError(problems)
    return Lesson(
        name=name,
        title=table["title"],
        about=table["about"],
        minutes=table["minutes"],
        steps=tuple(map(_step, table["step"])),
    )


def translate_lesson(lesson: Lesson, path: Path) -> Lesson:
    """Return a lesson with the texts of its translation: a file with the same steps.

    States, controls and answers are the lesson's own: a translation can't say others.

    Raises:
        BrokenLessonError: if it doesn't fit the lesson.
    """
    _name, table, lines = _load(path)
    problems = list(check_translation(lesson, table, lines))
    if problems:
        raise BrokenLessonError(problems)
    steps = []
    for step, said in zip(lesson.steps, table.get("step", []), strict=True):
        question = step.question
        if question is not None:
            asked = said.get("question", {})
            question = replace(
                question,
                ask=asked.get("ask", question.ask),
                choices={**question.choices, **asked.get("choices", {})},
            )
        texts = {key: said[key] for key in TRANSLATED["step"] - {"question"} if key in said}
        steps.append(replace(step, question=question, **texts))
    return replace(
        lesson,
        title=table.get("title", lesson.title),
        about=table.get("about", lesson.about),
        steps=tuple(steps),
    )


def _load(path: Path) -> tuple[str, dict[str, Any], Lines]:
    """A file's name, table and lines."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BrokenLessonError([Problem(1, f"more than {MOST_BYTES:,} bytes")])
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BrokenLessonError([Problem(1, error.strerror or "can't be read")]) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise BrokenLessonError([Problem(line, "not UTF-8")]) from error
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        found = re.search(r"\(at line (\d+)", str(error))
        line = int(found[1]) if found else max(1, len(text.splitlines()))
        what = re.sub(r" \(at .*\)$", "", str(error))
        raise BrokenLessonError([Problem(line, f"not TOML: {what}")]) from error
    return path.name.partition(".")[0], table, Lines(text)


def _step(table: Mapping[str, Any]) -> Step:
    parts = urlsplit(table["state"])
    question = table.get("question")
    return Step(
        heading=table["heading"],
        text=_one_line(table["text"]),
        page=parts.path.strip("/"),
        state=dict(parse_qsl(parts.query, keep_blank_values=True)),
        controls=tuple(table.get("controls", ())),
        question=None if question is None else Question(**question),
        mark=table.get("mark", {}),
        then=_one_line(table.get("then", "")),
        say=table.get("say", "").strip(),
        mistakes=table.get("mistakes", "").strip(),
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())
