"""NumPy's random numbers, without NumPy."""

import math

import torch
from torch import Tensor

# %% Random numbers for the examples
# Those of NumPy's Generator(Philox(key=[seed, step])), so that each step has the page's examples.

BITS = 2**64 - 1


class Philox:
    """A stream of random numbers for a seed and a step. Salmon et al. (2011), "Parallel Random
    Numbers: As Easy as 1, 2, 3"."""

    def __init__(self, seed: int, step: int) -> None:
        self.key = (seed, step)
        self.counter = 0
        self.words: list[int] = []  # of 64 bits, from the last to the first
        self.halves: list[int] = []  # of 32 bits

    def word(self) -> int:
        """Return the next 64 bits; four at a time come of the counter, in ten rounds."""
        if not self.words:
            self.counter += 1
            a, b, c, d = self.counter, 0, 0, 0
            key, other = self.key
            for _ in range(10):
                p, q = a * 0xD2E7470EE14C6C93, c * 0xCA5A826395121157
                a, b, c, d = (q >> 64) ^ b ^ key, q & BITS, (p >> 64) ^ d ^ other, p & BITS
                key, other = key + 0x9E3779B97F4A7C15 & BITS, other + 0xBB67AE8584CAA73B & BITS
            self.words = [d, c, b, a]
        return self.words.pop()

    def half(self) -> int:
        """Return the next 32 bits: the lower half of a word, then its upper one."""
        if not self.halves:
            word = self.word()
            self.halves = [word >> 32, word & 0xFFFFFFFF]
        return self.halves.pop()

    def below(self, end: int) -> int:
        """Return a number from 0 to end - 1, each as likely as the others. Lemire (2019)."""
        product = self.half() * end
        while product & 0xFFFFFFFF < 2**32 % end:
            product = self.half() * end
        return product >> 32

    def integers(self, end: int, *shape: int) -> Tensor:
        """Return numbers from 0 to end - 1."""
        drawn = [self.below(end) for _ in range(math.prod(shape))]
        return torch.tensor(drawn).reshape(shape)

    def fractions(self, *shape: int) -> Tensor:
        """Return numbers from 0 to below 1, float64."""
        drawn = [(self.word() >> 11) / 2**53 for _ in range(math.prod(shape))]
        return torch.tensor(drawn, dtype=torch.float64).reshape(shape)
