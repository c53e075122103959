"""What every trained model offers, whoever wrote its code."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from torch import Tensor

from ..attention import Scale
from ..contributions import AskedLogit, Contributions
from ..errors import CodedError, CodedText, CodedValueError
from ..interventions import UNCHANGED, Changes
from ..logit_lens import Readout
from ..parity import Parity
from ..projections import Projected, ProjectionEquation
from ..transformer import AttentionKind, TransformerTrace

if TYPE_CHECKING:  # it imports a library that only trained models need
    from ..subwords import SubwordTokenizer

ModelKind = Literal["encoder", "decoder", "encoder-decoder"]
Head = tuple[int, int]  # a layer and a head of it


@dataclass(frozen=True)
class StackSize:
    """The number of layers that a kind of attention has, and of heads of each of them."""

    layers: int
    heads: int


def changeable_kind(kind: ModelKind) -> AttentionKind:
    """Return the attention that can be changed by hand: of a decoder that reads, what it reads."""
    return "cross" if kind == "encoder-decoder" else "encoder_self"


class ModelUnavailableError(CodedError):
    """A model can't be used; says why, and what to do."""


class TokensWithoutVectorsError(CodedValueError):
    """A text has tokens beyond the end of a model's table of vectors.

    Args:
        model: its name.
        tokens: these tokens, as people read them.
        vocabulary: how many rows the table has.
    """

    def __init__(self, model: str, tokens: Sequence[str], vocabulary: int) -> None:
        text = CodedText(
            "model.no_vectors",
            "{model} has vectors for the tokens 0 to {last}, and none for {tokens}",
            model=model,
            last=vocabulary - 1,
            tokens=tuple(tokens),
        )
        super().__init__(text.code, text.template, **text.values)
        self.model, self.tokens, self.vocabulary = model, tuple(tokens), vocabulary


class NoStartTokenError(CodedValueError):
    """A decoder has nothing to begin with: no target, and its model names no token for that.

    Args:
        model: its name.
    """

    def __init__(self, model: str) -> None:
        text = CodedText(
            "model.no_start",
            "{model} names no token that a target begins with: pass target_ids",
            model=model,
        )
        super().__init__(text.code, text.template, **text.values)
        self.model = model


class AttentionFacts(Protocol):
    """The properties of an attention, beside its numbers; SelfAttention has them."""

    @property
    def embed_size(self) -> int:
        """E."""

    @property
    def heads(self) -> int:
        """H."""

    @property
    def kv_heads(self) -> int:
        """Return how many heads of keys and values there are; groups of queries share them."""

    @property
    def head_dim(self) -> int:
        """D."""

    @property
    def scale(self) -> Scale:
        """Whose square root divides the energies."""

    @property
    def temperature(self) -> float:
        """Return what divides them once more."""

    @property
    def divisor(self) -> float:
        """Both together."""

    @property
    def output_projection(self) -> Tensor | None:
        """Return the output projection's rows for each head, (H, D, E); None if nobody knows."""

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
    mask_logits: tuple[Tensor, ...] = ()  # (M, V) a sentence, at its masks, if it fills them
    class_logits: Tensor | None = None  # (B, C) of a classifier
    changes: Changes = UNCHANGED  # what was changed by hand, in the changeable kind of attention

    @property
    def removed(self) -> frozenset[Head]:
        """The heads whose output was set to zero."""
        return self.changes.removed


class PretrainedModel(Protocol):
    """A trained model with its tokeniser."""

    name: str  # as its makers call it
    kind: ModelKind
    tokenizer: "SubwordTokenizer"
    embed_size: int  # of its output
    longest: int  # how many tokens its positions allow
    vocabulary: int  # V, the rows of its table of token vectors
    weights_bytes: int  # of its weights in memory
    mask_token: int | None  # what stands for a word that it is to find; None if it fills no gaps
    class_names: tuple[str, ...]  # C, of a classifier; none for others
    decoder_start: int | None  # that an encoder-decoder's target begins with, if it names one
    without_vector: tuple[int, ...]  # tokens that its tokeniser knows, and its table has not

    @property
    def sizes(self) -> Mapping[AttentionKind, StackSize]:
        """Of each kind of attention that it has."""

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
        """Run the model and keep everything on the way.

        Args:
            ids: (B, L) token ids, padded with any id.
            lengths: how many of each sentence's tokens are its own.
            target_ids: (B, T) what an encoder-decoder has written so far.
            target_lengths: how many of these are the sentence's own.
            removed: heads whose output is set to zero, of the changeable kind.
            changes: what else is changed by hand, in the changeable kind.
            before: the run of the same input with nothing changed: a model may take from it what
                comes before the first change.
            token_types: (B, L) which sentence of a pair each token is of, as the tokeniser tells
                it; None for 0.
        """

    def reads(self, token: int) -> bool:
        """Whether it is a token of the tokeniser's that the model has a vector for."""

    def readout(self) -> Readout:
        """Return how a decoder reads the last vector of its stream.

        Raises:
            NotReadableError: if that can't be found, or is no norm and output embedding alone.
        """

    def attention(self, kind: AttentionKind, layer: int) -> AttentionFacts:
        """Return what that attention is like."""

    def contributions(self, run: ModelTrace, asked: AskedLogit) -> Contributions:
        """Return what each part of a decoder adds to the logit of a token.

        Args:
            run: of this model.
            asked: which token, after which position.

        Raises:
            ContributionsUnavailableError: if this model's logits aren't such a sum.
        """

    def compare(self, run: ModelTrace) -> Parity:
        """Return the largest differences from PyTorch's own attention."""


def reads_pairs(model: PretrainedModel) -> bool:
    """Whether a model can read two sentences in one pass."""
    return model.kind == "encoder" and model.tokenizer.has_pairs
