"""What is wrong with a lesson's table, and in which line of its file."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from lessons.answers import ANSWERS
from lessons.lesson import KINDS, Lesson, Question
from lessons.truth import SHOWN_ON

MOST_WORDS = 40  # of a step's text: what is read while others wait
MOST_CHARACTERS = {  # of languages without spaces, too
    "title": 60,
    "about": 160,
    "heading": 60,
    "text": 320,
    "then": 320,
    "ask": 160,
    "choices": 40,
}
MOST_NOTES = 1200  # characters of what a teacher says
MOST_STEPS = 30
MOST_CHOICES = 5
NAME = re.compile(r"[a-z][a-z0-9-]{0,40}")
PLACES = {"query", "key", "head", "layer"}  # that a question's text may have
MARKS = {"query", "key"}  # what of a picture can be framed
# Parameters that a lesson, or who shows it, sets.
OWN = {"lesson", "step", "answer", "revealed", "free", "present", "notes", "only"}

KEYS = {  # of each table: which are needed, and which may be there
    "lesson": ({"title", "about", "minutes", "step"}, set[str]()),
    "step": (
        {"heading", "text", "state"},
        {"controls", "question", "mark", "then", "say", "mistakes"},
    ),
    "question": ({"kind", "ask", "answer"}, {"query", "key", "choices"}),
}
TRANSLATED = {  # of each table: what a translation says anew
    "lesson": {"title", "about", "step"},
    "step": {"heading", "text", "then", "say", "mistakes", "question"},
    "question": {"ask", "choices"},
}


@dataclass(frozen=True)
class Problem:
    """What is wrong in a file, and where."""

    line: int
    what: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.what}"


class Lines:
    """Where the tables and keys of a file stand: TOML's reader doesn't tell."""

    def __init__(self, text: str) -> None:
        self._rows = text.splitlines()
        self._steps = [
            number
            for number, row in enumerate(self._rows, 1)
            if re.match(r"\s*\[\[\s*step\s*\]\]", row)
        ]

    def at(self, step: int | None, key: str | None) -> int:
        """Return the line of a key, of a step or of the file itself; else that of its table."""
        begin = 1 if step is None or step >= len(self._steps) else self._steps[step]
        after = 0 if step is None else step + 1
        end = self._steps[after] if after < len(self._steps) else len(self._rows) + 1
        if key is not None:
            for number in range(begin, end):
                if re.match(rf'\s*(\[.*\.)?"?{re.escape(key)}"?\s*[=\].]', self._rows[number - 1]):
                    return number
        return begin


def check_name(name: str) -> Iterator[Problem]:
    """Yield what is wrong with the name of a lesson's file."""
    if not NAME.fullmatch(name):
        yield Problem(
            1, f"a lesson's file is named with small letters, digits and hyphens, not {name!r}"
        )


def check_lesson(table: dict[str, Any], lines: Lines) -> Iterator[Problem]:
    """Yield what is wrong with a lesson."""
    yield from _check_keys("lesson", table, lines, None)
    yield from _check_texts(table, ("title", "about"), lines, None)
    minutes = table.get("minutes", 1)
    if not isinstance(minutes, int) or isinstance(minutes, bool) or not 1 <= minutes <= 90:
        yield Problem(lines.at(None, "minutes"), "minutes is a whole number from 1 to 90")
    steps = table.get("step", [{}])
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        yield Problem(lines.at(None, "step"), "steps are written as [[step]]")
        return
    if not 1 <= len(steps) <= MOST_STEPS:
        yield Problem(1, f"a lesson has 1 to {MOST_STEPS} steps, not {len(steps)}")
    for number, step in enumerate(steps):
        yield from _check_step(step, lines, number)


def _check_step(step: dict[str, Any], lines: Lines, number: int) -> Iterator[Problem]:
    yield from _check_keys("step", step, lines, number)
    yield from _check_texts(step, ("heading", "text", "then", "say", "mistakes"), lines, number)
    state = step.get("state", "explore")
    if not isinstance(state, str):
        yield Problem(lines.at(number, "state"), 'state is a link, such as "explore?heads=4"')
    else:
        for what in _state_problems(state):
            yield Problem(lines.at(number, "state"), what)
    controls = step.get("controls", [])
    if not isinstance(controls, list) or not all(isinstance(name, str) for name in controls):
        yield Problem(lines.at(number, "controls"), 'controls is a list, such as ["text", "heads"]')
    mark = step.get("mark", {})
    if not (isinstance(mark, dict) and mark.keys() <= MARKS) or not all(
        isinstance(word, str) for word in mark.values()
    ):
        yield Problem(lines.at(number, "mark"), 'mark is {query = "a word", key = "another"}')
    question = step.get("question")
    if question is None:
        return
    if not isinstance(question, dict):
        yield Problem(lines.at(number, "question"), "a question is written as [step.question]")
        return
    yield from _check_question(question, lines, number)
    yield from _check_page(state, question.get("answer"), lines, number)


def _check_page(state: Any, name: Any, lines: Lines, step: int) -> Iterator[Problem]:
    """What is asked about has to be what the page shows."""
    answer = ANSWERS.get(name) if isinstance(name, str) else None
    if answer is None or not isinstance(state, str):
        return
    pages, page = SHOWN_ON[answer.about], urlsplit(state).path.strip("/")
    if page not in pages:
        shown = " or ".join(pages)
        yield Problem(
            lines.at(step, "state"), f"{name} is asked of what {shown} shows, not {page[:40]!r}"
        )


