"""What is said of a word's looks, computed from the weights that are drawn."""

import numpy as np

from ui.pages.start.looks import Looks
from ui.text.i18n import _
from ui.text.markdown import token_text
from ui.text.numbers import percent

MOST_NAMED = 3  # words after the first
LEAST = 0.01  # of a weight that is worth a word


def describe_looks(looks: Looks) -> list[str]:
    """Return for each word which one it looks at most, and how much."""
    best = looks.weights.argmax(axis=1)
    return [
        _("{query} → {key} {share}").format(
            query=token_text(word),
            key=token_text(looks.words[key]),
            share=percent(row[key]),
        )
        for word, row, key in zip(looks.words, looks.weights, best, strict=True)
    ]


def describe_rest(looks: Looks) -> list[str]:
    """Return for each word at what else it looks."""
    return [_describe_rest(looks.words, row) for row in looks.weights]


def _describe_rest(words: tuple[str, ...], row: np.ndarray) -> str:
    _first, *others = np.argsort(-row, kind="stable")[: MOST_NAMED + 1]
    named = [
        _("{key} {share}").format(key=token_text(words[key]), share=percent(row[key]))
        for key in others
        if row[key] >= LEAST
    ]
    said = [_("Then {others}.").format(others=", ".join(named))] if named else []
    hidden = 1.0 - float(row.sum())
    if hidden >= LEAST:
        marks = _("{share} rests on the marks that the model puts around a sentence.")
        said.append(marks.format(share=percent(hidden)))
    return " ".join(said)
