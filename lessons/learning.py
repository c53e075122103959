"""Answers about a training: how much a model does right at the snapshot that is shown."""

from dataclasses import dataclass

from lessons.truth import Answer, Asked, Truth

NEAR_IN_CURVE = 0.05  # of a share: a snapshot that has what somebody has said


@dataclass(frozen=True)
class Learnt:
    """What a training has come to, as a picture shows it."""

    accuracy: float  # the share of the answers on held-out examples that are right, 0 to 1
    curve: tuple[tuple[int, float], ...]  # the step and the accuracy of each snapshot, in order
    said: tuple[str, ...]  # the model's answer at each place of the example
    right: tuple[str | None, ...]  # what is right there; None where nothing is asked


def accuracy(learnt: Learnt, asked: Asked) -> Truth:
    """Return the share of the answers that are right, on examples that it was never trained on."""
    return Truth((learnt.accuracy,))


def right_answers(learnt: Learnt, asked: Asked) -> Truth:
    """Return at how many places of the example the model's answer is right."""
    pairs = zip(learnt.said, learnt.right, strict=True)
    return Truth((sum(right is not None and said == right for said, right in pairs),))


def step_with(learnt: Learnt, share: float) -> int | None:
    """Return the first step at which a training had such an accuracy; None where it never had."""
    near = [(abs(had - share), step) for step, had in learnt.curve]
    return min((step for off, step in near if off <= NEAR_IN_CURVE), default=None)


LEARNING_ANSWERS: dict[str, Answer] = {
    "accuracy": Answer("number", accuracy, about="learning", unit="percent"),
    "right_answers": Answer("number", right_answers, about="learning"),
}
