"""Answers about costs, trainings and the next token, worked out by hand."""

from dataclasses import replace
from pathlib import Path

import pytest

from lessons.answers import ANSWERS, is_right
from lessons.costs import Costs, embedding_with, tokens_with
from lessons.learning import Learnt, step_with
from lessons.prediction import CutAlone, Predicted
from lessons.reading import BrokenLessonError, read_lesson
from lessons.truth import ABOUT, SHOWN_ON, Asked, Truth

NOTHING = Asked(None, 0, 0)
# 10 tokens, an embedding of 4: 100 pairs, of 4 products each.
COSTS = Costs(
    tokens=10,
    embed_size=4,
    multiply_adds={"energy": 400, "projections": 480, "feed_forward": 1280},
    of_twice={"energy": 1600, "projections": 960, "feed_forward": 2560},
    overtakes=8.0,
    map_bytes=800.0e6,
    map_formula="4·H·L²",
    cache_bytes=2.5e6,
    cache_formula="8·H·L·D",
)
LEARNT = Learnt(
    accuracy=0.9,
    curve=((0, 0.04), (5, 0.30), (9, 0.33), (20, 0.9)),
    said=("c", "x", "a"),
    right=("c", "b", None),
)
PREDICTED = Predicted("red", 0.3, 0.1, "red", 0.1)


def truth(name: str, of: object) -> Truth:
    return ANSWERS[name].compute(of, NOTHING)


def right(name: str, of: object, said: object) -> bool:
    return is_right(ANSWERS[name], truth(name, of), said)


def test_energies_grow_with_the_pairs_and_other_parts_with_the_tokens() -> None:
    found = truth("energies_of_twice", COSTS)
    assert found.right == ("four_times",)
    # Of the two parts that double, the feed-forward is the one that is told.
    assert dict(found.right_for) == {"twice": "feed_forward"}
    other = replace(COSTS, of_twice={**COSTS.of_twice, "energy": 410})
    assert truth("energies_of_twice", other).right == ("same",)


@pytest.mark.parametrize(
    ("said", "is_so"), [(8, True), (9, True), (7, True), (6, False), (10, False)]
)
def test_an_amount_is_right_within_a_fifth(said: int, is_so: bool) -> None:
    assert right("overtakes_at", COSTS, said) == is_so


def test_sizes_are_in_megabytes() -> None:
    assert truth("map_size", COSTS).right == (800.0,)
    assert truth("cache_size", COSTS).right == (2.5,)
    assert right("cache_size", COSTS, 2.0)
    assert not right("cache_size", COSTS, 1.9)


def test_a_wrong_amount_is_right_for_other_sizes() -> None:
    assert embedding_with(COSTS, 16) == 8
    assert embedding_with(replace(COSTS, overtakes=0.0), 16) == 0
    assert tokens_with(COSTS, "cache_size", 5.0) == pytest.approx(20)  # evenly
    assert tokens_with(COSTS, "map_size", 3200.0) == pytest.approx(20)  # with the square


def test_a_share_of_right_answers_is_that_of_the_snapshot() -> None:
    assert truth("accuracy", LEARNT).right == (0.9,)
    assert [right("accuracy", LEARNT, said) for said in (0.84, 0.85, 0.95, 0.96)] == [
        False,
        True,
        True,
        False,
    ]


def test_right_answers_are_counted_where_one_is_asked_for() -> None:
    assert truth("right_answers", LEARNT).right == (1,)
    every = replace(LEARNT, said=("c", "b", "z"))
    assert truth("right_answers", every).right == (2,)


def test_a_share_was_had_at_the_first_step_that_had_it() -> None:
    assert step_with(LEARNT, 0.31) == 5
    assert step_with(LEARNT, 0.9) == 20
    assert step_with(LEARNT, 0.6) is None


@pytest.mark.parametrize(
    ("after", "becomes"), [(0.1, "smaller"), (0.5, "larger"), (0.297, "same"), (0.304, "same")]
)
def test_a_probability_grows_falls_or_stays(after: float, becomes: str) -> None:
    assert truth("without_heads", replace(PREDICTED, after=after)).right == (becomes,)


def test_the_likeliest_token_stays_or_not() -> None:
    assert truth("likeliest_stays", PREDICTED).right == ("yes",)
    assert truth("likeliest_stays", replace(PREDICTED, likeliest_after="lamp")).right == ("no",)


@pytest.mark.parametrize(
    ("shares", "changes_most"),
    [
        ((0.35, 0.05, 0.20, 0.30), ("second",)),  # by 0.05, 0.25, 0.10 and 0
        ((0.31, 0.29, 0.60, 0.05), ("third",)),  # one that makes it grow can change it most
        ((0.10, 0.302, 0.103, 0.30), ("first", "third")),  # nobody could see which of them
        ((0.10, 0.20, 0.25), ()),  # three edges, or some of words that the sentence hasn't
    ],
)
def test_each_cut_is_held_against_the_uncut(
    shares: tuple[float, ...], changes_most: tuple[str, ...]
) -> None:
    cuts = tuple(CutAlone("to", str(place), share) for place, share in enumerate(shares))
    assert truth("largest_cut", replace(PREDICTED, cuts=cuts)).right == changes_most


def test_what_adds_most_to_a_logit_is_told() -> None:
    written = {"heads": 1.5, "feed_forwards": -2.0, "embedding": 0.5}
    assert truth("main_writers", replace(PREDICTED, written=written)).right == ("heads",)
    lower = {name: by - 9.0 for name, by in written.items()}
    assert truth("main_writers", replace(PREDICTED, written=lower)).right == ("heads",)
    assert truth("main_writers", PREDICTED).right == ()  # its logits can't be taken apart


def test_the_likeliest_tokens_share_is_that_of_the_run_that_is_shown() -> None:
    now = replace(PREDICTED, likeliest_after="lamp", share_after=0.4)
    assert [right("share_of_likeliest", now, said) for said in (0.35, 0.45, 0.3)] == [
        True,
        True,
        False,
    ]


def test_each_subject_has_answers_and_a_page() -> None:
    assert {answer.about for answer in ANSWERS.values()} == set(ABOUT) == set(SHOWN_ON)


LESSON = """\
title = "Which page?"
about = "One question."
minutes = 5

[[step]]
heading = "Here?"
text = "Predict."
state = "explore"

  [step.question]
  kind = "number"
  ask = "How many?"
  answer = "cache_size"
"""


@pytest.mark.parametrize(
    ("page", "answer", "said"),
    [
        ("explore", "cache_size", "cache_size is asked of what lab shows, not 'explore'"),
        ("lab", "row_sum", "row_sum is asked of what explore or encoder-decoder or pretrained or "
         "learn shows, not 'lab'"),
        ("pretrained", "accuracy", "accuracy is asked of what learn shows, not 'pretrained'"),
    ],
)  # fmt: skip
def test_a_question_about_what_a_page_doesnt_show_is_told(
    tmp_path: Path, page: str, answer: str, said: str
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(LESSON.replace("explore", page).replace("cache_size", answer), encoding="utf-8")
    with pytest.raises(BrokenLessonError) as caught:
        read_lesson(path)
    assert list(map(str, caught.value.problems)) == [f"line 8: {said}"]
