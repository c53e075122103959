"""A sentence as large words, with arcs from one of them to the words that it looks at."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import numpy as np
import streamlit as st

from ui.components import as_fractions, as_json, source


@dataclass(frozen=True)
class ArcsColors:
    """Colours as CSS writes them."""

    query: str  # of the word that looks, and of its arcs
    key: str  # of the words that it looks at
    ground: str  # what is written on the colour of the query


@dataclass(frozen=True)
class ArcsData:
    """What the arcs show."""

    words: Sequence[str]  # L of them, as they are to be read
    weights: np.ndarray  # (L, L), 0 to 1: from each word (row) to each (column)
    chosen: int  # the word whose arcs are drawn while none is pointed at
    said: Sequence[str]  # L sentences, on what each word looks at most ...
    rest: Sequence[str]  # ... and on what else
    colors: ArcsColors
    language: str  # whose way of writing numbers is used


@cache
def _arcs() -> Callable[..., Any]:
    return st.components.v2.component(
        "headlight_arcs", css=source("arcs.css"), js=source("arcs.js")
    )


def word_arcs(data: ArcsData, *, key: str, on_pick: Callable[[], None]) -> Any:
    """Mount a sentence with the arcs of one word; pointing at another shows that one's.

    The weights travel along, as 16-bit fractions, so that pointing needs no server. A click sets
    the trigger `pick` to the word's position.
    """
    payload = {
        "words": list(data.words),
        "weights": as_fractions(data.weights),
        "chosen": data.chosen,
        "said": list(data.said),
        "rest": list(data.rest),
        "colors": asdict(data.colors),
        "language": data.language,
    }
    return _arcs()(key=key, data=as_json(payload), on_pick_change=on_pick)
