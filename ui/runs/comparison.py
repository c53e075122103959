"""Two attentions against each other: heads in pairs, differences, divergences."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from model.measures import jensen_shannon, match_heads
from ui.choices.options import Stage
from ui.runs.run import Attention
from ui.text.i18n import _
from viz.statistics import head_statistics


@dataclass(frozen=True)
class Comparison:
    """The attentions of the two sides, which may be of any models and sentences."""

    a: Attention
    b: Attention

    @cached_property
    def has_one_shape(self) -> bool:
        """Whether there are as many queries and keys on both sides, so that cells have partners."""
        return self.a.field("weights").shape[1:] == self.b.field("weights").shape[1:]

    @cached_property
    def has_same_reach(self) -> bool:
        """Whether each row may attend to as many keys on both sides: entropies have one maximum."""
        a, b = (side.allowed[: side.real_queries].sum(axis=1) for side in (self.a, self.b))
        return self.has_one_shape and np.array_equal(a, b)

    @property
    def has_same_tokens(self) -> bool:
        """Whether both sides read the same."""
        return self.a.queries == self.b.queries and self.a.keys == self.b.keys

    @property
    def real_queries(self) -> int:
        """How many rows are no padding on either side."""
        return min(self.a.real_queries, self.b.real_queries)

    @property
    def are_matched(self) -> bool:
        """Whether heads were paired by similarity, because their counts differ."""
        return self.a.facts.heads != self.b.facts.heads

    @cached_property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Which heads of A and B are compared: by number, or by similarity where counts differ.

        Empty where they differ and the shapes do too: such heads have nothing in common.
        """
        if not self.are_matched:
            return tuple((head, head) for head in range(self.a.facts.heads))
        if not self.has_one_shape:
            return ()
        a, b = (side.field("weights")[:, : self.real_queries] for side in (self.a, self.b))
        found = match_heads(a, b)
        return tuple((a, b) for a, b, _similarity in found)

    @cached_property
    def divergences(self) -> np.ndarray:
        """Of each pair's rows, (pairs, real_queries), nats.

        Raises:
            ValueError: if the shapes differ.
        """
        ours, theirs = self._paired("weights")
        real = slice(self.real_queries)  # padding attends to what nobody asks about
        divergence: np.ndarray = jensen_shannon(ours[:, real], theirs[:, real]).numpy()
        return divergence

    @cached_property
    def distances(self) -> np.ndarray:
        """How far apart each pair's heads are, (pairs,): their mean divergence, nats.

        Where the shapes differ, how far apart their mean entropies are. NaN of heads without rows.
        """
        if self.has_one_shape and self.pairs and self.real_queries:
            apart: np.ndarray = self.divergences.mean(axis=1)
            return apart
        of_a, of_b = (side["entropy"].to_numpy() for side in self.statistics)
        return np.array([abs(of_a[a] - of_b[b]) for a, b in self.pairs])

    def difference(self, stage: Stage) -> np.ndarray:
        """B - A for each pair, (pairs, Q, K); NaN where a score is masked on either side.

        Raises:
            ValueError: if the shapes differ.
        """
        a, b = self._paired(stage)
        both = np.isfinite(a) & np.isfinite(b)  # a masked score is -inf
        difference: np.ndarray = np.subtract(b, a, out=np.full_like(a, np.nan), where=both)
        return difference

    def _paired(self, field: str) -> tuple[np.ndarray, np.ndarray]:
        if not self.has_one_shape:
            raise ValueError("the two sides have different numbers of tokens")
        of_a, of_b = np.array(self.pairs).T
        return self.a.field(field)[of_a], self.b.field(field)[of_b]

    @cached_property
    def statistics(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """What each head of A and of B does: see head_statistics."""
        return _statistics(self.a), _statistics(self.b)

    def mean(self, column: str) -> tuple[float, float]:
        """Return a statistic's mean over heads, of A and of B; NaN where none has it."""
        a, b = (float(side[column].mean()) for side in self.statistics)
        return a, b

    def table(self) -> pd.DataFrame:
        """Return one row a pair of heads: both heads' statistics, and how far apart they are.

        Where there are no pairs, one row a head, of A's first.
        """
        of_a, of_b = self.statistics
        if not self.pairs:
            return pd.concat({"A": of_a, "B": of_b}, names=["side"]).reset_index(level="side")
        columns = ("entropy", "entropy_share", "largest_weight")
        rows = []
        for i, (head_a, head_b) in enumerate(self.pairs):
            row: dict[str, float] = {"head_a": head_a, "head_b": head_b}
            if self.has_one_shape and self.real_queries:
                row["divergence"] = float(self.divergences[i].mean())
                row["largest_divergence"] = float(self.divergences[i].max())
            for name in columns:
                row[f"{name}_a"] = of_a[name][head_a]
                row[f"{name}_b"] = of_b[name][head_b]
            rows.append(row)
        return pd.DataFrame(rows)

    def pair_names(self) -> list[str]:
        """Return what the pairs are called: Head 3, or 0 – 5 where they were matched."""
        if self.are_matched:
            return [_("A{a} – B{b}").format(a=a, b=b) for a, b in self.pairs]
        return [_("Head {number}").format(number=a) for a, _b in self.pairs]


def _statistics(attention: Attention) -> pd.DataFrame:
    real = attention.real_queries
    return head_statistics(attention.field("weights")[:, :real], attention.allowed[:real])
