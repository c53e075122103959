"""The logit lens: what a decoder would predict if its residual stream ended earlier.

After each layer a token's vector is read as if it were the last one: by the model's own final norm,
and by its own output embedding. It is a lens, and not what the model says. Only the last vector is
trained to be read so; earlier ones may hold the answer in directions that these two don't read, and
the guess then looks wrong, or more certain than it should be.
Sources: nostalgebraist (2020), "interpreting GPT: the logit lens"; for how it misleads, Belrose et
al. (2023), "Eliciting Latent Predictions from Transformers with the Tuned Lens", section 2.
Letters as in the package; N layers, V tokens in the vocabulary, and C that are kept of them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from .errors import CodedError

MOST_LOGITS = 2**22  # that exist at once: 16 MB


class NotReadableError(CodedError):
    """A model's stream can't be read by its own output layer; says why."""


@dataclass(frozen=True)
class Readout:
    """A decoder's own way from the last vector of its stream to the logits of the next token."""

    norm: Callable[[Tensor], Tensor]  # (R, E) -> (R, E): the final one
    unembed: Callable[[Tensor], Tensor]  # (R, E) -> (R, V)
    vocabulary: int  # V
    ends_normed: bool = False  # whether the last vector of a stream is one after the final norm


@dataclass(frozen=True)
class LensReadings:
    """What each vector of a stream says, read as if it were the last one.

    Row 0 is the embedded input, row n what layer n - 1 has left; the last row is what the model
    says.
    """

    tokens: Tensor  # (N + 1, L, C) ids, the likeliest first
    probabilities: Tensor  # (N + 1, L, C) softmax over all V
    followed: Tensor  # (L,) the id of one token a position: by default, that of the last row
    followed_probabilities: Tensor  # (N + 1, L)
    followed_ranks: Tensor  # (N + 1, L) 1 for the likeliest


class Wins(NamedTuple):
    """The rows of LensReadings in which the final answer is the likeliest token."""

    first: int  # for the first time
    stays: int  # ... and from here on in all that follow


def after_layers(stream: Sequence[Tensor], layers: int) -> tuple[Tensor, ...]:
    """Return the embedded input, and the vectors after each layer: N + 1 of them.

    Args:
        stream: the input, and the same number of vectors for each layer: after each sub-layer, or
            after the whole.
        layers: N.

    Raises:
        ValueError: if the stream isn't one of so many layers.
    """
    steps, rest = divmod(len(stream) - 1, layers)
    if steps < 1 or rest:
        raise ValueError(f"a stream of {len(stream)} vectors isn't one of {layers} layers")
    return tuple(stream[::steps])


@torch.inference_mode()
def read_early(
    readout: Readout,
    vectors: Sequence[Tensor],
    *,
    count: int = 3,
    followed: Tensor | None = None,
) -> LensReadings:
    """Read each vector of a stream as if it were the last one.

    The logits of a few vectors at a time are computed and let go of: all of them together would be
    (N + 1) · L · V numbers.

    Args:
        readout: the model's own.
        vectors: N + 1 of (L, E), as after_layers gives them, of one sentence without padding.
        count: C, how many of the likeliest tokens are kept, at most V.
        followed: (L,) ids of tokens that are followed through the layers, one a position; None for
            the likeliest of the last row.

    Raises:
        ValueError: if the count isn't positive, or there is no position.
    """
    if count < 1 or not len(vectors[-1]):
        raise ValueError(
            f"expected a count and a position of at least 1, got {count} of {len(vectors[-1])}"
        )
    length = len(vectors[-1])
    if followed is None:
        last = [logits.argmax(dim=-1) for logits in _logits(readout, vectors[-1:], is_last=True)]
        followed = torch.cat(last)
    asked = followed.repeat(len(vectors))  # ((N + 1) · L,)
    read: list[tuple[Tensor, ...]] = []
    start = 0
    for logits in _every_row(readout, vectors):
        ids = asked[start : start + len(logits), None]  # (R, 1)
        start += len(logits)
        # Not logsumexp, which takes four times as long.
        probabilities = logits.softmax(dim=-1)  # (R, V)
        top = logits.topk(min(count, logits.shape[-1]), dim=-1).indices  # (R, C)
        ranks = 1 + (logits > logits.gather(-1, ids)).sum(dim=-1)  # (R,)
        own = probabilities.gather(-1, ids)[:, 0]  # (R,)
        read.append((top, probabilities.gather(-1, top), own, ranks))
    by_row = (len(vectors), length)
    tokens, probabilities, own, ranks = (torch.cat(parts) for parts in zip(*read, strict=True))
    return LensReadings(
        tokens=tokens.view(*by_row, -1),
        probabilities=probabilities.view(*by_row, -1),
        followed=followed,
        followed_probabilities=own.view(by_row),
        followed_ranks=ranks.view(by_row),
    )


def wins_at(likeliest: Sequence[int]) -> Wins:
    """Return from which row on the final answer is the likeliest token.

    Args:
        likeliest: (N + 1,) the likeliest token of each row, at one position; the last is the
            answer.

    Raises:
        ValueError: if there are no rows.
    """
    if not likeliest:
        raise ValueError("expected the likeliest token of at least one row, got none")
    wins = [token == likeliest[-1] for token in likeliest]
    stays = len(wins)
    while stays and wins[stays - 1]:
        stays -= 1
    return Wins(wins.index(True), stays)


def _every_row(readout: Readout, vectors: Sequence[Tensor]) -> Iterator[Tensor]:
    """Yield the logits of all rows, one after the other."""
    yield from _logits(readout, vectors[:-1], is_last=False)
    yield from _logits(readout, vectors[-1:], is_last=True)


def _logits(readout: Readout, vectors: Sequence[Tensor], *, is_last: bool) -> Iterator[Tensor]:
    """Yield the logits (R, V) of some of the vectors (L, E) at a time, of several rows at once."""
    if not vectors:
        return
    every = torch.cat(list(vectors))  # (rows · L, E)
    for some in torch.split(every, max(1, MOST_LOGITS // readout.vocabulary)):
        normed = some if is_last and readout.ends_normed else readout.norm(some)
        yield readout.unembed(normed)
