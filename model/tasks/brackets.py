"""Bracket matching."""

from collections.abc import Sequence

import numpy as np
import torch

from ..errors import CodedValueError
from .base import IGNORED, Batch, Example, RandomTask
from .randomness import random_fractions, random_symbols


class Brackets(RandomTask):
    """The bracket that closes here: all that close are written ?, and each answers ), ] or }.

    A solving head attends from a ? to the bracket that it closes, which depends on how deep all
    brackets between them are nested. Source: Dyck-n, as learnt in Ebrahimi et al. (2020), "How Can
    Self-Attention Networks Recognize Dyck-n Languages?", and Hewitt et al. (2020), "RNNs can
    generate bounded hierarchical languages with optimal memory".
    """

    name = "brackets"
    opening, closing = ("(", "[", "{"), (")", "]", "}")
    mark = "?"
    symbols = (*opening, *closing, mark)
    length = 12
    probe = "{[()][]}(){}"

    def examples(self, count: int, rng: np.random.Generator) -> Batch:
        """Draw so many random examples, each of the 96,228 that there are as likely as another.

        Where d brackets are open and r symbols are to come, (r - d)(d + 2) / 2r(d + 1) of the ways
        to go on open another one. Source: Arnold & Sleep (1980), "Uniform Random Generation of
        Balanced Parenthesis Strings".
        """
        kinds = len(self.opening)
        opened = random_symbols((count, self.length // 2), kinds, rng)  # in their order
        chances = random_fractions((count, self.length), rng)
        inputs = torch.full((count, self.length), self.symbols.index(self.mark))
        targets = torch.full((count, self.length), IGNORED)
        rows = torch.arange(count)
        stack = torch.zeros(count, self.length // 2 + 1, dtype=torch.long)  # what is open
        depth, done = torch.zeros(count, dtype=torch.long), torch.zeros(count, dtype=torch.long)
        for i in range(self.length):
            left = self.length - i
            opens = chances[:, i] < (left - depth) * (depth + 2) / (2 * left * (depth + 1))
            opener, closes = rows[opens], rows[~opens]
            inputs[opener, i] = stack[opener, depth[opener]] = opened[opener, done[opener]]
            targets[closes, i] = kinds + stack[closes, depth[closes] - 1]
            depth += torch.where(opens, 1, -1)
            done += opens
        return Batch(inputs, targets)

    def example(self, typed: Sequence[str]) -> Example:
        """Ask at each symbol that closes a bracket for the one that does.

        Raises:
            ValueError: if one closes nothing, or another than stands open, or isn't closed.
        """
        stack: list[int] = []  # where the open ones stand
        targets: list[str | None] = []
        for i, symbol in enumerate(typed):
            if symbol in self.opening:
                stack.append(i)
                targets.append(None)
                continue
            if not stack:
                raise CodedValueError(
                    "brackets.nothing_open",
                    "{symbol!r} at place {place} closes nothing; open a bracket before it",
                    symbol=symbol,
                    place=i + 1,
                )
            start = stack.pop()
            right = self.closing[self.opening.index(typed[start])]
            if symbol not in (right, self.mark):
                raise CodedValueError(
                    "brackets.other_kind",
                    "{symbol!r} at place {place} can't close {opening!r} at place {start}; type "
                    "{right!r} or {mark!r}",
                    symbol=symbol,
                    place=i + 1,
                    opening=typed[start],
                    start=start + 1,
                    right=right,
                    mark=self.mark,
                )
            targets.append(right)
        if stack:
            raise CodedValueError(
                "brackets.open",
                "{symbol!r} at place {place} isn't closed; type {mark!r} at the end",
                symbol=typed[stack[-1]],
                place=stack[-1] + 1,
                mark=self.mark,
            )
        inputs = [symbol if symbol in self.opening else self.mark for symbol in typed]
        return Example(tuple(inputs), tuple(targets))
