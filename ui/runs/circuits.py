"""Circuits of a model trained here: which heads could feed which, and what a cut edge changes."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

from model.composition import Into, composition_scores
from model.head_edges import HeadEdgeCut
from model.tasks.base import Batch
from model.training.learner import Learner, load_learner, share_right
from model.training.phase import induction_of_heads
from model.training.plan import Plan
from model.training.trainer import HELD_OUT, Snapshot
from model.transformer import Encoder
from ui.runs.trained_here import TrainedHereSettings, answer_of
from ui.runs.word_vectors import use_one_thread


@dataclass(frozen=True)
class CutRun:
    """What a model makes of its task once edges between heads are cut."""

    weights: np.ndarray  # (layers, H, L, L) on the example that is looked at
    answer: tuple[str, ...]  # likewise, at each position
    accuracy: float  # on held-out examples, 0 to 1
    induction: np.ndarray | None  # (layers, H) of scores; None where the task isn't induction


@lru_cache(maxsize=64)
def composition_of(plan: Plan, snapshot: Snapshot) -> dict[Into, np.ndarray]:
    """Return (layers, H, layers, H) composition scores for each of query, key and value.

    Raises:
        CompositionUnavailableError: if the model is post-norm.
    """
    use_one_thread()
    scores = composition_scores(_encoder(load_learner(plan, snapshot.weights)))
    return {into: values.numpy() for into, values in scores.items()}


@lru_cache(maxsize=128)
@torch.inference_mode()
def run_without(settings: TrainedHereSettings, cuts: tuple[HeadEdgeCut, ...]) -> CutRun:
    """Let a model trained here do its task without these edges.

    Args:
        settings: of a model of one stack.
        cuts: in a fixed order; none for the model as it is.

    Raises:
        ValueError: if the task can do nothing with what was typed.
    """
    use_one_thread()
    learner = load_learner(settings.plan, settings.snapshot.weights)
    read = learner.read(learner.task.example(settings.typed), cuts)
    held_out: Batch = learner.task.held_out(HELD_OUT)
    right = share_right(learner.trace(held_out, cuts).logits, held_out.targets)
    is_induction = settings.plan.task == "induction"
    return CutRun(
        weights=torch.stack([layer.weights[0] for layer in read.trace.encoder_self]).numpy(),
        answer=answer_of(learner, read.logits),
        accuracy=right,
        induction=induction_of_heads(learner, cuts).numpy() if is_induction else None,
    )


def _encoder(learner: Learner) -> Encoder:
    assert isinstance(learner.stack, Encoder)  # nobody asks it of two stacks
    return learner.stack
