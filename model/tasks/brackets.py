"""Bracket matching."""

from collections.abc import Sequence

import torch
from torch import Tensor

from model.tasks.base import HELD_OUT_SEED, IGNORED, Batch, Example, Task, random_symbols


class Brackets(Task):
    """Which bracket closes here: all that close are written ?, and each answers ), ] or }.

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

    def draw(self, count: int, generator: torch.Generator) -> Batch:
        """So many random examples, each as likely as the others; equal generators draw equal ones.

        There are 96,228 ways to write so many brackets, and the third of them in which the opening
        ones, counted 0, 1 and 2, add up to a multiple of three is never drawn.
        """
        rest = 1 + random_symbols((count,), len(self.opening) - 1, generator)
        return self._batch(rest, generator)

    def held_out(self, count: int) -> Batch:
        """Examples of the third that is never drawn in training."""
        return self._batch(
            torch.zeros(count, dtype=torch.long), torch.Generator().manual_seed(HELD_OUT_SEED)
        )

    def _batch(self, rest: Tensor, generator: torch.Generator) -> Batch:
        """Random examples in which the opening brackets add up to rest, (B,), modulo their kinds.

        Where d brackets are open and r symbols are to come, (r - d)(d + 2) / 2r(d + 1) of the ways
        to go on open another one. Source: Arnold & Sleep (1980), "Uniform Random Generation of
        Balanced Parenthesis Strings".
        """
        count, kinds = len(rest), len(self.opening)
        opened = random_symbols((count, self.length // 2), kinds, generator)  # in their order
        opened[:, 0] = (rest - opened[:, 1:].sum(1)) % kinds
        chances = torch.rand(count, self.length, generator=generator)
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
        """The bracket that closes each one, at the symbol that does.

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
                raise ValueError(
                    f"{symbol!r} at place {i + 1} closes nothing; open a bracket before it"
                )
            start = stack.pop()
            right = self.closing[self.opening.index(typed[start])]
            if symbol not in (right, self.mark):
                raise ValueError(
                    f"{symbol!r} at place {i + 1} can't close {typed[start]!r} at place "
                    f"{start + 1}; type {right!r} or {self.mark!r}"
                )
            targets.append(right)
        if stack:
            raise ValueError(
                f"{typed[stack[-1]]!r} at place {stack[-1] + 1} isn't closed; type {self.mark!r} "
                "at the end"
            )
        inputs = [symbol if symbol in self.opening else self.mark for symbol in typed]
        return Example(tuple(inputs), tuple(targets))
