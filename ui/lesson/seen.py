"""What a lesson's question is about, taken from the run that is shown."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from lessons.answers import ANSWERS, find_asked, matrix
from lessons.lesson import Question
from lessons.truth import Answer, Asked, Seen, Truth
from ui.controls.selection import Selection, attention_in
from ui.frame.page import page_shown
from ui.runs.run import Run

NOTHING = Seen((), (), np.empty((0, 0, 0)), np.empty((0, 0, 0)), np.empty((0, 0), bool), 1.0)


@dataclass(frozen=True)
class Inquiry:
    """A question, asked of what is shown."""

    question: Question
    run: Run | None  # None on a page without one
    selection: Selection

    @property
    def answer(self) -> Answer:
        """How it is answered."""
        return ANSWERS[self.question.answer]

    @cached_property
    def seen(self) -> Seen:
        """The numbers that are shown, without the filling of shorter sentences."""
        if self.run is None:
            return NOTHING
        attention = attention_in(self.run, self.selection).at("weights")
        real = attention.real_queries if attention.kind != "cross" else len(attention.queries)
        weights, energy = attention.field("weights"), attention.at("energy").field("energy")
        rows = slice(None, real)
        columns = rows if attention.kind != "cross" else slice(None)
        return Seen(
            queries=attention.queries[rows],
            keys=attention.keys[columns],
            weights=weights[:, rows, columns],
            energy=energy[:, rows, columns],
            allowed=attention.allowed[rows, columns],
            divisor=attention.facts.divisor,
            layers=self.run.layers_of(self.selection.kind),
            every=self._every(self.run) if self.answer.asks_heads else (),
        )

    def _every(self, run: Run) -> tuple[np.ndarray, ...]:
        """The weights of each layer, token by token, as those who look for heads see them."""
        kind, sentence = self.selection.kind, self.selection.sentence
        length = run.source.lengths[sentence]
        return tuple(
            run.attention(layer, sentence, kind).whole.field("weights")[:, :length, :length]
            for layer in range(run.layers_of(kind))
        )

    @cached_property
    def asked(self) -> Asked:
        """What it is about, as places in the numbers."""
        question = self.question
        return find_asked(
            self.seen,
            self.selection.head,
            question.query,
            question.key,
            is_last=self.answer.is_last,
        )

    @cached_property
    def numbers(self) -> Any:
        """What the answer is computed from."""
        if self.answer.about == "attention":
            return self.seen
        return page_shown().teaching.numbers(self.run)

    @cached_property
    def truth(self) -> Truth:
        """What is right."""
        return self.answer.compute(self.numbers, self.asked)

    @property
    def has_words(self) -> bool:
        """Whether there are those that it asks about."""
        return self.run is None or bool(self.seen.queries and self.seen.keys)

    @property
    def sides(self) -> tuple[int, int]:
        """How many rows and columns there are to choose a cell from."""
        if self.answer.asks_heads:
            every = self.seen.every
            return len(every), max((len(weights) for weights in every), default=0)
        return len(self.seen.queries), len(self.seen.keys)

    def share_of(self, query: int, key: int) -> float:
        """Return how much of its attention a query gives to a key; or what a layer's head has."""
        shares = self.truth.shares if self.answer.asks_heads else matrix(self.seen, self.asked)
        assert shares is not None  # of an answer about heads
        return float(shares[query, key])

    def token_of(self, query: int | None = None, key: int | None = None) -> int | None:
        """Return the sentence's token that a row, or a column, begins with."""
        if self.run is None:
            return None
        attention = attention_in(self.run, self.selection).at("weights")
        groups = attention.query_groups if key is None else attention.key_groups
        place = query if key is None else key
        return groups[place][0] if place is not None and place < len(groups) else None
