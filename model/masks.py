"""Attention masks as boolean tensors: True = may attend, as in PyTorch's fused attention.

Every mask broadcasts to (B, H, Q, K), so that masks combine with `&`.
"""

import base64
import binascii
from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor

from .errors import CodedValueError

Mask = Literal[
    "none", "causal", "padding", "causal_padding", "window", "prefix", "strided", "custom"
]
MOST_CELLS_ASIDE = 24  # of a custom mask: more can't be painted by hand, or fit in a link


def causal_mask(query_length: int, key_length: int) -> Tensor:
    """Return a mask without looking ahead: query i may attend to keys 0..i. (1, 1, Q, K).

    Source: Vaswani et al. (2017), section 3.2.3, the decoder's self-attention.
    """
    return torch.ones(query_length, key_length, dtype=torch.bool).tril()[None, None]


def padding_mask(lengths: Sequence[int], key_length: int) -> Tensor:
    """Return a mask of each sentence b's own keys, the first lengths[b]. Shape (B, 1, 1, K).

    Raises:
        ValueError: if a length is negative or larger than key_length.
    """
    if any(not 0 <= length <= key_length for length in lengths):
        raise ValueError(f"lengths must lie between 0 and {key_length}, got {list(lengths)}")
    ends = torch.tensor(lengths).reshape(-1, 1)
    return (torch.arange(key_length) < ends)[:, None, None]


def window_mask(length: int, width: int, *, look_ahead: bool = False) -> Tensor:
    """Return a mask of the `width` keys that end at the query itself. Shape (1, 1, L, L).

    With look_ahead also to the `width` keys that begin at itself.

    Source: Beltagy et al. (2020), "Longformer", section 3.1; causal as in Mistral 7B (Jiang et al.,
    2023). Longformer counts w / 2 keys on each side and the query beside them: w is 2 · width - 2.
    """
    back = _steps_back(length)
    return _cut_ahead(back.abs() < width, back, look_ahead)


def prefix_mask(length: int, prefix: int) -> Tensor:
    """Return a mask of the first `prefix` keys and of what isn't ahead. Shape (1, 1, L, L).

    Source: Raffel et al. (2020), "T5", figure 3, causal with a prefix.
    """
    return causal_mask(length, length) | (torch.arange(length) < prefix)


def strided_mask(length: int, step: int, *, look_ahead: bool = False) -> Tensor:
    """Return a mask of the query itself and every step-th key before it. Shape (1, 1, L, L).

    Source: Child et al. (2019), "Sparse Transformers", section 4.3, the strided half of the
    pattern. With look_ahead also to every step-th key after it.
    """
    back = _steps_back(length)
    return _cut_ahead(back % step == 0, back, look_ahead)


def custom_mask(cells: str, length: int) -> Tensor:
    """Return a painted mask, from its text, on a sentence of L tokens. Shape (1, 1, L, L).

    A shorter sentence uses its upper left part. What lies beyond it goes on as it looks: causal
    where two or more rows are painted and none looks ahead, else open, as everything is if the
    text is empty.

    Raises:
        ValueError: as decode_cells does.
    """
    painted = decode_cells(cells) if cells else np.empty((0, 0), dtype=bool)
    is_causal = len(painted) > 1 and not np.triu(painted, 1).any()
    mask = torch.ones(length, length, dtype=torch.bool).tril(0 if is_causal else length)
    size = min(length, len(painted))
    mask[:size, :size] = torch.from_numpy(painted[:size, :size].copy())
    return mask[None, None]


def encode_cells(allowed: np.ndarray) -> str:
    """Write a square mask of up to 24 × 24 as text: its side, a dot, its bits in base64.

    Raises:
        ValueError: if it isn't square, is empty, or is too large.
    """
    size = len(allowed)
    if allowed.shape != (size, size) or not 1 <= size <= MOST_CELLS_ASIDE:
        raise ValueError(
            f"a custom mask is square, with 1 to {MOST_CELLS_ASIDE} cells aside; "
            f"got {allowed.shape}"
        )
    bits = np.packbits(allowed.astype(bool))
    return f"{size}.{base64.urlsafe_b64encode(bits.tobytes()).decode().rstrip('=')}"


