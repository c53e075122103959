"""From a snapshot of a training to numbers: symbols -> learner -> trace."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from safetensors.torch import load
from torch import Tensor

from model.tasks.base import LONGEST_PROBE, Example, Task
from model.training.learner import Learner, LearnerTrace, load_learner
from model.training.phase import induction_score, phase_change
from model.training.plan import Plan
from model.training.trainer import Snapshot, Trainer
from model.transformer import AttentionKind as Kind
from ui.runs.run import ModuleRun
from ui.runs.sentences import Sentences
from ui.runs.word_vectors import use_one_thread
from ui.text.errors import describe_error
from ui.text.i18n import _

LONGEST_CONTINUATION = 60  # characters that a character model writes on


@dataclass(frozen=True)
class TrainedHereSettings:
    """Everything that the numbers of a model trained here depend on."""

    plan: Plan
    snapshot: Snapshot
    typed: tuple[str, ...]  # symbols
    from_file: bool = False  # whether the weights were trained some other time


@dataclass(frozen=True, kw_only=True)
class TrainedHereRun(ModuleRun):
    """A run of a model trained here, on one example."""

    settings: TrainedHereSettings
    example: Example
    learner: Learner
    logits: Tensor  # (1, L or T, V)

    @property
    def accuracy(self) -> float:
        """The share of held-out answers that are right."""
        return self.settings.snapshot.accuracy

    @property
    def answer(self) -> tuple[str, ...]:
        """The symbol that the model gives at each position."""
        return answer_of(self.learner, self.logits)


def answer_of(learner: Learner, logits: Tensor) -> tuple[str, ...]:
    """Return the most probable symbol at each position of a batch of one."""
    return tuple(learner.task.symbols[i] for i in logits[0].argmax(-1).tolist())


@lru_cache(maxsize=64)
@torch.inference_mode()
def continuation(settings: TrainedHereSettings) -> str:
    """Return what a character model writes after the example, always its likeliest character."""
    use_one_thread()
    learner = load_learner(settings.plan, settings.snapshot.weights)
    written = list(settings.plan.learnt.example(settings.typed).inputs)
    for _step in range(LONGEST_CONTINUATION):
        window = tuple(written[-learner.task.length :])  # it has never seen more at once
        read = learner.read(Example(window, (None,) * len(window)))
        written.append(answer_of(learner, read.logits)[-1])
    return "".join(written[-LONGEST_CONTINUATION:])


@lru_cache(maxsize=64)
def untrained(plan: Plan) -> Snapshot:
    """Return what a training begins with: the seed's weights."""
    use_one_thread()
    return Trainer(plan).snapshot()


@torch.inference_mode()
def compute_trained_here(settings: TrainedHereSettings) -> TrainedHereRun:
    """Let a model trained here read an example.

    Raises:
        ValueError: if the task can do nothing with what was typed.
    """
    use_one_thread()
    example = settings.plan.learnt.example(settings.typed)
    learner = load_learner(settings.plan, settings.snapshot.weights)
    read = learner.read(example)
    inputs = _sentence(example.inputs)
    return TrainedHereRun(
        source=_sentence(example.source) if example.source else inputs,
        target=inputs if example.source else None,
        most_tokens=LONGEST_PROBE,
        left_out=0,
        masks=read.masks,
        trace=read.trace,
        settings=settings,
        example=example,
        model=learner.stack,
        learner=learner,
        logits=read.logits,
    )


def _sentence(symbols: tuple[str, ...]) -> Sentences:
    return Sentences((symbols,), (len(symbols),))


class Watched:
    """What a learner makes of an example at each snapshot of its training.

    It follows the training: each snapshot is computed once, when it has come.
    """

    def __init__(self, plan: Plan, typed: tuple[str, ...]) -> None:
        self.plan, self.typed = plan, typed
        self.example = plan.learnt.example(typed)
        self.snapshots: tuple[Snapshot, ...] = ()
        self.weights: dict[Kind, list[np.ndarray]] = {}  # (layers · H, Q, K), the layers in order
        self.answers: list[tuple[str, ...]] = []
        self.scores: list[float] = []  # of the best induction head, where the task is induction
        self._learner: Learner | None = None

    @torch.inference_mode()
    def follow(self, snapshots: Sequence[Snapshot]) -> None:
        """Compute the snapshots that haven't been yet; what comes must begin with what came."""
        use_one_thread()
        for snapshot in snapshots[len(self.snapshots) :]:
            if self._learner is None:
                self._learner = load_learner(self.plan, snapshot.weights)
            else:
                self._learner.take(load(snapshot.weights))
            read = self._learner.read(self.example)
            for kind in read.masks:
                heads = [layer.weights[0] for layer in getattr(read.trace, kind)]
                self.weights.setdefault(kind, []).append(torch.cat(heads).numpy())
            self.answers.append(answer_of(self._learner, read.logits))
            if self.plan.task == "induction":
                self.scores.append(induction_score(self.plan, snapshot))
            self._allowed = {kind: _allowed(read, kind) for kind in read.masks}
        self.snapshots = tuple(snapshots)

    @property
    def bytes(self) -> int:
        """How much memory its weights take."""
        return sum(weights.nbytes for kind in self.weights.values() for weights in kind)

    def allowed(self, kind: Kind) -> np.ndarray:
        """Return which keys each query may attend to, (Q, K) booleans."""
        return self._allowed[kind]

    def entropies(self, kind: Kind) -> np.ndarray:
        """Return the mean entropy of each head's rows at each snapshot, nats, (S, layers · H)."""
        weights = torch.from_numpy(np.stack(self.weights[kind]))
        entropy: np.ndarray = torch.special.entr(weights).sum(-1).mean(-1).numpy()
        return entropy

    @property
    def phase_change(self) -> int | None:
        """The step at which induction heads have formed; None where they haven't, or needn't."""
        if not self.scores:
            return None
        return phase_change([snapshot.step for snapshot in self.snapshots], self.scores)


def _allowed(read: LearnerTrace, kind: Kind) -> np.ndarray:
    shape = getattr(read.trace, kind)[0].weights.shape
    mask = read.masks[kind]
    if mask is None:
        return np.ones(shape[2:], dtype=bool)
    return mask.expand(1, 1, *shape[2:])[0, 0].numpy()


def read_typed(task: Task, text: str) -> tuple[tuple[str, ...], str | None]:
    """Return what a task reads of a text; its own example, and why, where it can read nothing."""
    if text.strip():
        try:
            typed = task.split(text)
            task.example(typed)
        except ValueError as error:
            return task.split(task.probe), describe_error(error, _)
        return typed, None
    return task.split(task.probe), None
