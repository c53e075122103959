"""Vectors and weights from the seed, as model.seeded makes them."""

import base64
import hashlib
import math

import torch
import torch.nn.functional as F
from torch import Tensor

from ui.scripts.parts.options import (
    DEEP,
    ORIGIN,
    PAIR,
    POSITIONS,
    SURROGATES,
    VECTORS,
)
from ui.scripts.parts.positions import sinusoidal_positions
from ui.scripts.parts.settings import EMBED_SIZE, SEED, WORD_VECTORS
from ui.scripts.parts.training import PARAMETERS

# %% Vectors and weights from the seed
# Each name has an endless stream of numbers: a hash of the seed and the name. Unlike a random
# number generator's, they are the same on every machine, and a larger model extends a smaller one.


def numbers(name: str, count: int) -> Tensor:
    """Return the first numbers of a name's stream, (count,): uniform, mean 0, variance 1."""
    if SURROGATES:
        stream = hashlib.shake_256(f"{SEED}\0{name}".encode(errors="surrogatepass"))
    else:
        stream = hashlib.shake_256(f"{SEED}\0{name}".encode())
    integers = torch.frombuffer(bytearray(stream.digest(4 * count)), dtype=torch.uint32)
    return ((integers.double() / 2**32 - 0.5) * math.sqrt(12)).float()


def token_vector(token: str) -> Tensor:
    """Return a token's vector, (E,)."""
    if VECTORS == "minilm":
        return torch.frombuffer(bytearray(base64.b64decode(WORD_VECTORS[token])), dtype=torch.float)
    else:
        return numbers(f"token/{token}", EMBED_SIZE)


def embed(sentences: list[list[str]], name: str = "") -> Tensor:
    """Return the vectors of tokens, (B, L, E), of sentences that are padded with zeros."""
    longest = max(map(len, sentences))
    x = torch.zeros(len(sentences), longest, EMBED_SIZE)
    for row, tokens in zip(x, sentences, strict=True):
        for place, token in enumerate(tokens):
            row[place] = token_vector(token)
    if POSITIONS == "sinusoidal":
        return x + sinusoidal_positions(longest)
    elif POSITIONS == "learned" and PAIR:
        return x + weight(f"{name}embedding.positions", longest, EMBED_SIZE) * math.sqrt(EMBED_SIZE)
    elif POSITIONS == "learned":
        return x + weight("embedding.positions", longest, EMBED_SIZE) * math.sqrt(EMBED_SIZE)
    else:
        return x


def weight(name: str, rows: int, columns: int) -> Tensor:
    """Return a matrix of weights, (rows, columns), with variance 1 / columns."""
    if ORIGIN == "trained" and PAIR:
        name = name.removeprefix("encoder.")  # it is the same without a decoder
    if DEEP or PAIR or ORIGIN == "trained":
        name = name.removeprefix("layers.0.attention.")  # the first is the same as one by itself
    matrix = torch.stack([numbers(f"weight/{name}/{row}", columns) for row in range(rows)])
    return matrix / math.sqrt(columns)


if ORIGIN == "seed":

    def linear(name: str, x: Tensor, rows: int) -> Tensor:
        """Return W x for each vector x, (..., columns) -> (..., rows). Biases are zero."""
        return x @ weight(name, rows, x.shape[-1]).T

    def norm(x: Tensor) -> Tensor:
        """Return each vector with mean 0 and variance 1 (LayerNorm, as it begins)."""
        return F.layer_norm(x, (EMBED_SIZE,))

else:

    def trained_linear(name: str, x: Tensor) -> Tensor:
        """Return W x, plus the bias where there is one, for each vector x."""
        return F.linear(x, PARAMETERS[f"{name}.weight"], PARAMETERS.get(f"{name}.bias"))

    def trained_norm(name: str, x: Tensor) -> Tensor:
        """Return each vector with mean 0 and variance 1, then scaled and shifted (LayerNorm)."""
        weight, bias = PARAMETERS[f"{name}.weight"], PARAMETERS[f"{name}.bias"]
        return F.layer_norm(x, (EMBED_SIZE,), weight, bias)
