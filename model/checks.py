"""Checks of sizes and options, so that the pages that compute have the mathematics alone.

Each raises ValueError with what was expected and what came.
"""

import math
from typing import Any, get_args

from torch import Tensor

from .errors import CodedValueError


def check_choice(name: str, value: str, choices: Any) -> None:
    """Raise ValueError unless an option is one of the choices, a Literal."""
    if value not in get_args(choices):
        raise ValueError(f"{name} must be one of {get_args(choices)}, got {value!r}")


def check_positive(name: str, value: float) -> None:
    """Raise ValueError unless a number is above 0 and finite."""
    if not 0 < value < math.inf:  # nor is NaN
        raise ValueError(f"{name} must be a positive number, got {value!r}")


def check_heads_divide(embed_size: int, heads: int) -> None:
    """Raise ValueError, naming the nearest sizes that work, unless heads divides embed_size."""
    if embed_size < 1 or heads < 1:
        raise CodedValueError(
            "heads.none",
            "embed_size and heads must be at least 1, got embed_size={embed_size}, heads={heads}",
            embed_size=embed_size,
            heads=heads,
        )
    if embed_size % heads:
        below, above = embed_size // heads * heads, (embed_size // heads + 1) * heads
        if not below:
            raise CodedValueError(
                "heads.more_than_numbers",
                "embed_size {embed_size} is not divisible by {heads} heads; "
                "the nearest embedding size that works is {above}",
                embed_size=embed_size,
                heads=heads,
                above=above,
            )
        raise CodedValueError(
            "heads.indivisible",
            "embed_size {embed_size} is not divisible by {heads} heads; "
            "the nearest embedding sizes that work are {below} and {above}",
            embed_size=embed_size,
            heads=heads,
            below=below,
            above=above,
        )


def check_kv_heads(kv_heads: int, heads: int, projection: str) -> None:
    """Raise ValueError unless groups of as many queries can share each head of keys and values."""
    if kv_heads < 1 or heads % kv_heads or (kv_heads != heads and projection == "shared"):
        raise ValueError(
            "kv_heads must divide heads, and equal them where the projection is shared; "
            f"got {kv_heads} of {heads} with projection={projection!r}"
        )


def check_pairs(embed_size: int, heads: int) -> None:
    """Raise ValueError unless a head has an even size, as rotary positions need."""
    if embed_size // heads % 2:
        raise ValueError(
            "rotary positions turn pairs of numbers, so head_dim must be even, got "
            f"{embed_size} / {heads} = {embed_size // heads}"
        )


def check_attention_inputs(
    values: Tensor, keys: Tensor, query: Tensor, mask: Tensor | None, embed_size: int, heads: int
) -> None:
    """Raise ValueError unless what attention gets fits together: see SelfAttention.trace."""
    for name, x in (("values", values), ("keys", keys), ("query", query)):
        if x.dim() != 3 or x.shape[-1] != embed_size:
            raise ValueError(
                f"{name} must have the shape (batch, length, {embed_size}), got {tuple(x.shape)}"
            )
    if values.shape != keys.shape or keys.shape[0] != query.shape[0]:
        raise ValueError(
            "values and keys must have one shape, and the batch size of the query; got "
            f"values {tuple(values.shape)}, keys {tuple(keys.shape)}, query {tuple(query.shape)}"
        )
    if mask is not None:
        expected = (query.shape[0], heads, query.shape[1], keys.shape[1])
        aligned = zip(reversed(mask.shape), reversed(expected), strict=False)
        if mask.dim() > 4 or any(size not in (1, wanted) for size, wanted in aligned):
            raise ValueError(
                "mask must broadcast to (batch, heads, queries, keys) = "
                f"{expected}, got {tuple(mask.shape)}"
            )
