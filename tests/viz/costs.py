"""Costs to draw, of a round number of tokens."""

from typing import Any

import numpy as np

from viz.cost import Cost

LENGTHS = 2 ** np.arange(6, 12)  # 64 to 2048


def cost_of(factor: float = 1.0, crossover: float | None = 512, **how: Any) -> Cost:
    given = {
        "name": f"embedding {256 * factor:.0f}",
        "tokens": LENGTHS,
        "attention": LENGTHS**2 * factor,
        "feed_forward": LENGTHS * 512 * factor,
        "seconds": LENGTHS * 1e-5 * factor,
        "peak_bytes": LENGTHS * 1e4 * factor,
        "measured_tokens": LENGTHS[:2],
        "measured_seconds": np.array([1e-3, np.nan]),
        "measured_bytes": np.array([6e5, np.nan]),
        "crossover": crossover,
        "crossover_label": f"equal at {crossover} tokens",
        **how,
    }
    return Cost(**given)
