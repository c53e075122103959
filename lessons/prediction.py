"""Answers about the next token: what becomes of it where heads are removed."""

from dataclasses import dataclass

from lessons.truth import Answer, Asked, Truth

SAME = 0.005  # of a probability: what nobody could see in a bar


@dataclass(frozen=True)
class Predicted:
    """What a model takes for the next token, with all of its heads and without some."""

    likeliest: str  # with all heads
    before: float  # its probability with all heads ...
    after: float  # ... and without those that are removed
    likeliest_after: str
    share_after: float  # the probability of that one, without them


def without_heads(predicted: Predicted, asked: Asked) -> Truth:
    """Return what becomes of the likeliest token's probability where heads are removed."""
    becomes = "larger" if predicted.after > predicted.before else "smaller"
    if abs(predicted.after - predicted.before) <= SAME:
        becomes = "same"
    return Truth((becomes,))


def likeliest_stays(predicted: Predicted, asked: Asked) -> Truth:
    """Return whether the token that was the likeliest still is where heads are removed."""
    return Truth(("yes" if predicted.likeliest_after == predicted.likeliest else "no",))


PREDICTION_ANSWERS: dict[str, Answer] = {
    "without_heads": Answer(
        "choice", without_heads, ("larger", "smaller", "same"), about="prediction"
    ),
    "likeliest_stays": Answer("choice", likeliest_stays, ("yes", "no"), about="prediction"),
}
