"""Attention masks as boolean tensors: True = may attend, as in PyTorch's fused attention.

Every mask broadcasts to (B, H, Q, K), so that masks combine with `&`.
"""

from collections.abc import Sequence
from typing import Literal, get_args

import torch
from torch import Tensor

Mask = Literal["none", "causal", "padding", "causal_padding"]


def causal_mask(query_length: int, key_length: int) -> Tensor:
    """Query i may attend to keys 0..i: no looking ahead. Shape (1, 1, Q, K).

    Source: Vaswani et al. (2017), section 3.2.3, the decoder's self-attention.
    """
    return torch.ones(query_length, key_length, dtype=torch.bool).tril()[None, None]


def padding_mask(lengths: Sequence[int], key_length: int) -> Tensor:
    """Every query may attend to the first lengths[b] keys of sentence b. Shape (B, 1, 1, K).

    Raises:
        ValueError: if a length is negative or larger than key_length.
    """
    if any(not 0 <= length <= key_length for length in lengths):
        raise ValueError(f"lengths must lie between 0 and {key_length}, got {list(lengths)}")
    ends = torch.tensor(lengths).reshape(-1, 1)
    return (torch.arange(key_length) < ends)[:, None, None]


def build_mask(kind: Mask, lengths: Sequence[int]) -> Tensor | None:
    """The mask of a padded batch in which sentence b has lengths[b] tokens.

    Args:
        kind: "none", "causal", "padding" or "causal_padding" (both).
        lengths: the number of real tokens of each sentence; the longest sets Q and K.

    Returns:
        None for "none", else a tensor that broadcasts to (B, H, Q, K).

    Raises:
        ValueError: if the kind is unknown.
    """
    longest = max(lengths, default=0)
    match kind:
        case "none":
            return None
        case "causal":
            return causal_mask(longest, longest)
        case "padding":
            return padding_mask(lengths, longest)
        case "causal_padding":
            return causal_mask(longest, longest) & padding_mask(lengths, longest)
    raise ValueError(f"mask must be one of {get_args(Mask)}, got {kind!r}")
