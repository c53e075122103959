"""Numbers that are random to look at and the same for ever: token vectors and weights.

Everything is read from one endless stream of bytes per name: SHAKE-256 (FIPS 202) of the seed and
the name. A hash, unlike a random number generator, is the same in every process, on every machine
and in every library version; and as a stream's beginning doesn't depend on how much of it is
read, a larger embedding extends a smaller one.
"""

import hashlib
import math
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from threading import Lock
from typing import TypeVar

import numpy as np
import torch
from cachetools import LRUCache, cached
from torch import Tensor, nn

from .attention import Projection, Scale, SelfAttention
from .config import Config
from .transformer import Encoder, Transformer

Module = TypeVar("Module", bound=nn.Module)

PROJECTIONS = re.compile(r"(^|\.)(queries|keys|values|fc_out)\.weight$")  # of an attention
PADDING = "[PAD]"  # how padding is shown; its vector is zero, as with torch's padding_idx


def hashed_numbers(seed: int, name: str, count: int) -> np.ndarray:
    """Return the first `count` numbers of the stream of (seed, name), float32.

    Uniform between -sqrt(3) and sqrt(3): mean 0 and variance 1, by exact arithmetic alone.
    """
    # A stranger may send a lone surrogate, and "replace" would make "?" of it, as of all others.
    stream = hashlib.shake_256(f"{seed}\0{name}".encode(errors="surrogatepass"))
    uniform = np.frombuffer(stream.digest(4 * count), dtype="<u4") / 2.0**32
    return ((uniform - 0.5) * math.sqrt(12)).astype(np.float32)


LONGEST_KEPT = 100  # characters: longer tokens are rare, and would fill the cache's memory


def token_vector(token: str, embed_size: int, seed: int) -> np.ndarray:
    """Return a token's vector, (E,), from its text and the seed alone. Not to be written to."""
    if len(token) > LONGEST_KEPT:
        return _token_vector.__wrapped__(token, embed_size, seed)
    return _token_vector(token, embed_size, seed)


@lru_cache(maxsize=4096)
def _token_vector(token: str, embed_size: int, seed: int) -> np.ndarray:
    vector = hashed_numbers(seed, f"token/{token}", embed_size)
    vector.setflags(write=False)  # it is shared by everyone who asks
    return vector


def embed(sentences: Sequence[Sequence[str]], embed_size: int, seed: int) -> Tensor:
    """Return a batch's token vectors, (B, L, E); shorter sentences end in zeros (padding)."""
    return embed_with(lambda token: token_vector(token, embed_size, seed), sentences, embed_size)


def embed_with(
    vector_of: Callable[[str], np.ndarray], sentences: Sequence[Sequence[str]], embed_size: int
) -> Tensor:
    """Return a batch as `embed` makes it, with token vectors, (E,), from anywhere."""
    longest = max(map(len, sentences), default=0)
    batch = np.zeros((len(sentences), longest, embed_size), dtype=np.float32)
    for row, tokens in zip(batch, sentences, strict=True):
        for position, token in enumerate(tokens):
            row[position] = vector_of(token)
    return torch.from_numpy(batch)


_matrices: LRUCache[tuple[str, int, int, int], Tensor] = LRUCache(
    maxsize=128 * 2**20,  # bytes: the weights of a few large stacks, or of hundreds of small ones
    getsizeof=lambda matrix: matrix.nbytes,
)


@cached(_matrices, lock=Lock())
def weight_matrix(name: str, rows: int, columns: int, seed: int) -> Tensor:
    """Return a weight matrix, (rows, columns), with variance 1/columns.

    Row i reads the stream of its own name, so that the matrix of a smaller size is, but for the
    factor, the upper left block of a larger one. Variance 1/columns keeps a projection's entries at
    the variance of its input (LeCun et al., 1998, "Efficient BackProp"), and so the spread of
    energy / sqrt(D) near 1, at any size.
    """
    numbers = [hashed_numbers(seed, f"weight/{name}/{i}", columns) for i in range(rows)]
    with torch.inference_mode(False):  # whoever asks first, it can be trained afterwards
        return torch.from_numpy(np.stack(numbers)) / math.sqrt(columns)


