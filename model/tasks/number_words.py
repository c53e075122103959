"""Number words to digits: a translation, and so an encoder, a decoder and cross-attention."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from ..errors import CodedValueError
from ..seeded import PADDING
from .base import IGNORED, Batch, Example, Task, TaskKind
from .randomness import HELD_OUT_SEED, stream
from .sequences import DIGITS

LARGEST = 9999
ONES = (
    *("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
    "nineteen",
)
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
WORDS = (*ONES, *TENS, "hundred", "thousand", "and")


def words_of(number: int) -> tuple[str, ...]:
    """Return the words of a number from 1 to 9999, with "and" before its last two digits."""
    thousands, hundreds, rest = number // 1000, number // 100 % 10, number % 100
    words = [ONES[thousands - 1], "thousand"] if thousands else []
    if hundreds:
        words += [ONES[hundreds - 1], "hundred"]
    if words and rest:
        words.append("and")
    if rest >= 20:
        words.append(TENS[rest // 10 - 2])
        rest %= 10
    if rest:
        words.append(ONES[rest - 1])
    return tuple(words)


class Numbers(Task):
    """The digits of a number in words: "four hundred and seven" is 4 0 7, and then the end.

    A solving head of the cross-attention attends from each digit to the word that it comes from;
    a nought comes from no word, and follows from where the others belong. Such alignments of two
    languages are what Bahdanau et al. (2015), "Neural Machine Translation by Jointly Learning to
    Align and Translate", section 5.2.1, show of their attention.
    """

    name = "numbers"
    kind: TaskKind = "encoder-decoder"
    alphabet = WORDS
    start, end = "[START]", "[END]"
    symbols = (*WORDS, *DIGITS, start, end, PADDING)
    length = 7  # nine thousand nine hundred and ninety nine
    one_length = False
    probe = "four hundred and seven"

    def draw(self, count: int, rng: np.random.Generator) -> Batch:
        """Draw so many random examples to train on; equal generators draw equal ones."""
        return _batch(count, rng, held_out=False)

    def held_out(self, count: int) -> Batch:
        """Return some of every eleventh number from 104, which are never drawn.

        They have all words and digits in all their places. All others are drawn in training, those
        below 100 too, of which none is like another.
        """
        return _batch(count, stream(HELD_OUT_SEED, 0), held_out=True)

    def example(self, typed: Sequence[str]) -> Example:
        """Read the number's words, with an "and" where it belongs, and ask for its digits.

        Raises:
            ValueError: if these are the words of no number.
        """
        number = _numbers().get(tuple(typed))
        if number is None:
            raise CodedValueError(
                "numbers.none",
                "{typed!r} is no number from 1 to {most}; write it as in {example!r}, or as 407",
                typed=" ".join(typed),
                most=LARGEST,
                example=self.probe,
            )
        digits = tuple(str(number))
        return Example((self.start, *digits), (*digits, self.end), words_of(number))

    def split(self, text: str) -> tuple[str, ...]:
        """Split a text into its words, or the number that its digits are.

        Raises:
            ValueError: if there is none, or one that isn't in the name of a number; names it.
        """
        compact = text.replace(",", "").strip()
        if compact.isascii() and compact.isdecimal():
            number = compact.lstrip("0") or "0"
            if not (len(number) <= len(str(LARGEST)) and 1 <= int(number) <= LARGEST):
                raise CodedValueError(
                    "numbers.out_of_range",
                    "the model knows the numbers from 1 to {most}, and {number} is none of them; "
                    "type another",
                    most=LARGEST,
                    number=number[:20],
                )
            return words_of(int(number))
        words = text.lower().replace("-", " ").replace(",", " ").split()
        strange = dict.fromkeys(word for word in words if word not in WORDS)
        if strange:
            raise CodedValueError(
                "numbers.unknown_word",
                "{words}: not in the name of a number from 1 to {most}; write it as in "
                "{example!r}, or as 407",
                words=tuple(map(repr, list(strange)[:5])),
                most=LARGEST,
                example=self.probe,
            )
        return self.checked(words)


ID = {symbol: i for i, symbol in enumerate(Numbers.symbols)}


def _batch(count: int, rng: np.random.Generator, *, held_out: bool) -> Batch:
    """Draw random numbers."""
    row = rng.choice(LARGEST, size=count, p=_likelihoods(held_out=held_out))
    source, inputs, targets = (table[torch.from_numpy(row)] for table in _tables())
    return Batch(inputs, targets, source, (source != ID[PADDING])[:, None, None, :])


@lru_cache(maxsize=2)
def _likelihoods(*, held_out: bool) -> np.ndarray:
    """Return how likely each number from 1 is, (LARGEST,): equally for one digit, two, or more."""
    number = np.arange(1, LARGEST + 1)
    chosen = ((number >= 100) & (number % 11 == 5)) == held_out
    weights = np.zeros(LARGEST)
    for low in (1, 10, 100, 1000):
        same = chosen & (low <= number) & (number < 10 * low)  # as many digits
        if same.any():
            weights[same] = 1 / same.sum()
    weights /= weights.sum()
    return weights


@lru_cache(maxsize=1)
def _tables() -> tuple[Tensor, Tensor, Tensor]:
    """Return what is read and answered for each number, (LARGEST, S) and twice (LARGEST, T)."""
    digits = len(str(LARGEST))
    source, inputs, targets = [], [], []
    for number in range(1, LARGEST + 1):
        words = [ID[word] for word in words_of(number)]
        answer = [*(ID[digit] for digit in str(number)), ID[Numbers.end]]
        rest = digits + 1 - len(answer)
        source.append([*words, *[ID[PADDING]] * (Numbers.length - len(words))])
        inputs.append([ID[Numbers.start], *answer[:-1], *[ID[PADDING]] * rest])
        targets.append([*answer, *[IGNORED] * rest])
    return torch.tensor(source), torch.tensor(inputs), torch.tensor(targets)


@lru_cache(maxsize=1)
def _numbers() -> dict[tuple[str, ...], int]:
    """Each number by its words, with "and" or without it."""
    named = {words_of(number): number for number in range(1, LARGEST + 1)}
    return named | {tuple(w for w in words if w != "and"): named[words] for words in named}
