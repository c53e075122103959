"""What is changed in one attention, or in the residual stream, while a model runs.

The order within an attention is its own order of computing: edges are cut before softmax, patterns
and single weights are put in after it, and head outputs last. Letters as in the package.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import torch
from torch import Tensor

from ..attention import Attended, attend

SUMS_TO_1 = 1e-5  # how far a row of weights may be from 1 by rounding


class EdgeCut(NamedTuple):
    """A query that can't look at a key.

    Source: Geva et al. (2023), "Dissecting Recall of Factual Associations in Auto-Regressive
    Language Models", section 3: attention knockout, which sets a score to -inf.
    """

    sentence: int
    head: int | None  # None: in every head
    query: int
    key: int


class EdgeWeight(NamedTuple):
    """A weight that is set by hand; the others of its row keep their proportions."""

    sentence: int
    head: int
    query: int
    key: int
    weight: float  # 0 to 1


@dataclass(frozen=True)
class AttentionChange:
    """What is changed in one attention.

    Attributes:
        cuts: edges that can't be used; softmax shares their weight among the others.
        patterns: by sentence and head, (Q, K) numbers from 0 in place of the weights. Each row is
            brought to a sum of 1 over what is allowed; a row with nothing there stays as it was.
        edges: weights that are set. Where those of a row make more than 1 they share it.
        averaged: heads whose output is their mean over the sentence's own tokens, everywhere.
        outputs: by head, (B, Q, D) in place of its output, NaN where it stays.
        removed: heads whose output is zero (Michel et al., 2019, "Are Sixteen Heads Really Better
            than One?", section 2.3).
        own: (B, Q), True for the sentences' own tokens; None where there is no padding.
    """

    cuts: tuple[EdgeCut, ...] = ()
    patterns: Mapping[tuple[int, int], Tensor] = field(default_factory=dict)
    edges: tuple[EdgeWeight, ...] = ()
    averaged: Collection[int] = ()
    outputs: Mapping[int, Tensor] = field(default_factory=dict)
    removed: Collection[int] = ()
    own: Tensor | None = None

    @property
    def changes_weights(self) -> bool:
        """Whether weights aren't the softmax of the scores, as they are where edges are cut."""
        return bool(self.patterns or self.edges)

    @property
    def changes_rows(self) -> bool:
        """Whether weights are others than they would be."""
        return bool(self.cuts) or self.changes_weights

    @property
    def changes_outputs(self) -> bool:
        """Whether outputs aren't the weights' mean of the values any more."""
        return bool(self.averaged or self.outputs or self.removed)

    def attend(
        self,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        *,
        divisor: float,
        bias: Tensor | None = None,
        allowed: Tensor | None = None,
    ) -> Attended:
        """Return the steps of an attention in which this is changed; arguments as attend has them.

        Raises:
            IndexError: if there is no such sentence, head, query or key.
            ValueError: if a pattern or an output has another shape than what it takes the place of.
        """
        allowed = self.allow(allowed, (*q.shape[:3], k.shape[2]))
        steps = attend(q, k, v, divisor=divisor, bias=bias, allowed=allowed)
        weights, head_outputs = self.weigh(steps.weights, allowed), steps.head_outputs
        if weights is not steps.weights:
            head_outputs = weights @ v
        return steps._replace(weights=weights, head_outputs=self.give(head_outputs))

    def allow(self, allowed: Tensor | None, shape: tuple[int, ...]) -> Tensor | None:
        """Return where queries may attend, (B, H, Q, K) booleans, once edges are cut."""
        if not self.cuts:
            return allowed
        left = torch.ones(shape, dtype=torch.bool)
        if allowed is not None:
            left &= allowed
        for sentence, head, query, key in self.cuts:
            left[sentence, slice(None) if head is None else head, query, key] = False
        return left

    def weigh(self, weights: Tensor, allowed: Tensor | None) -> Tensor:
        """Return the weights, (B, H, Q, K), with patterns and single weights put in."""
        if not self.changes_weights:
            return weights
        changed = weights.clone()
        may = torch.ones_like(weights, dtype=torch.bool)
        if allowed is not None:
            may &= allowed
        for (sentence, head), pattern in self.patterns.items():
            own, reachable = weights[sentence, head], may[sentence, head]
            changed[sentence, head] = _in_place(pattern.to(weights), own, reachable)
        rows: dict[tuple[int, int, int], dict[int, float]] = {}
        for sentence, head, query, key, weight in self.edges:
            rows.setdefault((sentence, head, query), {})[key] = weight
        for row, wanted in rows.items():
            changed[row] = with_weights(changed[row], wanted, may[row])
        return changed

    def give(self, head_outputs: Tensor) -> Tensor:
        """Return what the heads give, (B, H, Q, D), once outputs are replaced."""
        if not self.changes_outputs:
            return head_outputs
        given = head_outputs.clone()
        if self.averaged:
            heads = list(self.averaged)
            given[:, heads] = _means(head_outputs[:, heads], self.own)
        for head, output in self.outputs.items():
            if output.shape != given[:, head].shape:
                raise ValueError(
                    f"expected an output of the shape {tuple(given[:, head].shape)} for head "
                    f"{head}, got {tuple(output.shape)}"
                )
            given[:, head] = torch.where(output.isnan(), given[:, head], output)
        given[:, list(self.removed)] = 0.0
        return given


def _in_place(pattern: Tensor, own: Tensor, allowed: Tensor) -> Tensor:
    """A pattern brought to what is allowed and to rows that sum to 1; all are (Q, K)."""
    if pattern.shape != own.shape:
        raise ValueError(
            f"expected a pattern of the shape {tuple(own.shape)}, got {tuple(pattern.shape)}"
        )
    reached = pattern.where(allowed, 0.0)
    sums = reached.sum(-1, keepdim=True)
    # Weights that softmax made are left as they are: dividing would round them once more.
    shares = torch.where((sums - 1).abs() <= SUMS_TO_1, reached, reached / sums.clamp(min=1e-30))
    return torch.where(sums > 0, shares, own)


def with_weights(row: Tensor, wanted: Mapping[int, float], allowed: Tensor) -> Tensor:
    """Return a row of weights, (K,), in which some are set, and the others share what is left.

    The others keep their proportions; if all were 0, they have equal parts. A key that isn't
    allowed keeps its 0. Where there are no others, the ones that are set share the whole.

    Args:
        row: (K,), which sums to 1.
        wanted: the weights by their keys, 0 to 1.
        allowed: (K,) booleans.
    """
    wanted = {key: weight for key, weight in wanted.items() if allowed[key]}
    if not wanted:
        return row
    fixed = torch.tensor(list(wanted))
    weights = torch.tensor(list(wanted.values())).to(row).clamp(0, 1)
    others = allowed.clone()
    others[fixed] = False
    if weights.sum() > 1 or not others.any():
        weights = (
            weights / weights.sum()
            if weights.sum() > 0
            else torch.full_like(weights, 1 / len(weights))
        )
    left = row.where(others, 0.0)
    if not left.sum() > 0:
        left = others.to(row)
    changed = left * ((1 - weights.sum()) / left.sum().clamp(min=1e-30))
    changed[fixed] = weights
    return changed


def _means(head_outputs: Tensor, own: Tensor | None) -> Tensor:
    """The mean over each sentence's own tokens, (B, H, 1, D) for (B, H, Q, D)."""
    if own is None:
        return head_outputs.mean(2, keepdim=True)
    counted = own[:, None, :, None].to(head_outputs)  # (B, 1, Q, 1)
    return (head_outputs * counted).sum(2, keepdim=True) / counted.sum(2, keepdim=True).clamp(min=1)


@dataclass(frozen=True)
class VectorPatch:
    """Residual vectors that are put in before a layer: (B, L, E), NaN where they stay."""

    vectors: Tensor

    def apply(self, x: Tensor) -> Tensor:
        """Return the stream with them.

        Raises:
            ValueError: if they have another shape.
        """
        if self.vectors.shape != x.shape:
            raise ValueError(
                f"expected vectors of the shape {tuple(x.shape)}, got {tuple(self.vectors.shape)}"
            )
        return torch.where(self.vectors.isnan(), x, self.vectors)


@dataclass(frozen=True)
class Changes:
    """What is changed in a run of a stack, by its layers.

    Attributes:
        attentions: by layer.
        vectors: by the layer that reads them; the number of layers stands for the final norm.
    """

    attentions: Mapping[int, AttentionChange] = field(default_factory=dict)
    vectors: Mapping[int, VectorPatch] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.attentions or self.vectors)

    @property
    def first_layer(self) -> int | None:
        """The first layer in which anything is changed; None if nothing is."""
        return min((*self.attentions, *self.vectors), default=None)

    @property
    def removed(self) -> frozenset[tuple[int, int]]:
        """The layer and head of each head whose output is zero."""
        return frozenset(
            (layer, head) for layer, change in self.attentions.items() for head in change.removed
        )

    def removing(self, heads: Collection[tuple[int, int]]) -> "Changes":
        """Return these changes and the removal of heads, each a layer and a head of it."""
        attentions = dict(self.attentions)
        for layer, head in heads:
            change = attentions.get(layer, AttentionChange())
            if head not in change.removed:
                attentions[layer] = replace(change, removed=(*change.removed, head))
        return Changes(attentions, self.vectors)

    def patched(self, layer: int, x: Tensor) -> Tensor:
        """Return the residual vectors that a layer reads."""
        patch = self.vectors.get(layer)
        return x if patch is None else patch.apply(x)


UNCHANGED = Changes()
