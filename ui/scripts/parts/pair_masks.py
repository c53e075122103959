"""Masks of an encoder and a decoder."""

import torch
from torch import Tensor

from ui.scripts.parts.options import MASK

# %% The masks: which keys a query may attend to
# True where it may.


def own_tokens(sentences: list[list[str]]) -> Tensor:
    """Return True where a key isn't padding, (B, 1, 1, K)."""
    lengths = torch.tensor([len(tokens) for tokens in sentences])
    return (torch.arange(int(lengths.max())) < lengths[:, None])[:, None, None]


def looking_back(sentences: list[list[str]]) -> Tensor:
    """Return True where a key isn't ahead of its query, (Q, K)."""
    longest = max(map(len, sentences))
    return torch.ones(longest, longest).tril().bool()


EVERYWHERE = torch.tensor(True)


def target_mask(targets: list[list[str]]) -> Tensor:
    """Return what the decoder's own tokens may attend to among themselves."""
    if MASK == "causal":
        return looking_back(targets)
    elif MASK == "padding":
        return own_tokens(targets)
    elif MASK == "causal_padding":
        return looking_back(targets) & own_tokens(targets)
    else:
        return EVERYWHERE


def source_mask(sources: list[list[str]]) -> Tensor:
    """Return what all tokens may attend to of the source."""
    if MASK in ("padding", "causal_padding"):
        return own_tokens(sources)
    else:
        return EVERYWHERE
