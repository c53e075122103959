"""What was computed, as the views look at it: a run, and one attention of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from model.attention import AttentionTrace, SelfAttention
from model.parity import Parity, compare_with_torch, worst
from model.positions import alibi_bias
from model.transformer import Decoder, Encoder, Transformer, TransformerTrace
from ui.settings import Kind, Settings


@dataclass(frozen=True)
class Sentences:
    """A padded batch of B sentences."""

    tokens: tuple[tuple[str, ...], ...]  # B sentences of L tokens, padding included
    lengths: tuple[int, ...]  # the sentences' own tokens

    @property
    def length(self) -> int:
        """L, the length of the longest sentence."""
        return max(self.lengths)


@dataclass(frozen=True)
class Run:
    """One computation: an encoder on a batch, or an encoder and a decoder on a batch of pairs."""

    settings: Settings
    source: Sentences
    target: Sentences | None  # on Encoder-decoder
    most_tokens: int  # of a sentence, with these layers and heads
    left_out: int  # tokens beyond it, over all sentences
    model: Encoder | Transformer
    inputs: Tensor  # (B, S, E) the source's token vectors, before positions
    target_inputs: Tensor | None  # (B, T, E) the target's, on Encoder-decoder
    masks: Mapping[Kind, Tensor | None]  # broadcastable to (B, H, Q, K)
    trace: TransformerTrace

    @cached_property
    def parity(self) -> Parity:
        """The largest differences of all attentions from PyTorch's."""
        return worst(_parities(self.model, self.trace, self.masks))

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Which kinds of attention there are."""
        return tuple(self.masks)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show for lack of words."""
        return not (self.source.length and (self.target is None or self.target.length))

    def attentions(self) -> Iterator[AttentionTrace]:
        """Every attention that was computed."""
        for kind in self.kinds:
            yield from getattr(self.trace, kind)

    def attention(
        self, layer: int = 0, sentence: int = 0, kind: Kind = "encoder_self"
    ) -> "Attention":
        """One attention of one sentence, as the views show it."""
        return Attention(self, kind, layer, sentence)


@dataclass(frozen=True)
class Attention:
    """One attention of a run, for one sentence: what the views of heads and cells show."""

    run: Run
    kind: Kind
    layer: int
    sentence: int

    @property
    def module(self) -> SelfAttention:
        """The module that computed it."""
        return _module_of(self.run.model, self.kind, self.layer)

    @property
    def trace(self) -> AttentionTrace:
        """The trace, of all sentences."""
        attentions: tuple[AttentionTrace, ...] = getattr(self.run.trace, self.kind)
        return attentions[self.layer]

    def field(self, name: str) -> np.ndarray:
        """A field of the trace for this sentence, float32: (H, Q, K), (H, L, D) or (Q, E)."""
        return getattr(self.trace, name)[self.sentence].numpy()

    @property
    def query_side(self) -> Sentences:
        """The sentences that the queries come from."""
        return self._side(self.kind == "encoder_self")

    @property
    def key_side(self) -> Sentences:
        """The sentences that the keys come from."""
        return self._side(self.kind != "decoder_self")

    def _side(self, source: bool) -> Sentences:
        side = self.run.source if source else self.run.target
        assert side is not None  # decoder attention is asked for only where there is a decoder
        return side

    @property
    def queries(self) -> tuple[str, ...]:
        """The tokens of the rows, padding included."""
        return self.query_side.tokens[self.sentence]

    @property
    def keys(self) -> tuple[str, ...]:
        """The tokens of the columns, padding included."""
        return self.key_side.tokens[self.sentence]

    @property
    def real_queries(self) -> int:
        """How many of the queries are the sentence's own."""
        return self.query_side.lengths[self.sentence]

    @property
    def is_masked(self) -> bool:
        """Whether there is a mask at all."""
        return self.run.masks[self.kind] is not None

    @property
    def biases(self) -> np.ndarray | None:
        """What positions add to the scores, (H, Q, K); None where they add nothing."""
        if self.module.positions != "alibi":
            return None
        shape = (self.module.heads, len(self.queries), len(self.keys))
        return alibi_bias(*shape).numpy()

    @cached_property
    def allowed(self) -> np.ndarray:
        """Which keys each query may attend to, (Q, K) booleans."""
        mask = self.run.masks[self.kind]
        shape = (len(self.query_side.lengths), 1, len(self.queries), len(self.keys))
        if mask is None:
            mask = torch.ones((), dtype=torch.bool)
        return mask.expand(shape)[self.sentence, 0].numpy()


def _stack_of(model: Encoder | Transformer, kind: Kind) -> Encoder | Decoder:
    if isinstance(model, Encoder):
        return model
    return model.encoder if kind == "encoder_self" else model.decoder


def _module_of(model: Encoder | Transformer, kind: Kind, layer: int) -> SelfAttention:
    block = _stack_of(model, kind).layers[layer]
    return block.cross_attention if kind == "cross" else block.attention


def _parities(
    model: Encoder | Transformer,
    trace: TransformerTrace,
    masks: Mapping[Kind, Tensor | None],
) -> Iterator[Parity]:
    """PyTorch's answer to every attention, from the very input that it had."""
    for kind, mask in masks.items():
        encoding = kind == "encoder_self"
        stream = trace.encoder_stream if encoding else trace.decoder_stream
        sublayers, place = (2, 0) if encoding else (3, int(kind == "cross"))
        for layer, attention in enumerate(getattr(trace, kind)):
            block = _stack_of(model, kind).layers[layer]
            query = stream[layer * sublayers + place]
            if block.norm_order == "pre":
                query = (block.norm2 if kind == "cross" else block.norm1)(query)
            keys = trace.encoder_output if kind == "cross" else query
            module = _module_of(model, kind, layer)
            yield compare_with_torch(module, attention, query, keys, mask)
