"""What a page of limited size holds: stages are left out first, then weights are pooled."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..labels import AxisLabels
from ..pooling import factor, pool_extremes, pool_labels, pool_mask
from .content import Attention, Content, Layer
from .figures import Sides, shown_weights

PER_NUMBER = 4.5  # bytes of a number as text, compressed, about ...
PER_COMPUTED = 0.4  # ... and of one that is computed again
MOST_TILES = 64  # heads in one picture: more of them can't be told apart
_FINEST = 512  # cells of a side, at most, where weights have to be pooled


@dataclass(frozen=True)
class Fitted:
    """Attentions that fit, and what had to be done."""

    attentions: tuple[Attention, ...]
    sides: tuple[Sides, ...]
    bytes: float  # of their numbers as text, about
    is_stripped: bool = False  # of all stages but the weights
    block: tuple[int, int] = (1, 1)  # weights that one stands for

    @property
    def is_pooled(self) -> bool:
        """Whether cells stand for more than one weight."""
        return self.block != (1, 1)


def fit(content: Content, room: float) -> Fitted:
    """Return what of a content's attentions has room in so many bytes, about."""
    attentions = tuple(_split(each) for each in content.attentions)
    sides = tuple(Sides(each, content.words) for each in attentions)
    size = sum(_size(layer) for each in attentions for layer in each.layers)
    if size <= room:
        return Fitted(attentions, sides, size)
    is_stripped = any(_has_stages(layer) for each in attentions for layer in each.layers)
    attentions = tuple(replace(each, layers=_stripped(each.layers)) for each in attentions)
    most, size = _cells_of_a_side(attentions, room)
    if most is None:
        return Fitted(attentions, sides, size, is_stripped)
    pooled = [_pooled(each, side, most) for each, side in zip(attentions, sides, strict=True)]
    block = max((block for _attention, _sides, block in pooled), key=lambda each: each[0] * each[1])
    return Fitted(
        tuple(attention for attention, _sides, _block in pooled),
        tuple(side for _attention, side, _block in pooled),
        size,
        is_stripped,
        block,
    )


def _split(attention: Attention) -> Attention:
    """The attention with layers of many heads in parts."""
    if all(layer.heads <= MOST_TILES for layer in attention.layers):
        return attention
    layers: list[Layer] = []
    for number, layer in enumerate(attention.layers):
        for start in range(0, layer.heads, MOST_TILES):
            part = slice(start, start + MOST_TILES)
            last = min(layer.heads, start + MOST_TILES) - 1
            per_head = ("weights", "energy", "scores", "queries", "keys", "values", "head_outputs")
            arrays = {name: getattr(layer, name) for name in (*per_head, "shown_weights")}
            cut = {name: array[part] for name, array in arrays.items() if array is not None}
            name = f"{layer.name or number}: {start}–{last}"
            layers.append(replace(layer, **cut, name=name, first_head=start))
    return replace(attention, layers=layers)


def _has_stages(layer: Layer) -> bool:
    return any(array is not None for array in (layer.energy, layer.scores, layer.values))


def _size(layer: Layer) -> float:
    """Bytes of a layer's text, at most."""

    def numbers(*names: str) -> int:
        return sum(0 if (array := getattr(layer, name)) is None else array.size for name in names)

    stored = numbers("weights", "shown_weights", "queries", "keys", "values", "output")
    computed = numbers("energy", "head_outputs")
    if layer.queries is None:
        stored, computed = stored + computed, 0
    return PER_NUMBER * stored + PER_COMPUTED * computed


def _stripped(layers: Sequence[Layer]) -> list[Layer]:
    """The layers with nothing but the weights."""
    return [
        Layer(
            weights=weights,
            allowed=allowed,
            shown_weights=None,
            name=layer.name,
            first_head=layer.first_head,
        )
        for layer in layers
        for weights, allowed in [_shown(layer)]
    ]


def _shown(layer: Layer) -> tuple[np.ndarray, np.ndarray | None]:
    if layer.shown_weights is not None:
        return layer.shown_weights, layer.shown_allowed
    return layer.weights, layer.allowed


def _cells_of_a_side(attentions: Sequence[Attention], room: float) -> tuple[int | None, float]:
    """How many cells a side may have, so that all weights fit (None where all do); their size."""
    shapes = [layer.weights.shape for each in attentions for layer in each.layers]

    def size(most: int) -> float:
        cells = sum(heads * min(rows, most) * min(columns, most) for heads, rows, columns in shapes)
        return float(PER_NUMBER * cells)

    longest = max(max(shape[1:]) for shape in shapes)
    if size(longest) <= room:
        return None, size(longest)
    most = min(longest, _FINEST)
    while most > 1 and size(most) > room:
        most -= 1
    return most, size(most)


def _pooled(
    attention: Attention, sides: Sides, most: int
) -> tuple[Attention, Sides, tuple[int, int]]:
    """The attention with at most so many cells a side."""
    rows, columns = attention.layers[0].weights.shape[1:]
    block = factor(rows, most), factor(columns, most)
    layers = []
    for layer in attention.layers:
        weights, allowed = shown_weights(layer)
        hidden = None if allowed is None else pool_mask(~allowed, *block)
        pooled = pool_extremes(weights, *block)
        layers.append(replace(layer, weights=pooled, allowed=None if hidden is None else ~hidden))
    queries = pool_labels(sides.shown_queries, block[0])
    keys = pool_labels(sides.shown_keys, block[1])
    fewer = replace(
        attention,
        layers=layers,
        queries=queries.short,
        keys=keys.short,
        query_labels=queries,
        key_labels=keys,
        shown_queries=None,
        shown_keys=None,
    )
    return fewer, _Given(queries, keys), block


class _Given(Sides):
    """Labels that are there already."""

    def __init__(self, queries: AxisLabels, keys: AxisLabels) -> None:
        self.queries = self.shown_queries = queries
        self.keys = self.shown_keys = keys
