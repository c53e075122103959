"""From parts of words to words, and to some of the tokens: by hand, and what must hold."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from model.words import keep_tokens, merge_to_words

# "the em-bed-ding": the tokens 1 to 3 are one word.
#
#     0.5    0.25   0.125  0.125          0.5      0.5
#     0.25   0.5    0.25   0         ->   0.25     0.75     the means of 0.25, 0, 0.5
#     0      0.25   0.25   0.5                              and of 0.75, 1, 0.5
#     0.5    0.25   0      0.25
WEIGHTS = torch.tensor(
    [
        [0.5, 0.25, 0.125, 0.125],
        [0.25, 0.5, 0.25, 0.0],
        [0.0, 0.25, 0.25, 0.5],
        [0.5, 0.25, 0.0, 0.25],
    ]
)
WORDS = [0, 1, 1, 1]


def test_a_word_of_three_tokens_by_hand() -> None:
    assert merge_to_words(WEIGHTS, WORDS).tolist() == [[0.5, 0.5], [0.25, 0.75]]


def test_queries_and_keys_of_different_sentences_by_hand() -> None:
    # Two queries of one word; the keys 0 and 3 are a word that another interrupts.
    merged = merge_to_words(WEIGHTS[:2], [4, 4], [1, 2, 2, 1])
    assert merged.tolist() == [[(0.625 + 0.25) / 2, (0.375 + 0.75) / 2]]


def test_words_keep_the_order_of_their_numbers_whatever_these_are() -> None:
    assert torch.equal(merge_to_words(WEIGHTS, [3, 9, 9, 9]), merge_to_words(WEIGHTS, WORDS))
    swapped = merge_to_words(WEIGHTS, [9, 3, 3, 3])
    assert torch.equal(swapped, merge_to_words(WEIGHTS, WORDS).flip(0, 1))


def test_layers_and_heads_are_merged_each_by_itself() -> None:
    many = torch.stack([WEIGHTS, WEIGHTS.T, WEIGHTS**2]).reshape(3, 1, 4, 4)
    merged = merge_to_words(many, WORDS)
    assert merged.shape == (3, 1, 2, 2)
    for part, whole in zip(many, merged, strict=True):
        assert torch.equal(merge_to_words(part[0], WORDS), whole[0])


def test_no_token_makes_no_word() -> None:
    assert merge_to_words(torch.ones(2, 0, 0), []).shape == (2, 0, 0)


def test_words_of_one_token_change_nothing() -> None:
    merged = merge_to_words(WEIGHTS, range(4))
    assert torch.equal(merged, WEIGHTS)
    merged[0, 0] = 9
    assert WEIGHTS[0, 0] == 0.5  # a copy


@given(
    seed=st.integers(0, 1000),
    queries=st.lists(st.integers(0, 4), min_size=1, max_size=8),
    keys=st.lists(st.integers(0, 4), min_size=1, max_size=8),
)
def test_rows_still_sum_to_one(seed: int, queries: list[int], keys: list[int]) -> None:
    generator = torch.Generator().manual_seed(seed)
    weights = torch.randn(2, len(queries), len(keys), generator=generator).double().softmax(-1)
    merged = merge_to_words(weights, queries, keys)
    assert merged.dtype == torch.float64
    assert merged.shape == (2, len(set(queries)), len(set(keys)))
    torch.testing.assert_close(merged.sum(-1), torch.ones(merged.shape[:2]).double())
    for row, word in enumerate(sorted(set(queries))):
        for column, key_word in enumerate(sorted(set(keys))):
            block = weights[:, [q == word for q in queries]][:, :, [k == key_word for k in keys]]
            torch.testing.assert_close(merged[:, row, column], block.sum(-1).mean(-1))


@pytest.mark.parametrize(
    ("words", "key_words", "message"),
    [
        ([0, 1], None, "from 2 to 2 tokens"),
        ([0, 1, 1, 1], [0], "from 4 to 1 tokens"),
        ([0], [0, 1, 1, 1], "from 1 to 4 tokens"),
    ],
)
def test_a_number_of_a_word_for_each_token_is_needed(
    words: list[int], key_words: list[int] | None, message: str
) -> None:
    with pytest.raises(ValueError, match=rf"{message}, .* got the shape \(4, 4\)"):
        merge_to_words(WEIGHTS, words, key_words)


def test_a_vector_has_no_rows_to_merge() -> None:
    with pytest.raises(ValueError, match=r"got the shape \(4,\)"):
        merge_to_words(WEIGHTS[0], WORDS)


def test_some_tokens_by_hand() -> None:
    kept = keep_tokens(WEIGHTS, [1, 2], [1, 3], renormalise=False)
    assert kept.tolist() == [[0.5, 0], [0.25, 0.5]]
    again = keep_tokens(WEIGHTS, [1, 2], [1, 3], renormalise=True)
    assert again.tolist() == [[1, 0], pytest.approx([1 / 3, 2 / 3])]


def test_the_order_is_the_one_asked_for() -> None:
    assert keep_tokens(WEIGHTS, [3, 0], [2, 0], renormalise=False).tolist() == [
        [0, 0.5],
        [0.125, 0.5],
    ]


def test_a_row_of_which_nothing_is_left_stays_zero() -> None:
    kept = keep_tokens(WEIGHTS, [2, 3], [0], renormalise=True)
    assert kept.tolist() == [[0], [1]]
    assert keep_tokens(WEIGHTS, [0], [], renormalise=True).shape == (1, 0)
    assert keep_tokens(WEIGHTS, [], [0], renormalise=True).shape == (0, 1)


@pytest.mark.parametrize("renormalise", [False, True])
def test_all_tokens_of_all_heads_are_all_there_was_and_a_copy(renormalise: bool) -> None:
    heads = torch.stack([WEIGHTS, WEIGHTS.flip(0)])
    kept = keep_tokens(heads, range(4), range(4), renormalise=renormalise)
    assert torch.equal(kept, heads)
    kept[0, 0, 0] = 9
    assert heads[0, 0, 0] == 0.5


@pytest.mark.parametrize("position", [4, -1])
def test_positions_outside_are_refused(position: int) -> None:
    with pytest.raises(IndexError, match=rf"queries from 0 to 3, got \[{position}\]"):
        keep_tokens(WEIGHTS, [0, position], [0], renormalise=False)
    with pytest.raises(IndexError, match=rf"keys from 0 to 2, got \[{position}\]"):
        keep_tokens(WEIGHTS[:, :3], [0], [position, 1], renormalise=False)
