"""From a file's arrays, of whatever shape, to one set of arrays a layer."""

from collections.abc import Callable, Mapping

import numpy as np

from ..errors import CodedText, CodedValueError
from .archive import shape_text, short
from .names import Place

Arrays = dict[str, np.ndarray]
# How many axes a field has for one sentence of one layer; masks and biases broadcast, see _spread.
AXES = {
    "queries": 3,
    "keys": 3,
    "values": 3,
    "energy": 3,
    "scores": 3,
    "weights": 3,
    "head_outputs": 3,
    "output": 2,
}


def arrange(
    places: Mapping[Place, str],
    read: Callable[[str], np.ndarray],
    *,
    is_ours: bool,
    sentences: int | None,
    names: int | None,
    notices: list[CodedText],
) -> list[tuple[Arrays, dict[str, str]]]:
    """Return each layer's arrays, with axes (B, H, ...), and what the file calls each of them.

    Args:
        places: of one kind of attention, and the arrays' names.
        read: returns the array of a name.
        is_ours: whether Headlight wrote the file, so that its axes are known.
        sentences: how many there are tokens of, if they are in rows.
        names: how many layers have a name, if any.
        notices: are added to where the file leaves something open.

    Raises:
        CodedValueError: if the arrays don't fit together.
    """
    stacked = {place.field: name for place, name in places.items() if place.layer is None}
    single: dict[int, dict[str, str]] = {}
    for place, name in places.items():
        if place.layer is not None:
            single.setdefault(place.layer, {})[place.field] = name
    arrays = {field: read(name) for field, name in stacked.items()}
    main = next((field for field in ("weights", "queries") if field in arrays), None)
    if main is None and (others := [stacked[field] for field in arrays if field in AXES]):
        raise CodedValueError(
            "trace_file.no_main",
            "the file has {name}, but neither weights nor queries of the same layers",
            name=short(others[0]),
        )
    count = _count_layers(single, has_all=main is not None)
    if main is not None:
        axes = arrays[main].ndim - AXES[main]
        has_layers = axes == 2 or (
            axes == 1 and _is_of_layers(arrays[main], stacked[main], is_ours, sentences, names)
        )
        if axes == 1 and arrays[main].shape[0] > 1 and not is_ours:
            notices.append(_how_read(stacked[main], arrays[main].shape, has_layers))
        arrays = {
            field: array if field in ("mask", "bias") else _lift(array, field, axes, has_layers)
            for field, array in _checked(arrays, stacked, axes).items()
        }
        count = len(arrays[main])
        for field in arrays.keys() & AXES.keys():
            if len(arrays[field]) != count:
                raise CodedValueError(
                    "trace_file.layers",
                    "{name} is of {got} layers, and {other} of {count}",
                    name=short(stacked[field]),
                    got=len(arrays[field]),
                    other=short(stacked[main]),
                    count=count,
                )
    layers = []
    for layer in range(count):
        called = stacked | single.get(layer, {})
        own = {field: _own(array, field, layer, count) for field, array in arrays.items()}
        for field, name in single.get(layer, {}).items():
            own[field] = _lift_single(read(name), field, name)
        layers.append((own, called))
    return layers


def _count_layers(single: Mapping[int, object], *, has_all: bool) -> int:
    """Return how many layers have arrays of their own."""
    missing = [layer for layer in range(len(single)) if layer not in single]
    if missing and not has_all:
        raise CodedValueError(
            "trace_file.missing_layer",
            "the file has arrays of {count} layers, but none of layer {layer}: layers are "
            "numbered from 0",
            count=len(single),
            layer=missing[0],
        )
    return 0 if has_all else len(single)


def _is_of_layers(
    array: np.ndarray, name: str, is_ours: bool, sentences: int | None, names: int | None
) -> bool:
    """Whether the one axis before heads is of layers, and not of sentences."""
    if is_ours:  # there each layer has an axis of sentences
        return False
    if names is not None and names > 1 and names == len(array):
        return True
    return sentences is None or sentences == 1


