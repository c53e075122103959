"""When induction heads come into being: their score on one text, snapshot by snapshot.

Olsson et al. (2022), "In-context Learning and Induction Heads", call it a phase change: within a
small part of the training the heads form, and the loss of what is repeated falls.
"""

from collections.abc import Collection, Sequence

from torch import Tensor

from ..head_edges import HeadEdgeCut
from ..head_finder import induction_scores, repeated_words
from ..tasks.base import Example
from .learner import Learner, load_learner
from .plan import Plan
from .trainer import Snapshot

SEGMENT = 12  # symbols, in random order, that are said twice
FORMED = 0.5  # the score from which on a head is an induction head: most of its weight is there


def induction_score(plan: Plan, snapshot: Snapshot) -> float:
    """Return the best head's induction score on a random segment that is said twice, 0 to 1.

    The segment is the same for all snapshots, seeds and sizes; no symbol is in it twice.
    Source: model.head_finder.induction_scores.

    Raises:
        ValueError: if the task's model sees the future, in which the answers stand; or has fewer
            symbols than the segment; or if the weights are another model's.
    """
    return induction_of_heads(load_learner(plan, snapshot.weights)).max().item()


def induction_of_heads(learner: Learner, cuts: Collection[HeadEdgeCut] = ()) -> Tensor:
    """Return each head's induction score on that segment, (layers, H).

    Args:
        learner: of a decoder's task.
        cuts: edges between heads that are cut meanwhile.

    Raises:
        ValueError: if the task's model sees the future, or has too few symbols.
    """
    task = learner.task
    if task.kind != "decoder":
        raise ValueError(
            f"induction is foretelling, and the model of {task.name!r} is of the kind "
            f"{task.kind!r}; take a task of a decoder"
        )
    twice = tuple(repeated_words(task.alphabet, SEGMENT, seed=0)) * 2
    example = Example(twice, (None,) * len(twice))
    trace = learner.read(example, cuts).trace
    weights = [layer.weights[0] for layer in trace.encoder_self]
    return induction_scores(weights, SEGMENT)


def phase_change(steps: Sequence[int], scores: Sequence[float]) -> int | None:
    """Return the first step at which the score reaches one half; None if it never does.

    One half by itself, not of the highest score: from there on one head looks mostly at what came
    after the same symbol the last time. So nothing is marked in a model that doesn't learn it, and
    a mark stays where it is while the training goes on.

    Args:
        steps: at which the scores were taken, in their order.
        scores: as many, of induction_score.

    Raises:
        ValueError: if there aren't as many.
    """
    if len(steps) != len(scores):
        raise ValueError(
            f"expected one score a step, got {len(scores)} scores of {len(steps)} steps"
        )
    return next((step for step, score in zip(steps, scores, strict=True) if score >= FORMED), None)
