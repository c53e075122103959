"""The way through a lesson: its steps, what is said at a question, and the ways out of it."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from lessons.answers import ANSWERS
from lessons.lesson import Question
from lessons.shelf import forget, lessons
from lessons.truth import Seen
from tests.ui.helpers import (
    chart,
    control,
    go_back,
    go_to,
    is_drawn,
    link,
    notices,
    open_app,
    open_popovers,
    send,
    type_text,
    value,
)
from ui.lesson.said import read_said


def follow(name: str, step: int = 1, **more: object) -> AppTest:
    page = lessons()[name].steps[step - 1].page
    return open_app(link(lesson=name, step=step, **more), path=page)


def press(at: AppTest, key: str) -> AppTest:
    """Press a button of the whole page."""
    (button,) = [each for each in open_popovers(at).button if each.key == key]
    return button.click().run()


def address(at: AppTest) -> str:
    return link(**at.query_params)


def said(at: AppTest) -> str:
    return " ".join(str(element.value) for element in at.markdown)


def picker(at: AppTest) -> dict[str, Any]:
    (element,) = [each for each in at.get("bidi_component") if each.proto.id.endswith("picker")]
    data: dict[str, Any] = json.loads(element.proto.bytes)
    return data


def test_a_step_has_its_state_and_its_link_stays_short() -> None:
    at = follow("scale")
    assert at.subheader[0].value == "Without the division"
    assert at.caption[0].value == "Why √d? · step 1 of 3"
    assert (value(at, "heads"), value(at, "embed_size"), value(at, "head")) == (1, 64, 0)
    assert address(at) == "lesson=scale"


def test_only_unlocked_controls_are_there() -> None:
    at = open_popovers(follow("scale"))
    assert is_drawn(at, "scale")
    others = ("text", "heads", "embed_size", "mask", "view", "seed", "q", "k")
    assert not any(is_drawn(at, key) for key in others)
    assert not at.get("plotly_chart")


def test_what_is_changed_in_a_step_is_in_its_link_also_where_it_is_the_pages_default() -> None:
    at = follow("mask", 3)
    control(at, "mask").set_value("none").run()  # Explore's default, and not the step's
    assert address(at) == "lesson=mask&step=3&mask=none"
    again = open_app(address(at))
    assert value(again, "mask") == "none"


def test_next_and_back_change_the_step_its_state_and_the_link() -> None:
    at = press(follow("scale"), "way_next")
    assert (value(at, "embed_size"), address(at)) == (8, "lesson=scale&step=2")
    assert at.subheader[0].value == "With short lists"
    at = press(at, "way_back")
    assert (value(at, "embed_size"), address(at)) == (64, "lesson=scale")


def test_the_next_step_begins_anew() -> None:
    at = follow("scale", 1, answer="larger", revealed="true", temperature="0.5")
    at = press(at, "way_next")
    assert address(at) == "lesson=scale&step=2"
    assert value(at, "temperature") == 1


def test_the_browsers_back_brings_the_step_and_what_was_said() -> None:
    at = press(follow("scale", 1, answer="larger", revealed="true"), "way_next")
    at = go_back(at, "explore", "lesson=scale&step=1&answer=larger&revealed=true")
    assert value(at, "embed_size") == 64
    assert "You said: larger. So it is." in said(at)
    at = go_back(at, "explore", "heads=4")
    assert not at.subheader
    assert value(at, "heads") == 4
    assert value(at, "embed_size") == 64
    assert is_drawn(at, "mask")


def test_a_word_is_picked_then_revealed() -> None:
    at = follow("who")
    rows = picker(at)["rows"]
    assert rows[0]["words"][:3] == ["The", "animal", "didn't"]
    assert (rows[0]["said"], rows[0]["right"]) == (None, None)
    at = send(at, "picker", "pick", {"row": 0, "place": 5})
    assert picker(at)["rows"][0]["said"] == 5
    assert address(at) == "lesson=who&answer=5"
    assert not at.get("plotly_chart")
    at = press(at, "reveal")
    assert address(at) == "lesson=who&answer=5&revealed=true"
    rows = picker(at)["rows"]
    assert (rows[0]["said"], rows[0]["right"]) == (5, [1])
    # “cross” is the word that looks at “street” most: the wrong answer is right for it.
    assert (
        "You said “street”. “it” looks most at “animal”: 67.7%. "
        "“street” is what “cross” looks at most."
    ) in said(at)
    assert "In this head “it” finds its animal." in said(at)
    assert at.get("plotly_chart")


def test_a_right_answer_is_told_so() -> None:
    at = follow("who", 1, answer=1, revealed="true")
    assert "You said “animal”, and so it is. “it” looks most at “animal”: 67.7%." in said(at)


def test_once_it_is_revealed_nothing_more_can_be_said() -> None:
    at = follow("who", 1, answer=5, revealed="true")
    at = send(at, "picker", "pick", {"row": 0, "place": 1})
    assert picker(at)["rows"][0]["said"] == 5
    numbers = follow("who", 2, answer=60, revealed="true")
    assert numbers.number_input[0].disabled
    assert "You said 60%. It is 67.7%." in said(numbers)


def test_another_sentence_is_asked_about_anew() -> None:
    at = follow("who", 1, answer=1, revealed="true")
    at = type_text(at, "It was late, said the cat.")
    assert picker(at)["rows"][0]["right"] is None
    assert picker(at)["rows"][0]["said"] is None
    assert not value(at, "revealed")
    at = press(at, "reveal")
    assert picker(at)["rows"][0]["right"] is not None
    assert "In this head “it” finds its animal." not in said(at)  # that was of another sentence


def test_the_row_and_the_column_are_framed_where_the_truth_is_shown() -> None:
    at = follow("who", 1, revealed="true")
    paths = [shape["path"] for shape in chart(at, "lesson_chart")["layout"]["shapes"]]
    boxes = sorted([float(n) for n in re.findall(r"[\d.]+", path)[:4]] for path in paths)
    # Left, top, right, bottom: “it” is the 8th of 12 rows from above, “animal” the 2nd column.
    assert boxes[0] == pytest.approx([0, 5 / 12, 1, 4 / 12], abs=0.03)
    # Above the columns stands the head's name.
    assert boxes[1] == pytest.approx([1 / 12, 0.95, 2 / 12, 0], abs=0.03)
    assert address(at) == "lesson=who&revealed=true"


def test_the_division_matters_more_for_longer_lists_as_the_lesson_says() -> None:
    long, short = (said(follow("scale", step, revealed="true")) for step in (1, 2))
    assert "With the division it is 27%, without it 92%." in long
    assert "With the division it is 20%, without it 34%." in short


def test_a_cell_is_said_in_two_rows() -> None:
    at = follow("qkv", 4)
    at = send(at, "picker", "pick", {"row": 1, "place": 2})
    assert [row["said"] for row in picker(at)["rows"]] == [None, 2]
    at = send(at, "picker", "pick", {"row": 0, "place": 0})
    assert [row["said"] for row in picker(at)["rows"]] == [0, 2]
    at = press(at, "reveal")
    assert [row["right"] for row in picker(at)["rows"]] == [[3], [2]]
    assert "You said “the” on “sat”, which has" in said(at)


def test_a_number_is_typed() -> None:
    at = follow("mask")
    at.number_input[0].set_value(3).run()
    assert address(at) == "lesson=mask&answer=3"
    at = press(at, "reveal")
    assert "You said 3, and that is right: it is 3. So many words “sat” may look at." in said(at)


def test_a_painting_is_compared_with_the_open_cells() -> None:
    at = follow("mask", 2)
    at = send(at, "picker_painter", "paint", "6.gw48-_A")
    assert value(at, "answer") == "6.gw48-_A"
    at = press(at, "reveal")
    assert "in your picture or in the right one, 100% are in both. 21 cells are open." in said(at)
    at = follow("mask", 2, answer="6.////_w", revealed="true")  # no painting
    assert "in both" not in said(at)


def test_everything_is_within_reach_from_a_step_and_the_lesson_from_there() -> None:
    at = press(follow("scale", 2, answer="same"), "explore_from_here")
    assert is_drawn(at, "heads")
    assert is_drawn(at, "view")
    assert value(at, "embed_size") == 8
    assert at.subheader[0].value == "With short lists"
    assert address(at) == "lesson=scale&step=2&answer=same&free=true"
    at = press(at, "back_to_lesson")
    assert not is_drawn(at, "heads")
    assert address(at) == "lesson=scale&step=2"


def test_who_leaves_a_lesson_keeps_what_is_shown() -> None:
    at = press(follow("scale", 2), "leave")
    assert not at.subheader
    assert value(at, "embed_size") == 8
    assert parse_qs(address(at)) == {"heads": ["2"], "embed_size": ["8"], "head": ["0"]}


def test_who_goes_to_a_page_by_the_navigation_has_left_the_lesson() -> None:
    at = go_to(follow("scale", 2), "pretrained")
    at = go_to(at, "explore")
    assert not at.subheader
    assert value(at, "lesson") is None


def test_a_step_of_another_page_leads_there() -> None:
    at = open_app("lesson=who&step=2", path="explore")
    assert at.info[0].value == "This step of the lesson is on another page."
    assert not at.get("plotly_chart")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("lesson=none", "The link asks for lesson ` none `; there are: who, qkv, scale, "),
        ("lesson=scale&step=9", "This lesson has no step 9; showing the last one, 3."),
        ("lesson=scale&step=x", "The link asks for step ` x `, which isn't a number. Using 1."),
    ],
)
def test_a_link_to_what_isnt_there_is_told(query: str, said: str) -> None:
    at = open_app(query)
    assert any(said in notice for notice in notices(at)), notices(at)


def test_an_empty_sentence_asks_for_one() -> None:
    at = follow("who", 1, text=" ", revealed="true")
    assert at.info[0].value == "Type a sentence above."
    assert is_drawn(at, "text")


QUESTIONS = [
    (step.question, ANSWERS[step.question.answer])
    for lesson in lessons().values()
    for step in lesson.steps
    if step.question is not None
]


@given(st.sampled_from(QUESTIONS), st.text() | st.from_regex(r"\A[\d.e-]{1,9}\Z"))
def test_any_answer_in_a_link_is_read_or_is_none(asked: tuple[Question, Any], text: str) -> None:
    question, answer = asked
    empty: Any = None
    seen = Seen(("a", "b"), ("a", "b"), empty, empty, empty, 1.0)
    found = read_said(text, question, answer, seen, (2, 2))
    if found is None:
        return
    match question.kind:
        case "word":
            assert found in (0, 1)
        case "cell":
            assert set(found) <= {0, 1}
        case "number":
            assert 0 <= found <= 1_000_000
        case "choice":
            assert found in answer.options
        case "paint":
            assert found.shape == (2, 2)


@pytest.mark.parametrize(
    "forged", [None, 5, [], {"row": 7, "place": 0}, {"row": 0, "place": 10**9}, {"place": -1}]
)
def test_a_forged_pick_changes_nothing_that_is_shown(forged: object) -> None:
    at = send(follow("who"), "picker", "pick", forged)
    assert picker(at)["rows"][0]["said"] is None
    assert "Traceback" not in said(at)


MARKED = """
title = "Marks"
about = "What is framed"
minutes = 1