def _state_problems(state: str) -> Iterator[str]:
    parts = urlsplit(state)
    if parts.scheme or parts.netloc or not re.fullmatch(r"/?[a-z-]+", parts.path):
        yield f"state begins with a page's path, as explore?heads=4 does, not {state[:40]!r}"
    for key, _text in parse_qsl(parts.query, keep_blank_values=True):
        if key in OWN:
            yield f"state can't hold {key}: the lesson sets it by itself"


def _check_question(question: dict[str, Any], lines: Lines, step: int) -> Iterator[Problem]:
    yield from _check_keys("question", question, lines, step)
    yield from _check_texts(question, ("ask", "query", "key"), lines, step)
    yield from _check_places(question.get("ask"), lines, step)
    kind, name = question.get("kind"), question.get("answer")
    if "kind" in question and kind not in KINDS:
        yield Problem(lines.at(step, "kind"), f"kind is one of {', '.join(KINDS)}")
    if "answer" not in question:
        return
    answer = ANSWERS.get(name) if isinstance(name, str) else None
    if answer is None:
        yield Problem(
            lines.at(step, "answer"),
            f"there is no answer {str(name)[:40]!r}; there are {', '.join(sorted(ANSWERS))}",
        )
        return
    if kind in KINDS and kind != answer.kind:
        yield Problem(lines.at(step, "kind"), f"{name} answers a question of kind {answer.kind}")
    yield from _check_choices(question.get("choices"), answer.options, lines, step)


def _check_places(ask: Any, lines: Lines, step: int) -> Iterator[Problem]:
    found = set(re.findall(r"\{([^{}]*)\}", ask)) if isinstance(ask, str) else set()
    if found - PLACES:
        known, unknown = (
            ", ".join(f"{{{place}}}" for place in sorted(places))
            for places in (PLACES, found - PLACES)
        )
        yield Problem(lines.at(step, "ask"), f"ask has {unknown}; there are {known}")


def _check_choices(
    choices: Any, options: Sequence[str], lines: Lines, step: int
) -> Iterator[Problem]:
    line = lines.at(step, "choices")
    if choices is None:
        if options:
            yield Problem(line, f"choices has a text for each of {', '.join(options)}")
        return
    if not isinstance(choices, dict) or set(choices) != set(options):
        needed = f"a text for each of {', '.join(options)}" if options else "no text: leave it out"
        yield Problem(line, f"choices has {needed}")
        return
    for text in choices.values():
        if not isinstance(text, str) or not 0 < len(text) <= MOST_CHARACTERS["choices"]:
            most = MOST_CHARACTERS["choices"]
            yield Problem(line, f"each of the choices is a text of 1 to {most} characters")


def _check_keys(
    kind: str, table: Mapping[str, Any], lines: Lines, step: int | None
) -> Iterator[Problem]:
    needed, optional = KEYS[kind]
    where = {"lesson": "the lesson", "step": "a step", "question": "a question"}[kind]
    for key in sorted(needed - table.keys()):
        yield Problem(lines.at(step, None), f"{where} needs {key}")
    for key in sorted(table.keys() - needed - optional):
        yield Problem(lines.at(step, key), f"{where} has no {key[:40]}")


def _check_texts(
    table: Mapping[str, Any], keys: Sequence[str], lines: Lines, step: int | None
) -> Iterator[Problem]:
    for key in keys:
        if key not in table:
            continue
        text, line = table[key], lines.at(step, key)
        if not isinstance(text, str) or not text.strip():
            yield Problem(line, f"{key} is a text")
            continue
        count = len(text.split())
        most = MOST_CHARACTERS.get(key, MOST_NOTES)
        if key in ("text", "then") and count > MOST_WORDS:
            yield Problem(line, f"{key} has {count} words; at most {MOST_WORDS} are read")
        elif len(text) > most:
            yield Problem(line, f"{key} has {len(text)} characters; at most {most} fit")


def check_translation(lesson: Lesson, table: dict[str, Any], lines: Lines) -> Iterator[Problem]:
    """Yield where a translation does not fit its lesson."""
    yield from _check_texts(table, ("title", "about"), lines, None)
    for key in sorted(table.keys() - TRANSLATED["lesson"]):
        yield Problem(lines.at(None, key), f"a translation says no {key[:40]} anew")
    steps = table.get("step", [])
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        yield Problem(lines.at(None, "step"), "steps are written as [[step]]")
        return
    if len(steps) != len(lesson.steps):
        yield Problem(1, f"the lesson has {len(lesson.steps)} steps, its translation {len(steps)}")
        return
    for number, (step, said) in enumerate(zip(lesson.steps, steps, strict=True)):
        texts = ("heading", "text", "then", "say", "mistakes")
        yield from _check_texts(said, texts, lines, number)
        for key in sorted(said.keys() - TRANSLATED["step"]):
            yield Problem(lines.at(number, key), f"a translation says no {key[:40]} anew")
        asked = said.get("question")
        if asked is not None:
            yield from _check_translated_question(step.question, asked, lines, number)


def _check_translated_question(
    question: Question | None, asked: Any, lines: Lines, step: int
) -> Iterator[Problem]:
    line = lines.at(step, "question")
    if question is None:
        yield Problem(line, "the lesson's step has no question")
        return
    if not isinstance(asked, dict):
        yield Problem(line, "a question is written as [step.question]")
        return
    yield from _check_texts(asked, ("ask",), lines, step)
    yield from _check_places(asked.get("ask"), lines, step)
    for key in sorted(asked.keys() - TRANSLATED["question"]):
        yield Problem(lines.at(step, key), f"a translation says no {key[:40]} anew")
    if "choices" in asked:
        yield from _check_choices(asked["choices"], tuple(question.choices), lines, step)
