"""A lesson's file: what is read of it, and what is said of a broken one, line by line."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lessons.answers import ANSWERS
from lessons.checking import MOST_WORDS
from lessons.reading import BrokenLessonError, read_lesson, translate_lesson
from lessons.shelf import FOLDER, ORDER, forget, lessons

GOOD = """\
title = "Who?"
about = "One sentence."
minutes = 5

[[step]]
heading = "At whom?"
text = "Predict first."
state = "explore?heads=2&text=a+b"
controls = ["text", "heads"]
say = "Ask them."

  [step.question]
  kind = "word"
  ask = "Where does {query} look?"
  answer = "largest_key"
  query = "a"

[[step]]
heading = "Larger?"
text = "Predict again."
state = "/pretrained"

  [step.question]
  kind = "choice"
  ask = "It becomes ..."
  answer = "without_scale"
    [step.question.choices]
    larger = "larger"
    smaller = "smaller"
    same = "the same"
"""


@pytest.fixture
def kept_shelf() -> Iterator[None]:
    """Nothing that is read here is found by other tests."""
    yield
    forget()


def write(folder: Path, text: str, name: str = "mine.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def problems(folder: Path, text: str, name: str = "mine.toml") -> list[str]:
    with pytest.raises(BrokenLessonError) as caught:
        read_lesson(write(folder, text, name))
    return list(map(str, caught.value.problems))


def test_a_lesson_is_read_as_it_is_written(tmp_path: Path) -> None:
    lesson = read_lesson(write(tmp_path, GOOD))
    assert (lesson.name, lesson.title, lesson.minutes) == ("mine", "Who?", 5)
    first, second = lesson.steps
    assert (first.page, first.state) == ("explore", {"heads": "2", "text": "a b"})
    assert first.controls == ("text", "heads")
    assert first.question is not None
    assert (first.question.kind, first.question.query, first.question.key) == ("word", "a", None)
    assert (second.page, second.state) == ("pretrained", {})
    assert second.question is not None
    assert dict(second.question.choices)["same"] == "the same"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('title = "Who?"', 'title = ""', "line 1: title is a text"),
        ('title = "Who?"', f'title = "{"w" * 61}"',
         "line 1: title has 61 characters; at most 60 fit"),
        ("minutes = 5", "minutes = 0", "line 3: minutes is a whole number from 1 to 90"),
        ("minutes = 5", "minutes = true", "line 3: minutes is a whole number from 1 to 90"),
        ("minutes = 5", "hours = 5", "line 3: the lesson has no hours"),
        ('text = "Predict first."', f'text = "{"so " * 41}"',
         f"line 7: text has 41 words; at most {MOST_WORDS} are read"),
        ('heading = "At whom?"\n', "", "line 5: a step needs heading"),
        ('say = "Ask them."', 'says = "Ask them."', "line 10: a step has no says"),
        ("explore?heads=2", "https://example.org/explore?heads=2",
         "line 8: state begins with a page's path, as explore?heads=4 does, "
         "not 'https://example.org/explore?heads=2&text'"),
        ("heads=2", "answer=3", "line 8: state can't hold answer: the lesson sets it by itself"),
        ('say = "Ask them."', 'mark = {row = "a"}',
         'line 10: mark is {query = "a word", key = "another"}'),
        ('say = "Ask them."', "mark = {key = 3}",
         'line 10: mark is {query = "a word", key = "another"}'),
        ("heads=2", "present=true",
         "line 8: state can't hold present: the lesson sets it by itself"),
        ('controls = ["text", "heads"]', 'controls = "text"',
         'line 9: controls is a list, such as ["text", "heads"]'),
        ('kind = "word"', 'kind = "words"',
         "line 13: kind is one of word, cell, number, choice, paint"),
        ('kind = "word"', 'kind = "number"',
         "line 13: largest_key answers a question of kind word"),
        ("{query}", "{token}",
         "line 14: ask has {token}; there are {head}, {key}, {layer}, {query}"),
        ('answer = "largest_key"', 'answer = "animal"',
         f"line 15: there is no answer 'animal'; there are {', '.join(sorted(ANSWERS))}"),
        ('query = "a"', 'right = "a"', "line 16: a question has no right"),
        ('    same = "the same"\n', "",
         "line 27: choices has a text for each of larger, smaller, same"),
        ('"the same"', "3", "line 27: each of the choices is a text of 1 to 40 characters"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in GOOD
    assert said in problems(tmp_path, GOOD.replace(old, new, 1))


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    broken = GOOD.replace("minutes = 5", "minutes = 500").replace("largest_key", "exec")
    assert len(problems(tmp_path, broken)) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title = ", "line 1: not TOML: "),
        ('title = "a"\nabout = [', "line 2: not TOML: "),
        ("", "line 1: the lesson needs about"),
        ("step = 3", "line 1: steps are written as [[step]]"),
        ("[" * 5000, "line 1: not TOML: "),
    ],
)
def test_what_isnt_a_lesson_is_told(tmp_path: Path, text: str, said: str) -> None:
    assert any(problem.startswith(said) for problem in problems(tmp_path, text))


def test_other_encodings_names_and_sizes_are_told(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b'title = "a"\nabout = "\xff"')
    with pytest.raises(BrokenLessonError, match="line 2: not UTF-8"):
        read_lesson(path)
    assert problems(tmp_path, GOOD, "My Lesson.toml") == [
        "line 1: a lesson's file is named with small letters, digits and hyphens, not 'My Lesson'"
    ]
    with pytest.raises(BrokenLessonError, match="more than 200,000 bytes"):
        read_lesson(write(tmp_path, "#" * 200_001))
    with pytest.raises(BrokenLessonError, match="No such file"):
        read_lesson(tmp_path / "none.toml")


@given(st.text())
def test_any_text_is_read_or_told(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_text(text, encoding="utf-8", errors="replace")
    with pytest.raises(BrokenLessonError):
        read_lesson(path)


TRANSLATION = """\
title = "谁？"

