"""Stacks of blocks: encoder, decoder, and both together as a transformer.

Each module has two calls: `forward` returns the output, `trace` also everything on the way to it.
Source: Vaswani et al. (2017), section 3.1 and figure 1. Letters as in the package, with S and T for
the lengths of source and target.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from .attention import AttentionTrace, SelfAttention
from .block import DecoderBlock, TransformerBlock, build_norm
from .config import Config
from .interventions import UNCHANGED, Changes
from .positions import sinusoidal_positions

AttentionKind = Literal["encoder_self", "decoder_self", "cross"]


@dataclass(frozen=True)
class TransformerTrace:
    """A stack's run: for each kind of attention a trace a layer, and the residual stream.

    A stream holds the embedded input and then the vectors after each sub-layer: two a layer in the
    encoder (attention, feed-forward; one where there is attention only), three in the decoder
    (self, cross, feed-forward). What a model doesn't have is empty.
    """

    encoder_self: tuple[AttentionTrace, ...]  # one a layer, Q = K = S
    decoder_self: tuple[AttentionTrace, ...]  # one a layer, Q = K = T
    cross: tuple[AttentionTrace, ...]  # one a layer, Q = T, K = S
    encoder_stream: tuple[Tensor, ...]  # 1 + 2 · layers of (B, S, E)
    decoder_stream: tuple[Tensor, ...]  # 1 + 3 · layers of (B, T, E)
    encoder_output: Tensor | None  # (B, S, E) the encoder's, after its final norm if it has one
    output: Tensor  # (B, S or T, E) the last stack's


class Embedding(nn.Module):
    """Token ids, or vectors, with what the architecture adds before the first layer."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        size, architecture = config.embed_size, config.architecture
        self.embed_size = size
        self.sinusoidal = architecture.positions == "sinusoidal"
        self.tokens = _table(config.vocabulary, size) if config.vocabulary else None
        learned = architecture.positions == "learned"
        self.positions = nn.Parameter(torch.empty(config.longest, size)) if learned else None
        if self.positions is not None:
            nn.init.xavier_uniform_(self.positions)
        self.norm = build_norm(config) if architecture.embedding_norm else nn.Identity()
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Return embed (B, L) token ids, or take (B, L, E) vectors as they are; then add positions.

        Raises:
            ValueError: if x has another shape, or is longer than the learned positions.
        """
        if self.tokens is not None and x.dim() == 2:
            x = self.tokens(x)
        if x.dim() != 3 or x.shape[-1] != self.embed_size:
            ids = "(batch, length) ids or " if self.tokens is not None else ""
            raise ValueError(
                f"the input must be {ids}(batch, length, {self.embed_size}) vectors, "
                f"got {tuple(x.shape)}"
            )
        length = x.shape[1]
        if self.sinusoidal:
            x = x + sinusoidal_positions(length, self.embed_size).to(x)
        if self.positions is not None:
            if length > len(self.positions):
                raise ValueError(
                    f"there are {len(self.positions)} learned positions, "
                    f"got a sentence of {length} tokens"
                )
            x = x + self.positions[:length]
        embedded: Tensor = self.dropout(self.norm(x))
        return embedded


def _table(rows: int, size: int) -> nn.Embedding:
    """Return nn.Embedding(rows, size), as it begins there."""
    vectors = torch.empty(rows, size)
    if not vectors.is_meta:  # it has no numbers; asked for them, torch would import its compiler
        nn.init.normal_(vectors)
    table: nn.Embedding = nn.Embedding.from_pretrained(vectors, freeze=False)  # type: ignore[no-untyped-call]
    return table


class Encoder(nn.Module):
    """A stack of blocks that attend to their own input.

    With a causal mask it is what is called a decoder-only model, such as GPT or Llama.

    Raises:
        ValueError: as SelfAttention does.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.embedding = Embedding(config)
        self.layers = nn.ModuleList(
            TransformerBlock(
                config.embed_size,
                config.heads,
                config.dropout,
                config.forward_expansion,
                kv_heads=config.kv_heads,
                temperature=config.temperature,
                architecture=config.architecture,
            )
            for _ in range(config.layers)
        )
        self.norm = build_norm(config) if config.architecture.final_norm else nn.Identity()

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the stack's output, (B, L, E). Arguments as in `trace`."""
        return self.trace(x, mask).output

    def trace(
        self,
        x: Tensor,
        mask: Tensor | None = None,
        changes: Changes = UNCHANGED,
        before: TransformerTrace | None = None,
    ) -> TransformerTrace:
        """Compute the stack's output and keep everything on the way.

        Args:
            x: (B, L, E) vectors, or (B, L) token ids where the config has a vocabulary.
            mask: broadcastable to (B, H, L, L), True = may attend; the same for all layers.
            changes: what is changed by hand.
            before: of the same input and mask, with nothing changed: what comes before the first
                change is taken from there, and not computed again.
        """
        begins = 0
        if before is None:
            stream, attentions = [self.embedding(x)], []
        else:
            begins = len(self.layers) if changes.first_layer is None else changes.first_layer
            a_layer = (len(before.encoder_stream) - 1) // max(1, len(self.layers))
            stream = list(before.encoder_stream[: 1 + begins * a_layer])
            attentions = list(before.encoder_self[:begins])
        for layer in range(begins, len(self.layers)):
            stream[-1] = x = changes.patched(layer, stream[-1])
            block, change = self.layers[layer], changes.attentions.get(layer)
            traced = block.trace(x, x, x, mask, change)  # type: ignore[operator]  # a ModuleList forgets
            attentions.append(traced.self_attention)
            stream += traced.stream[1:]
        stream[-1] = changes.patched(len(self.layers), stream[-1])
        output = self.norm(stream[-1])
        return TransformerTrace(
            encoder_self=tuple(attentions),
            decoder_self=(),
            cross=(),
            encoder_stream=tuple(stream),
            decoder_stream=(),
            encoder_output=output,
            output=output,
        )


