"""What a call of attention was asked: its arguments, brought into one form.

The form is that of the package: queries (B, H, Q, D), keys and values (B, H, K, D) with the heads
that share keys written out, booleans where a query may attend, and what is added to the scores.
Source: the documentation of torch.nn.functional.scaled_dot_product_attention.
"""

import math
import sys
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

Function = Literal["scaled_dot_product_attention", "multi_head_attention_forward"]


@dataclass(frozen=True, kw_only=True)
class Call:
    """One attention, before it is computed; its tensors may still be the model's own."""

    function: Function
    queries: Tensor  # (B, H, Q, D)
    keys: Tensor  # (B, H, K, D)
    values: Tensor  # (B, H, K, D), whose D may be another
    kv_heads: int  # how many of the H heads have keys of their own
    divisor: float  # of the energies
    bias: Tensor | None  # added to the scores, broadcastable to (B, H, Q, K)
    allowed: Tensor | None  # True = may attend, broadcastable likewise
    is_causal: bool
    dropout: float
    empty_rows: Literal["zeros", "nan"]  # what a query gets that may attend to nothing
    query_shape: tuple[int, ...]  # as the model gave them


def sdpa_call(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Call:
    """Return a call of F.scaled_dot_product_attention; the arguments are its own.

    Queries (..., Q, D) may have any leading dimensions: of three or fewer dimensions, none is one
    of heads, so that H is 1; of five or more, all but the last leading one become the batch.
    """
    shape = tuple(query.shape)
    heads = shape[-3] if query.dim() > 3 else 1
    kv_heads = key.shape[-3] if query.dim() > 3 else 1
    if enable_gqa:
        key, value = (x.repeat_interleave(heads // x.shape[-3], dim=-3) for x in (key, value))
    allowed, bias = split_mask(attn_mask)
    if is_causal:
        allowed = causal(query, key)
    elif (variant := causal_variant(attn_mask)) is not None:
        is_causal = True
        allowed = causal(query, key, 0 if variant == "UPPER_LEFT" else key.shape[-2] - shape[-2])

    leading = torch.broadcast_shapes(  # type: ignore[no-untyped-call]
        *(x.shape[:-2] for x in (query, key, value))
    )
    q, k, v = (four_dimensional(x, leading) for x in (query, key, value))
    *batches, heads = leading if len(leading) > 1 else (*leading, 1)
    batch = math.prod(batches)
    return Call(
        function="scaled_dot_product_attention",
        queries=q.expand(batch, heads, -1, -1),
        keys=k.expand(batch, heads, -1, -1),
        values=v.expand(batch, heads, -1, -1),
        kv_heads=kv_heads,
        divisor=divisor_of(scale, query.shape[-1]),
        bias=None if bias is None else four_dimensional(bias, leading),
        allowed=None if allowed is None else four_dimensional(allowed, leading),
        is_causal=is_causal,
        dropout=dropout_p,
        empty_rows="zeros",
        query_shape=shape,
    )


def divisor_of(scale: float | None, head_dim: int) -> float:
    """Return what divides the energies: 1 / scale, which is sqrt(D) if none is given."""
    if scale is None:
        return math.sqrt(head_dim)
    return math.inf if scale == 0 else 1 / scale


def causal(queries: Tensor, keys: Tensor, first: int = 0) -> Tensor:
    """Return (Q, K) booleans by which each query sees one key more than the one before it.

    Args:
        queries: (..., Q, D).
        keys: (..., K, D).
        first: the place of the last key that the first query sees.
    """
    size = queries.shape[-2], keys.shape[-2]
    return torch.ones(size, dtype=torch.bool, device=queries.device).tril(first)


def causal_variant(mask: object) -> str | None:
    """Return which kind of torch.nn.attention.bias a mask is: masks by shape, without numbers.

    None is for all others. That module takes a second to import; where nobody has imported it,
    there is no such mask.
    """
    module = sys.modules.get("torch.nn.attention.bias")
    if module is None or not isinstance(mask, module.CausalBias):
        return None
    return str(mask.variant.name)


def split_mask(mask: Tensor | None) -> tuple[Tensor | None, Tensor | None]:
    """Return where a mask allows to attend, and what it adds to the scores; None if it doesn't.

    Args:
        mask: booleans, True = may attend; or numbers that are added, -inf = may not.
    """
    if mask is None or causal_variant(mask) is not None:
        return None, None
    if mask.dtype == torch.bool:
        return mask, None
    allowed = mask != -math.inf
    if allowed.all():
        return None, mask
    # Zeros and -inf are a boolean mask in another form.
    is_boolean = not torch.where(allowed, mask, 0).any()
    return allowed, None if is_boolean else mask


def four_dimensional(x: Tensor, leading: torch.Size) -> Tensor:
    """Return (..., L, M), which broadcasts to the leading dimensions, as (B or 1, H or 1, L, M)."""
    padded = x.reshape((1,) * (len(leading) + 2 - x.dim()) + tuple(x.shape))
    if len(leading) == 0:
        return padded[None, None]
    if len(leading) == 1:
        return padded.unsqueeze(1)
    if math.prod(padded.shape[:-3]) > 1:
        padded = padded.expand(*leading[:-1], -1, -1, -1)
    return padded.reshape(math.prod(padded.shape[:-3]), *padded.shape[-3:])
