"""What is measured is what Explore shows, and what a training has."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from lab.measure import measure_learning, measure_mechanism
from lab.points import MechanismPoint
from lab.results import METRICS
from model.measures import effective_rank, entropy_share, redundancy, softmax_gradient_norm
from model.training.learner import Learner
from model.training.plan import Plan
from model.training.trainer import DivergedError, train
from tests.defaults import run_of
from tests.lab.helpers import TEXT


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"heads": 4, "embed_size": 32, "scale": "none", "seed": 3},
        {"projection": "shared", "scale": "embed_size", "temperature": 0.5},
        {"projection": "identity", "mask": "causal"},
        {"positions": "rotary", "mask": "window", "span": 2},
        {"positions": "alibi", "mask": "strided", "span": 2},
        {"positions": "learned", "mask": "prefix", "span": 2},
        {"positions": "sinusoidal", "tokenizer": "characters", "mask": "causal_padding"},
    ],
)
def test_the_numbers_are_those_of_explores_first_layer(changes: dict[str, Any]) -> None:
    run = run_of(texts=(TEXT,), **changes)
    trace, settings = run.attention().trace, run.settings
    shared = ("heads", "embed_size", "projection", "scale", "temperature", "positions")
    names = (*shared, "mask", "span", "tokenizer", "seed")
    point = MechanismPoint(text=TEXT, **{name: getattr(settings, name) for name in names})
    found = measure_mechanism(point)

    weights = trace.weights[0].double().numpy()  # (H, L, L)
    seen = np.isfinite(trace.scores[0].numpy())
    largest = weights.max(-1)
    expected = {
        "energy_spread": trace.energy[0].double().numpy()[seen].std(),
        "score_spread": trace.scores[0].double().numpy()[seen].std(),
        "largest_weight": largest.mean(),
        "saturated_share": (largest > 0.99).mean(),
        "softmax_gradient": softmax_gradient_norm(weights).mean(),
        "entropy_share": entropy_share(weights, seen).mean(),
        "effective_rank": effective_rank(weights).mean(),
        "head_similarity": redundancy(weights),
    }
    assert set(found) == set(METRICS["mechanism"])
    for name, value in expected.items():
        assert found[name] == pytest.approx(float(value), rel=1e-12, nan_ok=True), name


def test_one_token_of_one_head() -> None:
    found = measure_mechanism(MechanismPoint(text="word", heads=1, embed_size=8))
    assert (found["largest_weight"], found["saturated_share"]) == (1.0, 1.0)
    assert (found["softmax_gradient"], found["effective_rank"]) == (0.0, 1.0)
    assert (found["energy_spread"], found["score_spread"]) == (0.0, 0.0)
    assert math.isnan(found["entropy_share"])  # nothing to spread over
    assert math.isnan(found["head_similarity"])


def test_the_scale_divides_the_spread_by_the_root_of_the_heads_size() -> None:
    plain, scaled = (
        measure_mechanism(MechanismPoint(text=TEXT, heads=2, embed_size=32, scale=scale))
        for scale in ("none", "head_dim")
    )
    assert plain["score_spread"] == plain["energy_spread"]
    assert scaled["score_spread"] * 4 == pytest.approx(plain["score_spread"], rel=1e-6)


def test_a_training_is_the_trainers() -> None:
    torch.set_num_threads(1)
    plan = Plan(task="reverse", embed_size=16, steps=20, seed=1)
    snapshots = list(train(plan))
    found = measure_learning(plan)
    assert found["curve_steps"] == [s.step for s in snapshots]
    assert found["curve_accuracy"] == [s.accuracy for s in snapshots]
    assert (found["loss"], found["accuracy"]) == (snapshots[-1].loss, snapshots[-1].accuracy)
    assert found["parameters"] == sum(w.numel() for w in Learner(plan).parameters())
    assert math.isnan(found["steps_to_95"])
    assert found["seconds"] > 0


def test_the_steps_to_95_percent_are_the_first_snapshots_that_has_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Snapshot:
        def __init__(self, step: int, accuracy: float) -> None:
            self.step, self.accuracy, self.loss = step, accuracy, 1.0

    curve = [Snapshot(0, 0.1), Snapshot(3, 0.95), Snapshot(6, 0.9), Snapshot(9, 1.0)]
    monkeypatch.setattr("lab.measure.train", lambda plan: curve)
    assert measure_learning(Plan(task="reverse"))["steps_to_95"] == 3.0


def test_a_training_that_diverges_says_when() -> None:
    with pytest.raises(DivergedError, match="no finite number after"):
        measure_learning(Plan(task="reverse", learning_rate=1000.0, steps=40))
