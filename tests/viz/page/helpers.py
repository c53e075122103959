"""Attention to put on pages, worked out by numpy."""

from collections.abc import Sequence

import numpy as np

from viz.page import Attention, Layer


def attend(heads: int, size: int, width: int, *, seed: int = 0, causal: bool = False) -> Layer:
    """A layer with everything that can be known of it, float32."""
    made = np.random.default_rng(seed)
    queries, keys, values = (
        made.standard_normal((heads, size, width)).astype(np.float32) for _ in range(3)
    )
    allowed = np.tril(np.ones((size, size), dtype=bool)) if causal else None
    energy = queries @ keys.transpose(0, 2, 1)
    divisor = np.float32(np.sqrt(width))
    scores = energy / divisor
    if allowed is not None:
        scores = np.where(allowed, scores, np.float32(-np.inf))
    weights = np.exp(scores - scores.max(axis=2, keepdims=True))
    weights /= weights.sum(axis=2, keepdims=True)
    outputs = weights @ values
    output = made.standard_normal((size, heads * width)).astype(np.float32)
    return Layer(
        weights, energy, scores, queries, keys, values, outputs, output, float(divisor), allowed
    )


def attention(
    tokens: Sequence[str], *, layers: int = 1, heads: int = 2, width: int = 4, causal: bool = False
) -> Attention:
    """An attention of these tokens to each other."""
    every = [attend(heads, len(tokens), width, seed=i, causal=causal) for i in range(layers)]
    return Attention(every, tokens, tokens)
