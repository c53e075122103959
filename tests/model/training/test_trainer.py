"""Training: the same each time, paused or not; and its snapshots are what they say."""

import math
from dataclasses import FrozenInstanceError, replace
from functools import cache
from itertools import pairwise

import pytest
import torch
from hypothesis import given, reject
from hypothesis import strategies as st
from safetensors.torch import load
from torch import Tensor

from model.tasks import TASKS
from model.tasks.base import IGNORED, Batch
from model.training import plan as plan_module
from model.training.learner import Learner, load_learner
from model.training.plan import LARGEST_SEED, MOST_STEPS, Plan
from model.training.trainer import (
    BATCH_SIZE,
    HELD_OUT,
    Checkpoint,
    DivergedError,
    Snapshot,
    Trainer,
    answer_loss,
    snapshot_steps,
    train,
)
from tests.matrix import examples, matrix
from tests.model.training.helpers import KINDS, small

# The same each time


@cache
def uninterrupted(task: str) -> tuple[tuple[Snapshot, ...], Checkpoint]:
    """All snapshots of a small plan, and where its trainer stands at the end."""
    trainer = advanced(small(task), 12)
    return tuple(train(small(task))), trainer.checkpoint()


def advanced(plan: Plan, steps: int) -> Trainer:
    trainer = Trainer(plan)
    for _ in range(steps):
        trainer.advance()
    return trainer


@matrix(2, "task", KINDS)
def test_equal_plans_give_equal_snapshots_whatever_else_was_drawn(task: str) -> None:
    snapshots, _ = uninterrupted(task)
    torch.manual_seed(1234)
    assert tuple(train(small(task))) == snapshots  # weights are bytes
    assert len({snapshot.weights for snapshot in snapshots}) == len(snapshots)


@matrix(2, "task", KINDS)
def test_another_seed_gives_others(task: str) -> None:
    snapshots, _ = uninterrupted(task)
    for mine, other in zip(train(small(task, seed=1)), snapshots, strict=True):
        assert mine.step == other.step
        assert mine.weights != other.weights
        assert mine.loss != other.loss


@pytest.mark.parametrize("task", KINDS)
def test_a_trainer_steps_as_train_does(task: str) -> None:
    snapshots, _ = uninterrupted(task)
    trainer = Trainer(small(task))
    assert trainer.snapshot() == snapshots[0]
    for _ in range(12):
        trainer.advance()
    assert trainer.snapshot() == snapshots[-1]


@examples(30)
@given(task=st.sampled_from(KINDS), pause=st.integers(0, 12))
def test_a_pause_changes_nothing(task: str, pause: int) -> None:
    """Neither the snapshots that follow, nor the weights, nor the averages of the optimizer."""
    snapshots, end = uninterrupted(task)
    checkpoint = advanced(small(task), pause).checkpoint()
    assert checkpoint.step == pause
    later = [snapshot for snapshot in snapshots if snapshot.step > pause]
    assert list(train(small(task), checkpoint)) == later
    trainer = Trainer(small(task), checkpoint)
    assert trainer.checkpoint() == checkpoint
    while trainer.step < 12:
        trainer.advance()
    assert trainer.checkpoint() == end


def test_a_trainer_that_goes_on_leaves_its_checkpoint_and_its_snapshots_alone() -> None:
    trainer = advanced(small(), 3)
    checkpoint, snapshot = trainer.checkpoint(), trainer.snapshot()
    state, weights = bytes(checkpoint.state), bytes(snapshot.weights)
    trainer.advance()
    Trainer(small(), checkpoint).advance()
    assert (checkpoint.state, snapshot.weights) == (state, weights)
    assert trainer.snapshot().weights != weights
    assert advanced(small(), 3).checkpoint() == checkpoint


def test_nobody_can_change_a_snapshot() -> None:
    snapshot = Trainer(small()).snapshot()
    assert type(snapshot.weights) is bytes
    with pytest.raises(FrozenInstanceError):
        snapshot.loss = 0.0  # type: ignore[misc]
    for weight in load(snapshot.weights).values():
        weight.fill_(7.0)
    assert Trainer(small()).snapshot() == snapshot


@pytest.mark.parametrize(
    "other", [{"layers": 2}, {"embed_size": 16}, {"task": "sort"}, {"positions": "learned"}]
)
def test_a_checkpoint_of_another_model_is_refused(other: dict) -> None:
    checkpoint = Trainer(replace(small(), **other)).checkpoint()
    with pytest.raises(ValueError, match="of another model"):
        Trainer(small(), checkpoint)


# When snapshots are taken

plans = st.builds(
    dict,
    task=st.sampled_from(["reverse", "compare"]),
    steps=st.integers(1, MOST_STEPS),
    embed_size=st.integers(2, 128),
    layers=st.integers(1, 4),
)


@given(options=plans)
def test_snapshots_stand_close_together_early_and_far_apart_late(options: dict) -> None:
    try:
        plan = Plan(**options)
    except ValueError:
        reject()
    steps = snapshot_steps(plan)
    assert steps[0] == 0
    assert steps[-1] == plan.steps
    distances = [after - before for before, after in pairwise(steps)]
    assert min(distances) > 0
    for before, after in pairwise(distances):
        assert after >= before - 1  # they are rounded


