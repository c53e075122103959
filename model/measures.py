"""Attention weights in a few numbers: how far they spread, how alike heads are, who matches whom.

Weights are (..., Q, K): each row sums to one, or is all zeros where a query had nothing to attend
to. Any floating type of PyTorch or numpy goes in; everything is computed in float64 and comes out
as a tensor. Measures of a head are means over its rows; the mean over no rows is NaN.
"""

import math

import numpy as np
import torch
from torch import Tensor

from .similarity import best_matches

Weights = Tensor | np.ndarray
LOG_2 = math.log(2)  # the largest Jensen-Shannon divergence, in nats


def entropy_share(weights: Weights, allowed: Weights) -> Tensor:
    """Return how evenly rows spread, 0 (one key) to 1: entropy / log(keys it may attend to).

    -sum p log p is at most log n for n keys (Shannon, 1948, section 6, property 2), so that rows
    under a causal mask can be compared. Rows with fewer than two keys have nothing to spread over
    and are left out.

    Args:
        weights: (..., Q, K).
        allowed: broadcastable to the weights: True or non-zero where a query may attend to a key.

    Returns:
        (...), 0 to 1.
    """
    p = _rows(weights)
    reachable = (torch.as_tensor(allowed) != 0).expand(p.shape).sum(-1)  # (..., Q)
    several = reachable > 1
    highest = reachable.where(several, 2).double().log()  # 2 only fills rows that are left out
    return _mean(torch.special.entr(p).sum(-1) / highest, several).clamp(max=1)


def largest_weight(weights: Weights) -> Tensor:
    """Return the mean of each row's largest weight, 1 / K to 1; (..., Q, K) -> (...)."""
    p = _rows(weights)
    return _mean(p.amax(-1), _attends(p))


def saturated_share(weights: Weights, above: float = 0.99) -> Tensor:
    """Return the share of rows with a weight above a threshold; (..., Q, K) -> (...), 0 to 1.

    There softmax is saturated: its gradient p_i (1 - p_i) vanishes, and training with it. That is
    why scores are divided by sqrt(D): Vaswani et al. (2017), section 3.2.1. A row with a single
    key is saturated whatever its score, such as the first one under a causal mask.
    """
    p = _rows(weights)
    return _mean((p.amax(-1) > above).double(), _attends(p))


def softmax_gradient_norm(weights: Weights) -> Tensor:
    """Return how strongly weights answer to scores: softmax's Jacobian's mean Frobenius norm.

    The Jacobian of p = softmax(s) is diag(p) - p pᵀ, whose squared norm is
    sum_i p_i² - 2 sum_i p_i³ + (sum_i p_i²)². It is 0 where one key has all the weight, and 1/2
    where two keys share it. It is never more: sum p³ >= (sum p²)² by Cauchy and Schwarz, so that
    the squared norm is at most s - s² with s = sum p², and that at most 1/4.

    Args:
        weights: (..., Q, K).

    Returns:
        (...), 0 to 1/2.
    """
    p = _rows(weights)
    square = p.square()
    # The same sum without differences of nearly equal numbers, which would hide small norms:
    # the diagonal's p_i² (1 - p_i)², and p_i² p_j² twice for each pair.
    pairs = (square[..., 1:] * square.cumsum(-1)[..., :-1]).sum(-1)
    norm = ((square * (1 - p).square()).sum(-1) + 2 * pairs).sqrt()
    return _mean(norm, _attends(p))


def effective_rank(weights: Weights) -> Tensor:
    """Return how many independent patterns the rows of a head are made of, 1 to min(Q, K).

    exp(-sum s log s), where s are the singular values divided by their sum: the rank, if all of
    them are alike, and less, if few are large. Source: Roy & Vetterli (2007), "The effective rank:
    a measure of effective dimensionality", definition 1, which leaves out the matrix of zeros;
    here that is NaN, as every measure of a head that attends to nothing.

    Args:
        weights: (..., Q, K).

    Returns:
        (...).
    """
    p = _rows(weights)
    if 0 in p.shape:
        return p.new_full(p.shape[:-2], math.nan)
    values = torch.linalg.svdvals(p)
    rank: Tensor = torch.special.entr(values / values.sum(-1, keepdim=True)).sum(-1).exp()
    return rank.clamp(1, min(p.shape[-2:]))


