"""Masks of one stack, as model.masks makes them."""

import torch
from torch import Tensor

from ui.scripts.parts.options import CUSTOM, LOOK_AHEAD, MASK, SEVERAL

# %% The mask: which keys a query may attend to
# True where it may; (Q, K), or (B, 1, Q, K) where sentences differ.

SPAN = 3
PAINTED = ["#."]  # a row for each query: # where it may attend


def build_mask(sentences: list[list[str]]) -> Tensor:
    """Return True where a query may attend to a key."""
    longest = max(map(len, sentences))
    place = torch.arange(longest)
    if MASK in ("window", "strided", "prefix", "causal", "causal_padding"):
        back = place[:, None] - place  # (Q, K) how far a key lies before its query
    if MASK in ("causal", "causal_padding"):
        allowed = back >= 0  # nothing that is ahead
    elif MASK == "window" and LOOK_AHEAD:
        allowed = back.abs() < SPAN  # what is close, on both sides
    elif MASK == "window":
        allowed = (back >= 0) & (back < SPAN)  # itself and what is close before it
    elif MASK == "prefix":
        allowed = (back >= 0) | (place < SPAN)  # nothing ahead, but for the first few
    elif MASK == "strided" and LOOK_AHEAD:
        allowed = back % SPAN == 0  # every so many
    elif MASK == "strided":
        allowed = (back >= 0) & (back % SPAN == 0)  # itself and every so many before it
    elif MASK == "custom":
        painted = torch.tensor([[cell == "#" for cell in row] for row in PAINTED])
        size = min(longest, len(painted))
        if CUSTOM == "causal":
            allowed = torch.ones(longest, longest).tril().bool()  # beyond what is painted
        else:
            allowed = torch.ones(longest, longest).bool()  # beyond what is painted
        allowed[:size, :size] = painted[:size, :size]
    if SEVERAL and MASK != "causal":
        lengths = torch.tensor([len(tokens) for tokens in sentences])
        own = place < lengths[:, None]  # (B, K) what isn't padding
        if MASK == "padding":
            return own[:, None, None]  # (B, 1, 1, K)
        else:
            return allowed & own[:, None, None]  # (B, 1, Q, K)
    elif MASK == "padding":
        return torch.ones(longest, longest).bool()  # of one sentence nothing is padding
    else:
        return allowed