class Decoder(nn.Module):
    """A stack of blocks that attend to their own input and to an encoder's output.

    Raises:
        ValueError: as SelfAttention does.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.embedding = Embedding(config)
        self.layers = nn.ModuleList(DecoderBlock(config) for _ in range(config.layers))
        self.norm = build_norm(config) if config.architecture.final_norm else nn.Identity()

    def forward(
        self,
        x: Tensor,
        source: Tensor,
        target_mask: Tensor | None = None,
        cross_mask: Tensor | None = None,
    ) -> Tensor:
        """Return the stack's output, (B, T, E). Arguments as in `trace`."""
        return self.trace(x, source, target_mask, cross_mask).output

    def trace(
        self,
        x: Tensor,
        source: Tensor,
        target_mask: Tensor | None = None,
        cross_mask: Tensor | None = None,
    ) -> TransformerTrace:
        """Compute the stack's output and keep everything on the way.

        Args:
            x: (B, T, E) vectors, or (B, T) token ids where the config has a vocabulary.
            source: (B, S, E), the encoder's output; every layer sees the same.
            target_mask: broadcastable to (B, H, T, T), True = may attend; usually causal.
            cross_mask: broadcastable to (B, H, T, S), usually the source's padding.
        """
        stream = [self.embedding(x)]
        attentions, crosses = [], []
        for block in self.layers:
            traced = block.trace(stream[-1], source, target_mask, cross_mask)  # type: ignore[operator]
            attentions.append(traced.self_attention)
            crosses.append(traced.cross_attention)
            stream += traced.stream[1:]
        output = self.norm(stream[-1])
        return TransformerTrace(
            encoder_self=(),
            decoder_self=tuple(attentions),
            cross=tuple(crosses),
            encoder_stream=(),
            decoder_stream=tuple(stream),
            encoder_output=None,
            output=output,
        )


class Transformer(nn.Module):
    """An encoder for the source, a decoder for the target.

    Raises:
        ValueError: as SelfAttention does.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)

    def forward(
        self,
        source: Tensor,
        target: Tensor,
        source_mask: Tensor | None = None,
        target_mask: Tensor | None = None,
        cross_mask: Tensor | None = None,
    ) -> Tensor:
        """Return the decoder's output, (B, T, E). Arguments as in `trace`."""
        return self.trace(source, target, source_mask, target_mask, cross_mask).output

    def trace(
        self,
        source: Tensor,
        target: Tensor,
        source_mask: Tensor | None = None,
        target_mask: Tensor | None = None,
        cross_mask: Tensor | None = None,
    ) -> TransformerTrace:
        """Compute the decoder's output, and keep everything on the way in both stacks.

        Args:
            source: (B, S, E) vectors, or (B, S) ids where the config has a vocabulary.
            target: (B, T, E) or (B, T).
            source_mask: broadcastable to (B, H, S, S), True = may attend; usually its padding.
            target_mask: broadcastable to (B, H, T, T); usually causal, and its padding.
            cross_mask: broadcastable to (B, H, T, S); None takes the source_mask, so that what
                pads the source is hidden from the target too.

        Raises:
            ValueError: if cross_mask is None and source_mask has a row for each source token,
                which says nothing about the target's.
        """
        if cross_mask is None and source_mask is not None:
            if source_mask.dim() > 1 and source_mask.shape[-2] != 1:
                raise ValueError(
                    "a source_mask with a row a query can't stand for the cross_mask; pass both. "
                    f"Its shape is {tuple(source_mask.shape)}"
                )
            cross_mask = source_mask
        encoded = self.encoder.trace(source, source_mask)
        decoded = self.decoder.trace(target, encoded.output, target_mask, cross_mask)
        return TransformerTrace(
            encoder_self=encoded.encoder_self,
            decoder_self=decoded.decoder_self,
            cross=decoded.cross,
            encoder_stream=encoded.encoder_stream,
            decoder_stream=decoded.decoder_stream,
            encoder_output=encoded.output,
            output=decoded.output,
        )


def stack_of(model: Encoder | Transformer, kind: AttentionKind) -> Encoder | Decoder:
    """Return the stack that has that kind of attention."""
    if isinstance(model, Encoder):
        return model
    return model.encoder if kind == "encoder_self" else model.decoder


def attention_of(model: Encoder | Transformer, kind: AttentionKind, layer: int) -> SelfAttention:
    """Return the module that computes one attention of a model."""
    block = stack_of(model, kind).layers[layer]
    module: SelfAttention = block.cross_attention if kind == "cross" else block.attention  # type: ignore[assignment]
    return module