[[step]]
heading = "看谁？"
text = "先猜。"

  [step.question]
  ask = "{query} 看谁？"

[[step]]
heading = "变大吗？"
text = "再猜。"

  [step.question]
    [step.question.choices]
    larger = "变大"
    smaller = "变小"
    same = "不变"
"""


def test_a_translation_says_the_texts_anew_and_nothing_else(tmp_path: Path) -> None:
    lesson = read_lesson(write(tmp_path, GOOD))
    translated = translate_lesson(lesson, write(tmp_path, TRANSLATION, "mine.zh.toml"))
    assert (translated.title, translated.about) == ("谁？", "One sentence.")
    first, second = translated.steps
    assert (first.heading, first.say) == ("看谁？", "Ask them.")
    assert first.question is not None
    assert (first.question.ask, first.question.answer) == ("{query} 看谁？", "largest_key")
    assert second.question is not None
    assert list(second.question.choices.values()) == ["变大", "变小", "不变"]
    assert (first.state, first.controls) == (lesson.steps[0].state, lesson.steps[0].controls)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('text = "先猜。"', 'state = "explore"', "line 5: a translation says no state anew"),
        ('ask = "{query} 看谁？"', 'answer = "row_sum"',
         "line 8: a translation says no answer anew"),
        ('    same = "不变"\n', "",
         "line 15: choices has a text for each of larger, smaller, same"),
    ],
)  # fmt: skip
def test_a_translation_that_says_more_is_told(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    lesson = read_lesson(write(tmp_path, GOOD))
    assert old in TRANSLATION
    path = write(tmp_path, TRANSLATION.replace(old, new), "mine.zh.toml")
    with pytest.raises(BrokenLessonError) as caught:
        translate_lesson(lesson, path)
    assert said in list(map(str, caught.value.problems))


def test_a_translation_of_other_steps_is_told(tmp_path: Path) -> None:
    lesson = read_lesson(write(tmp_path, GOOD))
    path = write(tmp_path, TRANSLATION.split('[[step]]\nheading = "变')[0], "mine.zh.toml")
    with pytest.raises(BrokenLessonError, match="has 2 steps, its translation 1"):
        translate_lesson(lesson, path)


def test_the_apps_own_lessons_are_all_there() -> None:
    assert tuple(lessons()) == ORDER
    assert {path.name.partition(".")[0] for path in FOLDER.glob("*.toml")} == set(ORDER)
    for lesson in lessons().values():
        assert 5 <= lesson.minutes <= 8
        assert any(step.question for step in lesson.steps)
    first_five = list(lessons().values())[:5]
    assert sum(lesson.minutes for lesson in first_five) <= 45


def test_an_owners_folder_adds_lessons_and_a_broken_one_is_left_out(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    kept_shelf: None,
) -> None:
    write(tmp_path, GOOD)
    write(tmp_path, GOOD, "who.toml")  # takes the place of the app's own
    write(tmp_path, TRANSLATION, "mine.zh.toml")
    write(tmp_path, "title = 3", "broken.toml")
    monkeypatch.setenv("HEADLIGHT_LESSONS", str(tmp_path))
    forget()
    with caplog.at_level(logging.WARNING):
        found = lessons()
    assert list(found) == [*ORDER, "mine"]
    assert found["who"].title == "Who?"
    assert lessons("zh")["mine"].title == "谁？"
    said = [record.getMessage() for record in caplog.records]
    assert "The lesson broken.toml is left out: line 1: title is a text" in said


def test_a_folder_that_isnt_there_adds_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept_shelf: None
) -> None:
    monkeypatch.setenv("HEADLIGHT_LESSONS", str(tmp_path / "none"))
    forget()
    assert tuple(lessons()) == ORDER
