"""Layers of attention, of any model, written as a file."""

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor

from ..errors import CodedValueError
from .layer import FIELDS

# Further names by which a layer may have its mask.
MASKS = ("mask", "allowed")


def write_trace_file(
    file: str | os.PathLike[str] | BinaryIO,
    layers: Sequence[object],
    *,
    tokens: Sequence[str] | Sequence[Sequence[str]] | None = None,
    key_tokens: Sequence[str] | Sequence[Sequence[str]] | None = None,
    names: Sequence[str] | None = None,
    config: Mapping[str, Any] | None = None,
) -> None:
    """Write layers of attention as an .npz that Headlight opens; see the package for its arrays.

    Args:
        file: a path, or an open file.
        layers: AttentionTraces, or any objects or mappings with some of their fields, weights at
            least, or queries and keys; and, if there are any, `mask` or `allowed`, `bias` and
            `divisor`. Tensors of any type and device, or arrays: (B, H, ...) or, of one sentence,
            (H, ...). Layers may have different shapes.
        tokens: of the queries, one sentence or B of them.
        key_tokens: of the keys, where these are others.
        names: of the layers, such as a module's.
        config: further facts, as JSON takes them.

    Raises:
        CodedValueError: if there is no layer, or one without weights and without queries and keys.
    """
    if not layers:
        raise CodedValueError("trace_file.no_layers", "there are no layers to write: got 0")
    arrays = layer_arrays(layers)
    told = dict(config or {})
    told["lengths"] = []  # which also says that each array has an axis of sentences
    for name, given, lengths in (
        ("tokens", tokens, "lengths"),
        ("key_tokens", key_tokens, "key_lengths"),
    ):
        if rows := _rows(given):
            arrays[name] = _padded(rows)
            told[lengths] = [len(row) for row in rows]
    if names is not None:
        arrays["names"] = np.array([str(name) for name in names], dtype=np.str_)
    divisors = [_part(layer, "divisor") for layer in layers]
    if all(each is not None for each in divisors):
        told |= {"divisors": [float(each) for each in divisors]}
    arrays["config"] = np.array(json.dumps(told, ensure_ascii=True, default=str))
    np.savez_compressed(file, allow_pickle=False, **arrays)


def layer_arrays(layers: Sequence[object], prefix: str = "") -> dict[str, np.ndarray]:
    """Return the arrays of some layers, by the names that a file has for them.

    Args:
        layers: as for write_trace_file.
        prefix: of the names, for one of several kinds of attention.

    Raises:
        CodedValueError: if a layer has neither weights nor queries and keys.
    """
    every = [_arrays(layer, number) for number, layer in enumerate(layers)]
    first = {name: array.shape for name, array in every[0].items()}
    if all({name: array.shape for name, array in each.items()} == first for each in every):
        return {
            prefix + name: np.stack([each[name] for each in every]) if len(every) > 1 else array
            for name, array in every[0].items()
        }
    return {
        f"{prefix}layer_{number}_{name}": array
        for number, each in enumerate(every)
        for name, array in each.items()
    }


def _arrays(layer: object, number: int) -> dict[str, np.ndarray]:
    """Return a layer's arrays, each with an axis of sentences."""
    arrays = {}
    for name in FIELDS:
        part = _part(layer, name)
        if part is not None:
            array = _array(part)
            arrays[name] = array if array.ndim == (3 if name == "output" else 4) else array[None]
    mask = next((m for m in (_part(layer, name) for name in MASKS) if m is not None), None)
    for name, part in (("mask", mask), ("bias", _part(layer, "bias"))):
        if part is not None:
            array = _array(part)
            arrays[name] = array.reshape((1,) * (4 - array.ndim) + array.shape)
    if "weights" not in arrays and not {"queries", "keys"} <= arrays.keys():
        raise CodedValueError(
            "trace_file.layer_without",
            "layer {layer} has neither weights nor queries and keys to write",
            layer=number,
        )
    return arrays


def _part(layer: object, name: str) -> Any:
    return layer.get(name) if isinstance(layer, Mapping) else getattr(layer, name, None)


def _array(values: Tensor | np.ndarray | Sequence[Any]) -> np.ndarray:
    """Return numbers as float32 (booleans as they are), wherever and of whatever type they are."""
    if isinstance(values, Tensor):
        tensor = values.detach()
        return (tensor if tensor.dtype == torch.bool else tensor.float()).cpu().numpy()
    array = np.asarray(values)
    return array if array.dtype.kind == "b" else array.astype(np.float32)


def _rows(tokens: Sequence[str] | Sequence[Sequence[str]] | None) -> list[list[str]]:
    """Return tokens as rows of texts, whether they are of one sentence or of several."""
    given = list(tokens) if tokens is not None else []
    if all(isinstance(token, str) for token in given):
        return [[str(token) for token in given]] if given else []
    return [[str(token) for token in row] for row in given]


def _padded(rows: list[list[str]]) -> np.ndarray:
    """Return rows of tokens as one array, (B, L), short ones filled up with empty texts."""
    longest = max(map(len, rows))
    return np.array([row + [""] * (longest - len(row)) for row in rows], dtype=np.str_)
