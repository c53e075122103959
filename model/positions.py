"""Positional encodings: what tells attention where a token stands.

Without one, attention doesn't know the order of its tokens: shuffle them, and the same outputs come
out shuffled. Two schemes add to the token vectors (sinusoidal, learned), one turns queries and keys
(rotary), one lowers the scores of distant keys (ALiBi).
"""

from functools import lru_cache
from typing import Literal

import torch
from torch import Tensor

from .errors import CodedValueError

# "learned" has no function here: it is a table of vectors, in model/transformer (Gehring et al.,
# 2017, "Convolutional Sequence to Sequence Learning", section 3.1; used by BERT and GPT-2).
Positions = Literal["none", "sinusoidal", "learned", "rotary", "alibi"]

RotaryPairs = Literal["neighbours", "halves"]  # which two numbers of a head are turned together


def sinusoidal_positions(length: int, embed_size: int) -> Tensor:
    """Return the sinusoidal encoding, (L, E), to be added to the token vectors.

    PE(pos, 2i) = sin(pos / 10000^(2i/E)), PE(pos, 2i+1) = cos(pos / 10000^(2i/E)).
    Source: Vaswani et al. (2017), section 3.5.
    """
    position = torch.arange(length, dtype=torch.float32)[:, None]  # (L, 1)
    even = torch.arange(0, embed_size, 2, dtype=torch.float32)  # 2i
    angle = position / 10000.0 ** (even / embed_size)  # (L, ceil(E/2))
    encoding = torch.zeros(length, embed_size)
    encoding[:, 0::2] = torch.sin(angle)
    encoding[:, 1::2] = torch.cos(angle[:, : embed_size // 2])
    return encoding


def rotate(x: Tensor, base: float = 10_000.0, pairs: RotaryPairs = "neighbours") -> Tensor:
    """Rotary positions: turn each pair of numbers by an angle that grows with the position.

    Pair i at position m is turned by m · base^(-2i/D). The product of a turned query and a turned
    key then depends on the distance between them, not on where they stand.
    Source: Su et al. (2021), "RoFormer", equations 14 to 16 and 34.

    Args:
        x: (..., L, D) queries or keys, positions 0 to L-1.
        base: 10000 in the paper.
        pairs: the pair i is (x_2i, x_2i+1), "neighbours", in the paper and in GGUF files, and
            (x_i, x_i+D/2), "halves", in Hugging Face's Llama. With W_Q and W_K in the same order,
            the energies are the same.

    Raises:
        ValueError: if D is odd.
    """
    length, size = x.shape[-2:]
    if size % 2:
        raise ValueError(f"rotary positions turn pairs of numbers; got vectors of {size}")
    # What is traced has no numbers yet: nothing to keep for others.
    angles = _rotary_angles if torch.compiler.is_compiling() else _known_rotary_angles
    cos, sin = (part.to(x) for part in angles(length, size, base))  # (L, D/2) each
    # (pairs, 2) or (2, pairs), in whichever order the numbers of a pair lie
    shape, pair = ((size // 2, 2), -1) if pairs == "neighbours" else ((2, size // 2), -2)
    first, second = x.reshape(*x.shape[:-1], *shape).unbind(pair)  # (..., L, D/2) each
    turned = torch.stack((first * cos - second * sin, first * sin + second * cos), dim=pair)
    return turned.flatten(-2)


def check_pairs(embed_size: int, heads: int) -> None:
    """Raise CodedValueError unless a head has an even size, as rotary positions need."""
    if embed_size // heads % 2:
        raise CodedValueError(
            "positions.odd_head",
            "rotary positions turn pairs of numbers, so embed_size / heads must be even, got "
            "{embed_size} / {heads}",
            embed_size=embed_size,
            heads=heads,
        )


def _rotary_angles(length: int, size: int, base: float) -> tuple[Tensor, Tensor]:
    with torch.inference_mode(False):  # whoever asks first, others may train with it
        # In float64: at position 500 a float32 angle would be off in the fifth digit.
        frequency = base ** (-torch.arange(0, size, 2, dtype=torch.float64) / size)  # (D/2,)
        angle = torch.arange(length, dtype=torch.float64)[:, None] * frequency  # (L, D/2)
        return angle.cos(), angle.sin()


_known_rotary_angles = lru_cache(maxsize=32)(_rotary_angles)


def alibi_slopes(heads: int) -> Tensor:
    """Return how steeply each head lowers the scores with distance, (H,).

    For a power of two, the geometric sequence 2^(-8/H), 2^(-16/H) ... 2^-8. For other counts, the
    sequence of the next lower power of two, filled up with every other slope of the next higher
    one. Source: Press et al. (2022), "Train Short, Test Long", section 3, and their code.
    """
    lower = 2 ** (heads.bit_length() - 1)
    exponents = [8 * (i + 1) / lower for i in range(lower)]
    exponents += [8 * (2 * i + 1) / (2 * lower) for i in range(heads - lower)]
    return torch.tensor([2.0**-exponent for exponent in exponents])


def alibi_bias(heads: int, query_length: int, key_length: int) -> Tensor:
    """Return what ALiBi adds to the scores, -slope · |query - key|, (H, Q, K).

    The paper is causal, where the distance is query - key; without a causal mask, distance counts
    alike in both directions.
    """
    distance = (torch.arange(query_length)[:, None] - torch.arange(key_length)).abs()  # (Q, K)
    return -alibi_slopes(heads)[:, None, None] * distance  # (H, Q, K)
