"""The fields of a trace as arrays, and what weights carry, which follows from them."""

from collections.abc import Iterable

import numpy as np
from torch import Tensor

from model.attention import AttentionTrace
from model.carried import length_of_sum, projected_values, weighted_values
from model.pretrained.base import AttentionFacts
from ui.text.i18n import _


def has_projections(every: Iterable[AttentionFacts]) -> bool:
    """Whether it is known of all attentions what mixes their heads."""
    return all(facts.output_projection is not None for facts in every)


def field_of(trace: AttentionTrace, facts: AttentionFacts, sentence: int, name: str) -> np.ndarray:
    """Return a field of one sentence, float32: (H, Q, K), (H, L, D) or (Q, E).

    Args:
        trace: of the attention.
        facts: what it is like.
        sentence: of the batch.
        name: of a field of the trace, or one of CARRIED, see model.carried.

    Raises:
        ValueError: if it follows from an output projection that isn't known.
    """
    if name == "weighted_values":
        return weighted_values(trace.weights[sentence], trace.values[sentence]).numpy()
    if name == "projected_values":
        weights, values = trace.weights[sentence], trace.values[sentence]
        return projected_values(weights, values, _projection(facts)).numpy()
    field: Tensor = getattr(trace, name)
    return field[sentence].numpy()


def carried_length(
    trace: AttentionTrace, facts: AttentionFacts, sentence: int, name: str
) -> np.ndarray:
    """Return the length of the sum of the vectors behind each row of a stage of CARRIED, (H, Q).

    Raises:
        ValueError: as field_of.
    """
    projection = _projection(facts) if name == "projected_values" else None
    return length_of_sum(trace.weights[sentence], trace.values[sentence], projection).numpy()


def _projection(facts: AttentionFacts) -> Tensor:
    projection = facts.output_projection
    if projection is None:
        raise ValueError(
            _(
                "What mixes the heads of this attention isn't one matrix that is known: A·‖V·W_O‖ "
                "can't be computed. Choose another stage."
            )
        )
    return projection
