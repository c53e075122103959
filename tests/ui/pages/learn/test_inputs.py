"""What people type into Learn: an input of their own, another task, a text to learn from."""

import re

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from model.tasks import TASKS
from model.tasks.base import LONGEST_PROBE
from model.training.recommended import RECOMMENDED
from tests.matrix import matrix
from tests.ui.helpers import change, checked, control, go_to, header, notices, open_popovers
from tests.ui.pages.learn.helpers import (
    answers,
    buttons,
    captions,
    errors,
    finish,
    heatmaps,
    open_learn,
    open_trained,
    plan_of,
    press,
    read,
    snapshots_of,
    trainings,
    untrained,
)
from ui.text.task_goals import GOALS

REVERSE_READS = "is none of this task's symbols, a b c d e ... z. Shown instead: headlights."

GUESS = "what it says of places that it has never seen is a guess."


def said(page: AppTest) -> list[str]:
    return [text for _look, text in answers(page)["reads"]]


def write_corpus(page: AppTest, text: str) -> AppTest:
    (area,) = open_popovers(page).text_area
    area.set_value(text)
    return checked(page.run())


# An input of one's own


@matrix(
    2,
    ("text", "reads"),
    [
        ("abc", "abc"),
        ("  ABC\txyz ", "abcxyz"),
        ("q", "q"),
        ("", "headlights"),
        (" \n ", "headlights"),
        ("z" * LONGEST_PROBE, "z" * LONGEST_PROBE),
    ],
)
def test_what_can_be_read_is_read(text: str, reads: str) -> None:
    page = open_learn()
    change(page, text=text)
    assert said(page) == list(reads)
    assert [right for _look, right in answers(page)["right"]] == list(reversed(reads))
    trained_on = [f"Trained on 10 symbols, it reads {len(reads)} here: {GUESS}"]
    assert notices(page) == ([] if len(reads) == 10 else trained_on)
    plan = plan_of(page)
    weights, _said = read(plan, untrained(plan), reads)
    if len(reads) < 30:
        np.testing.assert_array_equal(heatmaps(page), weights)


