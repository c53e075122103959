"""The answers that a lesson's question can ask for: pure functions of the numbers that are shown.

Each is given what a picture shows, such as `Seen`, and what is asked about, `Asked`, and returns
the truth. None of them knows a sentence, so that a question can be asked again of anybody's own.
Here are those about attention; those about costs, learning and the next token have their modules.
"""

from typing import Any

import numpy as np

from lessons.costs import COST_ANSWERS
from lessons.learning import LEARNING_ANSWERS
from lessons.prediction import PREDICTION_ANSWERS
from lessons.truth import Answer, Asked, Seen, Truth

NEAR = 0.05  # of a share: as near as anybody can guess
DARK = 0.5  # of its row's largest weight: what looks dark in a row
SAME = 0.005  # of a row's largest weight: what nobody could see


def row(seen: Seen, asked: Asked) -> np.ndarray:
    """Return the query's weights, (K,): of the head, or the mean of all."""
    return np.asarray(matrix(seen, asked)[asked.query])


def matrix(seen: Seen, asked: Asked) -> np.ndarray:
    """Return the weights of the head, or the mean of all, (Q, K)."""
    weights = seen.weights.mean(axis=0) if asked.head is None else seen.weights[asked.head]
    return np.asarray(weights, dtype=np.float64)


def _largest(values: np.ndarray) -> tuple[int, ...]:
    """The places of the largest value; several where no picture could tell them apart."""
    if not values.size or values.max() <= 0:
        return ()
    return tuple(map(int, np.flatnonzero(values >= values.max() * (1 - SAME))))


def largest_key(seen: Seen, asked: Asked) -> Truth:
    """Return the word that a query looks at most."""
    weights = matrix(seen, asked)
    right = _largest(weights[asked.query])
    return Truth(right, _share(weights[asked.query], right), _right_for(weights, right))


def largest_other_key(seen: Seen, asked: Asked) -> Truth:
    """Return the word that a query looks at most, beside itself."""
    weights = matrix(seen, asked)
    if weights.shape[0] == weights.shape[1]:
        weights = weights * (1 - np.eye(len(weights)))
    right = _largest(weights[asked.query])
    return Truth(right, _share(weights[asked.query], right), _right_for(weights, right))


