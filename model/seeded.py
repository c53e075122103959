"""Numbers that are random to look at and the same for ever: token vectors and weights.

Everything is read from one endless stream of bytes per name: SHAKE-256 (FIPS 202) of the seed and
the name. A hash, unlike a random number generator, is the same in every process, on every machine
and in every library version; and as a stream's beginning doesn't depend on how much of it is
read, a larger embedding extends a smaller one.
"""

import hashlib
import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from model.attention import Projection, Scale, SelfAttention

PADDING = "[PAD]"  # how padding is shown; its vector is zero, as with torch's padding_idx


def hashed_numbers(seed: int, name: str, count: int) -> np.ndarray:
    """The first `count` numbers of the stream of (seed, name), float32.

    Uniform between -sqrt(3) and sqrt(3): mean 0 and variance 1, by exact arithmetic alone.
    """
    # errors="replace": a lone surrogate can't be encoded, and a stranger may send one.
    stream = hashlib.shake_256(f"{seed}\0{name}".encode(errors="replace"))
    uniform = np.frombuffer(stream.digest(4 * count), dtype="<u4") / 2.0**32
    return ((uniform - 0.5) * math.sqrt(12)).astype(np.float32)


LONGEST_KEPT = 100  # characters: longer tokens are rare, and would fill the cache's memory


def token_vector(token: str, embed_size: int, seed: int) -> np.ndarray:
    """The vector of a token, (E,), from its own text and the seed alone. Not to be written to."""
    if len(token) > LONGEST_KEPT:
        return _token_vector.__wrapped__(token, embed_size, seed)
    return _token_vector(token, embed_size, seed)


@lru_cache(maxsize=4096)
def _token_vector(token: str, embed_size: int, seed: int) -> np.ndarray:
    vector = hashed_numbers(seed, f"token/{token}", embed_size)
    vector.setflags(write=False)  # it is shared by everyone who asks
    return vector


def embed(sentences: Sequence[Sequence[str]], embed_size: int, seed: int) -> Tensor:
    """Token vectors of a batch, (B, L, E); shorter sentences end in zero vectors (padding)."""
    longest = max(map(len, sentences), default=0)
    batch = np.zeros((len(sentences), longest, embed_size), dtype=np.float32)
    for row, tokens in zip(batch, sentences, strict=True):
        for position, token in enumerate(tokens):
            row[position] = token_vector(token, embed_size, seed)
    return torch.from_numpy(batch)


@lru_cache(maxsize=32)
def weight_matrix(name: str, size: int, seed: int) -> Tensor:
    """A square weight matrix, (size, size), with variance 1/size.

    Row i reads the stream of its own name, so that the matrix of a smaller size is, but for the
    factor, the upper left block of a larger one. Variance 1/size keeps a projection's entries at
    the variance of its input (Glorot & Bengio, 2010), and so the spread of energy / sqrt(D)
    near 1, at any size.
    """
    rows = [hashed_numbers(seed, f"weight/{name}/{i}", size) for i in range(size)]
    with torch.inference_mode(False):  # whoever asks first, it can be trained afterwards
        return torch.from_numpy(np.stack(rows)) / math.sqrt(size)


def random_attention(
    embed_size: int,
    heads: int,
    *,
    projection: Projection = "shared",
    scale: Scale = "embed_size",
    temperature: float = 1.0,
    seed: int = 0,
) -> SelfAttention:
    """A SelfAttention with the seed's weights, in evaluation mode, without gradients.

    With the full projection the matrices don't depend on the number of heads: the same W_Q, W_K
    and W_V are only split differently. fc_out has no bias (zero).

    Raises:
        ValueError: as SelfAttention does.
    """
    with torch.device("meta"):  # no memory and no random numbers for weights replaced at once
        module = SelfAttention(
            embed_size, heads, projection=projection, scale=scale, temperature=temperature
        )
    weights = {  # copies, so that nobody's module changes somebody else's
        f"{name}.weight": weight_matrix(name, getattr(module, name).in_features, seed).clone()
        for name in ("values", "keys", "queries", "fc_out")
    }
    weights["fc_out.bias"] = torch.zeros(embed_size)
    module.requires_grad_(False).load_state_dict(weights, assign=True)
    return module.eval()
