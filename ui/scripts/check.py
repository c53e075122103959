"""The numbers that a page shows, as far as they are put into its code."""

import math
from typing import Any

import numpy as np

from ui.scripts.literals import Numbers

MOST_WEIGHTS, MOST_OUTPUT = 2048, 1024  # numbers: together 22,000 characters


def check_settings(weights: np.ndarray, output: np.ndarray) -> tuple[dict[str, Any], bool]:
    """Return the check's settings, and whether they hold a sample only.

    Args:
        weights: (H, Q, K) that are shown.
        output: (L, E) of the model, for the sentence that is shown.
    """
    every_weight, every_output = _every(weights, MOST_WEIGHTS), _every(output, MOST_OUTPUT)
    return {
        "WEIGHTS": Numbers(weights.ravel()[::every_weight]),
        "OUTPUT": Numbers(output.ravel()[::every_output]),
        "EVERY_WEIGHT": every_weight,
        "EVERY_OUTPUT": every_output,
    }, max(every_weight, every_output) > 1


def _every(values: np.ndarray, most: int) -> int:
    """Of how many numbers one is taken; not always from the same column."""
    every = max(1, math.ceil(values.size / most))
    while every > 1 and math.gcd(every, values.shape[-1]) > 1:
        every += 1
    return every