def previous_token_head(seen: Seen, asked: Asked) -> Truth:
    """Return the layer and the head with the largest mean weight on the token before."""
    means = [
        np.asarray(weights, dtype=np.float64).diagonal(-1, 1, 2).mean(axis=1)
        for weights in seen.every
        if weights.shape[1] > 1
    ]
    if not means:
        return Truth(())
    shares = np.stack(means)  # (layers, heads)
    cells = _largest(shares.ravel())
    right = tuple((cell // shares.shape[1], cell % shares.shape[1]) for cell in cells)
    return Truth(right, _share(shares.ravel(), cells), shares=shares)


def largest_cell(seen: Seen, asked: Asked) -> Truth:
    """Return the query and the key with the largest weight of all."""
    weights = matrix(seen, asked)
    cells = _largest(weights.ravel())
    right = tuple((cell // weights.shape[1], cell % weights.shape[1]) for cell in cells)
    return Truth(right, _share(weights.ravel(), cells))


def share_of_word(seen: Seen, asked: Asked) -> Truth:
    """Return how much of its attention a query gives to a key, 0 to 1."""
    share = float(row(seen, asked)[asked.key])
    return Truth((share,), share)


def row_sum(seen: Seen, asked: Asked) -> Truth:
    """Return what all of a query's weights are together, 0 to 1."""
    return Truth((float(row(seen, asked).sum()),))


def visible_words(seen: Seen, asked: Asked) -> Truth:
    """Return how many words a query may look at."""
    return Truth((int(seen.allowed[asked.query].sum()),))


def moved_vectors(seen: Seen, asked: Asked) -> Truth:
    """Return how many words' vectors can move when a key's word is changed.

    In a layer, those that may look at it; in further layers also those that may look at these.
    Each word keeps its own vector beside what it takes over where there are further layers.
    """
    reached = seen.allowed.astype(bool)
    moved = reached[:, asked.key].copy()
    if reached.shape[0] == reached.shape[1]:
        for _layer in range(seen.layers - 1):
            moved = moved | (reached & moved[None]).any(axis=1)
        if seen.layers > 1:
            moved[asked.key] = True
    return Truth((int(moved.sum()),))


def leaking_word(seen: Seen, asked: Asked) -> Truth:
    """Return the later word that earlier ones may look at: what a causal mask has to prevent."""
    later = np.triu(seen.allowed.astype(float), 1).sum(axis=0)
    return Truth(_largest(later))


def favourite_words(seen: Seen, asked: Asked) -> Truth:
    """Return how many different words the heads look at most, from one query."""
    rows = seen.weights[:, asked.query]
    favourites = {int(weights.argmax()) for weights in rows if weights.size and weights.max() > 0}
    return Truth((len(favourites),))


def without_scale(seen: Seen, asked: Asked) -> Truth:
    """Return what becomes of a query's largest weight where its energies aren't divided."""
    energy = seen.energy[0 if asked.head is None else asked.head][asked.query].astype(np.float64)
    may = seen.allowed[asked.query].astype(bool)
    divided, whole = (_softmax(energy[may] / by).max(initial=0) for by in (seen.divisor, 1.0))
    becomes = "larger" if whole > divided else "smaller"
    if abs(whole - divided) <= SAME:
        becomes = "same"
    return Truth((becomes,), before_and_after=(float(divided), float(whole)))


def dark_cells(seen: Seen, asked: Asked) -> Truth:
    """Return the cells that look dark: half of their row's largest weight, or more."""
    weights = matrix(seen, asked)
    largest = weights.max(axis=1, keepdims=True, initial=0)
    return Truth(((weights >= DARK * largest) & (weights > 0),))


def visible_cells(seen: Seen, asked: Asked) -> Truth:
    """Return the cells that a mask leaves open."""
    return Truth((seen.allowed.astype(bool),))


def previous_or_not(seen: Seen, asked: Asked) -> Truth:
    """Return whether a head looks, from most words, at the word before."""
    rows = matrix(seen, asked)[1:]
    before = [int(weights.argmax()) == place for place, weights in enumerate(rows)]
    return Truth(("yes",) if before and sum(before) > len(before) / 2 else ("no",))


def _softmax(scores: np.ndarray) -> np.ndarray:
    if not scores.size:
        return scores
    raised = np.exp(scores - scores.max())
    return np.asarray(raised / raised.sum())


def _share(weights: np.ndarray, right: tuple[int, ...]) -> float | None:
    return float(weights[right[0]]) if right else None


def _right_for(weights: np.ndarray, right: tuple[int, ...]) -> dict[Any, int]:
    """For each other key, a query that looks at it most."""
    best = weights.argmax(axis=1) if weights.size else []
    favourites = {int(key): query for query, key in reversed(list(enumerate(best)))}
    return {key: query for key, query in favourites.items() if key not in right}


ANSWERS: dict[str, Answer] = {
    "largest_key": Answer("word", largest_key, asks_query=True),
    "largest_other_key": Answer("word", largest_other_key, asks_query=True),
    "largest_key_of_last": Answer("word", largest_key, asks_query=True, is_last=True),
    "leaking_word": Answer("word", leaking_word),
    "previous_token_head": Answer("cell", previous_token_head, asks_heads=True),
    "largest_cell": Answer("cell", largest_cell),
    "share_of_word": Answer(
        "number", share_of_word, unit="percent", asks_query=True, asks_key=True
    ),
    "row_sum": Answer("number", row_sum, unit="percent", asks_query=True),
    "visible_words": Answer("number", visible_words, asks_query=True),
    "moved_vectors": Answer("number", moved_vectors, asks_key=True),
    "favourite_words": Answer("number", favourite_words, asks_query=True),
    "without_scale": Answer(
        "choice", without_scale, ("larger", "smaller", "same"), asks_query=True
    ),
    "previous_or_not": Answer("choice", previous_or_not, ("yes", "no")),
    "dark_cells": Answer("paint", dark_cells),
    "visible_cells": Answer("paint", visible_cells),
    **LEARNING_ANSWERS,
    **PREDICTION_ANSWERS,
    **COST_ANSWERS,
}


def place_of(words: tuple[str, ...], wanted: str | None, *, is_last: bool = False) -> int | None:
    """Return where a word stands, whatever the case of its letters; None if it stands nowhere.

    Args:
        words: those that there are.
        wanted: the word.
        is_last: whether the last of several equal ones is meant, and not the first.
    """
    if wanted is None:
        return None
    folded = [word.strip("␣ ").casefold() for word in words]
    places = [place for place, word in enumerate(folded) if word == wanted.casefold()]
    return places[-1 if is_last else 0] if places else None


def find_asked(
    seen: Seen, head: int | None, query: str | None, key: str | None, *, is_last: bool = False
) -> Asked:
    """Return the places that a question is about.

    In a sentence without its words, those are the last word that looks, and the first that is
    looked at: chosen without the weights, which would tell something of the answer.
    """
    at, to = place_of(seen.queries, query, is_last=is_last), place_of(seen.keys, key)
    words = [place for place, word in enumerate(seen.queries) if any(map(str.isalnum, word))]
    if at is None:
        at = words[-1] if words else max(0, len(seen.queries) - 1)
    return Asked(head, at, 0 if to is None else to)


def is_right(answer: Answer, truth: Truth, said: Any) -> bool:
    """Whether what somebody has said is right.

    A share within a twentieth; a count exactly; an amount as near as its answer says.
    """
    if answer.kind == "paint":
        return agreement(said, truth.right[0]) >= DARK
    if answer.kind == "number":
        return any(
            abs(said - right) <= (NEAR if answer.is_share else answer.near * right) + 1e-9
            for right in truth.right
        )
    return said in truth.right


def agreement(painted: np.ndarray, dark: np.ndarray) -> float:
    """Return how much of two paintings is the same: cells in both, of the cells in either.

    Args:
        painted: (N, N) booleans.
        dark: (Q, K) booleans, of which the first N × N count.
    """
    size = len(painted)  # of longer sentences, only the beginning can be painted
    dark = dark[:size, :size]
    either = int((painted | dark).sum())
    return int((painted & dark).sum()) / either if either else 1.0
