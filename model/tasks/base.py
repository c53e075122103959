"""What a task is: endless examples, each with the answer that is right."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import torch
from torch import Tensor

IGNORED = -100  # a target that doesn't count: what F.cross_entropy leaves out by default
HELD_OUT_SEED = 2**40  # of what accuracy is measured on: no training step draws with it
LONGEST_PROBE = 48  # symbols that a trained model can be asked about

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
    """What was typed, as a model reads it, with the answers that are right.

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
            raise ValueError(
                f"the model reads {LONGEST_PROBE} symbols at most, and this makes {longest} of "
                "them; type less"
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
    def draw(self, count: int, generator: torch.Generator) -> Batch:
        """So many random examples; equal generators draw equal ones."""

    @abstractmethod
    def example(self, typed: Sequence[str]) -> Example:
        """What to do with what was typed, worked out in the plainest way.

        Raises:
            ValueError: if it can't be done with this; says why.
        """

    def split(self, text: str) -> tuple[str, ...]:
        """The symbols of a text.

        Raises:
            ValueError: if there is none, or something in it is no symbol; names it.
        """
        return self.checked([c for c in text.lower() if not c.isspace()])

    def held_out(self, count: int) -> Batch:
        """Examples that no training step has drawn, the same ones each time.

        Of the random tasks that is so by their number, but for one in hundreds: 10 letters can
        stand in 26^10 ways.
        """
        return self.draw(count, torch.Generator().manual_seed(HELD_OUT_SEED))

    def encode(self, symbols: Sequence[str]) -> Tensor:
        """Their ids, (L,)."""
        return torch.tensor([self._ids[symbol] for symbol in symbols], dtype=torch.long)

    def checked(self, symbols: Sequence[str]) -> tuple[str, ...]:
        """The symbols, if there are any, and all are of the alphabet.

        Raises:
            ValueError: if not; names the first that isn't.
        """
        if not symbols:
            raise ValueError(f"there is nothing to read; symbols are {self._named}")
        strange = next((symbol for symbol in symbols if symbol not in self.alphabet), None)
        if strange is not None:
            raise ValueError(f"{strange!r} is none of this task's symbols, {self._named}")
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


def random_symbols(shape: tuple[int, ...], symbols: int, generator: torch.Generator) -> Tensor:
    """Ids from 0 to symbols - 1, each as likely as the others."""
    return torch.randint(symbols, shape, generator=generator)
