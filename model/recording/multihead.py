"""A call of nn.MultiheadAttention's function: the projections and masks that it works with.

Its own queries, keys and values are nowhere to be seen, so they are computed once more from its
arguments, by the same linear algebra. Source: the documentation of torch.nn.MultiheadAttention.
"""

import inspect
import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .calls import Call, causal, split_mask

Arguments = Mapping[str, Any]  # of F.multi_head_attention_forward, by their names


@cache
def _signature() -> inspect.Signature:
    return inspect.signature(F.multi_head_attention_forward)


def bind(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Arguments:
    """Return the arguments of one call by name, with defaults where none were given."""
    bound = _signature().bind(*args, **kwargs)
    bound.apply_defaults()
    return bound.arguments


def multihead_call(given: Arguments) -> Call:
    """Return the call that these arguments stand for."""
    q, k, v = project(given)
    allowed, bias = masks(given, batch=q.shape[0], heads=q.shape[1], keys=k.shape[2])
    if given["is_causal"] and given["key_padding_mask"] is None and not given["need_weights"]:
        allowed, bias = causal(q, k)[None, None], None  # whatever the mask says
    return Call(
        function="multi_head_attention_forward",
        queries=q,
        keys=k,
        values=v,
        kv_heads=q.shape[1],
        divisor=math.sqrt(q.shape[3]),
        bias=bias,
        allowed=allowed,
        is_causal=given["is_causal"],
        dropout=given["dropout_p"] if given["training"] else 0.0,
        # With weights asked for, it takes an ordinary softmax of a row of -inf.
        empty_rows="nan" if given["need_weights"] else "zeros",
        query_shape=tuple(given["query"].shape),
    )


def project(given: Arguments) -> tuple[Tensor, Tensor, Tensor]:
    """Return queries (B, H, Q, D), keys and values (B, H, K, D), with all keys that are added."""
    heads = given["num_heads"]
    query, key, value = (
        x if x.dim() == 3 else x.unsqueeze(1)  # (L, B, E)
        for x in (given["query"], given["key"], given["value"])
    )
    if given["use_separate_proj_weight"]:
        w_q, w_k, w_v = (given[f"{letter}_proj_weight"] for letter in "qkv")
    else:
        w_q, w_k, w_v = given["in_proj_weight"].chunk(3)
    biases = given["in_proj_bias"]
    b_q, b_k, b_v = (None, None, None) if biases is None else biases.chunk(3)

    q, k, v = F.linear(query, w_q, b_q), F.linear(key, w_k, b_k), F.linear(value, w_v, b_v)
    if given["bias_k"] is not None:  # one more key and value, learnt
        k, v = (
            torch.cat((x, extra.expand(1, x.shape[1], -1)))
            for x, extra in ((k, given["bias_k"]), (v, given["bias_v"]))
        )
    batch = q.shape[1]
    q, k, v = (split_heads(x, heads) for x in (q, k, v))
    if given["static_k"] is not None:
        k = given["static_k"].unflatten(0, (batch, heads))
    if given["static_v"] is not None:
        v = given["static_v"].unflatten(0, (batch, heads))
    if given["add_zero_attn"]:  # one more key and value, of zeros
        k, v = (F.pad(x, (0, 0, 0, 1)) for x in (k, v))
    return q, k, v


def split_heads(x: Tensor, heads: int) -> Tensor:
    """Return (L, B, E) as (B, H, L, D)."""
    length, batch, _ = x.shape
    return x.reshape(length, batch, heads, -1).permute(1, 2, 0, 3)


def masks(
    given: Arguments, *, batch: int, heads: int, keys: int
) -> tuple[Tensor | None, Tensor | None]:
    """Return where both masks allow to attend, and what they add; None where they don't.

    Its boolean masks are True where a query may *not* attend. Keys that are added behind the
    others may always be attended to.
    """
    allowed: Tensor | None = None
    bias: Tensor | None = None
    padding = given["key_padding_mask"]
    if padding is not None:
        padding = padding.reshape(-1, 1, 1, padding.shape[-1])  # (B, 1, 1, K)
    mask = given["attn_mask"]
    if mask is not None:  # (Q, K) or (B * H, Q, K)
        mask = mask[None, None] if mask.dim() == 2 else mask.unflatten(0, (batch, heads))
    for each in (mask, padding):
        if each is None:
            continue
        each = F.pad(each, (0, keys - each.shape[-1]))
        if each.dtype == torch.bool:
            each = ~each
        part, added = split_mask(each)
        if part is not None:
            allowed = part if allowed is None else allowed & part
        if added is not None:
            bias = added if bias is None else bias + added
    return allowed, bias
