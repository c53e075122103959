"""Answers about what attention costs: of the formulas' numbers, and never of a measured time."""

from collections.abc import Mapping
from dataclasses import dataclass

from lessons.truth import Answer, Asked, Truth

MEGABYTE = 1e6  # bytes
ROUGHLY = 0.2  # as a part of an amount: as near as it can be worked out in one's head
TIMES = {"same": 1, "twice": 2, "four_times": 4, "eight_times": 8}


@dataclass(frozen=True)
class Costs:
    """What one forward pass costs, as a picture shows it."""

    tokens: int
    embed_size: int
    multiply_adds: Mapping[str, float]  # of each part that has any
    of_twice: Mapping[str, float]  # the same, of twice as many tokens
    overtakes: float  # tokens from which on attention needs more than the feed-forward
    map_bytes: float  # of one matrix of each head of each layer: a number for each pair of tokens
    map_formula: str  # where that comes from
    cache_bytes: float  # of the keys and values that are kept to write the next token
    cache_formula: str


def energies_of_twice(costs: Costs, asked: Asked) -> Truth:
    """Return what becomes of the energies' multiply-adds with twice as many tokens."""
    becomes = {
        part: _times(costs.of_twice[part] / amount) for part, amount in costs.multiply_adds.items()
    }
    right = becomes["energy"]
    # Of several parts that grow alike, the last one is told: the one that everybody knows.
    parts = sorted(becomes, key=lambda part: part == "feed_forward")
    return Truth((right,), right_for={becomes[p]: p for p in parts if becomes[p] != right})


def _times(ratio: float) -> str:
    return min(TIMES, key=lambda option: abs(TIMES[option] - ratio))


def overtakes_at(costs: Costs, asked: Asked) -> Truth:
    """Return from how many tokens on attention needs more multiply-adds than the feed-forward."""
    return Truth((costs.overtakes,))


def map_size(costs: Costs, asked: Asked) -> Truth:
    """Return how much memory the attention weights take, of all heads and layers, in megabytes."""
    return Truth((costs.map_bytes / MEGABYTE,))


def cache_size(costs: Costs, asked: Asked) -> Truth:
    """Return how much memory a decoder's keys and values take, in megabytes."""
    return Truth((costs.cache_bytes / MEGABYTE,))


def tokens_with(costs: Costs, name: str, said: float) -> float:
    """Return with how many tokens an answer's amount would be what somebody has said.

    Args:
        costs: that are shown.
        name: of the answer: a map grows with the square of the tokens, a cache evenly.
        said: megabytes.
    """
    right = COST_ANSWERS[name].compute(costs, Asked(None, 0, 0)).right[0]
    power = 0.5 if name == "map_size" else 1.0
    return float(costs.tokens * (said / right) ** power)


def embedding_with(costs: Costs, said: float) -> float:
    """Return the embedding size with which attention would overtake at so many tokens.

    In a model whose parts all grow with it, as in the paper's.
    """
    return costs.embed_size * said / costs.overtakes if costs.overtakes else 0.0


COST_ANSWERS: dict[str, Answer] = {
    "energies_of_twice": Answer("choice", energies_of_twice, tuple(TIMES), about="costs"),
    "overtakes_at": Answer("number", overtakes_at, about="costs", unit="tokens", near=ROUGHLY),
    "map_size": Answer("number", map_size, about="costs", unit="megabytes", near=ROUGHLY),
    "cache_size": Answer("number", cache_size, about="costs", unit="megabytes", near=ROUGHLY),
}
