"""Attention through several layers: rollout, and what becomes of the residual stream."""

from collections.abc import Sequence

import torch
from torch import Tensor


def attention_rollout(weights: Sequence[Tensor]) -> list[Tensor]:
    """Return how much of each input token is in each position, layer by layer.

    Averages the heads, adds the residual connection as an identity, normalises the rows and
    multiplies the layers: R_l = Â_l R_(l-1), Â = (mean over heads + 1) / 2. An approximation: it
    knows nothing of the values, the feed-forward or the norms.
    Source: Abnar & Zuidema (2020), "Quantifying Attention Flow in Transformers", section 3.

    Args:
        weights: one (B, H, L, L) a layer.

    Returns:
        R_1, R_2 ...: one (B, L, L) a layer; rows sum to one.
    """
    rolled: list[Tensor] = []
    for layer in weights:
        mixed = layer.mean(dim=1) + torch.eye(layer.shape[-1]).to(layer)  # (B, L, L)
        mixed = mixed / mixed.sum(dim=-1, keepdim=True)  # rows without weights keep the identity
        rolled.append(mixed @ rolled[-1] if rolled else mixed)
    return rolled


def stream_norms(stream: Sequence[Tensor]) -> Tensor:
    """Return the length of each token's vector at each step of the stream, (B, steps, L)."""
    return torch.stack([step.norm(dim=-1) for step in stream], dim=1)


def stream_similarity(stream: Sequence[Tensor]) -> Tensor:
    """Return the cosine of each token's vector with the one it began as, (B, steps, L), -1 to 1.

    NaN where either vector is zero, as padding is before positions are added.
    """
    directions = [step.double() / step.double().norm(dim=-1, keepdim=True) for step in stream]
    cosines = [(direction * directions[0]).sum(-1) for direction in directions]
    # In float64 and cut, or rounding would leave the range.
    return torch.stack(cosines, dim=1).clamp(-1, 1).to(stream[0].dtype)
