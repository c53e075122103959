"""Attention, from the equation to the module that keeps its every step. Start reading here.

Every token looks at all tokens and takes something from each: much from those that fit, little from
the others. What it looks for is its query; what others find it by is its key; what it gives is its
value: three vectors. How well a key fits a query is their dot product, the energy. Energies grow
with the vectors' size, so they are divided, which makes them scores. Softmax turns the scores of a
query into weights, which are positive and sum to 1; and what the query gets is the mean of the
values with these weights:

    Attention(Q, K, V) = softmax(Q Kᵀ / divisor) V

A query that fits the first of two keys gets more of the first value, 10, than of the second:

    >>> q = torch.tensor([[[[2.0, 0.0]]]])  # (B, H, Q, D), one of each
    >>> k = torch.tensor([[[[1.0, 0.0], [0.0, 1.0]]]])  # (B, H, K, D)
    >>> v = torch.tensor([[[[10.0], [20.0]]]])  # (B, H, K, 1)
    >>> steps = attend(q, k, v, divisor=2.0)
    >>> steps.scores, steps.weights, steps.head_outputs  # 0.7311 is e / (e + 1)
    (tensor([[[[1., 0.]]]]), tensor([[[[0.7311, 0.2689]]]]), tensor([[[[12.6894]]]]))

`attend` is that equation, with a bias and a mask. `SelfAttention` makes queries, keys and values of
token vectors, for several heads that attend side by side, and mixes what these bring back.
Sources: Vaswani et al. (2017), "Attention Is All You Need", section 3.2; and the tutorial, which
shares one small projection among the heads. The letters are explained in the package's docstring.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import torch
from torch import Tensor, nn

from .carried import split_projection
from .checks import (
    check_attention_inputs,
    check_choice,
    check_heads_divide,
    check_kv_heads,
    check_pairs,
    check_positive,
)
from .positions import Positions, RotaryPairs, alibi_bias, rotate
from .projections import Projected, ProjectionEquation

if TYPE_CHECKING:  # it is about what is computed here
    from .interventions import AttentionChange

Projection = Literal["shared", "full"]
Scale = Literal["embed_size", "head_dim", "none"]


class Attended(NamedTuple):
    """The steps of one attention, in their order."""

    energy: Tensor  # (B, H, Q, K) raw q·k, before scaling and masking
    scores: Tensor  # (B, H, Q, K) scaled, biased, masked (-inf): what softmax sees
    weights: Tensor  # (B, H, Q, K) softmax of the scores; a row of zeros where all is masked
    head_outputs: Tensor  # (B, H, Q, D) weights · values


def attend(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    *,
    divisor: float,
    bias: Tensor | None = None,
    allowed: Tensor | None = None,
) -> Attended:
    """Return every step of softmax(q kᵀ / divisor + bias) v over the allowed keys.

    Args:
        q: (B, H, Q, D) queries.
        k: (B, H, K, D) keys.
        v: (B, H, K, D) values, whose D may be another.
        divisor: of the energies; the paper's is sqrt(D).
        bias: added to the scores, broadcastable to (B, H, Q, K).
        allowed: booleans, broadcastable likewise, True where a query may attend to a key; None lets
            every query attend to every key.
    """
    energy = q @ k.transpose(-2, -1)  # (B, H, Q, K)
    scores = energy / divisor  # (B, H, Q, K)
    if bias is not None:
        scores += bias
    if allowed is not None:
        scores = torch.where(allowed, scores, -math.inf)
    weights = softmax_over_allowed(scores, allowed)  # (B, H, Q, K)
    head_outputs = weights @ v  # (B, H, Q, D)
    return Attended(energy, scores, weights, head_outputs)


def softmax_over_allowed(scores: Tensor, allowed: Tensor | None) -> Tensor:
    """Return the softmax of each row of scores: zeros, not NaN, where no key is allowed.

    A row of -inf has no softmax: with nothing to attend to, a query takes nothing. This asks no
    number whether there is such a row, so that torch.export can follow; and gradients pass by what
    isn't allowed, so that they have no NaN either.
    """
    weights = torch.softmax(scores, dim=-1)
    return weights if allowed is None else torch.where(allowed, weights, 0.0)


def repeat_kv(x: Tensor, heads: int) -> Tensor:
    """Return (B, G, L, D) keys or values as (B, H, L, D): each serves H / G queries in a row.

    Source: Ainslie et al. (2023), "GQA", section 2.2.
    """
    return x if x.shape[1] == heads else x.repeat_interleave(heads // x.shape[1], dim=1)


@dataclass(frozen=True, kw_only=True)
class AttentionTrace:
    """Everything that one attention layer computed, from the projections to the output.

    queries, keys and values are views of the projections, unless these were rotated or shared by
    groups of heads; the other fields own their memory.
    """

    queries: Tensor  # (B, H, Q, D) projected queries, rotated where positions are rotary
    keys: Tensor  # (B, H, K, D) projected keys, rotated likewise
    values: Tensor  # (B, H, K, D) projected values
    energy: Tensor  # (B, H, Q, K) this and the next three: see Attended
    scores: Tensor  # (B, H, Q, K)
    weights: Tensor  # (B, H, Q, K)
    head_outputs: Tensor  # (B, H, Q, D)
    output: Tensor  # (B, Q, E) the heads side by side, through fc_out


class SelfAttention(nn.Module):
    """Multi-head attention with two formulations, side by side.

    Args:
        embed_size: E, the size of the input and output vectors.
        heads: H, how many heads share it; must divide E.
        projection: "shared" projects inside each head with one (D, D) matrix that all heads
            share, as the tutorial does; "full" projects with an (E, E) matrix before the split,
            as the paper does.
        scale: what the energies are divided by: the square root of the "embed_size" (tutorial)
            or of the "head_dim" (paper), or 1 for "none".
        temperature: divides the energies once more; 1 leaves them as they are, below 1 sharpens.
        kv_heads: how many heads of keys and values there are, each shared by heads / kv_heads
            queries (see repeat_kv); None for one each. Needs the full projection.
        bias: whether queries, keys and values have a bias, as BERT's have.
        out_bias: whether fc_out has one.
        positions: "rotary" turns queries and keys by their place, "alibi" lowers the scores of
            distant keys; the other schemes add to the input and mean nothing here.
        rotary_base: the base of the rotary angles.
        rotary_pairs: which numbers are turned together; see model.positions.rotate.

    Raises:
        ValueError: if heads doesn't divide embed_size, or an option is unknown or doesn't fit.

    With projection="full" and scale="head_dim", and neither temperature, positions nor shared heads
    of keys, it equals torch.nn.MultiheadAttention with the same weights.
    """

    def __init__(
        self,
        embed_size: int,
        heads: int,
        *,
        projection: Projection = "shared",
        scale: Scale = "embed_size",
        temperature: float = 1.0,
        kv_heads: int | None = None,
        bias: bool = False,
        out_bias: bool = True,
        positions: Positions = "none",
        rotary_base: float = 10_000.0,
        rotary_pairs: RotaryPairs = "neighbours",
    ) -> None:
        super().__init__()
        kv_heads = heads if kv_heads is None else kv_heads
        check_heads_divide(embed_size, heads)
        check_choice("projection", projection, Projection)
        check_choice("scale", scale, Scale)
        check_choice("positions", positions, Positions)
        check_choice("rotary_pairs", rotary_pairs, RotaryPairs)
        check_positive("temperature", temperature)
        check_positive("rotary_base", rotary_base)
        check_kv_heads(kv_heads, heads, projection)
        if positions == "rotary":
            check_pairs(embed_size, heads)
        self.embed_size = embed_size
        self.heads = heads
        self.kv_heads = kv_heads
        self.head_dim = embed_size // heads
        self.projection: Projection = projection
        self.scale: Scale = scale
        self.temperature = temperature
        self.positions: Positions = positions
        self.rotary_base = rotary_base
        self.rotary_pairs: RotaryPairs = rotary_pairs

        width = self.head_dim if projection == "shared" else embed_size
        kv_width = self.head_dim if projection == "shared" else kv_heads * self.head_dim
        self.values = nn.Linear(width, kv_width, bias=bias)
        self.keys = nn.Linear(width, kv_width, bias=bias)
        self.queries = nn.Linear(width, width, bias=bias)
        self.fc_out = nn.Linear(heads * self.head_dim, embed_size, bias=out_bias)

    def forward(
        self, values: Tensor, keys: Tensor, query: Tensor, mask: Tensor | None = None
    ) -> Tensor:
        """Attend, and return only the output. Shapes and errors as in `trace`."""
        return self.trace(values, keys, query, mask).output

    def trace(
        self,
        values: Tensor,
        keys: Tensor,
        query: Tensor,
        mask: Tensor | None = None,
        change: "AttentionChange | None" = None,
    ) -> AttentionTrace:
        """Attend, and return everything on the way.

        Args:
            values: (B, K, E).
            keys: (B, K, E).
            query: (B, Q, E).
            mask: broadcastable to (B, H, Q, K); True or non-zero where a query may attend to a
                key. None lets every query attend to every key.
            change: what is changed by hand, to see what it is good for.

        Raises:
            ValueError: if the inputs or the mask don't fit together; the message has the shapes.
        """
        check_attention_inputs(values, keys, query, mask, self.embed_size, self.heads)

        q = self._project(self.queries, query)  # (B, H, Q, D)
        k = self._project(self.keys, keys)  # (B, H or fewer, K, D)
        v = self._project(self.values, values)  # (B, H or fewer, K, D)
        if self.positions == "rotary":
            q, k = (rotate(x, self.rotary_base, self.rotary_pairs) for x in (q, k))
        k, v = repeat_kv(k, self.heads), repeat_kv(v, self.heads)  # (B, H, K, D)

        energy, scores, weights, head_outputs = (attend if change is None else change.attend)(
            q,
            k,
            v,
            divisor=self.divisor,
            bias=self.score_bias(query.shape[1], keys.shape[1]),  # (H, Q, K)
            allowed=None if mask is None else mask.bool(),
        )
        output = self.fc_out(head_outputs.transpose(1, 2).flatten(2))  # (B, Q, E)
        return AttentionTrace(
            queries=q,
            keys=k,
            values=v,
            energy=energy,
            scores=scores,
            weights=weights,
            head_outputs=head_outputs,
            output=output,
        )

    def _project(self, linear: nn.Linear, x: Tensor) -> Tensor:
        """Return (B, L, E) as (B, H, L, D) queries, keys or values; of these maybe fewer heads."""
        batch, length, _ = x.shape
        if self.projection == "shared":  # split, then project inside each head
            split = linear(x.reshape(batch, length, self.heads, self.head_dim))  # (B, L, H, D)
        else:
            heads = linear.out_features // self.head_dim
            split = linear(x).reshape(batch, length, heads, self.head_dim)  # (B, L, H or fewer, D)
        by_head: Tensor = split.transpose(1, 2)
        return by_head

    @property
    def divisor(self) -> float:
        """Return what divides the energies: sqrt(E), sqrt(D) or 1, times the temperature."""
        size = {"embed_size": self.embed_size, "head_dim": self.head_dim, "none": 1}[self.scale]
        return math.sqrt(size) * self.temperature

    def score_bias(self, queries: int, keys: int) -> Tensor | None:
        """Return what is added to the scores, (H, Q, K), by ALiBi; None for other positions."""
        if self.positions != "alibi":
            return None
        return alibi_bias(self.heads, queries, keys).to(self.queries.weight)

    @property
    def output_projection(self) -> Tensor:
        """Return the rows of fc_out's matrix that are each head's, (H, D, E), without its bias."""
        return split_projection(self.fc_out.weight.detach().T, self.heads)

    def equation(self, name: Projected) -> ProjectionEquation:
        """Return how queries, keys or values follow from what is read."""
        groups = self.heads if name == "queries" else self.kv_heads
        return ProjectionEquation(
            groups=tuple(head * groups // self.heads for head in range(self.heads)),
            has_bias=self.queries.bias is not None,
            rotated=self.head_dim if self.positions == "rotary" and name != "values" else 0,
            own_part=self.projection == "shared",
        )
