"""Measures of attention weights: values by hand, bounds, and what heads without weights get."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from torch import Tensor

from model.measures import (
    effective_rank,
    entropy_share,
    head_similarity,
    jensen_shannon,
    largest_weight,
    match_heads,
    redundancy,
    saturated_share,
    softmax_gradient_norm,
)
from viz.statistics import head_statistics

LOG_2 = math.log(2)

# Two heads, three queries, three keys; nobody may attend in the last row.
#
#     head 0   0.5  0.5  0       head 1   1    0  0
#              0    1    0                0.5  0  0.5
#              0    0    0                0    0  0
WEIGHTS = torch.tensor(
    [
        [[0.5, 0.5, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]],
        [[1.0, 0.0, 0.0], [0.5, 0.0, 0.5], [0.0, 0.0, 0.0]],
    ]
)
ALLOWED = torch.tensor([[1, 1, 0], [1, 1, 1], [0, 0, 0]])


def softmax_rows(shape: tuple[int, ...]) -> st.SearchStrategy[Tensor]:
    """Weights of every kind, from even to one-hot, with zeros where exp underflows."""
    scores = arrays.arrays(np.float64, shape, elements=st.floats(-900, 900, width=32))
    return scores.map(lambda s: torch.softmax(torch.from_numpy(s), -1))


def test_two_heads_by_hand() -> None:
    # Entropy: log 2 of log 2 and 0 of log 3; then 0 of log 2 and log 2 of log 3.
    share = [(1 + 0) / 2, (0 + LOG_2 / math.log(3)) / 2]
    assert entropy_share(WEIGHTS, ALLOWED).tolist() == pytest.approx(share)
    assert largest_weight(WEIGHTS).tolist() == [0.75, 0.75]
    assert saturated_share(WEIGHTS).tolist() == [0.5, 0.5]
    # Two equal weights: 2/4 - 2 · 2/8 + (2/4)² = 1/4, a norm of 1/2; one weight of 1: 0.
    assert softmax_gradient_norm(WEIGHTS).tolist() == [0.25, 0.25]


def test_measures_are_of_each_head_in_any_batch_and_of_numpy_arrays() -> None:
    batch = torch.stack([WEIGHTS, WEIGHTS.flip(0)]).numpy()
    for measure in (largest_weight, saturated_share, softmax_gradient_norm, effective_rank):
        one = measure(WEIGHTS).tolist()
        found = measure(batch)
        assert found.dtype == torch.float64
        assert found.tolist() == [one, one[::-1]]
    assert entropy_share(batch, ALLOWED.numpy()).shape == (2, 2)
    assert head_similarity(batch).shape == (2, 2, 2)
    assert redundancy(batch).shape == (2,)


def test_the_table_of_heads_says_the_same() -> None:
    weights = torch.softmax(torch.randn(3, 5, 5, generator=torch.Generator().manual_seed(0)), -1)
    causal = torch.ones(5, 5).tril()
    weights = weights * causal / (weights * causal).sum(-1, keepdim=True)
    table = head_statistics(weights.numpy(), causal.bool().numpy())
    assert entropy_share(weights, causal).tolist() == pytest.approx(table["entropy_share"])
    assert largest_weight(weights).tolist() == pytest.approx(table["largest_weight"])


def test_saturated_is_above_the_threshold_not_at_it() -> None:
    weights = torch.tensor([[[0.75, 0.25], [0.5, 0.5]]], dtype=torch.float64)
    assert saturated_share(weights, above=0.75).tolist() == [0]
    assert saturated_share(weights, above=0.7).tolist() == [0.5]


def test_a_head_that_attends_to_nothing_has_no_measure() -> None:
    nothing = torch.zeros(1, 3, 3)
    for measure in (largest_weight, saturated_share, softmax_gradient_norm, effective_rank):
        assert measure(nothing).isnan().all(), measure.__name__
    assert entropy_share(nothing, nothing).isnan().all()
    assert head_similarity(nothing).isnan().all()
    single = torch.ones(1, 1, 1)  # one token: nothing to spread over
    assert entropy_share(single, single).isnan().all()
    assert largest_weight(single).tolist() == [1]
    assert effective_rank(torch.zeros(2, 0, 0)).isnan().tolist() == [True, True]


@given(softmax_rows((2, 4, 5)))
def test_measures_stay_within_their_bounds(weights: Tensor) -> None:
    def within(values: Tensor, low: float, high: float) -> bool:
        return bool(((values >= low) & (values <= high)).all())

    assert within(entropy_share(weights, torch.ones(5)), 0, 1)
    assert within(largest_weight(weights), 1 / 5, 1)
    assert within(saturated_share(weights), 0, 1)
    assert within(softmax_gradient_norm(weights), 0, 0.5 + 1e-12)
    assert within(effective_rank(weights), 1, 4)
    similarity = head_similarity(weights)
    assert within(similarity, 0, 1)
    assert torch.equal(similarity, similarity.T)
    assert similarity.diagonal().tolist() == [1, 1]


@given(softmax_rows((6,)))
def test_the_gradient_norm_is_that_of_autograd(row: Tensor) -> None:
    scores = row.clamp(min=1e-300).log()
    jacobian = torch.autograd.functional.jacobian(lambda s: torch.softmax(s, -1), scores)
    expected = float(jacobian.norm())
    assert float(softmax_gradient_norm(row[None])) == pytest.approx(expected, rel=1e-9, abs=1e-15)


def test_a_small_gradient_is_not_lost_in_rounding() -> None:
    # (1 - e, e): each entry of the Jacobian is ±e (1 - e), so the norm is 2 e (1 - e).
    row = torch.tensor([[1 - 1e-9, 1e-9]], dtype=torch.float64)
    assert float(softmax_gradient_norm(row)) == pytest.approx(2e-9, rel=1e-6)


def test_effective_rank_of_known_matrices() -> None:
    eye, even = torch.eye(4), torch.full((4, 4), 0.25)
    # Singular values 1, 1 and 0: as diag(1, 1, 0). And 3 : 1, whose entropy is a logarithm by hand.
    two = torch.diag(torch.tensor([1.0, 1.0, 0.0, 0.0]))
    uneven = torch.diag(torch.tensor([0.75, 0.25, 0.0, 0.0]))
    entropy = math.log(4) - 0.75 * math.log(3)
    found = effective_rank(torch.stack([eye, even, two, uneven])).tolist()
    assert found == pytest.approx([4, 1, 2, math.exp(entropy)], abs=1e-12)
    assert effective_rank(torch.ones(2, 3, 1)).tolist() == [1, 1]  # one key: rank 1


def test_divergence_by_hand() -> None:
    p = torch.tensor([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    q = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5], [1.0, 0.0], [0.0, 0.0]])
    # m = (3/4, 1/4): (log 4/3 + (log 2/3 + log 2) / 2) / 2
    third = (math.log(4 / 3) + (math.log(2 / 3) + LOG_2) / 2) / 2
    assert jensen_shannon(p, q).tolist() == pytest.approx([0, LOG_2, third, LOG_2, 0])
    assert jensen_shannon(p, p).tolist() == [0] * 5


@given(softmax_rows((2, 3, 5)))
def test_divergence_is_symmetric_and_bounded_and_zero_for_equals(weights: Tensor) -> None:
    p, q = weights
    divergence = jensen_shannon(p, q)
    assert torch.equal(divergence, jensen_shannon(q, p))
    assert ((divergence >= 0) & (divergence <= LOG_2)).all()
    assert jensen_shannon(p, p).tolist() == [0, 0, 0]


def test_divergence_needs_the_same_keys() -> None:
    with pytest.raises(ValueError, match="same keys, got 3 and 2 keys"):
        jensen_shannon(torch.ones(1, 3), torch.ones(1, 2))


def test_similarity_of_heads_leaves_out_rows_without_weights() -> None:
    # The first and the second row: as the third by hand above, and nothing in common.
    third = (math.log(4 / 3) + (math.log(2 / 3) + LOG_2) / 2) / 2
    expected = 1 - (third + LOG_2) / 2 / LOG_2
    similarity = head_similarity(WEIGHTS)
    assert similarity.tolist() == [[1, pytest.approx(expected)], [pytest.approx(expected), 1]]
    assert float(redundancy(WEIGHTS)) == pytest.approx(expected)


def test_redundancy_is_over_pairs_of_different_heads() -> None:
    first, second = torch.eye(3), torch.eye(3).roll(1, 0)
    assert float(redundancy(torch.stack([first, first, second]))) == pytest.approx(1 / 3)
    assert redundancy(first[None]).isnan()


def test_shuffled_heads_find_themselves() -> None:
    heads = torch.softmax(3 * torch.randn(6, 4, 4, generator=torch.Generator().manual_seed(0)), -1)
    order = [3, 0, 5, 1, 4, 2]
    assert match_heads(heads, heads[order]) == [(i, order.index(i), 1.0) for i in range(6)]


def test_each_head_of_the_larger_side_chooses() -> None:
    first, second = torch.eye(2)[:, None]  # (1, 2) each: one query, two keys
    many, few = torch.stack([first, first, second]), torch.stack([second, first])
    assert match_heads(many, few) == [(0, 1, 1.0), (1, 1, 1.0), (2, 0, 1.0)]
    assert match_heads(few, many) == [(0, 2, 1.0), (1, 0, 1.0), (1, 1, 1.0)]


def test_heads_that_attend_to_nothing_are_matched_without_a_similarity() -> None:
    [(i, j, similarity)] = match_heads(torch.zeros(1, 2, 2), torch.zeros(1, 2, 2))
    assert (i, j) == (0, 0)
    assert math.isnan(similarity)


def test_only_weights_over_the_same_cells_can_be_matched() -> None:
    with pytest.raises(ValueError, match=r"\(2, 3, 3\) and \(2, 3, 4\)"):
        match_heads(torch.ones(2, 3, 3), torch.ones(2, 3, 4))
    with pytest.raises(ValueError, match=r"\(0, 3, 3\)"):
        match_heads(torch.ones(0, 3, 3), torch.ones(2, 3, 3))