@matrix(2,
    ("text", "message"),
    [
        ("abc1", f"'1' {REVERSE_READS}"),
        ("naïve", f"'ï' {REVERSE_READS}"),
        ("我喜欢猫", f"'我' {REVERSE_READS}"),
        ("a_b", f"'\\_' {REVERSE_READS}"),
        ("z" * 49, "The model reads 48 symbols at most, and this makes 49 of them; type less. "
                   "Shown instead: headlights."),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_and_stays_where_it_was_typed(text: str, message: str) -> None:
    page = open_trained()
    change(page, text=text)
    assert notices(page) == [message]
    assert control(page, "text").value == text
    assert said(page) == list("headlights")
    plan = plan_of(page)
    np.testing.assert_array_equal(heatmaps(page), read(plan, snapshots_of(plan)[-1])[0])
    change(page, text="all right ok")
    assert notices(page) == []
    assert said(page) == list("allrightok")


@matrix(
    3,
    "text",
    [
        "<script>alert(1)</script>",
        "</td></table><img src=x onerror=alert(1)>",
        "**b** `c` [x](https://example.org) $$1$$ :red[x]",
        "a\x00b",
        "\u202egnitirw",
        "{0} {problem} %s",
        "😀",
        "x" * 5000,
    ],
)
def test_markup_is_never_more_than_text(text: str) -> None:
    for task in ("reverse", "characters", "numbers"):
        page = open_learn(task=task, text=text)
        shown = [*notices(page), *errors(page), *(str(m.value) for m in page.markdown)]
        assert not re.search(r"(?<!\\)(<script|<img|\*b|`c|\[x\]\(|:red)", "".join(shown))
        (table,) = [e.proto.body for e in page.get("html") if 'class="answers"' in e.proto.body]
        assert "<img" not in table
        assert "<script" not in table
        assert notices(page)


def test_each_task_reads_its_own_example_at_first() -> None:
    for task in TASKS:
        page = open_learn(task=task, **{"steps": 1})
        plan = plan_of(page)
        example = plan.learnt.example(plan.learnt.split(plan.learnt.probe))
        assert [t.replace("␣", " ") for t in said(page)] == list(example.inputs), task
        assert control(page, "text").placeholder == plan.learnt.probe
        assert captions(page)[0].startswith(f"{GOALS[task]} ")
        assert notices(page) == errors(page) == []


# Another task


@matrix(3, "task", TASKS)
def test_a_task_brings_the_sizes_that_solve_it(task: str) -> None:
    page = open_learn("task=shift" if task == "reverse" else "", text="abc", at=7)
    change(page, task=task)
    assert plan_of(page) == RECOMMENDED[task]
    assert control(page, "text").value == ""
    assert "at" not in page.query_params
    assert notices(page) == errors(page) == []
    again = open_learn(**page.query_params)
    assert plan_of(again) == RECOMMENDED[task]
    np.testing.assert_array_equal(heatmaps(again), heatmaps(page))


def test_a_task_that_is_come_back_to_has_what_it_had_learnt() -> None:
    page = open_learn()
    change(page, steps=50)
    press(page, "train")
    finish(page)
    change(page, task="shift")
    assert "not trained yet" in header(page)
    change(page, task="reverse")
    assert "not trained yet" in header(page)  # of as many steps as are recommended
    change(page, steps=50)
    assert "50 steps from seed 0" in header(page)


# A text to learn from

STORY = "the quick brown fox jumps over the lazy dog. " * 6


def test_characters_learn_from_a_text_of_ones_own() -> None:
    page = open_learn(task="characters", embed_size=16, steps=30)
    write_corpus(page, STORY)
    plan = plan_of(page)
    assert plan.corpus == STORY
    assert "".join(said(page)) == STORY[:32].replace(" ", "␣")
    press(page, "train")
    finish(page)
    assert trainings(page)[plan].snapshots == snapshots_of(plan)
    np.testing.assert_array_equal(heatmaps(page), read(plan, snapshots_of(plan)[-1])[0])
    change(page, text="Fox")
    assert notices(page) == [
        "'F' can't be read, as the text that the model learns from doesn't contain it; leave it "
        "out. Shown instead: the quick brown fox jumps over t."
    ]
    change(page, text="fox")
    assert said(page) == list("fox")


@pytest.mark.parametrize("text", ["too short", "x" * 199, "\n" * 5000])
def test_a_text_that_is_too_short_is_told_and_the_controls_stay(text: str) -> None:
    page = open_learn(task="characters", steps=50)
    write_corpus(page, text)
    (message,) = errors(page)
    count = len(text.strip())
    assert message.startswith(f"The text has {count} characters, and must have 200 or more")
    assert buttons(page)["Train"] is False
    assert open_popovers(page).text_area[0].value == text
    assert control(page, "task").value == "characters"
    assert page.get("plotly_chart") == []
    change(page, seed=3)
    assert len(errors(page)) == 1
    write_corpus(page, STORY)
    assert errors(page) == []
    assert "not trained yet** (seed 3)" in header(page)
    write_corpus(page, "")
    assert plan_of(page).corpus == ""
    assert errors(page) == []


def test_a_text_that_is_too_short_does_not_hold_up_another_task() -> None:
    page = open_learn(task="characters")
    write_corpus(page, "too short")
    change(page, task="shift")
    assert errors(page) == []
    assert "shift" in header(page)
    change(page, task="characters", seed=0)
    assert len(errors(page)) == 1  # the text is still there
    assert open_popovers(page).text_area[0].value == "too short"


@matrix(
    2,
    "text",
    [
        "<script>alert(1)</script>\x00\u202e **b** $$x$$ :red[x] & \" ' " * 8,
        "".join(chr(0x4E00 + i) * 2 for i in range(400)),
        "e\u0301" * 300,
        "\U0001f468\u200d\U0001f469\u200d\U0001f467 " * 100,
        "a" * 20_000,
        "a" * 1000,
    ],
    ids=["markup", "many characters", "composed", "emoji", "longest", "one letter"],
)
def test_any_text_can_be_learnt_from_or_is_told(text: str) -> None:
    page = open_learn(task="characters", embed_size=8, steps=3)
    write_corpus(page, text)
    assert errors(page) == notices(page) == []
    press(page, "train")
    finish(page)
    assert "3 steps from seed 0" in header(page)
    (table,) = [e.proto.body for e in page.get("html") if 'class="answers"' in e.proto.body]
    assert "<script" not in table


def test_the_text_is_kept_while_another_page_is_shown() -> None:
    page = open_learn(task="characters", embed_size=16, steps=30)
    write_corpus(page, STORY)
    press(page, "train")
    finish(page)
    go_to(page, "explore")
    go_to(page, "learn")
    assert open_popovers(page).text_area[0].value == STORY
    assert "30 steps from seed 0" in header(page)
