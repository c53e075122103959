"""Positional encodings: what tells attention where a token stands."""

import torch
from torch import Tensor


def sinusoidal_positions(length: int, embed_size: int) -> Tensor:
    """The sinusoidal encoding, (L, E), to be added to the token vectors.

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
