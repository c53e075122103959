"""What is measured of a point of a grid."""

import math
import time
from typing import Any

import torch

from lab.points import LearningPoint, MechanismPoint
from model.config import Architecture, Config
from model.masks import build_mask
from model.measures import (
    effective_rank,
    entropy_share,
    largest_weight,
    redundancy,
    saturated_share,
    softmax_gradient_norm,
)
from model.seeded import embed, random_encoder
from model.tokens import tokenize
from model.training.learner import Learner
from model.training.trainer import train
from model.transformer import Encoder

LONGEST = 512  # positions that the learned scheme has: Explore's
LEARNT = 0.95  # the accuracy from which on a task counts as learnt


@torch.inference_mode()
def measure_mechanism(point: MechanismPoint) -> dict[str, float]:
    """Measure a forward pass of one attention layer: the first layer's numbers on Explore.

    Each number is the mean over the heads; lab.results.METRICS says what each one is.
    """
    tokens = tokenize(point.text, point.tokenizer)
    inputs = embed([tokens], point.embed_size, point.seed)  # (1, L, E)
    mask = build_mask(point.mask, [len(tokens)], span=point.span)
    trace = _encoder(point).trace(inputs, mask).encoder_self[0]
    weights = trace.weights[0]  # (H, L, L)
    shown = torch.ones_like(trace.weights, dtype=torch.bool) if mask is None else mask != 0
    allowed = shown.expand_as(trace.weights)[0]  # (H, L, L)
    per_head = {
        "entropy_share": entropy_share(weights, allowed),
        "largest_weight": largest_weight(weights),
        "saturated_share": saturated_share(weights),
        "softmax_gradient": softmax_gradient_norm(weights),
        "effective_rank": effective_rank(weights),
    }
    return {name: values.mean().item() for name, values in per_head.items()} | {
        "head_similarity": redundancy(weights).item(),
        "energy_spread": _spread(trace.energy[0][allowed]),
        "score_spread": _spread(trace.scores[0][allowed]),
    }


def measure_learning(plan: LearningPoint) -> dict[str, Any]:
    """Measure one training, from its first step to its last.

    Returns:
        The numbers of lab.results.METRICS, after the last step; and curve_steps and
        curve_accuracy, the accuracy on held-out examples at each snapshot.

    Raises:
        DivergedError: if the loss isn't finite.
    """
    started = time.perf_counter()
    steps, accuracies, loss = [], [], math.nan
    for snapshot in train(plan):
        steps.append(snapshot.step)
        accuracies.append(snapshot.accuracy)
        loss = snapshot.loss
    seconds = time.perf_counter() - started
    reached = (step for step, a in zip(steps, accuracies, strict=True) if a >= LEARNT)
    return {
        "accuracy": accuracies[-1],
        "loss": loss,
        "steps_to_95": float(next(reached, math.nan)),
        "parameters": sum(weight.numel() for weight in Learner(plan).parameters()),
        "seconds": seconds,
        "curve_steps": steps,
        "curve_accuracy": accuracies,
    }


def _encoder(point: MechanismPoint) -> Encoder:
    """Explore's encoder, without what comes after its first attention."""
    config = Config(
        embed_size=point.embed_size,
        heads=point.heads,
        temperature=point.temperature,
        longest=LONGEST,
        architecture=Architecture(
            # The identity is a matrix like any other, before the split.
            projection="full" if point.projection == "identity" else point.projection,
            scale=point.scale,
            positions=point.positions,
            attention_only=True,
        ),
    )
    identity = point.projection == "identity"
    return random_encoder(config, point.seed, copy=False, identity=identity)


def _spread(values: torch.Tensor) -> float:
    """The standard deviation of all of them; NaN for none."""
    return values.double().std(correction=0).item() if len(values) else math.nan
