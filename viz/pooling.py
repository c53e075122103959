"""Fewer cells than pixels: large matrices are pooled before they are sent to a screen."""

import numpy as np

from viz.labels import AxisLabels


def factor(length: int, most: int) -> int:
    """How many neighbours share one cell, so that at most `most` cells remain."""
    return max(1, -(-length // max(1, most)))


def pool_extremes(values: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """The value furthest from zero of each (rows, columns) block of the last two axes.

    The extreme, and not the mean, because one strong weight among weak ones is what people look
    for. NaN (masked) cells count only where a whole block is masked.

    Args:
        values: (..., R, C).
        rows, columns: the size of a block; the last block may be smaller.

    Returns:
        (..., ceil(R / rows), ceil(C / columns)), of the same type.
    """
    if rows == columns == 1:
        return values
    *lead, height, width = values.shape
    down, across = -height % rows, -width % columns
    padding = [(0, 0)] * len(lead) + [(0, down), (0, across)]
    padded = np.pad(values, padding, constant_values=np.nan)
    blocks = padded.reshape(
        *lead, (height + down) // rows, rows, (width + across) // columns, columns
    )
    blocks = np.moveaxis(blocks, -3, -2)  # (..., R', C', rows, columns)
    flat = blocks.reshape(*blocks.shape[:-2], rows * columns)
    size = np.where(np.isnan(flat), -1.0, np.abs(flat))
    furthest = size.argmax(-1)[..., None]
    pooled: np.ndarray = np.take_along_axis(flat, furthest, axis=-1)[..., 0]
    return pooled


def pool_mask(masked: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """(R, C) booleans, pooled: True where all of a block is masked."""
    allowed = np.where(masked, np.nan, 1.0)
    blocked: np.ndarray = np.isnan(pool_extremes(allowed, rows, columns))
    return blocked


def pool_labels(labels: AxisLabels, count: int) -> AxisLabels:
    """Labels of pooled rows or columns: the first and the last of each block."""
    if count == 1:
        return labels
    starts = range(0, len(labels), count)
    ends = [min(start + count, len(labels)) - 1 for start in starts]
    return AxisLabels(
        tuple(labels.short[start] for start in starts),
        tuple(
            labels.full[start] if start == end else f"{labels.full[start]} … {labels.full[end]}"
            for start, end in zip(starts, ends, strict=True)
        ),
    )
