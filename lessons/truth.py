"""What answers are made of: what is seen, what is asked about, and what is right."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np

from lessons.lesson import Kind

# What an answer is computed from: the numbers of an attention, of a forward pass's costs, of a
# training, or of what a model takes for the next token.
About = Literal["attention", "costs", "learning", "prediction"]
ABOUT: tuple[About, ...] = get_args(About)
SHOWN_ON: Mapping[About, tuple[str, ...]] = {  # the pages that show them
    "attention": ("explore", "encoder-decoder", "pretrained", "learn"),
    "costs": ("lab",),
    "learning": ("learn",),
    "prediction": ("pretrained",),
}
# What a number counts, as the field says in which it is typed.
Unit = Literal["", "percent", "tokens", "megabytes"]


@dataclass(frozen=True)
class Seen:
    """The numbers of one attention, as a picture shows them.

    Shapes: H heads, Q queries, K keys. Rows of weights sum to one unless tokens are hidden.
    """

    queries: tuple[str, ...]
    keys: tuple[str, ...]
    weights: np.ndarray  # (H, Q, K), 0 to 1
    energy: np.ndarray  # (H, Q, K), before scaling and masking
    allowed: np.ndarray  # (Q, K) booleans, True = may attend
    divisor: float  # of the energies, beside the temperature that is in it
    layers: int = 1  # how many attentions a vector has gone through at the end
    every: tuple[np.ndarray, ...] = ()  # the weights of each layer, for answers about all heads


@dataclass(frozen=True)
class Asked:
    """What a question is about, as places in what is seen."""

    head: int | None  # None: the mean of all
    query: int
    key: int


@dataclass(frozen=True)
class Truth:
    """What is right: one or several values of the question's kind.

    A word is the place of a key; a cell the places of a query and a key; a number is a share, or a
    count, or an amount; a choice one of its answer's options; a painting (Q, K) booleans.
    """

    right: tuple[Any, ...]  # the first of them is the one that is shown
    share: float | None = None  # how much of the weight that is, where it is one
    # For other values, the query for which they would have been right; of costs, the part.
    right_for: Mapping[Any, Any] = field(default_factory=dict)
    before_and_after: tuple[float, float] | None = None  # shares that a choice is between
    shares: np.ndarray | None = None  # what each head has, (layers, heads), where that is asked


Compute = Callable[[Any, Asked], Truth]  # of Seen, or of the numbers of another subject


@dataclass(frozen=True)
class Answer:
    """An answer by its name: the kind of question that it is for, and how it is computed."""

    kind: Kind
    compute: Compute
    options: tuple[str, ...] = ()  # of a choice
    about: About = "attention"
    unit: Unit = ""  # of a number; a share is in percent
    near: float = 0.0  # how far from the truth a number that is no share may be, as a part of it
    asks_query: bool = False  # whether it is about one query ...
    asks_key: bool = False  # ... and one key
    asks_heads: bool = False  # whether it is about the heads of all layers: a cell is one of them
    is_last: bool = False  # whether, of equal words, the last one looks

    @property
    def is_share(self) -> bool:
        """Whether a number is a share, and not a count or an amount."""
        return self.unit == "percent"

    @property
    def is_whole(self) -> bool:
        """Whether a number is said as a whole one."""
        return self.unit != "megabytes"
