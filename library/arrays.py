"""Arrays and tensors of any kind, as the NumPy arrays that pictures are made of."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

NUMBERS = "biuf"  # kinds of NumPy's types: booleans, integers, floating point


def as_array(x: Any, what: str) -> np.ndarray:
    """Return a tensor or array as float32, wherever it lies and whatever it has been part of.

    Args:
        x: a tensor of any device, precision and layout, or anything that NumPy makes an array of.
        what: its name in errors.

    Raises:
        TypeError: if it isn't made of real numbers.
        ValueError: if it has no values, as on PyTorch's device "meta".
    """
    if isinstance(x, Tensor):
        return _from_torch(x, what)
    if x is None or isinstance(x, str | bytes):
        raise TypeError(f"{what} must be a tensor or an array, got {type(x).__name__}")
    try:
        array = np.asarray(x)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(
            f"{what} must be a tensor or an array, got {type(x).__name__}, of which NumPy makes "
            f"none: {error}"
        ) from error
    if array.dtype.kind not in NUMBERS and array.dtype.name != "bfloat16":
        raise TypeError(f"{what} must be of real numbers, got the type {array.dtype}")
    return np.asarray(array, dtype=np.float32)


def _from_torch(x: Tensor, what: str) -> np.ndarray:
    if x.is_complex():
        raise TypeError(f"{what} must be of real numbers, got the type {x.dtype}")
    if x.is_meta:
        raise ValueError(
            f"{what} is on the device meta, where tensors have a shape and no values: "
            "run the model on a device that computes"
        )
    x = x.detach()
    if x.layout != torch.strided:
        x = x.to_dense()
    if x.is_quantized:
        x = x.dequantize()
    array: np.ndarray = x.to(device="cpu", dtype=torch.float32).resolve_neg().numpy()
    return array


def finite(array: np.ndarray) -> np.ndarray:
    """Return the array with NaN for what is infinite, which no scale of colours can show."""
    return array if np.isfinite(array).all() else np.where(np.isfinite(array), array, np.nan)


def of_sentence(array: np.ndarray, sentence: int, what: str) -> np.ndarray:
    """Return the (H, Q, K) weights of one sentence.

    Args:
        array: (B, H, Q, K), or (H, Q, K) or (Q, K) of the only sentence.
        sentence: which of the batch, counted from 0.
        what: its name in errors.

    Raises:
        ValueError: if the array has another shape, nothing in it, or no such sentence.
    """
    shape = tuple(array.shape)
    if not 2 <= array.ndim <= 4 or 0 in shape:
        raise ValueError(
            f"{what} must be (batch, heads, queries, keys), or without the batch, and not empty; "
            f"got the shape {shape}"
        )
    batch = shape[0] if array.ndim == 4 else 1
    check_sentence(sentence, batch)
    if array.ndim == 4:
        chosen: np.ndarray = array[sentence]
        return chosen
    return array.reshape(-1, *shape[-2:])


def check_sentence(sentence: int, batch: int) -> None:
    """Raise ValueError, or TypeError, unless a batch has that sentence."""
    if isinstance(sentence, bool) or not isinstance(sentence, int | np.integer):
        raise TypeError(f"sentence must be a whole number, got {type(sentence).__name__}")
    if not 0 <= sentence < batch:
        raise ValueError(
            f"sentence must be one of the batch's {batch}, counted from 0; got {sentence}"
        )