def test_the_steps_of_small_plans_by_hand() -> None:
    # The k-th of 64 comes at 12 · (k/64)², rounded: each step is one's.
    assert snapshot_steps(small()) == list(range(13))
    # 2048 · (k/64)² = k²/2: 0, 0.5, 2, 4.5, 8, 12.5, 18 ..., and a half is rounded to an even one.
    steps = snapshot_steps(small(steps=2048))
    assert steps[:6] == [0, 2, 4, 8, 12, 18]
    assert len(steps) == 64
    # 16 MiB hold 10.5 times the weights of this one, so 400 · (k/10)².
    large = Plan(task="reverse", embed_size=128, layers=2)
    assert large.parameters == 2 * 12 * 128**2 + 2 * 26 * 128 == 399_872
    assert snapshot_steps(large) == [0, 4, 16, 36, 64, 100, 144, 196, 256, 324, 400]


@pytest.mark.matrix
@pytest.mark.parametrize("task", ["reverse", "compare", "numbers"])
def test_all_snapshots_of_a_training_fit_twenty_megabytes(task: str) -> None:
    """Of the largest models with so many layers, and of those with as many snapshots as can be."""
    largest = 0
    for layers in (1, 2, 3, 4):
        for embed_size in range(8, 129, 8):
            try:
                plan = Plan(task=task, embed_size=embed_size, layers=layers, positions="learned")
            except ValueError:
                continue  # too large
            weights = sum(w.nbytes for w in Learner(plan).state_dict().values())
            largest = max(largest, len(snapshot_steps(plan)) * weights)
    assert 10e6 < largest < 20e6


@pytest.mark.parametrize("task", KINDS)
def test_the_snapshots_are_those_of_the_plan(task: str) -> None:
    snapshots, _ = uninterrupted(task)
    assert [snapshot.step for snapshot in snapshots] == snapshot_steps(small(task))


# What a snapshot says


@pytest.mark.parametrize("task", KINDS)
def test_loss_and_accuracy_are_those_of_the_weights(task: str) -> None:
    plan = small(task)
    snapshot = uninterrupted(task)[0][-1]
    batch = plan.learnt.held_out(HELD_OUT)
    with torch.no_grad():
        logits = load_learner(plan, snapshot.weights)(batch).double()
    losses, right = [], 0
    for row, targets in zip(logits.tolist(), batch.targets.tolist(), strict=True):
        for scores, target in zip(row, targets, strict=True):
            if target == IGNORED:
                continue
            losses.append(math.log(sum(map(math.exp, scores))) - scores[target])
            right += scores.index(max(scores)) == target
    assert snapshot.loss == pytest.approx(sum(losses) / len(losses), rel=1e-6)
    assert snapshot.accuracy == right / len(losses)


@pytest.mark.parametrize(("task", "symbols", "accuracy"), [("sort", 10, 0.4), ("numbers", 40, 0.4)])
def test_it_learns(task: str, symbols: int, accuracy: float) -> None:
    """Who has no idea loses log(V) nats an answer, as -log(1/V)."""
    first, *_, last = train(small(task, steps=80, embed_size=16, learning_rate=0.02))
    assert first.loss > math.log(symbols) - 0.2
    assert first.accuracy < 0.3
    assert last.loss < math.log(symbols) - 0.4
    assert last.accuracy > accuracy


# What a step does


def gradients(trainer: Trainer) -> dict[str, Tensor]:
    """Of the loss on the next step's examples."""
    learner = Learner(trainer.plan)
    learner.load_state_dict(trainer.learner.state_dict())
    answer_loss(learner, trainer.draw(trainer.step)).backward()
    return {name: w.grad for name, w in learner.named_parameters() if w.grad is not None}


def test_a_step_is_adamw_by_hand() -> None:
    """Algorithm 2 of Loshchilov & Hutter (2019) with alpha = 1, its eta the learning rate.

    For all twelve steps, as the first alone says nothing about the averages, and in the last fifth
    the rate falls: the last 2.4 steps have as much of it left as there is to go.
    """
    rate, decay, beta1, beta2, epsilon = 0.05, 0.01, 0.9, 0.999, 1e-8
    trainer = Trainer(small(learning_rate=rate))
    names = ["unembedding.weight", "stack.layers.0.attention.keys.weight", "stack.norm.weight"]
    place = {name: (1, 2) if "norm" not in name else (3,) for name in names}
    weights = {name: trainer.learner.state_dict()[name][place[name]].item() for name in names}
    m, v = dict.fromkeys(names, 0.0), dict.fromkeys(names, 0.0)
    rates = [rate] * 10 + [rate * 2 / 2.4, rate * 1 / 2.4]
    for t, eta in enumerate(rates, start=1):
        gradient = gradients(trainer)
        trainer.advance()
        for name in names:
            g = gradient[name][place[name]].item()
            assert abs(g) > 1e-6
            m[name] = beta1 * m[name] + (1 - beta1) * g
            v[name] = beta2 * v[name] + (1 - beta2) * g**2
            m_hat, v_hat = m[name] / (1 - beta1**t), v[name] / (1 - beta2**t)
            theta = weights[name]
            weights[name] = theta - eta * (m_hat / (math.sqrt(v_hat) + epsilon) + decay * theta)
            found = trainer.learner.state_dict()[name][place[name]].item()
            assert found == pytest.approx(weights[name], abs=3e-6)
            without_decay = weights[name] + eta * decay * theta
            assert abs(found - without_decay) > 1e-5


