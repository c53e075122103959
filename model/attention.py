"""Multi-head attention that keeps every intermediate result.

The one module of the project that everything else looks at. It follows Vaswani et al. (2017),
"Attention Is All You Need", sections 3.2.1 and 3.2.2, and the tutorial formulation that shares one
small projection among the heads. Dimension letters are explained in the package's docstring.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.positions import Positions, RotaryPairs, alibi_bias, rotate
from model.projections import Projected, ProjectionEquation

Projection = Literal["shared", "full"]
Scale = Literal["embed_size", "head_dim", "none"]


@dataclass(frozen=True)
class AttentionTrace:
    """Everything that one attention layer computed, from the projections to the output.

    queries, keys and values are views of the projections, unless these were rotated or shared by
    groups of heads; the other fields own their memory.
    """

    queries: Tensor  # (B, H, Q, D) projected queries, rotated where positions are rotary
    keys: Tensor  # (B, H, K, D) projected keys, rotated likewise
    values: Tensor  # (B, H, K, D) projected values
    energy: Tensor  # (B, H, Q, K) raw q·k, before scaling and masking
    scores: Tensor  # (B, H, Q, K) scaled, biased, masked (-inf): what softmax sees
    weights: Tensor  # (B, H, Q, K) softmax of the scores; a row of zeros where all is masked
    head_outputs: Tensor  # (B, H, Q, D) weights · values
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
            queries (Ainslie et al., 2023, "GQA"); None for one each. Needs the full projection.
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
        check_heads_divide(embed_size, heads)
        kv_heads = heads if kv_heads is None else kv_heads
        if projection not in get_args(Projection):
            raise ValueError(
                f"projection must be one of {get_args(Projection)}, got {projection!r}"
            )
        if scale not in get_args(Scale):
            raise ValueError(f"scale must be one of {get_args(Scale)}, got {scale!r}")
        if not (temperature > 0 and math.isfinite(temperature)):
            raise ValueError(f"temperature must be a positive number, got {temperature!r}")
        if positions not in get_args(Positions):
            raise ValueError(f"positions must be one of {get_args(Positions)}, got {positions!r}")
        if kv_heads < 1 or heads % kv_heads or (kv_heads != heads and projection == "shared"):
            raise ValueError(
                "kv_heads must divide heads, and equal them where the projection is shared; "
                f"got {kv_heads} of {heads} with projection={projection!r}"
            )
        self.embed_size = embed_size
        self.heads = heads
        self.kv_heads = kv_heads
        self.head_dim = embed_size // heads
        if positions == "rotary" and self.head_dim % 2:
            raise ValueError(
                f"rotary positions turn pairs of numbers, so head_dim must be even, got "
                f"{embed_size} / {heads} = {self.head_dim}"
            )
        self.projection: Projection = projection
        self.scale: Scale = scale
        self.temperature = temperature
        self.positions: Positions = positions
        self.rotary_base = rotary_base
        self.rotary_pairs: RotaryPairs = rotary_pairs

        width = self.head_dim if projection == "shared" else embed_size
        kv_width = width // heads * kv_heads if projection == "full" else width
        self.values = nn.Linear(width, kv_width, bias=bias)
        self.keys = nn.Linear(width, kv_width, bias=bias)
        self.queries = nn.Linear(width, width, bias=bias)
        self.fc_out = nn.Linear(heads * self.head_dim, embed_size, bias=out_bias)

    @property
    def divisor(self) -> float:
        """What the energies are divided by: sqrt(E), sqrt(D) or 1, times the temperature."""
        size = {"embed_size": self.embed_size, "head_dim": self.head_dim, "none": 1}[self.scale]
        return math.sqrt(size) * self.temperature

    def equation(self, name: Projected) -> ProjectionEquation:
        """Return how queries, keys or values follow from what is read."""
        groups = self.heads if name == "queries" else self.kv_heads
        return ProjectionEquation(
            groups=tuple(head * groups // self.heads for head in range(self.heads)),
            has_bias=self.queries.bias is not None,
            rotated=self.head_dim if self.positions == "rotary" and name != "values" else 0,
            own_part=self.projection == "shared",
        )

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
        removed: Collection[int] = (),
    ) -> AttentionTrace:
        """Attend, and return everything on the way: softmax(Q Kᵀ / divisor) V, then fc_out.

        Rotary positions act before the energy, ALiBi's bias after the scale.

        Args:
            values: (B, K, E).
            keys: (B, K, E).
            query: (B, Q, E).
            mask: broadcastable to (B, H, Q, K); True or non-zero where a query may attend to a
                key. None lets every query attend to every key.
            removed: heads whose output is set to zero, to see what they are good for (Michel et
                al., 2019, "Are Sixteen Heads Really Better than One?", section 2.3).

        Raises:
            ValueError: if the inputs or the mask don't fit together; the message has the shapes.
        """
        self._check_shapes(values, keys, query, mask)

        q = self._project(self.queries, query)  # (B, H, Q, D)
        k = self._project(self.keys, keys)  # (B, H, K, D)
        v = self._project(self.values, values)  # (B, H, K, D)
        if self.positions == "rotary":
            q, k = (rotate(x, self.rotary_base, self.rotary_pairs) for x in (q, k))

        energy = q @ k.transpose(-2, -1)  # (B, H, Q, K)
        hidden = None if mask is None else mask == 0
        scores = self._scores(energy, hidden)  # (B, H, Q, K)
        weights = _weights(scores, hidden)  # (B, H, Q, K)

        head_outputs = weights @ v  # (B, H, Q, D)
        if removed:
            head_outputs[:, list(removed)] = 0.0
        side_by_side = head_outputs.transpose(1, 2).flatten(2)  # (B, Q, H * D)
        output = F.linear(side_by_side, self.fc_out.weight, self.fc_out.bias)  # (B, Q, E)
        return AttentionTrace(q, k, v, energy, scores, weights, head_outputs, output)

    def _scores(self, energy: Tensor, hidden: Tensor | None) -> Tensor:
        """The energies scaled, biased and masked, (B, H, Q, K)."""
        if hidden is None:
            scores = energy / self.divisor
        else:  # -inf stays what it is; the other way round, masking would take a slower pass
            scores = torch.where(hidden, -math.inf, energy).div_(self.divisor)
        if self.positions == "alibi":
            scores += alibi_bias(self.heads, *energy.shape[2:]).to(scores)
        return scores

    def _project(self, linear: nn.Linear, x: Tensor) -> Tensor:
        """(B, L, E) -> (B, H, L, D): before the split ("full") or inside each head ("shared")."""
        batch, length, _ = x.shape
        # F.linear, since calling a module takes as long as projecting a short sentence.
        if self.projection == "shared":
            split = x.reshape(batch, length, self.heads, self.head_dim)
            return F.linear(split, linear.weight, linear.bias).transpose(1, 2)
        heads = linear.out_features // self.head_dim  # H, or fewer for keys and values
        split = F.linear(x, linear.weight, linear.bias).reshape(batch, length, heads, self.head_dim)
        if heads < self.heads:  # each key and value head serves a group of queries
            split = split.repeat_interleave(self.heads // heads, dim=2)
        return split.transpose(1, 2)

    def _check_shapes(
        self, values: Tensor, keys: Tensor, query: Tensor, mask: Tensor | None
    ) -> None:
        for name, x in (("values", values), ("keys", keys), ("query", query)):
            if x.dim() != 3 or x.shape[-1] != self.embed_size:
                raise ValueError(
                    f"{name} must have the shape (batch, length, {self.embed_size}), "
                    f"got {tuple(x.shape)}"
                )
        if values.shape != keys.shape or keys.shape[0] != query.shape[0]:
            raise ValueError(
                "values and keys must have one shape, and the batch size of the query; got "
                f"values {tuple(values.shape)}, keys {tuple(keys.shape)}, "
                f"query {tuple(query.shape)}"
            )
        if mask is not None:
            expected = (query.shape[0], self.heads, query.shape[1], keys.shape[1])
            aligned = zip(reversed(mask.shape), reversed(expected), strict=False)
            if mask.dim() > 4 or any(size not in (1, wanted) for size, wanted in aligned):
                raise ValueError(
                    "mask must broadcast to (batch, heads, queries, keys) = "
                    f"{expected}, got {tuple(mask.shape)}"
                )


def _weights(scores: Tensor, hidden: Tensor | None) -> Tensor:
    """The softmax over the keys, (B, H, Q, K): zero in a row where every key is hidden.

    A row of -inf has no softmax; it gets no weight at all, rather than NaN. No branch looks at the
    mask's values, so that torch.export can follow.
    """
    weights = torch.softmax(scores, dim=-1)
    if hidden is None:
        return weights
    hides_all = hidden.all(dim=-1, keepdim=True)
    if weights.requires_grad:  # the gradient needs what softmax returned: no writing into it
        return weights.masked_fill(hides_all, 0.0)
    return weights.masked_fill_(hides_all, 0.0)


def check_heads_divide(embed_size: int, heads: int) -> None:
    """Raise ValueError, naming the nearest sizes that work, unless heads divides embed_size."""
    if embed_size < 1 or heads < 1:
        raise ValueError(
            f"embed_size and heads must be at least 1, got embed_size={embed_size}, heads={heads}"
        )
    if embed_size % heads:
        below, above = embed_size // heads * heads, (embed_size // heads + 1) * heads
        nearest = f"{below} and {above}" if below else f"{above}"
        raise ValueError(
            f"embed_size {embed_size} is not divisible by {heads} heads; "
            f"the nearest embedding sizes that work are {nearest}"
        )
