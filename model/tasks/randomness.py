"""Random numbers for examples: a stream of its own for each seed and step."""

import numpy as np
import torch
from torch import Tensor

HELD_OUT_SEED = 2**64 - 1  # of the examples that accuracy is measured on: no plan's is so large


def stream(seed: int, step: int) -> np.random.Generator:
    """Return the random numbers of a seed and a step, the same each time.

    Both are the generator's key as they are, 64 bits each, and nothing of them is mixed or cut
    off: no two pairs have the same key. Source: Philox, in Salmon et al. (2011), "Parallel Random
    Numbers: As Easy as 1, 2, 3".

    Raises:
        OverflowError: if one doesn't lie between 0 and 2^64 - 1.
    """
    return np.random.Generator(np.random.Philox(key=np.array([seed, step], dtype=np.uint64)))


def random_symbols(shape: tuple[int, ...], symbols: int, rng: np.random.Generator) -> Tensor:
    """Draw ids from 0 to symbols - 1, each as likely as the others."""
    return torch.from_numpy(rng.integers(symbols, size=shape))


def random_fractions(shape: tuple[int, ...], rng: np.random.Generator) -> Tensor:
    """Draw numbers from 0 to below 1, float64."""
    return torch.from_numpy(rng.random(shape))


def random_orders(count: int, symbols: int, rng: np.random.Generator) -> Tensor:
    """Draw orders of the ids from 0 to symbols - 1, (count, symbols), each as likely as another."""
    return random_fractions((count, symbols), rng).argsort(1)