def test_a_step_tells_the_loss_on_its_examples_before_it() -> None:
    trainer = advanced(small(), 2)
    with torch.no_grad():
        expected = answer_loss(trainer.learner, trainer.draw(2)).item()
        after = answer_loss(trainer.learner, trainer.draw(3)).item()
    assert trainer.advance() == pytest.approx(expected)
    assert trainer.step == 3
    assert trainer.advance() != pytest.approx(after)


@pytest.mark.parametrize("task", KINDS)
def test_a_steps_examples_depend_on_the_seed_and_the_step_alone(task: str) -> None:
    first, second = Trainer(small(task)), Trainer(small(task, layers=2, learning_rate=0.1))
    drawn = [first.draw(step) for step in range(4)]
    assert drawn[0].inputs.shape[0] == BATCH_SIZE
    second.draw(7)
    for step in (2, 0, 3, 1):
        again = second.draw(step)
        assert torch.equal(again.inputs, drawn[step].inputs)
        assert torch.equal(again.targets, drawn[step].targets)
    others = [*drawn, Trainer(small(task, seed=1)).draw(0)]
    assert len({tuple(batch.inputs.flatten().tolist()) for batch in others}) == 5


def read(batch: Batch) -> tuple[tuple[int, ...], ...]:
    ids = batch.inputs if batch.source is None else batch.source
    return tuple(map(tuple, ids.tolist()))


# Seeds and steps whose sums, products or lower bits are the same in many pairs.
SEEDS = (0, 1, 2, 3, 4095, 4096, 4097, 2**16, 2**20, 2**30, LARGEST_SEED)
STEPS = (0, 1, 2, 3, 1024, 2048, MOST_STEPS - 1)


@matrix(3, "task", TASKS)
def test_no_two_steps_of_any_seeds_draw_the_same(task: str) -> None:
    trainers = [Trainer(small(task, seed=seed)) for seed in SEEDS]
    drawn = [read(trainer.draw(step)) for trainer in trainers for step in STEPS]
    assert len(set(drawn)) == len(SEEDS) * len(STEPS)


steps_of_seeds = st.tuples(st.integers(0, LARGEST_SEED), st.integers(0, MOST_STEPS - 1))


@examples(30)
@given(pairs=st.lists(steps_of_seeds, min_size=2, max_size=2, unique=True))
def test_two_steps_never_draw_the_same(pairs: list[tuple[int, int]]) -> None:
    first, second = (read(Trainer(small(seed=seed)).draw(step)) for seed, step in pairs)
    assert not set(first) & set(second)  # of the 26^10 examples of this task not even one


@matrix(3, "task", [task for task in TASKS if task != "characters"])
def test_no_step_draws_what_is_held_out(task: str) -> None:
    held_out = set(read(small(task).learnt.held_out(HELD_OUT)))
    assert len(held_out) > 100
    for seed in SEEDS:
        trainer = Trainer(small(task, seed=seed))
        assert not any(held_out & set(read(trainer.draw(step))) for step in STEPS)


def test_what_is_held_out_is_always_the_same() -> None:
    held_out = small().learnt.held_out(HELD_OUT)
    torch.manual_seed(7)
    again = Trainer(small(seed=3)).task.held_out(HELD_OUT)
    assert torch.equal(again.inputs, held_out.inputs)
    assert torch.equal(again.targets, held_out.targets)
    assert held_out.inputs.shape[0] == HELD_OUT


# When the steps are too large


def test_a_training_that_diverges_says_so_and_what_it_gave_so_far_is_good(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(plan_module, "HIGHEST_RATE", 1e12)
    steps, snapshots = train(small(learning_rate=1e11, steps=60)), []
    with pytest.raises(DivergedError, match=r"no finite number after \d+ steps") as caught:
        snapshots.extend(steps)  # what it gave before it raised stays
    assert snapshots[0].step == 0
    assert 0 < len(snapshots) <= caught.value.text.values["step"] < 60
    for snapshot in snapshots:
        assert math.isfinite(snapshot.loss)
        assert all(weight.isfinite().all() for weight in load(snapshot.weights).values())


def test_a_loss_that_is_no_number_changes_no_weight() -> None:
    trainer = advanced(small(), 2)
    with torch.no_grad():
        trainer.learner.unembedding.weight[0, 0] = math.nan
    before = trainer.checkpoint()
    with pytest.raises(DivergedError, match="after 2 steps") as caught:
        trainer.advance()
    assert caught.value.text.values == {"step": 2}
    assert trainer.checkpoint() == before
    with pytest.raises(DivergedError, match="after 2 steps"):
        trainer.snapshot()
