"""What somebody has said, as links hold it, and as values."""

import math
from typing import Any

import numpy as np

from lessons.lesson import Question
from lessons.truth import Answer, Seen
from model.masks import MOST_CELLS_ASIDE, decode_cells

MOST = 1_000_000  # of a number that anybody says


def read_said(
    text: str, question: Question, answer: Answer, seen: Seen, sides: tuple[int, int]
) -> Any:
    """Return what a link's text says; None where it says nothing that this question can mean.

    A word is the place of a key; a cell two places; a number is as it was typed, but a share
    of one where it is in percent; a choice the name of an option; a painting (Q, K) booleans.

    Args:
        text: of the link.
        question: what is asked.
        answer: how it is answered.
        seen: what is shown.
        sides: how many rows and columns a cell can be in.
    """
    match question.kind:
        case "word":
            return _place(text, len(seen.keys))
        case "cell":
            query, _dot, key = text.partition(".")
            cell = (_place(query, sides[0]), _place(key, sides[1]))
            return None if None in cell else cell
        case "number":
            return _number(text, answer)
        case "choice":
            return text if text in answer.options else None
        case "paint":
            return _painting(text, len(seen.queries))


def _place(text: str, count: int) -> int | None:
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        return None
    return int(text) if int(text) < count else None


def _number(text: str, answer: Answer) -> float | int | None:
    try:
        value = float(text)
    except ValueError:
        return None
    if not math.isfinite(value) or not 0 <= value <= MOST:
        return None
    if answer.is_share:
        return value / 100
    return round(value) if answer.is_whole else value


def _painting(text: str, size: int) -> np.ndarray | None:
    """The painted cells, of as many words as can be painted."""
    try:
        cells = decode_cells(text)
    except ValueError:
        return None
    size = min(size, MOST_CELLS_ASIDE)
    painted = np.zeros((size, size), dtype=bool)
    both = min(size, len(cells))
    painted[:both, :both] = cells[:both, :both]
    return painted
