"""The task of number words, as model.tasks.number_words has it."""

import torch
from torch import Tensor

from ui.scripts.parts.philox import Philox
from ui.scripts.parts.training_settings import SEED, SYMBOLS

# %% The task
# Read a number in words, and write its digits: four hundred and seven is 4 0 7, and then [END].
# Examples are ids of symbols, and the answers that are right; IGNORED where nothing is asked.

IGNORED = -100
LARGEST = 9999
ID = {symbol: i for i, symbol in enumerate(SYMBOLS)}
PADDING = ID["[PAD]"]


def words_of(number: int) -> list[str]:
    """Return the words of a number from 1 to 9999."""
    ones, tens = SYMBOLS[:19], SYMBOLS[19:27]  # one to nineteen, twenty to ninety
    thousands, hundreds, rest = number // 1000, number // 100 % 10, number % 100
    words = [ones[thousands - 1], "thousand"] if thousands else []
    words += [ones[hundreds - 1], "hundred"] if hundreds else []
    words += ["and"] if words and rest else []
    if rest >= 20:
        words.append(tens[rest // 10 - 2])
        rest %= 10
    return words + ([ones[rest - 1]] if rest else [])


def padded(rows: list[list[int]], length: int, padding: int) -> Tensor:
    """Return rows as one tensor, (B, L)."""
    return torch.tensor([row + [padding] * (length - len(row)) for row in rows])


ANSWERS = [[*(ID[digit] for digit in str(n)), ID["[END]"]] for n in range(1, LARGEST + 1)]
SOURCES = padded([[ID[w] for w in words_of(n)] for n in range(1, LARGEST + 1)], 7, PADDING)
INPUTS = padded([[ID["[START]"], *answer[:-1]] for answer in ANSWERS], 5, PADDING)
TARGETS = padded(ANSWERS, 5, IGNORED)


def draw(count: int, random: Philox, *, held_out: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Return sources, (B, S), what is written after them, (B, T), and what comes next, (B, T).

    Numbers of one digit, of two, of three and of four are as likely; every eleventh from 104 is
    held out.
    """
    number = torch.arange(1, LARGEST + 1)
    chosen = ((number >= 100) & (number % 11 == 5)) == held_out
    likely = torch.zeros(LARGEST, dtype=torch.float64)
    for low in (1, 10, 100, 1000):
        same = chosen & (low <= number) & (number < 10 * low)
        if same.any():
            likely[same] = 1 / int(same.sum())
    upto = likely.cumsum(0)
    rows = torch.searchsorted(upto / upto[-1], random.fractions(count), right=True)
    return SOURCES[rows], INPUTS[rows], TARGETS[rows]


def training_examples(count: int, step: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return the examples of a step."""
    return draw(count, Philox(SEED, step), held_out=False)


def test_examples(count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return examples that are never trained on."""
    return draw(count, Philox(2**64 - 1, 0), held_out=True)
