"""What a question's answer is, worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lessons.answers import ANSWERS, agreement, find_asked, is_right
from lessons.lesson import KINDS
from lessons.truth import Asked, Seen, Truth

# Two heads on “it was late”. The first looks at “late” from “it”, the second at itself.
WEIGHTS = np.array(
    [
        [[0.2, 0.1, 0.7], [0.5, 0.3, 0.2], [0.25, 0.25, 0.5]],
        [[0.6, 0.3, 0.1], [0.1, 0.8, 0.1], [0.0, 0.1, 0.9]],
    ]
)
SEEN = Seen(
    queries=("it", "was", "late"),
    keys=("it", "was", "late"),
    weights=WEIGHTS,
    energy=np.array([[[0.0, 2.0, 4.0]] * 3, [[1.0, 1.0, 1.0]] * 3]),
    allowed=np.ones((3, 3), dtype=bool),
    divisor=2.0,
)
CAUSAL = replace(SEEN, allowed=np.tril(np.ones((3, 3), dtype=bool)))


def truth(name: str, asked: Asked, seen: Seen = SEEN) -> Truth:
    return ANSWERS[name].compute(seen, asked)


@pytest.mark.parametrize(
    ("name", "head", "query", "right", "share"),
    [
        ("largest_key", 0, 0, (2,), 0.7),
        ("largest_key", 1, 0, (0,), 0.6),
        ("largest_key", None, 0, (0, 2), 0.4),  # the mean: 0.4, 0.2, 0.4
        ("largest_other_key", 1, 0, (1,), 0.3),
        ("largest_other_key", 0, 2, (0, 1), 0.25),
    ],
)
def test_where_a_query_looks_most(
    name: str, head: int | None, query: int, right: tuple[int, ...], share: float
) -> None:
    found = truth(name, Asked(head, query, 0))
    assert found.right == right
    assert found.share == pytest.approx(share)


def test_a_wrong_word_is_told_for_which_query_it_is_right() -> None:
    # Head 0: “it” and “late” look at “late”, “was” looks at “it”.
    assert truth("largest_key", Asked(0, 0, 0)).right_for == {0: 1}


def test_the_largest_cell_is_found_in_a_head_and_in_their_mean() -> None:
    assert truth("largest_cell", Asked(1, 0, 0)).right == ((2, 2),)
    assert truth("largest_cell", Asked(0, 0, 0)).right == ((0, 2),)
    mean = truth("largest_cell", Asked(None, 0, 0))
    assert (mean.right, mean.share) == (((2, 2),), pytest.approx(0.7))


def test_the_head_that_looks_at_the_word_before_is_found_among_all_layers() -> None:
    layers = (WEIGHTS, np.stack([WEIGHTS[1], WEIGHTS[0]]))
    # Weights on the word before: head 0 has 0.5 and 0.25, head 1 has 0.1 and 0.1.
    seen = replace(SEEN, every=layers)
    found = truth("previous_token_head", Asked(None, 0, 0), seen)
    assert found.right == ((0, 0), (1, 1))
    assert found.share == pytest.approx(0.375)
    assert found.shares is not None
    np.testing.assert_allclose(found.shares, [[0.375, 0.1], [0.1, 0.375]])
    alone = replace(SEEN, every=(WEIGHTS[:, :1, :1],))
    assert truth("previous_token_head", Asked(None, 0, 0), alone).right == ()


def test_of_equal_words_the_last_one_is_asked_about_where_that_is_meant() -> None:
    words = ("red", "␣cat", "red", "Cat", ".")
    seen = replace(SEEN, queries=words, keys=words)
    assert find_asked(seen, 0, "cat", None, is_last=True).query == 3
    assert find_asked(seen, 0, "cat", None).query == 1


def test_shares_and_sums_are_those_of_the_row() -> None:
    assert truth("share_of_word", Asked(0, 1, 2)).right == (pytest.approx(0.2),)
    assert truth("row_sum", Asked(0, 1, 2)).right == (pytest.approx(1.0),)
    hidden = replace(SEEN, weights=WEIGHTS[:, :, :2], keys=("it", "was"))
    assert truth("row_sum", Asked(0, 0, 0), hidden).right == (pytest.approx(0.3),)


@pytest.mark.parametrize(("query", "count"), [(0, 1), (1, 2), (2, 3)])
def test_a_causal_mask_shows_a_word_itself_and_what_came_before(query: int, count: int) -> None:
    assert truth("visible_words", Asked(0, query, 0), CAUSAL).right == (count,)
    assert truth("visible_words", Asked(0, query, 0)).right == (3,)


@pytest.mark.parametrize(("key", "count"), [(0, 3), (1, 2), (2, 1)])
def test_a_change_moves_those_who_may_look_at_it(key: int, count: int) -> None:
    assert truth("moved_vectors", Asked(0, 0, key), CAUSAL).right == (count,)


def test_a_change_goes_on_through_layers() -> None:
    # Each word sees itself and its left neighbour: a change moves one word more in each layer.
    near = np.eye(4, dtype=bool) | np.eye(4, k=-1, dtype=bool)
    words = ("a", "b", "c", "d")
    seen = replace(SEEN, queries=words, keys=words, allowed=near)
    counts = [
        truth("moved_vectors", Asked(0, 0, 0), replace(seen, layers=layers)).right[0]
        for layers in (1, 2, 3, 4)
    ]
    assert counts == [2, 3, 4, 4]


def test_the_leaking_word_is_a_later_one_that_is_seen() -> None:
    hole = CAUSAL.allowed.copy()
    hole[0, 2] = True
    assert truth("leaking_word", Asked(0, 0, 0), replace(CAUSAL, allowed=hole)).right == (2,)
    assert truth("leaking_word", Asked(0, 0, 0), CAUSAL).right == ()


def test_heads_are_counted_by_the_words_that_they_look_at_most() -> None:
    assert truth("favourite_words", Asked(None, 0, 0)).right == (2,)  # “late”, “it”
    assert truth("favourite_words", Asked(None, 2, 0)).right == (1,)  # “late”, twice


def test_without_the_divisor_the_largest_weight_grows_where_energies_differ() -> None:
    # softmax(0, 2, 4) is 0.867 at most, softmax(0, 1, 2) is 0.665; equal energies stay equal.
    assert truth("without_scale", Asked(0, 0, 0)).right == ("larger",)
    assert truth("without_scale", Asked(0, 0, 0)).before_and_after == (
        pytest.approx(0.665, abs=5e-4),
        pytest.approx(0.867, abs=5e-4),
    )
    assert truth("without_scale", Asked(1, 0, 0)).right == ("same",)
    below_one = replace(SEEN, divisor=0.5)
    assert truth("without_scale", Asked(0, 0, 0), below_one).right == ("smaller",)
    # The first word sees itself alone: one key has all of it in any case.
    assert truth("without_scale", Asked(0, 0, 0), CAUSAL).right == ("same",)


def test_dark_is_half_of_the_rows_largest() -> None:
    dark = truth("dark_cells", Asked(0, 0, 0)).right[0]
    assert dark.tolist() == [[False, False, True], [True, True, False], [True, True, True]]
    assert truth("visible_cells", Asked(0, 0, 0), CAUSAL).right[0].tolist() == [
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]


def test_a_head_follows_the_word_before_or_not() -> None:
    steps = np.array([[[1, 0, 0], [0.9, 0.1, 0], [0.1, 0.6, 0.3]]])
    before = replace(SEEN, weights=steps)
    assert truth("previous_or_not", Asked(0, 0, 0), before).right == ("yes",)
    assert truth("previous_or_not", Asked(1, 0, 0)).right == ("no",)


def test_words_are_found_whatever_their_case_and_else_the_last_is_asked_about() -> None:
    words = ("␣It", "was", "late", ".")
    seen = replace(SEEN, queries=words, keys=words)
    assert find_asked(seen, 1, "it", "Late") == Asked(1, 0, 2)
    assert find_asked(seen, None, "animal", "animal") == Asked(None, 2, 0)
    nothing = replace(SEEN, queries=("!",), keys=("!",))
    assert find_asked(nothing, None, None, None) == Asked(None, 0, 0)


@pytest.mark.parametrize(
    ("said", "right"), [(0.65, True), (0.7, True), (0.75, True), (0.64, False), (0.76, False)]
)
def test_a_share_is_right_within_a_twentieth(said: float, right: bool) -> None:
    answer = ANSWERS["share_of_word"]
    assert is_right(answer, truth("share_of_word", Asked(0, 0, 2)), said) == right


def test_a_count_is_right_exactly_and_equal_words_are_all_right() -> None:
    count = truth("visible_words", Asked(0, 1, 0), CAUSAL)
    assert [is_right(ANSWERS["visible_words"], count, said) for said in (1, 2, 3)] == [
        False,
        True,
        False,
    ]
    both = truth("largest_key", Asked(None, 0, 0))
    assert [is_right(ANSWERS["largest_key"], both, said) for said in (0, 1, 2)] == [
        True,
        False,
        True,
    ]


def test_paintings_agree_by_what_is_in_both() -> None:
    dark = np.tril(np.ones((3, 3), dtype=bool))
    assert agreement(dark, dark) == 1
    assert agreement(np.eye(3, dtype=bool), dark) == pytest.approx(3 / 6)
    assert agreement(np.zeros((3, 3), dtype=bool), np.zeros((3, 3), dtype=bool)) == 1
    # Of a longer sentence, only the beginning can be painted.
    assert agreement(np.eye(2, dtype=bool), np.eye(5, dtype=bool)) == 1


@given(st.integers(1, 4), st.integers(1, 7), st.integers(0, 2**32 - 1), st.booleans())
def test_any_run_has_a_truth_for_every_question(
    heads: int, length: int, seed: int, causal: bool
) -> None:
    random = np.random.default_rng(seed)
    energy = random.normal(size=(heads, length, length)) * 3
    allowed = np.tril(np.ones((length, length), dtype=bool)) | (not causal)
    scores = np.where(allowed, energy / 2, -np.inf)
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    words = tuple(f"w{place}" for place in range(length))
    seen = Seen(words, words, weights, energy, allowed, 2.0, every=(weights,))
    for name, answer in ANSWERS.items():
        if answer.about != "attention":
            continue
        for head in (None, heads - 1):
            asked = find_asked(seen, head, None, None)
            found = answer.compute(seen, asked)
            assert answer.kind in KINDS
            if name == "leaking_word":
                assert bool(found.right) == (not causal and length > 1)
            elif name in ("largest_other_key", "previous_token_head") and length == 1:
                assert found.right == ()
            else:
                assert found.right, name
            if answer.options:
                assert set(found.right) <= set(answer.options)