def random_attention(
    embed_size: int,
    heads: int,
    *,
    projection: Projection = "shared",
    scale: Scale = "embed_size",
    temperature: float = 1.0,
    seed: int = 0,
    identity: bool = False,
) -> SelfAttention:
    """Make a SelfAttention with the seed's weights, in evaluation mode, without gradients.

    With the full projection the matrices don't depend on the number of heads: the same W_Q, W_K
    and W_V are only split differently. fc_out has no bias (zero). With `identity`, all four are the
    identity instead: queries, keys and values are the heads' own parts of the vectors as they are,
    and the energy is their plain dot product.

    Raises:
        ValueError: as SelfAttention does.
    """
    with torch.device("meta"):  # no memory and no random numbers for weights replaced at once
        module = SelfAttention(
            embed_size, heads, projection=projection, scale=scale, temperature=temperature
        )
    return _filled(module, seed, identity=identity)


def random_encoder(
    config: Config, seed: int = 0, *, copy: bool = True, identity: bool = False
) -> Encoder:
    """Make an Encoder with the seed's weights, in evaluation mode, without gradients.

    Each layer has weights of its own, which stay when layers are added. Layer 0's attention has
    those of random_attention. Norms are as they begin (scale 1, shift 0), biases are zero.

    Args:
        config: sizes and architecture.
        seed: of the weights.
        copy: False shares the weights with all who ask for the same: not to be written to.
        identity: whether the four projections of every attention are the identity; the rest stays
            the seed's.

    Raises:
        ValueError: as Encoder does, or if queries share key/value heads, which the identity can't
            give them.
    """
    with torch.device("meta"):
        module = Encoder(config)
    return _filled(module, seed, copy=copy, identity=identity)


def random_transformer(
    config: Config, seed: int = 0, *, copy: bool = True, identity: bool = False
) -> Transformer:
    """Make a Transformer with the seed's weights; encoder and arguments are random_encoder's.

    Raises:
        ValueError: as Transformer does, and as random_encoder.
    """
    with torch.device("meta"):
        module = Transformer(config)
    return _filled(module, seed, copy=copy, identity=identity)


def _filled(module: Module, seed: int, *, copy: bool = True, identity: bool = False) -> Module:
    """The module with the seed's weights; copies, unless they may be shared."""
    weights = {
        name: _identity(*like.shape)
        if identity and PROJECTIONS.search(name)
        else _weight(name, like, seed)
        for name, like in module.state_dict().items()
    }
    if copy:  # nobody's module changes somebody else's
        with torch.inference_mode(False):
            weights = {name: weight.clone() for name, weight in weights.items()}
    module.requires_grad_(False).load_state_dict(weights, assign=True)
    return module.eval()


@lru_cache(maxsize=16)
def _identity(rows: int, columns: int) -> Tensor:
    if rows != columns:
        raise ValueError(
            "identity projections need as many key/value heads as heads, so square matrices; "
            f"got {rows} × {columns}"
        )
    with torch.inference_mode(False):
        return torch.eye(rows)


def _weight(path: str, like: Tensor, seed: int) -> Tensor:
    """Return what a parameter begins with: a matrix of the seed, or ones and zeros."""
    with torch.inference_mode(False):
        if like.dim() == 1:  # a bias, or a norm's scale and shift
            return torch.zeros(like.shape) if path.endswith("bias") else torch.ones(like.shape)
        # An encoder is the same alone and in a transformer, its first attention the same as alone.
        name = path.removesuffix(".weight").removeprefix("encoder.")
        name = name.removeprefix("layers.0.attention.")
        matrix = weight_matrix(name, *like.shape, seed)
        if "embedding." in name:  # of the variance of token_vector's
            return matrix * math.sqrt(like.shape[1])
        return matrix
