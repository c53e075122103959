"""The guide for teachers: its example is a lesson, and its tables say what there is."""

import re
from pathlib import Path

import pytest

from lessons.__main__ import check
from lessons.answers import ANSWERS
from lessons.reading import read_lesson
from lessons.shelf import forget, lessons
from ui.lesson.controls import VIEW_CONTROLS
from ui.pages import PAGES

GUIDE = (Path(__file__).parents[2] / "docs/teaching.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """The rows of the table whose first column is called this, without its heading."""
    (table,) = re.findall(rf"^\| {heading} \|.*\n((?:\|.*\n)+)", GUIDE, re.MULTILINE)
    cells = [[cell.strip() for cell in row.strip("|\n").split("|")] for row in table.splitlines()]
    return cells[1:]


def test_the_guide_names_every_answer_with_its_kind() -> None:
    named = {row[0].strip("`"): row[1] for row in rows("answer")}
    assert named == {name: answer.kind for name, answer in ANSWERS.items()}
    for name, _kind, meaning in rows("answer"):
        for option in ANSWERS[name.strip("`")].options:
            assert f"`{option}`" in meaning


def test_the_guide_names_every_lesson() -> None:
    assert [(row[0].strip("`"), int(row[1])) for row in rows("lesson")] == [
        (f"/{lesson.steps[0].page}?lesson={lesson.name}", lesson.minutes)
        for lesson in lessons().values()
    ]


def test_the_guide_names_every_control_that_can_be_unlocked() -> None:
    (said,) = (row[1] for row in rows("key") if row[0] == "`controls`")
    named = set(re.findall(r"`(\w+)`", said))
    there = {"text", *VIEW_CONTROLS}
    for page in PAGES:
        there |= {*page.controls, *page.controls_of_run}
    assert named == there
    used = {
        name for lesson in lessons().values() for step in lesson.steps for name in step.controls
    }
    assert used <= there


def test_the_guides_example_is_a_lesson_that_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (example,) = re.findall(r"```toml\n(title.*?)```", GUIDE, re.DOTALL)
    path = tmp_path / "neighbours.toml"
    path.write_text(example, encoding="utf-8")
    assert read_lesson(path).title == "Neighbours"
    monkeypatch.setenv("HEADLIGHT_LESSONS", "")  # put back afterwards
    try:
        assert check(path) == []
        path.write_text(example.replace("layer=0", "layer=99").replace("head=2", "hat=2"))
        said = " ".join(check(path))
        assert "step 1: " in said
        assert "chooses ` hat `, which this page hasn't" in said
        path.write_text(example.replace("largest_key", "open"))
        (problem,) = check(path)
        assert problem.startswith(f"{path}: line 17: there is no answer 'open'; there are ")
    finally:
        monkeypatch.undo()
        forget()
