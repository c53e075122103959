"""What heads do: patterns by hand, heads that do one thing alone, and the definitions in loops."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from model.head_finder import PATTERNS, head_scores, induction_scores, rank, repeated_words

# Three tokens, the first and the last the same word; one layer of two heads.
#
#     head 0   0.5   0.25  0.25      head 1   0  1  0
#              0.75  0.25  0                  0  0  0    nothing to attend to
#              0.25  0.25  0.5                0  1  0
IDS = [7, 8, 7]
WEIGHTS = torch.tensor(
    [
        [[0.5, 0.25, 0.25], [0.75, 0.25, 0.0], [0.25, 0.25, 0.5]],
        [[0.0, 1.0, 0.0], [0.0, 0.0, 0.0], [0.0, 1.0, 0.0]],
    ]
)
NAN = float("nan")


def test_two_heads_by_hand() -> None:
    scores = head_scores([WEIGHTS], IDS)
    assert list(scores) == [pattern for pattern in PATTERNS if pattern != "induction"]
    # Head 1's second row has no weight, and doesn't count: the means are over the other rows.
    assert scores["previous"].tolist() == [[(0.75 + 0.25) / 2, 1 / 1]]
    assert scores["next"].tolist() == [[(0.25 + 0) / 2, 1 / 1]]
    assert scores["first"].tolist() == [[(0.75 + 0.25) / 2, 0]]
    assert scores["same"].tolist() == [[(0.75 + 0.25 + 0.75) / 3, 0]]
    # Halves and quarters: log 4 / 2 and log 2 / 2; three quarters: log 4 - 0.75 log 3.
    row = math.log(4) / 2 + math.log(2) / 2
    rows = [row, math.log(4) - 0.75 * math.log(3), row]
    assert scores["entropy"].tolist()[0] == pytest.approx([sum(rows) / 3, 0], abs=1e-7)


def test_layers_come_in_their_order() -> None:
    scores = head_scores([WEIGHTS, WEIGHTS.flip(0)], IDS)
    for pattern, (first, second) in ((p, scores[p].tolist()) for p in scores):
        assert first == second[::-1], pattern
    assert {table.shape for table in scores.values()} == {(2, 2)}
    assert {table.dtype for table in scores.values()} == {torch.float64}


def test_a_single_token_has_neither_neighbours_nor_a_first_one() -> None:
    scores = head_scores([torch.ones(3, 1, 1)], [5])
    for pattern in ("previous", "next", "first"):
        assert scores[pattern].isnan().all()
    assert scores["same"].tolist() == [[1, 1, 1]]
    assert scores["entropy"].tolist() == [[0, 0, 0]]


def test_no_token_has_no_score() -> None:
    for table in head_scores([torch.ones(3, 0, 0)], []).values():
        assert table.shape == (1, 3)
        assert table.isnan().all()


def test_a_head_that_attends_to_nothing_has_no_score() -> None:
    for table in head_scores([torch.zeros(1, 4, 4)], [1, 2, 3, 4]).values():
        assert table.isnan().all()


def test_heads_that_do_one_thing_alone_have_its_highest_score() -> None:
    length = 6
    one = torch.eye(length)
    previous, after = one.roll(-1, 1), one.roll(1, 1)  # around the end too
    first = torch.zeros(length, length)
    first[:, 0] = 1
    spread = torch.full((length, length), 1 / length)
    scores = head_scores([torch.stack([previous, after, first, one, spread])], range(length))
    for head, pattern in enumerate(("previous", "next", "first", "same")):
        assert scores[pattern][0, head] == 1, pattern
        assert rank(scores[pattern])[0] == (0, head, 1)
    assert scores["entropy"].tolist()[0] == pytest.approx([0, 0, 0, 0, math.log(6)])


def random_weights(seed: int, heads: int, length: int) -> Tensor:
    """Rows that sum to one, or to zero where nothing was allowed."""
    generator = torch.Generator().manual_seed(seed)
    shape = (heads, length, length)
    scores = torch.randn(shape, generator=generator, dtype=torch.float64)
    masked = torch.rand(shape, generator=generator) < 0.4
    return scores.masked_fill(masked, -torch.inf).softmax(-1).nan_to_num()


def mean(values: list[float]) -> float:
    return math.fsum(values) / len(values) if values else NAN


@given(
    seed=st.integers(0, 1000),
    heads=st.integers(1, 3),
    ids=st.lists(st.integers(0, 3), min_size=1, max_size=6),
)
def test_scores_are_what_their_definitions_say(seed: int, heads: int, ids: list[int]) -> None:
    weights = random_weights(seed, heads, len(ids))
    scores = head_scores([weights], ids)
    for head, rows in enumerate(weights.tolist()):
        attends = [(i, row) for i, row in enumerate(rows) if sum(row)]
        expected = {
            "previous": mean([row[i - 1] for i, row in attends if i > 0]),
            "next": mean([row[i + 1] for i, row in attends if i + 1 < len(ids)]),
            "first": mean([row[0] for i, row in attends if i > 0]),
            "same": mean(
                [
                    sum(w for w, other in zip(row, ids, strict=True) if other == ids[i])
                    for i, row in attends
                ]
            ),
            "entropy": mean([-sum(w * math.log(w) for w in row if w) for _, row in attends]),
        }
        found = {pattern: table[0, head].item() for pattern, table in scores.items()}
        assert found == pytest.approx(expected, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize(
    ("weights", "ids", "message"),
    [
        ([], [], "no layer"),
        ([torch.ones(2, 3, 4)], [1, 2, 3], r"\(2, 3, 4\)"),
        ([torch.ones(3, 3)], [1, 2, 3], r"\(3, 3\)"),
        ([torch.ones(2, 3, 3), torch.ones(2, 4, 4)], [1, 2, 3], r"\(2, 3, 3\), \(2, 4, 4\)"),
        ([torch.ones(2, 3, 3)], [1, 2], "the 3 tokens of the weights, got 2"),
    ],
)
def test_what_does_not_fit_is_refused(weights: list[Tensor], ids: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        head_scores(weights, ids)


def test_induction_by_hand() -> None:
    # [CLS] a b c a b c [SEP]: the queries 4, 5 and 6 look at 2, 3 and 4.
    weights = torch.zeros(2, 8, 8)
    weights[0, 4, 2], weights[0, 5, 3], weights[0, 6, 4] = 0.5, 0.25, 1
    weights[1] = 1 / 8
    assert induction_scores([weights], 3, start=1).tolist() == [[1.75 / 3, 1 / 8]]
    # The weight of any other query or key changes nothing.
    others = torch.ones(2, 8, 8)
    others[:, [4, 5, 6], [2, 3, 4]] = weights[:, [4, 5, 6], [2, 3, 4]]
    assert induction_scores([others], 3, start=1).tolist() == [[1.75 / 3, 1 / 8]]


def test_rows_without_weight_do_not_count_for_induction() -> None:
    weights = torch.zeros(2, 4, 4)
    weights[0, 2, 1] = 0.75  # a b a b: the query 2 looks at 1, and the query 3 has nothing
    assert induction_scores([weights], 2).tolist()[0] == pytest.approx([0.75, NAN], nan_ok=True)


@given(half=st.integers(2, 6), start=st.integers(0, 2), end=st.integers(0, 2))
def test_an_induction_head_is_told_from_its_neighbours(half: int, start: int, end: int) -> None:
    length = start + 2 * half + end
    steps = [half, half - 1, half - 2]  # to the same token, the one after it, the next but one
    heads = torch.stack([torch.eye(length).roll(-step, 1) for step in steps])
    assert induction_scores([heads, heads.flip(0)], half, start=start).tolist() == [
        [0, 1, 0],
        [0, 1, 0],
    ]


@pytest.mark.parametrize(("half", "start"), [(1, 0), (0, 0), (-2, 0), (3, 3), (5, 0), (2, -1)])
def test_a_text_without_two_copies_has_no_induction(half: int, start: int) -> None:
    with pytest.raises(ValueError, match=rf"{start} \+ 2 · {half} tokens in a text of 8"):
        induction_scores([torch.ones(1, 8, 8)], half, start=start)


def test_the_best_heads_come_first_and_equals_in_the_order_of_the_model() -> None:
    scores = torch.tensor([[0.5, NAN, 0.75], [0.75, 0.0, 0.5]])
    assert rank(scores) == [(0, 2, 0.75), (1, 0, 0.75), (0, 0, 0.5), (1, 2, 0.5), (1, 1, 0)]
    assert rank(scores, most=2) == [(0, 2, 0.75), (1, 0, 0.75)]
    assert rank(scores, lowest=True, most=3) == [(1, 1, 0), (0, 0, 0.5), (1, 2, 0.5)]
    assert rank(torch.full((2, 2), NAN)) == []
    assert len(rank(torch.zeros(4, 4))) == 10


WORDS = ["cat", "river", "stone", "blue", "seven", "walk", "🙂", "\ud800"]


def test_words_are_the_same_on_every_machine() -> None:
    assert repeated_words(WORDS[:7], 4, seed=0) == ["seven", "cat", "stone", "walk"]
    assert repeated_words(WORDS[:7], 4, seed=1) == ["cat", "🙂", "stone", "seven"]


@given(
    words=st.lists(st.sampled_from(WORDS)),
    seed=st.integers(),
    data=st.data(),
)
def test_words_are_chosen_once_in_an_order_of_the_seeds_own(
    words: list[str], seed: int, data: st.DataObject
) -> None:
    different = set(words)
    count = data.draw(st.integers(0, len(different)))
    chosen = repeated_words(words, count, seed)
    assert len(chosen) == len(set(chosen)) == count
    assert set(chosen) <= different
    assert chosen == repeated_words(words[::-1] * 2, len(different), seed)[:count]


def test_every_order_of_words_is_as_likely() -> None:
    orders = [tuple(repeated_words(["a", "b", "c"], 3, seed)) for seed in range(600)]
    counts = sorted(orders.count(order) for order in set(orders))
    assert len(counts) == 6
    assert counts[0] > 70  # of 100 on average, three deviations below it


@pytest.mark.parametrize("count", [-1, 3])
def test_more_words_than_there_are_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match=f"from 0 to 2, .* got {count}"):
        repeated_words(["a", "b", "a"], count, seed=0)
