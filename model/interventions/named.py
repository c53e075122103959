"""Interventions by name: which heads, edges and patterns, whatever sentence the model reads."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from ..attention import AttentionTrace
from ..errors import CodedValueError
from .change import AttentionChange, Changes, EdgeCut, EdgeWeight

Head = tuple[int, int]  # a layer and a head of it
PatternSource = Literal["uniform", "kept", "other", "painted"]


class Edge(NamedTuple):
    """A query and a key, by their places in the sentence."""

    query: int
    key: int


@dataclass(frozen=True, order=True)
class PlacedCut:
    """A query that can't look at a key, in a head, a layer or all; see EdgeCut."""

    query: int
    key: int
    layer: int | None = None  # None: in every layer, and then in every head
    head: int | None = None  # None: in every head
    sentence: int = 0


@dataclass(frozen=True, order=True)
class PlacedWeight:
    """A weight that is set; see EdgeWeight."""

    query: int
    key: int
    layer: int
    head: int
    weight: float  # 0 to 1
    sentence: int = 0


@dataclass(frozen=True, order=True)
class Pattern:
    """What stands in place of a head's weights.

    "uniform": every key that is allowed gets as much. "kept": the weights that the head has when
    nothing is changed, so that it doesn't answer to what is changed before it. "other": its weights
    on the other sentence. "painted": what is painted gets as much; rows without paint stay.
    """

    layer: int
    head: int
    source: PatternSource
    cells: tuple[Edge, ...] = ()  # that are painted
    sentence: int = 0


@dataclass(frozen=True)
class Extent:
    """How much a run has of what interventions name.

    Attributes:
        layers: with heads that can be changed.
        heads: of each of them.
        queries: of each sentence, its own.
        keys: of each sentence, its own.
        other: tokens of the other sentence; None where there is none.
    """

    layers: int
    heads: int
    queries: tuple[int, ...]
    keys: tuple[int, ...]
    other: int | None = None

    @property
    def own(self) -> Tensor | None:
        """(B, Q), True for the sentences' own tokens; None where there is no padding."""
        longest = max(self.queries)
        if min(self.queries) == longest:
            return None
        return torch.arange(longest) < torch.tensor(self.queries)[:, None]

    def has_head(self, layer: int | None, head: int | None) -> bool:
        """Whether there is such a layer and such a head; None stands for all."""
        return (layer or 0) < self.layers and (head or 0) < self.heads

    def has_edge(self, sentence: int, query: int, key: int) -> bool:
        """Whether a sentence has such tokens."""
        return (
            sentence < len(self.queries)
            and query < self.queries[sentence]
            and key < self.keys[sentence]
        )


@dataclass(frozen=True)
class Interventions:
    """Everything that is changed in a model by hand; each kind in the order in which it was made.

    Attributes:
        removed: heads whose output is zero.
        averaged: heads whose output is their mean over the sentence's own tokens, at each of them.
            Of a decoder, so that earlier tokens get something of later ones.
        cuts: edges that can't be used.
        weights: edges whose weight is set.
        patterns: what stands in place of heads' weights.
    """

    removed: tuple[Head, ...] = ()
    averaged: tuple[Head, ...] = ()
    cuts: tuple[PlacedCut, ...] = ()
    weights: tuple[PlacedWeight, ...] = ()
    patterns: tuple[Pattern, ...] = ()

    def __bool__(self) -> bool:
        return any(getattr(self, each.name) for each in fields(self))

    def __len__(self) -> int:
        return sum(len(getattr(self, each.name)) for each in fields(self))

    @property
    def needs_before(self) -> bool:
        """Whether weights are asked for of the run in which nothing is changed."""
        return any(pattern.source == "kept" for pattern in self.patterns)

    @property
    def needs_other(self) -> bool:
        """Whether weights are asked for of a run on the other sentence."""
        return any(pattern.source == "other" for pattern in self.patterns)

    def within(self, extent: Extent) -> "Interventions":
        """Return those that a run has heads and tokens for."""
        return Interventions(
            tuple(each for each in self.removed if extent.has_head(*each)),
            tuple(each for each in self.averaged if extent.has_head(*each)),
            tuple(
                each
                for each in self.cuts
                if extent.has_head(each.layer, each.head)
                and extent.has_edge(each.sentence, each.query, each.key)
            ),
            tuple(
                each
                for each in self.weights
                if extent.has_head(each.layer, each.head)
                and extent.has_edge(each.sentence, each.query, each.key)
            ),
            tuple(
                each
                for each in self.patterns
                if extent.has_head(each.layer, each.head)
                and extent.has_edge(each.sentence, 0, 0)
                and (each.source != "other" or extent.other == extent.queries[each.sentence])
            ),
        )


def changes_of(
    named: Interventions,
    extent: Extent,
    *,
    before: Sequence[AttentionTrace] = (),
    other: Sequence[AttentionTrace] = (),
) -> Changes:
    """Return what each attention of a run is told.

    Args:
        named: which the run has heads and tokens for: see Interventions.within.
        extent: of the run.
        before: one a layer, of the run in which nothing is changed.
        other: one a layer, of the run on the other sentence, alone.

    Raises:
        CodedValueError: if the other sentence has another number of tokens.
    """
    attentions, own = {}, extent.own
    for layer in range(extent.layers):
        change = AttentionChange(
            cuts=tuple(_cuts(named, layer)),
            patterns={
                (each.sentence, each.head): _pattern(each, extent, before, other)
                for each in named.patterns
                if each.layer == layer
            },
            edges=tuple(
                EdgeWeight(each.sentence, each.head, each.query, each.key, each.weight)
                for each in named.weights
                if each.layer == layer
            ),
            averaged=_heads(named.averaged, layer),
            removed=_heads(named.removed, layer),
            own=own,
        )
        if change.changes_rows or change.changes_outputs:
            attentions[layer] = change
    return Changes(attentions)


def _cuts(named: Interventions, layer: int) -> Iterator[EdgeCut]:
    for each in named.cuts:
        if each.layer is None or each.layer == layer:
            yield EdgeCut(each.sentence, each.head, each.query, each.key)


def _heads(heads: Sequence[Head], layer: int) -> tuple[int, ...]:
    return tuple(head for at, head in heads if at == layer)


def _pattern(
    named: Pattern,
    extent: Extent,
    before: Sequence[AttentionTrace],
    other: Sequence[AttentionTrace],
) -> Tensor:
    """Return the numbers that stand for a pattern, (Q, K), padding included."""
    if named.source == "kept":
        return before[named.layer].weights[named.sentence, named.head]
    queries, keys = extent.queries[named.sentence], extent.keys[named.sentence]
    numbers = torch.zeros(max(extent.queries), max(extent.keys))
    if named.source == "uniform":
        numbers[:] = 1.0
    elif named.source == "other":
        weights = other[named.layer].weights[0, named.head]
        if weights.shape != (queries, keys):
            raise CodedValueError(
                "interventions.other_length",
                "the other sentence has {other} tokens, and this one {own}: a pattern can be put "
                "in only where both have as many",
                other=weights.shape[0],
                own=queries,
            )
        numbers[:queries, :keys] = weights
    for query, key in named.cells:
        if query < queries and key < keys:
            numbers[query, key] = 1.0
    return numbers