def _how_read(name: str, shape: tuple[int, ...], has_layers: bool) -> CodedText:
    if has_layers:
        return CodedText(
            "trace_file.read_as_layers",
            "The first axis of {name}, {shape}, is read as layers, for there are tokens of one "
            "sentence at most",
            name=short(name),
            shape=shape_text(shape),
        )
    return CodedText(
        "trace_file.read_as_sentences",
        "The first axis of {name}, {shape}, is read as sentences, for there are tokens of several",
        name=short(name),
        shape=shape_text(shape),
    )


def _checked(arrays: Arrays, called: Mapping[str, str], axes: int) -> Arrays:
    """Return the arrays, all of which must have as many axes before those of one sentence."""
    for field, array in arrays.items():
        if field in ("mask", "bias"):
            continue
        expected = AXES[field] + axes
        if not 2 <= expected <= 5 or array.ndim != expected:
            raise CodedValueError(
                "trace_file.axes",
                "{name} has the shape {shape}, and must have {expected} axes: ([layers,] "
                "[sentences,] heads, queries, keys) of weights, and alike for the others",
                name=short(called[field]),
                shape=shape_text(array.shape),
                expected=min(5, max(2, expected)),
            )
    return arrays


def _lift(array: np.ndarray, field: str, axes: int, has_layers: bool) -> np.ndarray:
    """Return an array with axes of layers and of sentences, (L, B, ...)."""
    if axes == -1:  # one head
        return array[None, None, None] if AXES[field] == 3 else array[None, None]
    if axes == 0:
        return array[None, None]
    if axes == 1:
        return array[:, None] if has_layers else array[None]
    return array


def _lift_single(array: np.ndarray, field: str, name: str) -> np.ndarray:
    """Return an array of one layer with an axis of sentences, (B, ...)."""
    if field in ("mask", "bias"):
        return array
    axes = array.ndim - AXES[field]
    if axes not in (0, 1):
        raise CodedValueError(
            "trace_file.axes_of_layer",
            "{name} has the shape {shape}, and must have {expected} axes: ([sentences,] heads, "
            "queries, keys) of weights, and alike for the others",
            name=short(name),
            shape=shape_text(array.shape),
            expected=AXES[field] + 1,
        )
    return array if axes else array[None]


def _own(array: np.ndarray, field: str, layer: int, count: int) -> np.ndarray:
    """Return what a layer has of an array of all layers."""
    if field in ("mask", "bias"):
        # Of five axes the first is of layers; fewer may hold for all of them: see spread.
        is_of_layers = array.ndim == 5 and len(array) == count
        return np.asarray(array[layer]) if is_of_layers else array
    return np.asarray(array[layer])


def spread(
    array: np.ndarray, shape: tuple[int, int, int, int], layer: int, count: int, name: str
) -> np.ndarray:
    """Return a layer's mask or bias such that it broadcasts to (B, H, Q, K).

    Of three axes the first may be of heads, sentences or layers, of two it is of queries, or of
    sentences, which is what transformers' attention_mask is: what fits first is meant.

    Raises:
        CodedValueError: if nothing fits.
    """
    batch, _heads, _queries, keys = shape
    found = [array]
    if array.ndim in (3, 4) and len(array) == count and count > 1:
        found.append(array[layer])
    if array.ndim == 3 and len(array) == batch:
        found.append(array[:, None])
    if array.shape == (batch, keys):
        found.append(array[:, None, None, :])
    for each in found:
        try:
            if np.broadcast_shapes(each.shape, shape) == shape:
                return each
        except ValueError:
            continue
    raise CodedValueError(
        "trace_file.mask_shape",
        "{name} has the shape {got}, and must fit (sentences, heads, queries, keys) = {shape}",
        name=short(name),
        got=shape_text(array.shape),
        shape=shape_text(shape),
    )
