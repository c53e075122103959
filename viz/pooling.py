"""Fewer cells than pixels: large matrices are pooled before they are sent to a screen."""

from collections.abc import Sequence

import numpy as np

from .labels import AxisLabels


def factor(length: int, most: int) -> int:
    """Return how many neighbours share one cell, so that at most `most` cells remain."""
    return max(1, -(-length // max(1, most)))


def pool_extremes(values: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Return the value furthest from zero of each (rows, columns) block of the last two axes.

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
    pooled: np.ndarray = np.take_along_axis(flat, furthest(flat)[..., None], axis=-1)[..., 0]
    return pooled


def furthest(values: np.ndarray) -> np.ndarray:
    """Return where along the last axis the value furthest from zero is; NaN only if all are."""
    place: np.ndarray = np.where(np.isnan(values), -1.0, np.abs(values)).argmax(-1)
    return place


def pool_mask(masked: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Return (R, C) booleans, pooled: True where all of a block is masked."""
    allowed = np.where(masked, np.nan, 1.0)
    blocked: np.ndarray = np.isnan(pool_extremes(allowed, rows, columns))
    return blocked


def pool_labels(labels: AxisLabels, count: int) -> AxisLabels:
    """Return labels of pooled rows or columns: the first and last of each block that has any."""
    if count == 1:
        return labels

    def blocks(texts: Sequence[str]) -> list[list[str]]:
        starts = range(0, len(texts), count)
        return [[text for text in texts[start : start + count] if text] for start in starts]

    return AxisLabels(
        tuple(block[0] if block else "" for block in blocks(labels.short)),
        tuple(
            " … ".join(dict.fromkeys((*block[:1], *block[-1:]))) for block in blocks(labels.full)
        ),
    )