def jensen_shannon(p: Weights, q: Weights) -> Tensor:
    """Return how different two rows are, in nats: from 0 for equal ones to log 2 for no shared key.

    (KL(p, m) + KL(q, m)) / 2 with m = (p + q) / 2. Source: Lin (1991), "Divergence measures based
    on the Shannon entropy", section 4.

    A row of zeros stands for "nothing to attend to", as if that were one more key: it equals
    another row of zeros, 0, and has nothing in common with any other row, log 2.

    Args:
        p: (..., Q, K).
        q: broadcastable to p.

    Returns:
        (..., Q).

    Raises:
        ValueError: if rows have not equally many keys.
    """
    p, q = _rows(p), _rows(q)
    if p.shape[-1] != q.shape[-1]:
        raise ValueError(
            f"expected rows over the same keys, got {p.shape[-1]} and {q.shape[-1]} keys"
        )
    return _divergence(_with_nothing(p), _with_nothing(q))


def head_similarity(weights: Weights) -> Tensor:
    """Return how alike each two heads are: 1 - their rows' mean Jensen-Shannon divergence / log 2.

    Rows in which neither head attends to anything say nothing and are left out.

    Args:
        weights: (..., H, Q, K).

    Returns:
        (..., H, H), 0 (no key in common) to 1 (the same), symmetric; NaN where no row is left.
    """
    p = _rows(weights)
    return _similarities(p, p)


def redundancy(weights: Weights) -> Tensor:
    """Return the mean similarity of two different heads, 0 to 1; (..., H, Q, K) -> (...).

    With one head there is no pair, and it is NaN.
    """
    similarity = head_similarity(weights)
    heads = similarity.shape[-1]
    first, second = torch.triu_indices(heads, heads, offset=1)
    return similarity[..., first, second].mean(-1)  # NaN for no pair


def match_heads(a: Weights, b: Weights) -> list[tuple[int, int, float]]:
    """Match each head of a with a head of b: models number their heads as chance will have it.

    Each head of the larger side, of a where both have as many, takes its most similar head of the
    other side, which others may take too; of equals the first.

    Args:
        a: (H_a, Q, K).
        b: (H_b, Q, K), of the same sentence.

    Returns:
        Pairs of a head of a, a head of b and their similarity (see head_similarity; NaN where
        neither attends to anything), in the order of a's heads, then of b's.

    Raises:
        ValueError: if the shapes don't fit together, or a side has no head.
    """
    p, q = _rows(a), _rows(b)
    if p.dim() != 3 or q.dim() != 3 or p.shape[1:] != q.shape[1:] or not len(p) or not len(q):
        raise ValueError(
            "expected the weights of one or more heads over the same queries and keys, "
            f"(heads, Q, K), got the shapes {tuple(p.shape)} and {tuple(q.shape)}"
        )
    similarity = _similarities(p, q)
    known = similarity.nan_to_num(0.0)  # heads that attend to nothing fit anywhere
    if len(p) >= len(q):
        pairs = [(i, j) for i, j, _ in best_matches(known)]
    else:
        pairs = sorted((i, j) for j, i, _ in best_matches(known.T))
    return [(i, j, float(similarity[i, j])) for i, j in pairs]


def _rows(weights: Weights) -> Tensor:
    return torch.as_tensor(weights).double()


def _attends(p: Tensor) -> Tensor:
    """Return which rows have any weight, (..., Q)."""
    return (p > 0).any(-1)


def _mean(values: Tensor, rows: Tensor) -> Tensor:
    """The mean of (..., Q) over the chosen rows; NaN where there are none."""
    return values.where(rows, 0).sum(-1) / rows.sum(-1)


def _with_nothing(p: Tensor) -> Tensor:
    """Rows with one more key, "nothing", which has all the weight of a row of zeros."""
    return torch.cat((p, (~_attends(p))[..., None].to(p)), dim=-1)


def _divergence(p: Tensor, q: Tensor) -> Tensor:
    """The Jensen-Shannon divergence of distributions, (...) in nats; equal ones have exactly 0."""
    middle = (p + q) / 2
    middle = middle.where(middle > 0, 1)  # where both are 0, so is their share
    parts = torch.xlogy(p, p / middle) + torch.xlogy(q, q / middle)
    return (parts.sum(-1) / 2).clamp(0, LOG_2)  # rounding would leave the range


def _similarities(a: Tensor, b: Tensor) -> Tensor:
    """(..., A, Q, K) and (..., B, Q, K) -> (..., A, B); one head of a at a time, to save memory."""
    some_a, some_b = _attends(a), _attends(b)
    full_a, full_b = _with_nothing(a), _with_nothing(b)
    rows = []
    for head in range(a.shape[-3]):
        one = slice(head, head + 1)
        divergence = _divergence(full_a[..., one, :, :], full_b)  # (..., B, Q)
        rows.append(1 - _mean(divergence, some_a[..., one, :] | some_b) / LOG_2)
    return torch.stack(rows, dim=-2)
