"""A layer's steps: checked against each other, and computed where others say what they are."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..attention import attend, repeat_kv
from ..errors import CodedValueError
from .archive import shape_text, short
from .arrange import Arrays, spread

MASKED = -1e4  # what is added to a score at most where a key may not be attended to


@dataclass(frozen=True)
class Steps:
    """A layer's tensors by their fields, and what else follows from the arrays."""

    fields: Mapping[str, Tensor]  # of FIELDS those that are known
    allowed: Tensor | None
    bias: Tensor | None
    divisor: float | None
    is_divisor_assumed: bool
    kv_heads: int
    computed: frozenset[str]


def complete(
    arrays: Arrays,
    called: Mapping[str, str],
    *,
    layer: int,
    count: int,
    divisor: float | None,
    take: Callable[[int], None],
) -> Steps:
    """Return a layer's steps, computed by `attend` where the file has only what they follow from.

    Args:
        arrays: of one layer, (B, H, ...).
        called: what the file calls them.
        layer: its number, and of how many.
        count: see layer.
        divisor: of the energies, if the file says it; else the root of D is taken.
        take: is told how many bytes will be computed, and raises if they are too many.

    Raises:
        CodedValueError: if the arrays don't fit together.
    """
    if "weights" not in arrays and not ("queries" in arrays and "keys" in arrays):
        raise CodedValueError(
            "trace_file.no_weights",
            "the file has no attention in it: expected an array called weights, or queries and "
            "keys (q and k); it has {names}",
            names=tuple(short(name) for name in list(called.values())[:8]),
        )
    tensors = {name: _tensor(array) for name, array in arrays.items() if name not in _BETWEEN}
    shape, kv_heads = _check(tensors, called)
    for name in ("keys", "values"):
        if name in tensors:
            tensors[name] = repeat_kv(tensors[name], shape[1])
    allowed, bias = _mask_and_bias(arrays, called, shape, layer, count)
    if allowed is None and "scores" in tensors and torch.isneginf(tensors["scores"]).any():
        allowed = ~torch.isneginf(tensors["scores"])
    has_both = "queries" in tensors and "keys" in tensors
    if divisor is None and bias is None:
        divisor = _divisor_between(tensors)
    assumed = has_both and divisor is None
    if has_both and divisor is None:
        divisor = math.sqrt(tensors["queries"].shape[-1])
    computed = _compute(tensors, shape, divisor, bias, allowed, take) if has_both else frozenset()
    return Steps(tensors, allowed, bias, divisor, assumed, kv_heads, computed)


_BETWEEN = ("mask", "bias")


def _compute(
    tensors: dict[str, Tensor],
    shape: tuple[int, int, int, int],
    divisor: float | None,
    bias: Tensor | None,
    allowed: Tensor | None,
    take: Callable[[int], None],
) -> frozenset[str]:
    """Add the steps that queries, keys and values lead to; return which were missing."""
    results = ["energy", "scores", "weights"] + ["head_outputs"] * ("values" in tensors)
    missing = frozenset(results) - tensors.keys()
    if not missing:
        return missing
    assert divisor is not None  # there are queries and keys
    take(4 * 3 * math.prod(shape))
    q, k = tensors["queries"], tensors["keys"]
    v = tensors.get("values", k[..., :0])
    steps = attend(q, k, v, divisor=divisor, bias=bias, allowed=allowed)
    for name in missing:
        tensors[name] = getattr(steps, name)
    return missing


def _divisor_between(tensors: Mapping[str, Tensor]) -> float | None:
    """Return what leads from energies to scores; None if either isn't there, or more than that."""
    if "energy" not in tensors or "scores" not in tensors:
        return None
    energy, scores = tensors["energy"].flatten(), tensors["scores"].flatten()
    tells = torch.isfinite(energy) & torch.isfinite(scores) & (scores.abs() > 1e-3)
    ratios = (energy[tells] / scores[tells]).double()
    if not len(ratios):
        return None
    middle = ratios.median().item()
    if middle <= 0 or (ratios - middle).abs().max().item() > 1e-3 * middle:
        return None
    if "queries" in tensors:
        root = math.sqrt(tensors["queries"].shape[-1])
        return root if abs(root - middle) < 1e-4 * root else middle
    return middle


def _tensor(array: np.ndarray) -> Tensor:
    """Return numbers as float32, those that aren't finite as NaN but for -inf."""
    with np.errstate(over="ignore"):  # larger than float32 can hold: infinite
        tensor = torch.from_numpy(np.array(array, dtype=np.float32, order="C"))
    return tensor.masked_fill_(torch.isposinf(tensor), torch.nan)


def _check(
    tensors: Mapping[str, Tensor], called: Mapping[str, str]
) -> tuple[tuple[int, int, int, int], int]:
    """Return (B, H, Q, K) and the number of key heads, if all fields fit together."""
    main = "weights" if "weights" in tensors else "queries"
    batch, heads, queries = tensors[main].shape[:3]
    keys = tensors["weights"].shape[3] if main == "weights" else tensors["keys"].shape[2]
    size = tensors["queries"].shape[-1] if "queries" in tensors else None
    value_size = tensors["values"].shape[-1] if "values" in tensors else None
    between = (batch, heads, queries, keys)
    expected: dict[str, tuple[int | None, ...]] = {
        "queries": (batch, heads, queries, None),
        "keys": (batch, None, keys, size),
        "values": (batch, None, keys, None),
        "energy": between,
        "scores": between,
        "weights": between,
        "head_outputs": (batch, heads, queries, value_size),
        "output": (batch, queries, None),
    }
    for name, tensor in tensors.items():
        fits = len(expected[name]) == tensor.dim() and all(
            wanted in (None, got) for wanted, got in zip(expected[name], tensor.shape, strict=True)
        )
        if name in ("keys", "values") and fits:
            fits = heads % tensor.shape[1] == 0
        if not fits:
            raise CodedValueError(
                "trace_file.shapes",
                "{name} of a layer has the shape {got}, which doesn't fit that of {other}, {shape}",
                name=short(called[name]),
                got=shape_text(tuple(tensor.shape)),
                other=short(called[main]),
                shape=shape_text(tuple(tensors[main].shape)),
            )
    kv_heads = tensors["keys"].shape[1] if "keys" in tensors else heads
    return between, kv_heads


def _mask_and_bias(
    arrays: Arrays,
    called: Mapping[str, str],
    shape: tuple[int, int, int, int],
    layer: int,
    count: int,
) -> tuple[Tensor | None, Tensor | None]:
    """Return which keys may be attended to, and what is added to the scores, if anything.

    A mask with negative numbers is one that is added: it has both in it.
    """
    bias = None
    if "bias" in arrays:
        bias = _tensor(spread(arrays["bias"], shape, layer, count, called["bias"]))
    if "mask" not in arrays:
        return None, bias
    mask = spread(arrays["mask"], shape, layer, count, called["mask"])
    if mask.dtype.kind != "f" or not (mask < 0).any():
        return torch.from_numpy(mask != 0), bias
    allowed = torch.from_numpy(mask > MASKED)
    added = _tensor(mask).masked_fill(~allowed, 0.0)
    if added.any():
        bias = added if bias is None else bias + added
    return allowed, bias
