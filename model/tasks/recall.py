"""Tasks of finding something again: by where it stands, by its name, by what stood before it."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch

from ..errors import CodedValueError
from .base import IGNORED, Batch, Example, RandomTask, TaskKind
from .counting import asked_first
from .randomness import random_orders, random_symbols
from .sequences import DIGITS, LETTERS


class Copy(RandomTask):
    """The letters once more, after a bar: at the bar the first, at the first the second, and so on.

    A solving head attends from each position to the one so many letters back: a diagonal below the
    main one. Source: the copy task of Graves et al. (2014), "Neural Turing Machines", section 4.1.
    """

    name = "copy"
    kind: TaskKind = "decoder"
    alphabet = LETTERS
    bar = "|"
    symbols = (*LETTERS, bar)
    length = 16  # 8 letters, the bar, and all of them but the last
    probe = "headline"

    def examples(self, count: int, rng: np.random.Generator) -> Batch:
        """Draw so many random examples."""
        letters = random_symbols((count, self.length // 2), len(self.alphabet), rng)
        bar = torch.full((count, 1), len(self.alphabet))
        unasked = torch.full_like(letters, IGNORED)
        return Batch(
            torch.cat([letters, bar, letters[:, :-1]], dim=1),
            torch.cat([unasked, letters], dim=1),
        )

    def example(self, typed: Sequence[str]) -> Example:
        """Read what was typed and the bar, and ask for what was typed."""
        return Example((*typed, self.bar, *typed[:-1]), (*[None] * len(typed), *typed))


class Lookup(RandomTask):
    """The value of a key: the first letter asks for it, and pairs of letter and digit follow.

    The digit stands after the key, not on it, so one step isn't enough: a head of the first layer
    tells each digit which letter precedes it, and one of the second attends from the question to
    the digit that has been told the same letter. Source: the associative recall of Graves et al.
    (2014), "Neural Turing Machines", section 4.3, in the form of Ba et al. (2016), "Using Fast
    Weights to Attend to the Recent Past", section 4.1; with the question first.
    """

    name = "lookup"
    attention_only = True
    keys = LETTERS[:6]
    symbols = (*keys, *DIGITS)
    length = 9  # the question and 4 pairs
    probe = "c a1 b4 c7 d2"

    def examples(self, count: int, rng: np.random.Generator) -> Batch:
        """Draw so many random examples."""
        pairs = self.length // 2
        shuffled = random_orders(count, len(self.keys), rng)
        keys = shuffled[:, :pairs]
        values = len(self.keys) + random_symbols((count, pairs), len(DIGITS), rng)
        place = random_symbols((count, 1), pairs, rng)  # of the pair that is asked for
        question, answers = keys.gather(1, place)[:, 0], values.gather(1, place)[:, 0]
        return asked_first(question, torch.stack([keys, values], dim=2).flatten(1), answers)

    def example(self, typed: Sequence[str]) -> Example:
        """Ask at the first letter for the digit after its second occurrence.

        Raises:
            ValueError: if there are no pairs, a key is there twice, or the one asked for isn't.
        """
        question, keys, values = typed[0], typed[1::2], typed[2::2]
        for place, symbol in enumerate(typed):
            self._check_place(place, symbol)
        if not keys:
            raise CodedValueError(
                "lookup.no_pair",
                "expected a letter, and then pairs of a letter and a digit, as in {example!r}, got "
                "{typed!r}; add a pair",
                example=self.probe,
                typed=" ".join(typed),
            )
        if len(keys) != len(values):
            raise CodedValueError(
                "lookup.half_pair",
                "the letter {letter!r} at the end has no digit; add one",
                letter=keys[-1],
            )
        twice = next((key for key, times in Counter(keys).items() if times > 1), None)
        if twice is not None:
            raise CodedValueError(
                "lookup.twice",
                "the letter {letter!r} has several digits; give each letter one",
                letter=twice,
            )
        if question not in keys:
            raise CodedValueError(
                "lookup.not_there",
                "the first letter asks for {letter!r}, and there are only {letters}; ask for one "
                "of them, or add {letter!r} and a digit",
                letter=question,
                letters=" ".join(keys),
            )
        return Example(tuple(typed), (values[keys.index(question)], *[None] * (len(typed) - 1)))

    def _check_place(self, place: int, symbol: str) -> None:
        """Raise CodedValueError for a letter where a digit belongs, or a digit for a letter."""
        wants_digit = place > 0 and place % 2 == 0
        if wants_digit and symbol not in DIGITS:
            raise CodedValueError(
                "lookup.no_digit",
                "expected a letter, and then pairs of a letter and a digit, as in {example!r}, got "
                "{symbol!r} where a digit belongs, at place {place}",
                example=self.probe,
                symbol=symbol,
                place=place + 1,
            )
        if not wants_digit and symbol in DIGITS:
            raise CodedValueError(
                "lookup.no_letter",
                "expected a letter, and then pairs of a letter and a digit, as in {example!r}, got "
                "{symbol!r} where a letter belongs, at place {place}",
                example=self.probe,
                symbol=symbol,
                place=place + 1,
            )


class Induction(RandomTask):
    """The letter that followed the last time: a random segment is said again and again.

    Nothing is asked where a letter is new. A head of the first layer tells each position the letter
    before it, and one of the second, the induction head, attends to the position that was told
    the present letter. One layer can't do it, two without feed-forward layers can. Source: Olsson
    et al. (2022), "In-context Learning and Induction Heads"; Elhage et al. (2021), "A Mathematical
    Framework for Transformer Circuits".
    """

    name = "induction"
    kind: TaskKind = "decoder"
    attention_only = True
    symbols = LETTERS
    length = 32
    one_length = False
    shortest, longest = 6, 16  # letters of a segment, all different
    probe = "daylightdaylightdaylight"

    def examples(self, count: int, rng: np.random.Generator) -> Batch:
        """Draw so many random examples."""
        shuffled = random_orders(count, len(self.symbols), rng)
        periods = self.longest - self.shortest + 1
        period = self.shortest + random_symbols((count, 1), periods, rng)
        place = torch.arange(self.length)
        again = shuffled.gather(1, place % period)  # (B, L)
        following = shuffled.gather(1, (place + 1) % period)  # (B, L)
        return Batch(again, following.masked_fill(place < period, IGNORED))

    def example(self, typed: Sequence[str]) -> Example:
        """Ask at each letter for the one after its last occurrence, if there was one."""
        targets: list[str | None] = []
        last: dict[str, int] = {}  # where each letter stood
        for i, letter in enumerate(typed):
            targets.append(typed[last[letter] + 1] if letter in last else None)
            last[letter] = i
        return Example(tuple(typed), tuple(targets))
