"""What every trained model offers, whoever wrote its code."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from torch import Tensor

from model.attention import Scale
from model.parity import Parity
from model.projections import Projected, ProjectionEquation
from model.transformer import AttentionKind, TransformerTrace

if TYPE_CHECKING:  # it imports a library that only trained models need
    from model.subwords import SubwordTokenizer

ModelKind = Literal["encoder", "decoder", "encoder-decoder"]
Head = tuple[int, int]  # a layer and a head of it


class ModelUnavailableError(Exception):
    """A model can't be used; the message says why, and what to do."""


class AttentionFacts(Protocol):
    """What an attention is like, beside its numbers; SelfAttention is one."""

    @property
    def embed_size(self) -> int:
        """E."""

    @property
    def heads(self) -> int:
        """H."""

    @property
    def kv_heads(self) -> int:
        """How many heads of keys and values there are; groups of queries share them."""

    @property
    def head_dim(self) -> int:
        """D."""

    @property
    def scale(self) -> Scale:
        """Whose square root divides the energies."""

    @property
    def temperature(self) -> float:
        """What divides them once more."""

    @property
    def divisor(self) -> float:
        """Both together."""

    def equation(self, name: Projected) -> ProjectionEquation | None:
        """Return how queries, keys or values follow from what is read; None if nobody knows."""


@dataclass(frozen=True)
class ModelTrace:
    """One run of a model on a padded batch.

    A model that is only a decoder, such as Llama, has its attention in `encoder_self`: it is a
    stack that attends to its own input, with a causal mask.
    """

    trace: TransformerTrace
    masks: Mapping[AttentionKind, Tensor | None]  # True = may attend, broadcastable to (B, H, Q, K)
    next_logits: Tensor | None  # (B, V) after each sentence's last token; None for an encoder
    removed: frozenset[Head] = frozenset()  # heads whose output was set to zero


class PretrainedModel(Protocol):
    """A trained model with its tokeniser."""

    name: str  # as its makers call it
    kind: ModelKind
    tokenizer: "SubwordTokenizer"
    layers: int
    heads: int
    embed_size: int
    longest: int  # how many tokens its positions allow
    weights_bytes: int  # of its weights in memory
    decoder_start: int | None  # the token that an encoder-decoder's target begins with

    def run(
        self,
        ids: Tensor,
        lengths: Collection[int],
        target_ids: Tensor | None = None,
        target_lengths: Collection[int] = (),
        *,
        removed: Collection[Head] = (),
        token_types: Tensor | None = None,
    ) -> ModelTrace:
        """Run the model and keep everything on the way.

        Args:
            ids: (B, L) token ids, padded with any id.
            lengths: how many of each sentence's tokens are its own.
            target_ids: (B, T) what an encoder-decoder has written so far.
            target_lengths: how many of these are the sentence's own.
            removed: heads whose output is set to zero; in an encoder-decoder, of the decoder's
                cross-attention.
            token_types: (B, L) which sentence of a pair each token is of, as the tokeniser tells
                it; None for 0.
        """

    def attention(self, kind: AttentionKind, layer: int) -> AttentionFacts:
        """What that attention is like."""

    def compare(self, run: ModelTrace) -> Parity:
        """The largest differences from PyTorch's own attention."""


def reads_pairs(model: PretrainedModel) -> bool:
    """Whether a model can read two sentences in one pass."""
    return model.kind == "encoder" and model.tokenizer.has_pairs
