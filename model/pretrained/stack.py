"""A trained encoder or decoder-only model in this project's own modules."""

from collections.abc import Collection, Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from ..attention import SelfAttention
from ..config import Config
from ..contributions import (
    AskedLogit,
    Contributions,
    check_decoder,
    encoder_contributions,
    readout_of,
)
from ..interventions import UNCHANGED, Changes
from ..logit_lens import Readout
from ..masks import causal_mask, padding_mask
from ..parity import Parity, compare_model, worst
from ..subwords import SubwordTokenizer
from ..transformer import AttentionKind, Encoder, attention_of
from .base import Head, ModelKind, ModelTrace, StackSize


def load_encoder(config: Config, weights: Mapping[str, Tensor]) -> Encoder:
    """Make an Encoder with trained weights, not copied; in evaluation mode, without gradients.

    Args:
        config: sizes and architecture.
        weights: by the names of Encoder's state_dict, `embedding.tokens.weight` among them.

    Raises:
        RuntimeError: if names or shapes aren't the module's.
    """
    with torch.device("meta"):  # no memory and no random numbers for weights replaced at once
        encoder = Encoder(config)
    encoder.load_state_dict(weights, assign=True)
    return encoder.requires_grad_(False).eval()


class StackModel:
    """A PretrainedModel whose weights run in our own Encoder.

    Args:
        name: as its makers call it.
        kind: "encoder", or "decoder" for one that predicts the next token: its mask is causal, and
            its token vectors are its output layer too (Press & Wolf, 2017, "Using the Output
            Embedding to Improve Language Models").
        config: what the encoder was made from.
        encoder: with its weights.
        tokenizer: the model's own.
        token_types: (T, E) what is added to a token's vector for each type of token, if the model
            knows several.
    """

    def __init__(
        self,
        name: str,
        kind: ModelKind,
        config: Config,
        encoder: Encoder,
        tokenizer: SubwordTokenizer,
        token_types: Tensor | None = None,
    ) -> None:
        self.name = name
        self.kind = kind
        self.encoder = encoder
        self.tokenizer = tokenizer
        self._token_types = token_types
        self.sizes: dict[AttentionKind, StackSize]
        self.sizes = {"encoder_self": StackSize(config.layers, config.heads)}
        self.embed_size = config.embed_size
        self.longest = config.longest
        self.vocabulary = config.vocabulary or 0
        self.without_vector = tokenizer.beyond(self.vocabulary)
        self.decoder_start: int | None = None
        self.mask_token: int | None = None
        self.class_names: tuple[str, ...] = ()
        self.weights_bytes = sum(weight.nbytes for weight in encoder.state_dict().values())

    @torch.inference_mode()
    def run(
        self,
        ids: Tensor,
        lengths: Sequence[int],
        target_ids: Tensor | None = None,
        target_lengths: Sequence[int] = (),
        *,
        removed: Collection[Head] = (),
        changes: Changes = UNCHANGED,
        before: ModelTrace | None = None,
        token_types: Tensor | None = None,
    ) -> ModelTrace:
        """Run the model and keep everything on the way. Arguments as in PretrainedModel.run.

        Raises:
            ValueError: if the sentences are longer than the positions, or there is a target, or
                types of tokens where the model knows one.
        """
        if target_ids is not None:
            raise ValueError(f"{self.name} has no decoder that could read a target")
        if ids.shape[1] > self.longest:
            raise ValueError(
                f"{self.name} takes at most {self.longest} tokens, got a sentence of {ids.shape[1]}"
            )
        mask = self._mask(lengths, ids.shape[1])
        changes = changes.removing(removed)
        kept = None if before is None else before.trace
        trace = self.encoder.trace(self._typed(ids, token_types), mask, changes, kept)
        next_logits = None
        if self.kind == "decoder" and ids.shape[1]:
            last = torch.tensor(lengths) - 1
            next_logits = self.logits(trace.output[torch.arange(len(last)), last])
        return ModelTrace(trace, {"encoder_self": mask}, next_logits, changes=changes)

    @torch.inference_mode()
    def weights_of(self, ids: Tensor, lengths: Sequence[int], layer: int) -> Tensor:
        """Return the weights of one layer's heads, (B, H, L, L), without running those after it.

        Args:
            ids: (B, L) token ids, padded with any id.
            lengths: how many of each sentence's tokens are its own.
            layer: which, counted from 0.
        """
        mask = self._mask(lengths, ids.shape[1])
        x = self.encoder.embedding(ids)  # (B, L, E)
        for block in self.encoder.layers[:layer]:
            x = block(x, x, x, mask)
        block = self.encoder.layers[layer]
        x = block.read(block.norm1, x)  # type: ignore[operator]  # a ModuleList forgets
        attention = attention_of(self.encoder, "encoder_self", layer)
        return attention.trace(x, x, x, mask).weights

    def _typed(self, ids: Tensor, token_types: Tensor | None) -> Tensor:
        """(B, L) ids as they are, or (B, L, E) vectors with those of their types."""
        if token_types is None:
            return ids
        if self._token_types is None:
            raise ValueError(f"{self.name} knows one type of token")
        assert self.encoder.embedding.tokens is not None  # load_encoder puts it there
        vectors: Tensor = self.encoder.embedding.tokens(ids)  # (B, L, E)
        return vectors + self._token_types[token_types]

    def reads(self, token: int) -> bool:
        """Whether it is a token of the tokeniser's that the model has a vector for."""
        return token < self.vocabulary and self.tokenizer.has(token)

    def logits(self, vectors: Tensor) -> Tensor:
        """Return what a decoder predicts after each of the output vectors, (..., E) -> (..., V)."""
        assert self.encoder.embedding.tokens is not None  # load_encoder puts it there
        return F.linear(vectors, self.encoder.embedding.tokens.weight)

    @torch.inference_mode()
    def contributions(self, run: ModelTrace, asked: AskedLogit) -> Contributions:
        """Return what each part adds to a logit.

        Raises:
            ContributionsUnavailableError: if it is no decoder, or a post-norm one.
            IndexError: if there is no such token.
        """
        check_decoder(self.kind)
        assert self.encoder.embedding.tokens is not None  # load_encoder puts it there
        logits = self.logits(run.trace.output[asked.sentence, asked.position])  # (V,)
        readout = readout_of(self.encoder.embedding.tokens.weight, None, logits, asked)
        return encoder_contributions(self.encoder, run.trace, readout, asked)

    def readout(self) -> Readout:
        """Return how a decoder reads the last vector of its stream."""
        return Readout(self.encoder.norm, self.logits, self.vocabulary)

    def attention(self, kind: AttentionKind, layer: int) -> SelfAttention:
        """Return the module that computes that layer's attention."""
        return attention_of(self.encoder, kind, layer)

    def compare(self, run: ModelTrace) -> Parity:
        """Return the largest differences from PyTorch's own attention, of all layers."""
        return worst(compare_model(self.encoder, run.trace, run.masks, run.changes))

    def _mask(self, lengths: Sequence[int], longest: int) -> Tensor | None:
        mask = None
        if any(length < longest for length in lengths):
            mask = padding_mask(lengths, longest)
        if self.kind == "decoder":
            causal = causal_mask(longest, longest)
            mask = causal if mask is None else mask & causal
        return mask
