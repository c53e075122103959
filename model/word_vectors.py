"""Word vectors that were trained: MiniLM's, turned so that the first numbers tell the most.

MiniLM keeps a vector of 384 numbers for each of the 30,522 pieces of its vocabulary, and which
number comes first means nothing. Here they are turned onto their principal axes (Pearson,
1901; Hotelling, 1933), along which the vocabulary varies most, second most and so on. So the first
E numbers are the best E that there are, and a larger embedding extends a smaller one. All of them
together keep every distance: nothing is changed but the point of view and the scale.
"""

from threading import Lock

import numpy as np
import torch
from cachetools import LRUCache
from torch import Tensor

from .pretrained.minilm import load_word_embeddings
from .seeded import LONGEST_KEPT
from .subwords import SubwordTokenizer

UNKNOWN = "[UNK]"  # the piece for what the vocabulary has no other for
SCALED = 64  # so many numbers have a mean square of 1, as hashed ones have: see WordVectors
AT_ONCE = 4096  # vectors of the vocabulary in float64: 12 MB


class WordVectors:
    """Word embeddings along their principal axes, centred on the vocabulary's mean.

    One factor scales all of them, whatever the size: over the vocabulary, the mean squared length
    of the first 64 numbers is 64, that of a hashed vector of this size.

    Args:
        embeddings: (V, D) the vectors of the vocabulary's pieces, float32. Not copied.
        tokenizer: splits a word into pieces.
    """

    def __init__(self, embeddings: Tensor, tokenizer: SubwordTokenizer) -> None:
        self._embeddings = embeddings
        self._tokenizer = tokenizer
        self.mean, self.variances, self.axes = principal_axes(embeddings)
        self.scale = (min(SCALED, self.size) / self.variances[:SCALED].sum()).sqrt().item()
        self._known: LRUCache[str, np.ndarray] = LRUCache(4096)  # 6 MB
        self._lock = Lock()

    @property
    def size(self) -> int:
        """D, how many numbers there are."""
        return len(self.mean)

    def vector(self, token: str, embed_size: int) -> np.ndarray:
        """Return the first `embed_size` numbers of a token, (E,), float32. Not to be written to.

        A token of several pieces gets their mean, one of which nothing is left (a space) the
        vector of [UNK]. Beyond the D numbers that there are, zeros follow.
        """
        with self._lock:
            vector = self._known.get(token)
        if vector is None:
            vector = self._vector(token)
            if len(token) <= LONGEST_KEPT:
                with self._lock:
                    self._known[token] = vector
        if embed_size > self.size:
            vector = np.pad(vector, (0, embed_size - self.size))
            vector.setflags(write=False)
        return vector[:embed_size]

    def _vector(self, token: str) -> np.ndarray:
        """All numbers of a token, (D,)."""
        pieces = self._tokenizer.encode(token, around=False).ids
        if not pieces:
            pieces = self._tokenizer.encode(UNKNOWN, around=False).ids
        centred = self._embeddings[list(pieces)].mean(dim=0, dtype=torch.float64) - self.mean
        vector: np.ndarray = (centred @ self.axes * self.scale).float().numpy()
        vector.setflags(write=False)  # it is shared by everyone who asks
        return vector


def principal_axes(vectors: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the axes along which vectors vary, from most to least, by their covariance.

    Args:
        vectors: (V, D).

    Returns:
        The mean, (D,), the variances, (D,), and the axes, the columns of an orthogonal
        (D, D); float64. The number furthest from zero on each axis is positive, as either
        sign would do.
    """
    size = vectors.shape[1]
    mean = torch.zeros(size, dtype=torch.float64)
    squares = torch.zeros(size, size, dtype=torch.float64)
    for start in range(0, len(vectors), AT_ONCE):  # all at once would take 94 MB
        some = vectors[start : start + AT_ONCE].double()
        mean += some.sum(dim=0) / len(vectors)
        squares += some.T @ some / len(vectors)
    covariance = squares - mean.outer(mean)
    variances, axes = torch.linalg.eigh(covariance)  # from least to most
    variances, axes = variances.flip(0), axes.flip(1)
    furthest = axes.gather(0, axes.abs().argmax(dim=0, keepdim=True))  # (1, D)
    return mean, variances, axes * furthest.sign()


def load_word_vectors(most_bytes: int | None = None) -> WordVectors:
    """Load MiniLM's word vectors from the installed package; nothing else of it is read.

    Args:
        most_bytes: that the vocabulary's vectors may take.

    Raises:
        ModelUnavailableError: if it isn't installed, damaged, or larger than allowed.
    """
    return WordVectors(*load_word_embeddings(most_bytes))