def decode_cells(text: str) -> np.ndarray:
    """Return the mask that encode_cells wrote, (L, L) booleans, True = may attend.

    Raises:
        ValueError: if the text is anything else.
    """
    side, dot, encoded = text.partition(".")
    if not (dot and side.isascii() and side.isdigit()):
        raise CodedValueError(
            "cells.no_cells", "a custom mask is written as its side, a dot and its cells"
        )
    size = int(side[:4])  # Python refuses to read thousands of digits
    if not 1 <= size <= MOST_CELLS_ASIDE:
        raise CodedValueError(
            "cells.too_many",
            "a custom mask has 1 to {most} cells aside, got {side}",
            most=MOST_CELLS_ASIDE,
            side=side[:9],
        )
    try:
        bits = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars="-_", validate=True)
    except (binascii.Error, ValueError):
        raise CodedValueError(
            "cells.no_base64", "a custom mask's cells are in URL-safe base64"
        ) from None
    if len(bits) != -(-size * size // 8):
        raise CodedValueError(
            "cells.other_size",
            "a custom mask of {side} × {side} has {wanted} bytes, got {got}",
            side=size,
            wanted=-(-size * size // 8),
            got=len(bits),
        )
    cells = np.unpackbits(np.frombuffer(bits, dtype=np.uint8), count=size * size)
    mask: np.ndarray = cells.reshape(size, size).astype(bool)
    if encode_cells(mask) != text:  # one mask, one link
        raise CodedValueError(
            "cells.other_spelling",
            "a custom mask has one spelling: this one is {spelling}",
            spelling=encode_cells(mask),
        )
    return mask


def build_mask(
    kind: Mask,
    lengths: Sequence[int],
    *,
    span: int = 3,
    look_ahead: bool = False,
    cells: str = "",
) -> Tensor | None:
    """Return the mask of a padded batch in which sentence b has lengths[b] tokens.

    Args:
        kind: "causal_padding" is both; "window", "prefix", "strided" and "custom" also hide the
            padding, which "none" and "causal" leave as it is.
        lengths: the number of real tokens of each sentence; the longest sets Q and K.
        span: the window's width, the prefix's length, or n of "every n-th".
        look_ahead: whether "window" and "strided" reach to both sides.
        cells: a "custom" mask as text; see custom_mask.

    Returns:
        None for "none", else a tensor that broadcasts to (B, H, Q, K).

    Raises:
        ValueError: if the kind is unknown, span is below 1, or the cells are malformed.
    """
    if span < 1:
        raise ValueError(f"span must be at least 1, got {span}")
    longest = max(lengths, default=0)
    match kind:
        case "none":
            return None
        case "causal":
            return causal_mask(longest, longest)
        case "padding":
            return padding_mask(lengths, longest)
        case "causal_padding":
            pattern = causal_mask(longest, longest)
        case "window":
            pattern = window_mask(longest, span, look_ahead=look_ahead)
        case "prefix":
            pattern = prefix_mask(longest, span)
        case "strided":
            pattern = strided_mask(longest, span, look_ahead=look_ahead)
        case "custom":
            pattern = custom_mask(cells, longest)
        case _:
            raise ValueError(f"mask must be one of {get_args(Mask)}, got {kind!r}")
    return pattern & padding_mask(lengths, longest)


def _steps_back(length: int) -> Tensor:
    """Return how far each key lies before each query, (L, L); negative ahead."""
    positions = torch.arange(length)
    return positions[:, None] - positions


def _cut_ahead(allowed: Tensor, back: Tensor, look_ahead: bool) -> Tensor:
    return (allowed if look_ahead else allowed & (back >= 0))[None, None]