[[step]]
heading = "Two words"
text = "See who looks at whom."
state = "explore?text=the+cat+sat+on&heads=1"
controls = ["text"]
mark = {query = "sat", key = "cat"}
"""


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ('["text"]', '["text", "wings"]', "unlocks controls that this page hasn't: ` wings `."),
        ('query = "sat"', 'query = "dog"', "is about ` dog `, which its sentence hasn't."),
    ],
)
def test_what_its_author_got_wrong_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, right: str, wrong: str, told: str
) -> None:
    question = '[step.question]\nkind = "word"\nask = "?"\nanswer = "largest_key"\n'
    for name, text in (("marks", MARKED), ("asks", MARKED + question + 'query = "sat"\n')):
        before, _mark, after = text.rpartition(right)  # the last: of two, the question's
        path = tmp_path / f"{name}.toml"
        path.write_text(before + wrong + after, encoding="utf-8")
    monkeypatch.setenv("HEADLIGHT_LESSONS", str(tmp_path))
    forget()
    try:
        for name in ("marks", "asks"):
            at = open_app(link(lesson=name))
            assert [notice for notice in notices(at) if notice.endswith(told)], notices(at)
        at = type_text(at, "a b")  # of anybody's own sentence nothing is said
        assert not [notice for notice in notices(at) if "hasn't" in notice and "dog" in notice]
    finally:
        monkeypatch.undo()
        forget()


def test_the_words_that_a_step_marks_are_framed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "marks.toml").write_text(MARKED, encoding="utf-8")
    monkeypatch.setenv("HEADLIGHT_LESSONS", str(tmp_path))
    forget()
    try:
        at = open_app(link(lesson="marks"))
        paths = [shape["path"] for shape in chart(at, "lesson_chart")["layout"]["shapes"]]
        column, row = ([float(n) for n in re.findall(r"[\d.]+", path)[:4]] for path in paths)
        # Left, top, right, bottom: “cat” is the 2nd of 4 columns, “sat” the 3rd of 4 rows.
        assert column[::2] == pytest.approx([1 / 4, 2 / 4], abs=0.02)
        assert row[1::2] == pytest.approx([2 / 4, 1 / 4], abs=0.05)
        at = type_text(at, "no such words")
        assert "shapes" not in chart(at, "lesson_chart")["layout"]
    finally:
        monkeypatch.undo()
        forget()
