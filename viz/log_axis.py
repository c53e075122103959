"""Logarithmic axes with few and even numbers at them."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .theme import LABEL_SIZE, Theme

MOST_TICKS = 8

Format = Callable[[float], str]  # how a number at an axis is written


def log_axis(
    theme: Theme, ends: tuple[float, float], text: Format, *, doubling: bool = False
) -> dict[str, Any]:
    """Return a logarithmic axis between two exponents of ten, with few and even numbers at it."""
    values = list(_doubled(ends) if doubling else _decades(ends))
    return {
        "type": "log",
        "range": list(ends),
        "tickmode": "array",
        "tickvals": values,
        "ticktext": [text(value) for value in values],
        "gridcolor": theme.masked,
        "zeroline": False,
        "fixedrange": True,
        "tickfont": {"size": LABEL_SIZE},
    }


def _decades(ends: tuple[float, float]) -> Iterator[float]:
    """1, 10, 100 ...; with others between them where these are few."""
    low, high = ends
    between = range(1, 10) if high - low < 0.8 else (1, 2, 5) if high - low < 3 else (1,)
    for exponent in range(math.floor(low), math.ceil(high) + 1):
        for digit in between:
            if low <= exponent + math.log10(digit) <= high:
                yield digit * 10.0**exponent


def _doubled(ends: tuple[float, float]) -> Iterator[float]:
    """Powers of two, every second one or fewer where there are many."""
    first, last = (bound / math.log10(2) for bound in ends)
    exponents = range(math.ceil(first), math.floor(last) + 1)
    step = -(-len(exponents) // MOST_TICKS) or 1
    # Counted from the right: the longest sentences matter most.
    return (2.0**exponent for exponent in reversed(exponents[::-1][::step]))


def ends_of(values: Sequence[np.ndarray], beyond: float) -> tuple[float, float]:
    """Return the exponents of ten between which an axis shows all values, with some room."""
    there = [v[np.isfinite(v) & (v > 0)] for v in values]
    numbers = np.log10(np.concatenate([*there, np.ones(0)]))
    low, high = (float(numbers.min()), float(numbers.max())) if len(numbers) else (0.0, 1.0)
    room = max(beyond * (high - low), 0.03)
    return low - room, high + room
