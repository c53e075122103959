"""Arrays as text: small ones as they are, large ones compressed, without loss.

The bytes of float32 numbers are sorted by their place in the number before they are compressed:
signs and exponents repeat, the other digits don't. What the page can compute again (an energy of
queries and keys) is stored as its difference from what is computed, in units of the last digit:
mostly nothing. Either side computes in the same order and in float64, so that both get the same.
"""

import base64
import zlib
from typing import Literal

import numpy as np

Codec = Literal["plain", "packed", "product"]
LEVEL = 4  # of zlib: higher ones gain a hundredth and take twice as long


def as_text(array: np.ndarray) -> str:
    """Return the bytes, little-endian, as base64."""
    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return base64.b64encode(little.data).decode("ascii")


def packed(array: np.ndarray) -> str:
    """Return the bytes by their place in the number, compressed, as base64."""
    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    planes = little.reshape(-1).view(np.uint8).reshape(-1, little.itemsize).T
    return base64.b64encode(zlib.compress(planes.tobytes(), LEVEL)).decode("ascii")


def product_difference(array: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return how far float32 numbers are from left · right, in units of the last digit.

    Args:
        array: (H, R, C) float32, without NaN.
        left: (H, R, D) float32; NaN counts as 0.
        right: (H, C, D) float32.

    Returns:
        (H, R, C) uint32, signs folded in: 0, -1, 1, -2 ... are 0, 1, 2, 3 ...
    """
    sums = np.zeros(array.shape)
    a, b = np.nan_to_num(left.astype(np.float64)), right.astype(np.float64)
    for d in range(a.shape[2]):
        sums += a[:, :, d, None] * b[:, None, :, d]
    apart = _in_order(array) - _in_order(sums.astype(np.float32))
    folded: np.ndarray = ((apart << 1) ^ (apart >> 63)).astype(np.uint32)
    return folded


def _in_order(array: np.ndarray) -> np.ndarray:
    """Whole numbers that are ordered as the float32 numbers are, neighbours one apart."""
    bits = np.ascontiguousarray(array, dtype=np.float32).view(np.int32).astype(np.int64)
    ordered: np.ndarray = np.where(bits < 0, -(2**31) - bits, bits)
    return ordered
