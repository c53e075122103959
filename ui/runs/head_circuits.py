"""Circuits of a pretrained model: what feeds a head, and what a cut edge does to an answer."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from model.composition import Into, composition_into
from model.head_edges import HeadEdgeCut, trace_without_edges
from model.masks import causal_mask
from model.pretrained.base import PretrainedModel
from model.pretrained.stack import StackModel
from ui.runs.model_store import model_of
from ui.runs.word_vectors import use_one_thread


@dataclass(frozen=True)
class CutAnswer:
    """What a model makes of a text once edges between heads are cut."""

    weights: np.ndarray  # (L, L) of the head that is looked at
    logits: Tensor  # (V,) after the text


def has_edges(model: PretrainedModel) -> bool:
    """Whether edges between a model's heads can be cut here: it runs in our own modules."""
    return isinstance(model, StackModel) and model.kind == "decoder"


@lru_cache(maxsize=512)
def composition_of_head(choice: str, layer: int, head: int) -> dict[Into, np.ndarray]:
    """Return a head's composition with each earlier one, (layer, H) each.

    Args:
        choice: of the model, which has_edges.
        layer: the later head's.
        head: of that layer.
    """
    use_one_thread()
    scores = composition_into(_stack(choice).encoder, layer, head)
    return {into: values.numpy() for into, values in scores.items()}


@lru_cache(maxsize=32)
@torch.inference_mode()
def answer_without(
    choice: str, ids: tuple[int, ...], cuts: tuple[HeadEdgeCut, ...], layer: int, head: int
) -> CutAnswer:
    """Let a decoder read a text without some edges.

    Args:
        choice: of the model, which has_edges.
        ids: the text's tokens.
        cuts: in a fixed order.
        layer: of the head that is looked at.
        head: of that layer.
    """
    use_one_thread()
    model = _stack(choice)
    mask = causal_mask(len(ids), len(ids))
    trace = trace_without_edges(model.encoder, torch.tensor([ids]), mask, cuts)
    return CutAnswer(
        weights=trace.encoder_self[layer].weights[0, head].numpy().copy(),
        logits=model.logits(trace.output[0, -1]),
    )


def _stack(choice: str) -> StackModel:
    model = model_of(choice)
    assert isinstance(model, StackModel)  # nobody asks it of others
    return model
