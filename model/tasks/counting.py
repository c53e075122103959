"""Tasks of counting, which attention does by spreading its weight evenly."""

from collections import Counter
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from model.tasks.base import IGNORED, Batch, Example, Task, random_symbols
from model.tasks.sequences import LETTERS


class Histogram(Task):
    """How often each position's letter occurs in the whole sequence.

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

    def draw(self, count: int, generator: torch.Generator) -> Batch:
        """So many random examples of 3 to 8 letters, or large numbers would hardly be seen.

        Equal generators draw equal ones.
        """
        letters = len(self.alphabet)
        shuffled = torch.rand(count, letters, generator=generator).argsort(1)
        different = 3 + random_symbols((count, 1), letters - 2, generator)
        chances = torch.rand(count, self.length, generator=generator)
        x = shuffled.gather(1, (chances * different).long())
        times = (x[:, :, None] == x[:, None, :]).sum(-1)  # (B, L)
        return Batch(x, letters - 1 + times)

    def example(self, typed: Sequence[str]) -> Example:
        """How often each letter was typed.

        Raises:
            ValueError: if one occurs more often than any can in training.
        """
        counts = [list(typed).count(letter) for letter in typed]
        if max(counts) > self.length:
            letter = typed[counts.index(max(counts))]
            raise ValueError(
                f"{letter!r} occurs {max(counts)} times, and the model has numbers up to "
                f"{self.length}; type it less often"
            )
        return Example(tuple(typed), tuple(map(str, counts)))


class Majority(Task):
    """Which letter occurs most often: asked at the mark ? that stands before them.

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

    def draw(self, count: int, generator: torch.Generator) -> Batch:
        """So many random examples; equal generators draw equal ones."""
        letters = len(self.alphabet)
        x = torch.empty(0, self.length - 1, dtype=torch.long)
        most = torch.empty(0, dtype=torch.long)
        while len(x) < count:  # about one in five has a tie, and is left out
            more = random_symbols((count, self.length - 1), letters, generator)
            ranked = F.one_hot(more, letters).sum(1).sort(1, descending=True)  # (B, letters)
            clear = ranked.values[:, 0] > ranked.values[:, 1]
            x = torch.cat([x, more[clear]])
            most = torch.cat([most, ranked.indices[clear, 0]])
        return asked_first(torch.full((count,), letters), x[:count], most[:count])

    def example(self, typed: Sequence[str]) -> Example:
        """The most frequent letter, at the mark.

        Raises:
            ValueError: if several are.
        """
        (letter, times), *others = Counter(typed).most_common()
        ties = [letter, *(other for other, count in others if count == times)]
        if len(ties) > 1:
            raise ValueError(
                f"{' and '.join(sorted(ties))} occur equally often, so none occurs most; "
                "type one of them once more"
            )
        return Example((self.mark, *typed), (letter, *[None] * len(typed)))


def asked_first(question: Tensor, x: Tensor, answers: Tensor) -> Batch:
    """A batch in which only the first position answers.

    Args:
        question: (B,) what stands there.
        x: (B, L - 1) what follows it.
        answers: (B,) what is right.
    """
    inputs = torch.cat([question[:, None], x], dim=1)
    targets = torch.full_like(inputs, IGNORED)
    targets[:, 0] = answers
    return Batch(inputs, targets)
