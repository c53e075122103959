"""Tasks in which every position answers, from all symbols at once.

Reverse and sort are programs of RASP in Weiss et al. (2021), "Thinking Like Transformers", section
5, where they are given with the attention that solves them.
"""

from collections.abc import Sequence

import numpy as np
import torch

from .base import IGNORED, Batch, Example, RandomTask
from .randomness import random_symbols

LETTERS = tuple("abcdefghijklmnopqrstuvwxyz")
DIGITS = tuple("0123456789")


class Reverse(RandomTask):
    """The same letters, backwards.

    A solving head attends from position i to position L - 1 - i: an anti-diagonal.
    """

    name = "reverse"
    symbols = LETTERS
    length = 10
    probe = "headlights"

    def examples(self, count: int, rng: np.random.Generator) -> Batch:
        """Draw so many random examples."""
        x = random_symbols((count, self.length), len(self.symbols), rng)
        return Batch(x, x.flip(1))

    def example(self, typed: Sequence[str]) -> Example:
        """Ask for what was typed, backwards."""
        return Example(tuple(typed), tuple(reversed(typed)))


class Shift(RandomTask):
    """The letter before, at each position; the first has none, and nothing is asked there.

    A solving head attends from position i to i - 1: a previous-token head, as Clark et al. (2019),
    "What Does BERT Look At?", found them in BERT, and the first half of the induction circuit in
    Elhage et al. (2021), "A Mathematical Framework for Transformer Circuits".
    """

    name = "shift"
    symbols = LETTERS
    length = 10
    probe = "headlights"

    def examples(self, count: int, rng: np.random.Generator) -> Batch:
        """Draw so many random examples."""
        x = random_symbols((count, self.length), len(self.symbols), rng)
        targets = x.roll(1, dims=1)
        targets[:, 0] = IGNORED
        return Batch(x, targets)

    def example(self, typed: Sequence[str]) -> Example:
        """Ask for what was typed, one position later."""
        return Example(tuple(typed), (None, *typed[:-1]))


class Sort(RandomTask):
    """The same digits, in order.

    A solving head attends from position i to where the i-th smallest digit stands.
    """

    name = "sort"
    symbols = DIGITS
    length = 10
    probe = "3141592653"

    def examples(self, count: int, rng: np.random.Generator) -> Batch:
        """Draw so many random examples."""
        x = random_symbols((count, self.length), len(self.symbols), rng)
        return Batch(x, x.sort(1).values)

    def example(self, typed: Sequence[str]) -> Example:
        """Ask for what was typed, in the order of the symbols."""
        return Example(tuple(typed), tuple(sorted(typed)))


class Compare(RandomTask):
    """Whether the digit on the right is larger than the one on the left: + or -.

    The first and the last position have one neighbour only, and nothing is asked there. Two
    heads attend to one neighbour each, and fc_out subtracts one from the other. A single head can
    only add what it sees, as its weights are never negative; and there is no feed-forward layer
    that could take the sum apart again.
    """

    name = "compare"
    attention_only = True
    symbols = (*DIGITS, "+", "-")
    alphabet = DIGITS
    length = 10
    probe = "2718281828"

    def examples(self, count: int, rng: np.random.Generator) -> Batch:
        """Draw so many random examples."""
        x = random_symbols((count, self.length), len(DIGITS), rng)
        plus, minus = len(DIGITS), len(DIGITS) + 1
        targets = torch.full_like(x, IGNORED)
        targets[:, 1:-1] = torch.where(x[:, 2:] > x[:, :-2], plus, minus)
        return Batch(x, targets)

    def example(self, typed: Sequence[str]) -> Example:
        """Ask for + where the right neighbour is larger than the left one, else for -."""
        inner = ["+" if typed[i + 1] > typed[i - 1] else "-" for i in range(1, len(typed) - 1)]
        ends = [None] * min(2, len(typed))
        return Example(tuple(typed), (*ends[:1], *inner, *ends[1:]))
