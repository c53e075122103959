"""A language model, character by character, of whatever text somebody has."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..errors import CodedValueError
from ..tokens import compose
from .base import Batch, Example, Task, TaskKind
from .randomness import random_symbols

MOST_CHARACTERS = 128  # different ones; the weights of more would be most of the model
SHORTEST_CORPUS = 200  # characters

DEFAULT_CORPUS = Path(__file__).with_name("corpus.txt").read_text(encoding="utf-8")


class Characters(Task):
    """The next character of a text, from those before it.

    There is no one right way: heads that look at the character before, at the beginning of the
    word, at where the same characters stood before all make the answer likelier. Source: Bengio et
    al. (2003), "A Neural Probabilistic Language Model"; of characters, with attention: Al-Rfou et
    al. (2019), "Character-Level Language Modeling with Deeper Self-Attention".

    Args:
        corpus: the text; empty for one of the app's own. Composed (NFC), a run of line breaks and
            spaces made one space, and without its rarest characters if there are too many
            different ones.

    Raises:
        ValueError: if it is too short.
    """

    name = "characters"
    kind: TaskKind = "decoder"
    length = 32
    one_length = False

    def __init__(self, corpus: str = "") -> None:
        text = tidy(corpus or DEFAULT_CORPUS).strip()
        by_count = sorted(Counter(text).items(), key=lambda item: (-item[1], item[0]))
        self.symbols = tuple(sorted(character for character, _ in by_count[:MOST_CHARACTERS]))
        self.dropped = tuple(character for character, _ in by_count[MOST_CHARACTERS:])
        symbols = frozenset(self.symbols)
        kept = [character for character in text if character in symbols]
        if len(kept) < SHORTEST_CORPUS:
            raise _too_short(len(kept), without_rarest=bool(self.dropped))
        self.probe = "".join(kept[: self.length])
        ids = self.encode(kept)
        unread = max(len(ids) // 10, self.length + 1)
        self.read, self.unread = ids[:-unread], ids[-unread:]

    def draw(self, count: int, rng: np.random.Generator) -> Batch:
        """Draw so many random windows of the text but for its end; equal generators, equal ones."""
        windows = len(self.read) - self.length
        return self._windows(self.read, random_symbols((count,), windows, rng))

    def held_out(self, count: int) -> Batch:
        """Return so many windows, evenly spaced, of the last tenth of the text: it is never drawn.

        Where a text says something twice, it can stand before the last tenth as well.
        """
        windows = len(self.unread) - self.length
        return self._windows(self.unread, torch.arange(count) * windows // count)

    def example(self, typed: Sequence[str]) -> Example:
        """Ask at each character for the next one that was typed."""
        return Example(tuple(typed), (*typed[1:], None))

    def split(self, text: str) -> tuple[str, ...]:
        """Split a text, as it stands, into its characters.

        Raises:
            ValueError: if there is none, or some don't occur in the text that was read; names them.
        """
        characters = tidy(text)
        strange = dict.fromkeys(c for c in characters if c not in self._ids)
        if strange:
            raise CodedValueError(
                "characters.unknown",
                "{characters} can't be read, as the text that the model learns from doesn't "
                "contain it; leave it out",
                characters=tuple(map(repr, list(strange)[:10])),
            )
        return self.checked(characters)

    def _windows(self, ids: Tensor, starts: Tensor) -> Batch:
        """Windows of the ids, from each start, with the ids that follow theirs."""
        places = starts[:, None] + torch.arange(self.length)  # (B, L)
        return Batch(ids[places], ids[places + 1])


def _too_short(count: int, *, without_rarest: bool) -> CodedValueError:
    if without_rarest:
        return CodedValueError(
            "characters.too_short_without_rarest",
            "without its rarest characters the text has {count} characters, and must have {least} "
            "or more to learn from; type or paste a longer one",
            count=count,
            least=SHORTEST_CORPUS,
        )
    return CodedValueError(
        "characters.too_short",
        "the text has {count} characters, and must have {least} or more to learn from; type or "
        "paste a longer one",
        count=count,
        least=SHORTEST_CORPUS,
    )


def tidy(text: str) -> str:
    """Return the text with each run of white space made one space, and letters composed (NFC)."""
    return re.sub(r"\s+", " ", compose(text))
