"""Answers about the next token: who wrote it, and what becomes of it where something is changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lessons.truth import Answer, Asked, Truth

SAME = 0.005  # of a probability: what nobody could see in a bar
CUTS = ("first", "second", "third", "fourth")  # of a link, in its order
WRITERS = ("heads", "feed_forwards", "embedding")


@dataclass(frozen=True)
class CutAlone:
    """What becomes of the likeliest token where one edge alone is cut."""

    query: str
    key: str
    after: float  # the probability of the token that was the likeliest


@dataclass(frozen=True)
class Predicted:
    """What a model takes for the next token, before and after something is changed by hand."""

    likeliest: str  # before
    before: float  # its probability before ...
    after: float  # ... and after
    likeliest_after: str
    share_after: float  # the probability of that one, after
    cuts: tuple[CutAlone, ...] = ()  # each cut edge by itself, where four are cut
    # What all heads, all feed-forwards and the embedding add to a logit, or to the difference of
    # two, by WRITERS' names; empty where a model's logits can't be taken apart.
    written: Mapping[str, float] = field(default_factory=dict)
    written_of: tuple[str, ...] = ()  # whose logit that is, and less whose


def without_heads(predicted: Predicted, asked: Asked) -> Truth:
    """Return what becomes of the likeliest token's probability where heads are removed."""
    becomes = "larger" if predicted.after > predicted.before else "smaller"
    if abs(predicted.after - predicted.before) <= SAME:
        becomes = "same"
    return Truth((becomes,))


def likeliest_stays(predicted: Predicted, asked: Asked) -> Truth:
    """Return whether the token that was the likeliest still is where heads are removed."""
    return Truth(("yes" if predicted.likeliest_after == predicted.likeliest else "no",))


def share_of_likeliest(predicted: Predicted, asked: Asked) -> Truth:
    """Return the probability of the token that is the likeliest now, 0 to 1."""
    return Truth((predicted.share_after,))


def largest_cut(predicted: Predicted, asked: Asked) -> Truth:
    """Return which of four cuts, made alone, changes the likeliest token's probability most."""
    if len(predicted.cuts) != len(CUTS):
        return Truth(())
    moved = [abs(cut.after - predicted.before) for cut in predicted.cuts]
    pairs = zip(CUTS, moved, strict=True)
    return Truth(tuple(name for name, by in pairs if by >= max(moved) - SAME))


def main_writers(predicted: Predicted, asked: Asked) -> Truth:
    """Return what adds most to a logit: all heads, all feed-forwards or the embedding."""
    most = max(predicted.written.values(), default=0.0)
    return Truth(tuple(name for name, by in predicted.written.items() if by == most))


PREDICTION_ANSWERS: dict[str, Answer] = {
    "without_heads": Answer(
        "choice", without_heads, ("larger", "smaller", "same"), about="prediction"
    ),
    "likeliest_stays": Answer("choice", likeliest_stays, ("yes", "no"), about="prediction"),
    "share_of_likeliest": Answer("number", share_of_likeliest, about="prediction", unit="percent"),
    "largest_cut": Answer("choice", largest_cut, CUTS, about="prediction"),
    "main_writers": Answer("choice", main_writers, WRITERS, about="prediction"),
}
