"""One layer's attention as a file has it: the weights, and whatever else there is."""

from dataclasses import dataclass

from torch import Tensor

Rows = tuple[tuple[str, ...], ...]  # B sentences of tokens

# The trace's fields, as AttentionTrace has them and in their order.
FIELDS = (
    "queries",
    "keys",
    "values",
    "energy",
    "scores",
    "weights",
    "head_outputs",
    "output",
)


@dataclass(frozen=True, kw_only=True)
class TracedLayer:
    """A layer of a file, float32: None is what the file doesn't have, and nobody can compute of it.

    Numbers that aren't finite are NaN, but for the -inf of masked scores.
    """

    weights: Tensor  # (B, H, Q, K)
    queries: Tensor | None = None  # (B, H, Q, D)
    keys: Tensor | None = None  # (B, H, K, D), each of a group of heads repeated
    values: Tensor | None = None  # (B, H, K, D), whose D may be another
    energy: Tensor | None = None  # (B, H, Q, K)
    scores: Tensor | None = None  # (B, H, Q, K)
    head_outputs: Tensor | None = None  # (B, H, Q, D)
    output: Tensor | None = None  # (B, Q, E)
    allowed: Tensor | None = None  # broadcastable to (B, H, Q, K), True = may attend
    bias: Tensor | None = None  # likewise, added to the scores
    divisor: float | None = None  # of the energies; None where there are no queries and keys
    kv_heads: int  # how many heads of keys there were; H where nobody knows
    name: str = ""  # what the file calls the layer
    computed: frozenset[str] = frozenset()  # fields that the file hasn't, computed of others
    query_tokens: Rows  # B rows of Q
    key_tokens: Rows  # B rows of K
    query_lengths: tuple[int, ...]  # how many of these are the sentence's own, the rest is padding
    key_lengths: tuple[int, ...]

    @property
    def heads(self) -> int:
        """H."""
        return self.weights.shape[1]

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(B, H, Q, K)."""
        batch, heads, queries, keys = self.weights.shape
        return batch, heads, queries, keys

    @property
    def is_complete(self) -> bool:
        """Whether every step from the queries to the heads' outputs is there."""
        return None not in (
            *(self.queries, self.keys, self.values),
            *(self.energy, self.scores, self.head_outputs),
        )

    @property
    def bytes(self) -> int:
        """How much memory it takes."""
        tensors = (getattr(self, field) for field in (*FIELDS, "allowed", "bias"))
        return sum(tensor.nbytes for tensor in tensors if tensor is not None)
