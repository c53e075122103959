"""Attentions of any origin as a page's layers: weights alone, or a trace with all its steps."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from torch import Tensor

from .arrays import as_array, check_sentence, finite, of_sentence
from .model.attention import AttentionTrace
from .model.recording import RecordedAttention
from .viz.page import Layer

Trace = AttentionTrace | RecordedAttention


def layers_of(x: Any, sentence: int, what: str) -> dict[int, Layer]:
    """Return the layers of an attention by their numbers, each of one sentence.

    Args:
        x: a tuple of tensors or traces, one a layer; or one of either; or (L, B, H, Q, K).
        sentence: which of the batch.
        what: its name in errors.

    Raises:
        TypeError: if there is something else in it.
        ValueError: if a layer has no such shape, or no such sentence.
    """
    layers = {}
    for number, layer, where in _one_by_one(x, what):
        if isinstance(layer, Trace):
            layers[number] = _of_trace(layer, sentence, number, where)
        else:
            weights = of_sentence(as_array(layer, where), sentence, where)
            layers[number] = Layer(weights, name=f"Layer {number}")
    if not layers:
        raise ValueError(f"{what} must have at least one layer, got none")
    return layers


def _one_by_one(x: Any, what: str) -> Iterator[tuple[int, Any, str]]:
    """Each layer's number, itself, and its name in errors."""
    if isinstance(x, Trace):
        yield 0, x, what
    elif isinstance(x, tuple | list):
        for number, layer in enumerate(x):
            _check_entry(layer, f"{what}[{number}]")
            yield number, layer, f"{what}[{number}]"
    elif isinstance(x, Mapping | str | bytes) or x is None:
        raise TypeError(
            f"{what} must be a tuple of tensors, one a layer, or a trace; got {type(x).__name__}"
        )
    elif getattr(x, "ndim", 0) == 5:
        yield from ((number, layer, f"{what}[{number}]") for number, layer in enumerate(x))
    else:
        yield 0, x, what


def _check_entry(layer: Any, where: str) -> None:
    if layer is None:
        raise TypeError(
            f"{where} is None: models of transformers give their attention with "
            'attn_implementation="eager" and output_attentions=True; or use headlight.trace'
        )
    holds_layers = isinstance(layer, tuple | list) and any(hasattr(each, "shape") for each in layer)
    if holds_layers:
        raise TypeError(
            f"{where} is a {type(layer).__name__} of tensors, as generate() gives one for each "
            f"token that was written: choose one of them, such as attention[0]"
        )


def _of_trace(trace: Trace, sentence: int, number: int, where: str) -> Layer:
    check_sentence(sentence, len(trace.queries))
    # Computed once, where a recording doesn't keep them.
    steps = trace.steps if isinstance(trace, RecordedAttention) else trace

    def own(name: str, x: Tensor) -> np.ndarray:
        return finite(as_array(x[sentence], f"{where}.{name}"))

    scores = as_array(steps.scores[sentence], f"{where}.scores")
    return Layer(
        of_sentence(as_array(steps.weights[sentence], where), 0, where),
        energy=own("energy", steps.energy),
        scores=finite(scores),
        queries=own("queries", trace.queries),
        keys=own("keys", trace.keys),
        values=own("values", trace.values),
        head_outputs=own("head_outputs", steps.head_outputs),
        output=own("output", trace.output),
        allowed=allowed_by(scores),
        divisor=trace.divisor if isinstance(trace, RecordedAttention) else None,
        name=(trace.title if isinstance(trace, RecordedAttention) else "") or f"Layer {number}",
    )


def allowed_by(scores: np.ndarray) -> np.ndarray | None:
    """Return where a head at least may attend, (Q, K); None if all may everywhere.

    Args:
        scores: (H, Q, K), -inf where masked.
    """
    masked: np.ndarray = np.isneginf(scores)
    return np.logical_not(masked.all(axis=0)) if masked.any() else None
