"""Tiles to draw."""

from typing import Any

import numpy as np

from viz.labels import AxisLabels, token_labels
from viz.tiles import Tiles


def tiles_of(
    values: np.ndarray,
    *,
    rows: AxisLabels | None = None,
    columns: AxisLabels | None = None,
    diverging: bool = False,
    masked: np.ndarray | None = None,
    **how: Any,
) -> Tiles:
    count, height, width = values.shape
    return Tiles(
        values=values if masked is None else np.where(masked, np.float32("nan"), values),
        names=[f"Head {i}" for i in range(count)],
        rows=rows or token_labels([f"r{i}" for i in range(height)]),
        columns=columns or token_labels([f"c{i}" for i in range(width)]),
        row_title="query (from)",
        column_title="key (to)",
        value_title="weight",
        diverging=diverging,
        masked=masked,
        masked_text="hidden",
        **how,
    )
