"""A plan: its limits say what they are, and its numbers are those of the model it makes."""

import math
from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from model.attention import Scale
from model.config import Architecture
from model.positions import Positions
from model.tasks.base import LONGEST_PROBE
from model.training.learner import Learner
from model.training.plan import Plan
from tests.matrix import matrix
from tests.model.training.helpers import KINDS, small


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"heads": 0}, "heads must lie between 1 and 8, got 0"),
        ({"heads": 9, "embed_size": 9}, "heads must lie between 1 and 8, got 9"),
        ({"embed_size": 1, "heads": 1}, "embed_size must lie between 2 and 128, got 1"),
        ({"embed_size": 130}, "embed_size must lie between 2 and 128, got 130"),
        ({"layers": 0}, "layers must lie between 1 and 4, got 0"),
        ({"layers": 5}, "layers must lie between 1 and 4, got 5"),
        ({"steps": 0}, "steps must lie between 1 and 3000, got 0"),
        ({"steps": 3001}, "steps must lie between 1 and 3000, got 3001"),
        ({"learning_rate": 0.0}, "learning_rate must lie between 1e-05 and 1000.0, got 0.0"),
        ({"learning_rate": 1000.1}, "learning_rate must lie between 1e-05 and 1000.0, got 1000.1"),
        ({"learning_rate": math.nan}, "learning_rate must lie between 1e-05 and 1000.0, got nan"),
        ({"learning_rate": math.inf}, "learning_rate must lie between 1e-05 and 1000.0, got inf"),
        ({"seed": -1}, "seed must lie between 0 and 2147483647, got -1"),
        ({"seed": 2**31}, "seed must lie between 0 and 2147483647, got 2147483648"),
        ({"heads": 10**400}, "heads must lie between 1 and 8, got 1000"),
        ({"embed_size": 10, "heads": 4}, "the nearest embedding sizes that work are 8 and 12"),
        ({"corpus": "a" * 20_001}, "the corpus has 20,001 characters, and may have 20,000"),
        ({"task": "characters", "corpus": "too short"}, "the text has 9 characters"),
        ({"scale": "none at all"}, "scale must be one of .*got 'none at all'"),
        ({"positions": "absolute"}, "positions must be one of .*got 'absolute'"),
        ({"positions": "rotary", "embed_size": 6, "heads": 2}, "must be even, got 6 / 2"),
        ({"task": "translate"}, "task must be one of .*got 'translate'"),
        ({"embed_size": 128, "layers": 4}, "would have 793,088 weights, and there may be 450,000"),
    ],
)
def test_what_is_out_of_range_is_told_with_its_limit(options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        small(**options)


@pytest.mark.parametrize(
    "options",
    [
        {"heads": 1},
        {"heads": 8},
        {"embed_size": 2},
        {"embed_size": 128},
        {"layers": 4},
        {"steps": 1},
        {"steps": 3000},
        {"learning_rate": 1e-5},
        {"learning_rate": 10.0},
        {"seed": 2**31 - 1},
        {"task": "compare", "embed_size": 128, "layers": 4},
        {"task": "characters", "corpus": "abcd" * 5_000},
    ],
)
def test_the_limits_themselves_are_allowed(options: Any) -> None:
    plan = small(**options)
    assert replace(plan) == plan
    assert hash(replace(plan)) == hash(plan)


@pytest.mark.parametrize("positions", get_args(Positions))
@pytest.mark.parametrize("task", KINDS)
def test_the_weights_are_counted_but_for_biases_and_norms(task: str, positions: Positions) -> None:
    plan = small(task, positions=positions, layers=2, embed_size=12)
    matrices = [w.numel() for w in Learner(plan).parameters() if w.dim() == 2]
    assert plan.parameters == sum(matrices)


@given(
    task=st.sampled_from(KINDS),
    half=st.integers(1, 64),
    layers=st.integers(1, 4),
    positions=st.sampled_from(get_args(Positions)),
)
def test_whatever_is_allowed_fits_two_megabytes(
    task: str, half: int, layers: int, positions: Positions
) -> None:
    try:
        plan = Plan(task=task, positions=positions, embed_size=2 * half, layers=layers)
    except ValueError:
        reject()
    weights = sum(w.numel() for w in Learner(plan).parameters())
    assert plan.parameters < weights
    assert 4 * weights < 2_000_000


@matrix(2, "scale", get_args(Scale))
@matrix(2, "positions", get_args(Positions))
@matrix(2, "task", KINDS)
def test_the_stack_is_what_the_plan_says(task: str, positions: Positions, scale: Scale) -> None:
    plan = small(task, positions=positions, scale=scale, layers=3)
    config = plan.config
    assert (config.embed_size, config.heads, config.layers) == (8, 2, 3)
    assert config.vocabulary == len(plan.learnt.symbols)
    assert config.longest == LONGEST_PROBE
    assert (config.dropout, config.temperature, config.kv_heads) == (0.0, 1.0, None)
    assert config.architecture == Architecture(
        projection="full",
        scale=scale,
        positions=positions,
        norm_order="pre",
        final_norm=True,
        attention_only=task == "compare",
    )
