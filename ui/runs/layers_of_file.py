"""Which layers of a file can stand side by side, and how much of them the app has room for."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor

from model.trace_file import FIELDS, TracedLayer, TraceFile
from model.transformer import AttentionKind as Kind
from ui.choices.limits import MAX_PRETRAINED_HEADS, MAX_PRETRAINED_LAYERS, MAX_TOKENS
from ui.choices.options import TEXT_KEYS

MOST_SENTENCES = len(TEXT_KEYS)  # that can be chosen
LIMITS = (MOST_SENTENCES, MAX_PRETRAINED_HEADS, MAX_TOKENS, MAX_TOKENS)
BETWEEN = ("energy", "scores", "weights")
Shape = tuple[int, int, int, int]  # (B, H, Q, K)


@dataclass(frozen=True)
class Shown:
    """What is shown of a file."""

    layers: Mapping[Kind, tuple[TracedLayer, ...]]
    whole: Mapping[Kind, Shape]  # the shapes before anything was cut
    other_shapes: int  # layers that are left out, since theirs are others
    beyond: int  # layers that are left out, since there are too many


def layers_shown(file: TraceFile) -> Shown:
    """Return the layers of a file that have one shape, as far as there is room for them.

    Of several shapes the one that most layers have; an encoder's, a decoder's and those between
    them must go together.
    """
    chosen = _chosen_shapes(file.layers)
    layers: dict[Kind, tuple[TracedLayer, ...]] = {}
    others = beyond = 0
    for kind, every in file.layers.items():
        fitting = [layer for layer in every if layer.shape == chosen.get(kind)]
        others += len(every) - len(fitting)
        beyond += max(0, len(fitting) - MAX_PRETRAINED_LAYERS)
        if fitting:
            layers[kind] = tuple(_cut(layer) for layer in fitting[:MAX_PRETRAINED_LAYERS])
    return Shown(layers, chosen, others, beyond)


def _chosen_shapes(layers: Mapping[Kind, Sequence[TracedLayer]]) -> dict[Kind, Shape]:
    chosen: dict[Kind, Shape] = {}
    if "cross" in layers:
        chosen["cross"] = cross = _commonest(layers["cross"])
        lengths: dict[Kind, int] = {"encoder_self": cross[3], "decoder_self": cross[2]}
        for kind, length in lengths.items():
            fitting = [
                layer
                for layer in layers.get(kind, ())
                if (layer.shape[0], *layer.shape[2:]) == (cross[0], length, length)
            ]
            if fitting:
                chosen[kind] = _commonest(fitting)
        return chosen
    for kind, every in layers.items():
        chosen[kind] = _commonest(every)
    return chosen


def _commonest(layers: Sequence[TracedLayer]) -> Shape:
    """Return the shape that most layers have; of several the first."""
    return Counter(layer.shape for layer in layers).most_common(1)[0][0]


def _cut(layer: TracedLayer) -> TracedLayer:
    """Return a layer without what there is no room for; all of it where there is."""
    if all(size <= most for size, most in zip(layer.shape, LIMITS, strict=True)):
        return layer
    sentences, heads, queries, keys = (slice(most) for most in LIMITS)

    def cut(tensor: Tensor, field: str) -> Tensor:
        if field == "output":
            return tensor[sentences, queries]
        if field in BETWEEN:
            return tensor[sentences, heads, queries, keys]
        return tensor[sentences, heads, keys if field in ("keys", "values") else queries]

    def spread(tensor: Tensor | None) -> Tensor | None:
        return None if tensor is None else cut(tensor.expand(layer.shape), "weights")

    fields = {name: getattr(layer, name) for name in FIELDS}
    cut_fields: dict[str, Any] = {
        name: cut(tensor, name) for name, tensor in fields.items() if tensor is not None
    }
    return replace(
        layer,
        **cut_fields,
        allowed=spread(layer.allowed),
        bias=spread(layer.bias),
        query_tokens=tuple(row[queries] for row in layer.query_tokens[sentences]),
        key_tokens=tuple(row[keys] for row in layer.key_tokens[sentences]),
        query_lengths=tuple(min(n, MAX_TOKENS) for n in layer.query_lengths[sentences]),
        key_lengths=tuple(min(n, MAX_TOKENS) for n in layer.key_lengths[sentences]),
    )
