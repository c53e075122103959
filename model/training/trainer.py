"""The training loop: AdamW, one step at a time, and snapshots that nobody can change."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from safetensors.torch import load, save
from torch import Tensor

from ..errors import CodedError
from ..tasks.base import Batch
from ..tasks.randomness import stream
from .adamw import AdamW
from .learner import Learner, share_right
from .plan import Plan

BATCH_SIZE = 64  # examples a step
HELD_OUT = 128  # examples that loss and accuracy are measured on
WEIGHT_DECAY = 0.01
COOLDOWN = 0.2  # the part of the steps, at their end, in which the learning rate falls to 0
MOST_SNAPSHOTS = 64
SNAPSHOT_BYTES = 16 * 2**20  # of all snapshots of a training together


class DivergedError(CodedError, ArithmeticError):
    """The loss is no longer a number: the steps were too large."""


@dataclass(frozen=True)
class Snapshot:
    """A learner at one moment of its training."""

    step: int  # how many updates its weights have seen
    loss: float  # on held-out examples, the mean of -log p(right answer), nats per answer
    accuracy: float  # on held-out examples, the part of the answers that are right, 0 to 1
    weights: bytes  # the learner's state_dict, as safetensors


@dataclass(frozen=True)
class Checkpoint:
    """Everything that is needed to go on as if there had been no pause."""

    step: int
    state: bytes  # the learner's state_dict and AdamW's two averages of each weight, as safetensors


class Trainer:
    """Trains a learner with AdamW. The learning rate (rate_at) is its eta, and its alpha is 1.

    Equal plans give equal snapshots, on one machine with one number of threads; and a trainer that
    goes on from a checkpoint does exactly what the first one would have done.

    Args:
        plan: what to train.
        checkpoint: of the same plan, where to go on; None begins anew.

    Raises:
        ValueError: if the checkpoint is of another model.
    """

    def __init__(self, plan: Plan, checkpoint: Checkpoint | None = None) -> None:
        self.plan = plan
        self.task = plan.learnt
        self.learner = Learner(plan)
        self.optimizer = AdamW(dict(self.learner.named_parameters()), WEIGHT_DECAY)
        self.step = 0
        self._held_out = self.task.held_out(HELD_OUT)
        if checkpoint is not None:
            self._go_on_from(checkpoint)

    def advance(self) -> float:
        """Make one update on new examples; return the loss on them before it, nats per answer.

        Raises:
            DivergedError: if the loss isn't finite; the weights stay as they are.
        """
        loss = answer_loss(self.learner, self.draw(self.step))
        value = loss.item()
        if not math.isfinite(value):
            raise self._diverged()
        self.optimizer.clear_gradients()
        loss.backward()  # type: ignore[no-untyped-call]  # torch says no types here
        self.optimizer.step(rate_at(self.plan, self.step))
        self.step += 1
        return value

    def draw(self, step: int) -> Batch:
        """Draw the examples of a step, from random numbers that no other step or seed has."""
        return self.task.draw(BATCH_SIZE, stream(self.plan.seed, step))

    @torch.no_grad()
    def snapshot(self) -> Snapshot:
        """Return the learner as it is now.

        Raises:
            DivergedError: if its loss isn't finite.
        """
        logits = self.learner(self._held_out)  # (B, L, V)
        targets = self._held_out.targets  # (B, L)
        loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten()).item()
        if not math.isfinite(loss):
            raise self._diverged()
        accuracy = share_right(logits, targets)
        return Snapshot(self.step, loss, accuracy, save(self.learner.state_dict()))

    def checkpoint(self) -> Checkpoint:
        """Return what is needed to go on from here."""
        tensors = dict(self.learner.state_dict())
        for name, state in self.optimizer.state.items():
            tensors |= {f"{kind}/{name}": value for kind, value in state.items()}
        return Checkpoint(self.step, save(tensors))

    def _diverged(self) -> DivergedError:
        return DivergedError(
            "training.diverged",
            "the loss is no finite number after {step} steps",
            step=self.step,
        )

    def _go_on_from(self, checkpoint: Checkpoint) -> None:
        tensors = load(checkpoint.state)
        self.learner.take({name: w for name, w in tensors.items() if "/" not in name})
        for name, state in self.optimizer.state.items():
            for kind in state:
                state[kind].copy_(tensors[f"{kind}/{name}"])
        self.step = checkpoint.step


def answer_loss(learner: Learner, batch: Batch) -> Tensor:
    """Return the mean cross-entropy of the answers that are asked for, nats."""
    return F.cross_entropy(learner(batch).flatten(0, 1), batch.targets.flatten())


def rate_at(plan: Plan, step: int) -> float:
    """Return the learning rate of a step: the plan's, and in the last fifth it falls evenly to 0.

    Without the fall, the last steps can spoil what has been learnt, and the model that one ends
    with depends on chance. Source: the constant rate with a linear cooldown of 20 % in Hägele et
    al. (2024), "Scaling Laws and Compute-Optimal Training Beyond Fixed Training Durations".
    """
    left = max(0, plan.steps - step)
    return plan.learning_rate * min(1.0, left / (COOLDOWN * plan.steps))


def snapshot_steps(plan: Plan) -> list[int]:
    """Return after how many updates snapshots are taken: close together early, far apart late.

    The k-th of n comes at steps · (k/n)², so the distance grows evenly; n is so small that all
    snapshots together stay within SNAPSHOT_BYTES.
    """
    count = min(MOST_SNAPSHOTS, max(4, SNAPSHOT_BYTES // (4 * plan.parameters)))
    return sorted({round(plan.steps * (k / count) ** 2) for k in range(count + 1)})


def train(plan: Plan, checkpoint: Checkpoint | None = None) -> Iterator[Snapshot]:
    """Train from the beginning, or from where a checkpoint stands, to the plan's last step.

    Yields:
        A snapshot at each of snapshot_steps(plan) that lies ahead; without a checkpoint also the
        untrained learner's.

    Raises:
        DivergedError: if the loss isn't finite; the snapshots so far are good.
    """
    trainer = Trainer(plan, checkpoint)
    due = set(snapshot_steps(plan))
    if checkpoint is None:
        yield trainer.snapshot()
    while trainer.step < plan.steps:
        trainer.advance()
        if trainer.step in due:
            yield trainer.snapshot()
