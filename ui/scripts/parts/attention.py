"""Attention and the blocks around it, as model.attention and model.block have them."""

import math

import torch
from torch import Tensor

from ui.scripts.parts.options import (
    EMPTY_ROWS,
    MASKED,
    ORIGIN,
    PAIR,
    POSITIONS,
    PROJECTION,
)
from ui.scripts.parts.positions import alibi_bias, rotate
from ui.scripts.parts.seeded import linear, trained_linear
from ui.scripts.parts.settings import DIVISOR, EMBED_SIZE, HEAD_DIM, HEADS

# %% Attention
# Attention(Q, K, V) = softmax(Q Kᵀ / divisor) V. Vaswani et al. (2017), "Attention Is All You
# Need", section 3.2. B sentences, H heads, Q queries, K keys, E numbers a vector, D a head.


def split(x: Tensor) -> Tensor:
    """Return the heads' parts of vectors, (B, L, E) -> (B, H, L, D)."""
    return x.reshape(*x.shape[:2], HEADS, HEAD_DIM).transpose(1, 2)


def attend(q: Tensor, k: Tensor, v: Tensor, allowed: Tensor, bias: Tensor) -> dict[str, Tensor]:
    """Return every step from queries, keys and values to what the heads bring back."""
    energy = q @ k.transpose(-2, -1)  # (B, H, Q, K) how well each key fits each query
    scores = energy / DIVISOR  # (B, H, Q, K)
    if POSITIONS == "alibi":
        scores = scores + bias
    if MASKED:
        scores = torch.where(allowed, scores, -math.inf)
    weights = torch.softmax(scores, dim=-1)  # each row is positive and sums to 1
    if EMPTY_ROWS:
        weights = torch.where(allowed, weights, 0.0)  # a query with no key takes nothing
    head_outputs = weights @ v  # (B, H, Q, D) the weighted means of the values
    return {
        "queries": q,
        "keys": k,
        "values": v,
        "energy": energy,
        "scores": scores,
        "weights": weights,
        "head_outputs": head_outputs,
    }


def attention(
    name: str, x: Tensor, y: Tensor, allowed: Tensor, *, cross: bool = False
) -> dict[str, Tensor]:
    """Let each token of x, (B, Q, E), take from the tokens of y, (B, K, E); return every step."""
    if ORIGIN == "trained":
        q = split(trained_linear(f"{name}queries", x))  # (B, H, Q, D)
        k = split(trained_linear(f"{name}keys", y))  # (B, H, K, D)
        v = split(trained_linear(f"{name}values", y))  # (B, H, K, D)
    elif PROJECTION == "full":
        q = split(linear(f"{name}queries", x, EMBED_SIZE))  # (B, H, Q, D)
        k = split(linear(f"{name}keys", y, EMBED_SIZE))  # (B, H, K, D)
        v = split(linear(f"{name}values", y, EMBED_SIZE))  # (B, H, K, D)
    elif PROJECTION == "shared":  # one (D, D) matrix each, which all heads share
        q = linear(f"{name}queries", split(x), HEAD_DIM)  # (B, H, Q, D)
        k = linear(f"{name}keys", split(y), HEAD_DIM)  # (B, H, K, D)
        v = linear(f"{name}values", split(y), HEAD_DIM)  # (B, H, K, D)
    else:  # identity projections
        q, k, v = split(x), split(y), split(y)  # (B, H, Q or K, D)
    if POSITIONS == "rotary" and PAIR:
        if not cross:
            q, k = rotate(q), rotate(k)
    elif POSITIONS == "rotary":
        q, k = rotate(q), rotate(k)
    if POSITIONS == "alibi" and PAIR:
        bias = torch.tensor(0.0) if cross else alibi_bias(x.shape[1])
    elif POSITIONS == "alibi":
        bias = alibi_bias(x.shape[1])
    steps = attend(q, k, v, allowed, bias)
    side_by_side = steps["head_outputs"].transpose(1, 2).flatten(2)  # (B, Q, E)
    if ORIGIN == "trained":
        steps["output"] = trained_linear(f"{name}fc_out", side_by_side)  # (B, Q, E)
    elif PROJECTION == "identity":
        steps["output"] = side_by_side
    else:
        steps["output"] = linear(f"{name}fc_out", side_by_side, EMBED_SIZE)  # (B, Q, E)
    return steps
