"""Tasks of counting, which attention does by spreading its weight evenly."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..errors import CodedValueError
from .base import IGNORED, Batch, Example, RandomTask
from .randomness import random_fractions, random_orders, random_symbols
from .sequences import LETTERS


class Histogram(RandomTask):
    """The number of times that each position's letter occurs in the whole sequence.

    A solving head gives the letters that are the same more weight than the others, or less, by a
    finite amount: the part that they get depends on their number, and the number can be read from
    it. Source: the histogram ("hist") of RASP in Weiss et al. (2021), "Thinking Like
    Transformers", section 5.
    """

    name = "histogram"
    alphabet = LETTERS[:8]
    length = 8
    symbols = (*alphabet, *(str(count) for count in range(1, length + 1)))
    probe = "deadbeef"

    def examples(self, count: int, rng: np.random.Generator) -> Batch:
        """Draw random examples of 3 to 8 letters, or large numbers would hardly be seen."""
        letters = len(self.alphabet)
        shuffled = random_orders(count, letters, rng)
        different = 3 + random_symbols((count, 1), letters - 2, rng)
        chances = random_fractions((count, self.length), rng)
        x = shuffled.gather(1, (chances * different).long())
        times = (x[:, :, None] == x[:, None, :]).sum(-1)  # (B, L)
        return Batch(x, letters - 1 + times)

    def example(self, typed: Sequence[str]) -> Example:
        """Ask at each letter how often it was typed.

        Raises:
            ValueError: if one occurs more often than any can in training.
        """
        counts = Counter(typed)
        (letter, most), *_ = counts.most_common(1)
        if most > self.length:
            raise CodedValueError(
                "histogram.too_often",
                "{letter!r} occurs {count} times, and the model has numbers up to {most}; type it "
                "less often",
                letter=letter,
                count=most,
                most=self.length,
            )
        return Example(tuple(typed), tuple(str(counts[letter]) for letter in typed))


class Majority(RandomTask):
    """The most frequent letter: asked at the mark ? that stands before them.

    No two are equally often the most frequent, in training; typed, that is refused. A solving head
    spreads its weight evenly over all letters, and the mean of their values is the frequencies.
    Merrill et al. (2022), "Saturated Transformers are Constant-Depth Threshold Circuits", tell
    such uniform attention from the kind that chooses one position, which can't do this.
    """

    name = "majority"
    alphabet = LETTERS[:4]
    mark = "?"
    symbols = (*alphabet, mark)
    length = 16  # the mark and 15 letters
    probe = "abacabbadbaccab"

    def examples(self, count: int, rng: np.random.Generator) -> Batch:
        """Draw so many random examples, of which those with a tie, about one in five, go."""
        letters = len(self.alphabet)
        x = random_symbols((count, self.length - 1), letters, rng)
        ranked = F.one_hot(x, letters).sum(1).sort(1, descending=True)  # (B, letters)
        clear = ranked.values[:, 0] > ranked.values[:, 1]
        question = torch.full((count,), letters)
        return asked_first(question[clear], x[clear], ranked.indices[clear, 0])

    def example(self, typed: Sequence[str]) -> Example:
        """Ask at the mark for the most frequent letter.

        Raises:
            ValueError: if several are.
        """
        (letter, times), *others = Counter(typed).most_common()
        ties = [letter, *(other for other, count in others if count == times)]
        if len(ties) > 1:
            raise CodedValueError(
                "majority.tie",
                "{letters}: these occur equally often, so none occurs most; type one of them once "
                "more",
                letters=tuple(sorted(ties)),
            )
        return Example((self.mark, *typed), (letter, *[None] * len(typed)))


def asked_first(question: Tensor, x: Tensor, answers: Tensor) -> Batch:
    """Return a batch in which only the first position answers.

    Args:
        question: (B,) what stands there.
        x: (B, L - 1) what follows it.
        answers: (B,) what is right.
    """
    inputs = torch.cat([question[:, None], x], dim=1)
    targets = torch.full_like(inputs, IGNORED)
    targets[:, 0] = answers
    return Batch(inputs, targets)
