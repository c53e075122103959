"""Positional encodings, as model.positions has them."""

import torch
from torch import Tensor

from ui.scripts.parts.settings import EMBED_SIZE, HEAD_DIM, HEADS

# %% Positions


def sinusoidal_positions(length: int) -> Tensor:
    """Return what is added to the vectors, (L, E). Vaswani et al. (2017), section 3.5."""
    position = torch.arange(length, dtype=torch.float32)[:, None]  # (L, 1)
    even = torch.arange(0, EMBED_SIZE, 2, dtype=torch.float32)
    angle = position / 10000.0 ** (even / EMBED_SIZE)  # (L, ceil(E / 2))
    encoding = torch.zeros(length, EMBED_SIZE)
    encoding[:, 0::2] = torch.sin(angle)
    encoding[:, 1::2] = torch.cos(angle[:, : EMBED_SIZE // 2])
    return encoding


def rotate(x: Tensor) -> Tensor:
    """Turn each pair of numbers by an angle that grows with the position. Su et al. (2021)."""
    frequency = 10000.0 ** (-torch.arange(0, HEAD_DIM, 2, dtype=torch.float64) / HEAD_DIM)
    angle = torch.arange(x.shape[-2], dtype=torch.float64)[:, None] * frequency  # (L, D / 2)
    cos, sin = angle.cos().float(), angle.sin().float()
    first, second = x[..., 0::2], x[..., 1::2]  # (B, H, L, D / 2) each
    turned = torch.stack((first * cos - second * sin, first * sin + second * cos), dim=-1)
    return turned.flatten(-2)  # (B, H, L, D)


def alibi_bias(length: int) -> Tensor:
    """Return what is added to the scores, (H, L, L): less, the further. Press et al. (2022)."""
    lower = 2 ** (HEADS.bit_length() - 1)
    exponents = [8 * (i + 1) / lower for i in range(lower)]
    exponents += [8 * (2 * i + 1) / (2 * lower) for i in range(HEADS - lower)]
    slopes = torch.tensor([2.0**-exponent for exponent in exponents])  # (H,)
    places = torch.arange(length)
    return -slopes[:, None, None] * (places[:, None] - places).abs()
