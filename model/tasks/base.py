"""What a task is: endless examples, each with the answer that is right."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from ..errors import CodedValueError
from .randomness import HELD_OUT_SEED, stream

IGNORED = -100  # a target that doesn't count: what F.cross_entropy leaves out by default
LONGEST_PROBE = 48  # symbols that a trained model can be asked about
HELD_OUT_BITS = 4  # of a hash: an example is held out where they are zero ...
HELD_OUT_PART = 2**HELD_OUT_BITS  # ... which is one in so many
DRAWN_AT_ONCE = 100  # of which enough for a batch of 64 remain almost always

_FACTORS = stream(HELD_OUT_SEED, 1).integers(-(2**63), 2**63, LONGEST_PROBE)

# Which model learns it: one that sees everything at once, one that only looks back, or one of
# each, with cross-attention between them.
TaskKind = Literal["encoder", "decoder", "encoder-decoder"]


@dataclass(frozen=True)
class Batch:
    """B examples as token ids, with the answers that are right.

    An encoder answers at each position; a decoder's answer at a position is the next token.
    """

    inputs: Tensor  # (B, L) what an encoder reads, or a decoder; (B, T) where there is a source
    targets: Tensor  # (B, L) or (B, T); IGNORED where nothing is asked
    source: Tensor | None = None  # (B, S) what the encoder of an encoder-decoder reads ...
    source_mask: Tensor | None = None  # ... and (B, 1, 1, S) True where it isn't padding


@dataclass(frozen=True)
class Example:
    """A typed text as a model reads it, with the answers that are right.

    Raises:
        ValueError: if it is longer than what a model here can read.
    """

    inputs: tuple[str, ...]  # as Batch.inputs, as symbols
    targets: tuple[str | None, ...]  # None where nothing is asked
    source: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the length of what is to be read."""
        longest = max(len(self.inputs), len(self.source))
        if longest > LONGEST_PROBE:
            raise CodedValueError(
                "task.too_long",
                "the model reads {most} symbols at most, and this makes {count} of them; type less",
                most=LONGEST_PROBE,
                count=longest,
            )


class Task(ABC):
    """Something to learn. Its subclasses say how examples look and what is right.

    The symbols are what can be read and answered; a symbol's place among them is its id.
    """

    name: str  # an identifier
    kind: TaskKind = "encoder"
    attention_only: bool = False  # whether it is learnt without feed-forward layers
    symbols: tuple[str, ...]
    length: int  # how many symbols there are to read in training, at most ...
    one_length: bool = True  # ... and at least: no others have ever been seen
    probe: str  # something to look at while it is learnt; as somebody could have typed it

    @property
    def alphabet(self) -> tuple[str, ...]:
        """The symbols that can be typed: all, where none is an answer or a mark alone."""
        return self.symbols

    @abstractmethod
    def draw(self, count: int, rng: np.random.Generator) -> Batch:
        """Draw so many random examples to train on; equal generators draw equal ones."""

    @abstractmethod
    def held_out(self, count: int) -> Batch:
        """Return examples that are never drawn, whatever the generator; the same ones each time."""

    @abstractmethod
    def example(self, typed: Sequence[str]) -> Example:
        """Return what to do with what was typed, worked out in the plainest way.

        Raises:
            ValueError: if it can't be done with this; says why.
        """

    def split(self, text: str) -> tuple[str, ...]:
        """Split a text into its symbols.

        Raises:
            ValueError: if there is none, or something in it is no symbol; names it.
        """
        return self.checked([c for c in text.lower() if not c.isspace()])

    def encode(self, symbols: Sequence[str]) -> Tensor:
        """Return the symbols' ids, (L,)."""
        return torch.tensor([self._ids[symbol] for symbol in symbols], dtype=torch.long)

    def checked(self, symbols: Sequence[str]) -> tuple[str, ...]:
        """Return the symbols, if there are any, and all are of the alphabet.

        Raises:
            ValueError: if not; names the first that isn't.
        """
        if not symbols:
            raise CodedValueError(
                "task.empty", "there is nothing to read; symbols are {symbols}", symbols=self._named
            )
        known = frozenset(self.alphabet)
        strange = next((symbol for symbol in symbols if symbol not in known), None)
        if strange is not None:
            raise CodedValueError(
                "task.unknown_symbol",
                "{symbol!r} is none of this task's symbols, {symbols}",
                symbol=strange,
                symbols=self._named,
            )
        return tuple(symbols)

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {symbol: i for i, symbol in enumerate(self.symbols)}

    @property
    def _named(self) -> str:
        """The alphabet in a sentence; of many symbols the first and the last."""
        if len(self.alphabet) <= 12:
            return " ".join(self.alphabet)
        return f"{' '.join(self.alphabet[:5])} ... {self.alphabet[-1]}"


class RandomTask(Task):
    """A task whose examples are made up, and one in sixteen of all that there can be is held out.

    Which ones is decided by what is read, not by when it is drawn: what accuracy is measured on
    has never been trained on, even where there are few examples.
    """

    @abstractmethod
    def examples(self, count: int, rng: np.random.Generator) -> Batch:
        """Draw so many random examples or fewer, whether they are held out or not."""

    def draw(self, count: int, rng: np.random.Generator) -> Batch:
        """Draw so many random examples to train on; equal generators draw equal ones."""
        return self._chosen(count, rng, held_out=False)

    def held_out(self, count: int) -> Batch:
        """Return examples that are never drawn; fewer are the beginning of more."""
        return self._chosen(count, stream(HELD_OUT_SEED, 0), held_out=True)

    def _chosen(self, count: int, rng: np.random.Generator, *, held_out: bool) -> Batch:
        """Draw until there are so many that are held out, or that aren't."""
        at_once = DRAWN_AT_ONCE * (HELD_OUT_PART if held_out else 1)
        inputs: list[Tensor] = []
        targets: list[Tensor] = []
        while count > 0:
            batch = self.examples(at_once, rng)
            rows = (is_held_out(batch.inputs) == held_out).nonzero()[:count, 0]
            inputs.append(batch.inputs.index_select(0, rows))
            targets.append(batch.targets.index_select(0, rows))
            count -= len(rows)
        return Batch(torch.cat(inputs), torch.cat(targets))


def is_held_out(ids: Tensor) -> Tensor:
    """Whether examples are held out, (B,), by a hash of what is read of them, (B, L).

    The hash is the upper four bits of a sum of products modulo 2^64, with a random factor for each
    place. Source: multiply-shift of vectors, in Thorup (2015), "High Speed Hashing for Integers
    and Strings", section 3.4.
    """
    totals = ids.numpy() @ _FACTORS[: ids.shape[1]]  # (B,), int64, which wraps around
    return torch.from_numpy(totals >> (64 - HELD_OUT_BITS) == 0)
