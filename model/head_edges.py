"""Cut the edge between two heads: the later one no longer reads what the earlier one wrote.

In a pre-norm stack every head reads the stream, a sum of all that was written before. So what an
earlier head wrote can be kept from one reader alone: its query, key or value is made of

    norm(stream - what the earlier head wrote)

while everybody else reads the stream as it is, and all that follows is computed anew. That is the
direct way from head to head; what other heads and feed-forwards between have made of the earlier
one still arrives. The bias of the output projection is nobody's, and stays.

Sources: Wang et al. (2023), "Interpretability in the Wild", section 3.1, and Goldowsky-Dill et al.
(2023), "Localizing Model Behavior with Path Patching", for the paths; there another sentence's
output takes the place, here nothing does (zero ablation), which is further from what the later
head has seen in training: its effect can be larger than the edge's own share.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import get_args

import torch
from torch import Tensor

from .attention import AttentionTrace, SelfAttention
from .block import BlockTrace, TransformerBlock
from .composition import Into, check_pre_norm
from .interventions import AttentionChange
from .transformer import Encoder, TransformerTrace, attention_of

HEAD_FIELDS = ("queries", "keys", "values", "energy", "scores", "weights", "head_outputs")


@dataclass(frozen=True, order=True)
class HeadEdgeCut:
    """An edge that is cut, from a head to what a head of a later layer reads.

    Raises:
        ValueError: if the second isn't in a later layer, or `into` is none of q, k and v.
    """

    layer: int
    head: int
    later_layer: int
    later_head: int
    into: Into

    def __post_init__(self) -> None:
        """Check that it leads forward."""
        if self.into not in get_args(Into):
            raise ValueError(f"into must be one of {get_args(Into)}, got {self.into!r}")
        if not 0 <= self.layer < self.later_layer:
            raise ValueError(
                f"expected an edge to a later layer, got one from layer {self.layer} to layer "
                f"{self.later_layer}"
            )


@dataclass(frozen=True, order=True)
class HeadEdges:
    """Edges of a kind: between two heads, or all that begin or end anywhere.

    Attributes:
        first: the earlier layer and head; None: every head.
        later: the later ones; None: every head of every later layer.
        into: what of the later heads reads the earlier ones.
    """

    first: tuple[int, int] | None
    later: tuple[int, int] | None
    into: Into

    def cuts(self, layers: int, heads: int) -> list[HeadEdgeCut]:
        """Return each of these edges that a stack of so many layers and heads has."""
        every = [(layer, head) for layer in range(layers) for head in range(heads)]
        return [
            HeadEdgeCut(*first, *later, self.into)
            for first in every
            if self.first in (None, first)
            for later in every
            if self.later in (None, later) and first[0] < later[0]
        ]


def written_by_head(attention: SelfAttention, trace: AttentionTrace, head: int) -> Tensor:
    """Return what one head adds to the stream, (B, L, E), without the projection's bias."""
    part = slice(head * attention.head_dim, (head + 1) * attention.head_dim)
    return trace.head_outputs[:, head] @ attention.fc_out.weight[:, part].mT


def trace_without_edges(
    encoder: Encoder,
    x: Tensor,
    mask: Tensor | None = None,
    cuts: Collection[HeadEdgeCut] = (),
) -> TransformerTrace:
    """Compute a stack's run in which later heads don't read what earlier ones wrote.

    Without cuts it is encoder.trace, to the last bit.

    Args:
        encoder: pre-norm; in evaluation mode.
        x: as Encoder.trace has it.
        mask: likewise.
        cuts: the edges; each leads from what the earlier head writes in this very run.

    Raises:
        CompositionUnavailableError: if edges are cut in a post-norm stack.
        IndexError: if there is no such layer or head.
    """
    if not cuts:
        return encoder.trace(x, mask)
    check_pre_norm(encoder)
    _check_heads(encoder, cuts)
    stream: list[Tensor] = [encoder.embedding(x)]
    attentions: list[AttentionTrace] = []
    for layer, block in enumerate(encoder.layers):
        into_here = [cut for cut in cuts if cut.later_layer == layer]
        written = {
            (cut.layer, cut.head): written_by_head(
                attention_of(encoder, "encoder_self", cut.layer),
                attentions[cut.layer],
                cut.head,
            )
            for cut in into_here
        }
        traced = _trace_block(block, stream[-1], mask, into_here, written)  # type: ignore[arg-type]
        attentions.append(traced.self_attention)
        stream += traced.stream[1:]
    output = encoder.norm(stream[-1])
    return TransformerTrace(
        encoder_self=tuple(attentions),
        decoder_self=(),
        cross=(),
        encoder_stream=tuple(stream),
        decoder_stream=(),
        encoder_output=output,
        output=output,
    )


def _check_heads(encoder: Encoder, cuts: Collection[HeadEdgeCut]) -> None:
    layers = len(encoder.layers)
    heads = attention_of(encoder, "encoder_self", 0).heads if layers else 0
    for cut in cuts:
        if cut.later_layer >= layers or not {cut.head, cut.later_head} <= set(range(heads)):
            raise IndexError(f"expected heads of {layers} layers of {heads}, got {cut}")


def _trace_block(
    block: TransformerBlock,
    x: Tensor,
    mask: Tensor | None,
    cuts: Collection[HeadEdgeCut],
    written: dict[tuple[int, int], Tensor],
) -> BlockTrace:
    """A block's run, whose heads with cuts read the stream without what is kept from them."""
    if not cuts:
        return block.trace(x, x, x, mask)
    kept_from: dict[int, dict[Into, Tensor]] = defaultdict(dict)
    for cut in dict.fromkeys(cuts):
        read = kept_from[cut.later_head]
        read[cut.into] = read.get(cut.into, x) - written[cut.layer, cut.head]
    changed = {}
    for head, streams in kept_from.items():
        q, k, v = (block.read(block.norm1, streams.get(into, x)) for into in get_args(Into))
        changed[head] = block.attention.trace(v, k, q, mask)
    outputs = {head: each.head_outputs[:, head] for head, each in changed.items()}
    traced = block.trace(x, x, x, mask, AttentionChange(outputs=outputs))
    return replace(traced, self_attention=_with_heads(traced.self_attention, changed))


def _with_heads(trace: AttentionTrace, changed: dict[int, AttentionTrace]) -> AttentionTrace:
    """An attention's steps, with those of some heads from other runs of it."""
    fields = {name: torch.clone(getattr(trace, name)) for name in HEAD_FIELDS}
    for name, values in fields.items():
        for head, other in changed.items():
            values[:, head] = getattr(other, name)[:, head]
    return replace(trace, **fields)
