"""What a language model takes for the next token, and how much a change moves it."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class NextToken:
    """A token that may come next."""

    token: int  # its id
    probability: float  # softmax of all logits
    logit: float  # what the model gave it


def top_tokens(logits: Tensor, count: int = 10) -> list[NextToken]:
    """Return the most probable next tokens, best first; of equals the one with the smallest id.

    Args:
        logits: (V,) of the whole vocabulary; -inf for a token that can't come.
        count: how many tokens, at most.

    Raises:
        ValueError: if the logits are no vector with a finite number in it, or the count is not
            positive.
    """
    probabilities = _log_probabilities(logits).exp()
    if count < 1:
        raise ValueError(f"expected a count of at least 1, got {count}")
    # topk says nothing of the order of equals, and sorting 100 000 logits takes 30 times as long.
    last = logits.topk(min(count, len(logits))).values[-1]
    ids = (logits >= last).nonzero().flatten()  # ascending; more than `count` if there are equals
    ids = ids[logits[ids].argsort(descending=True, stable=True)][:count]
    columns = (ids.tolist(), probabilities[ids].tolist(), logits[ids].tolist())
    return [NextToken(*row) for row in zip(*columns, strict=True)]


def probabilities_of(logits: Tensor, ids: Sequence[int]) -> list[float]:
    """Return the probabilities of some tokens among all, in the order of the ids.

    Args:
        logits: (V,).
        ids: of tokens, from 0 to V - 1.

    Raises:
        IndexError: if there is no such token.
        ValueError: if the logits are no vector with a finite number in it.
    """
    chosen = torch.tensor(ids, dtype=torch.long, device=logits.device)
    probabilities: list[float] = _log_probabilities(logits).index_select(0, chosen).exp().tolist()
    return probabilities


def kl_divergence(before_logits: Tensor, after_logits: Tensor) -> float:
    """Return how far probabilities have moved, in nats: the sum of p log(p / q), p those before.

    0 where nothing has changed; infinite where a token that could come no longer can.
    Source: Kullback & Leibler (1951), "On Information and Sufficiency".

    Args:
        before_logits: (V,).
        after_logits: (V,), of the same tokens.

    Raises:
        ValueError: if the logits are no two vectors of one size with a finite number in each.
    """
    if before_logits.shape != after_logits.shape:
        raise ValueError(
            "expected logits of the same tokens before and after, got the shapes "
            f"{tuple(before_logits.shape)} and {tuple(after_logits.shape)}"
        )
    before, after = _log_probabilities(before_logits), _log_probabilities(after_logits)
    possible = before > -torch.inf  # 0 log 0 is 0
    before, after = before[possible], after[possible]
    return max(0.0, float((before.exp() * (before - after)).sum()))  # rounding may go below 0


def _log_probabilities(logits: Tensor) -> Tensor:
    """Log softmax in float64, (V,), so that those of a large vocabulary add up to one."""
    if logits.dim() != 1 or not (logits > -torch.inf).any():
        raise ValueError(
            "expected the logits of a vocabulary, (tokens,), with a finite number among them, got "
            f"the shape {tuple(logits.shape)}"
        )
    return logits.double().log_softmax(dim=0)
