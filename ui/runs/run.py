"""What was computed, as the views look at it: a run, and one attention of it."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from model.attention import AttentionTrace, SelfAttention
from model.interventions import AttentionChange
from model.parity import Parity, compare_model, worst
from model.positions import alibi_bias
from model.pretrained.base import AttentionFacts
from model.transformer import AttentionKind as Kind
from model.transformer import Encoder, Transformer, TransformerTrace, attention_of
from ui.runs.carried import field_of
from ui.runs.sentences import Sentences, asks_source, looks_at_source
from viz.labels import AxisLabels


@dataclass(frozen=True, kw_only=True)
class Run(ABC):
    """One computation: an encoder on a batch, or an encoder and a decoder on a batch of pairs."""

    source: Sentences
    target: Sentences | None  # where there is a decoder that reads an encoder's output
    most_tokens: int  # of a sentence, with these layers and heads
    left_out: int  # tokens beyond it, over all sentences
    masks: Mapping[Kind, Tensor | None]  # broadcastable to (B, H, Q, K)
    trace: TransformerTrace

    @property
    @abstractmethod
    def parity(self) -> Parity | None:
        """The largest differences of all attentions from PyTorch's; None if none is compared."""

    @abstractmethod
    def facts(self, kind: Kind, layer: int) -> AttentionFacts:
        """Return what an attention is like."""

    @abstractmethod
    def biases(self, kind: Kind, layer: int, sentence: int) -> np.ndarray | None:
        """Return what is added to the scores, (H, Q, K); None where nothing is."""

    def allowed(self, kind: Kind, layer: int, sentence: int) -> np.ndarray:
        """Return which keys each query may attend to, (Q, K) booleans; here alike in all layers."""
        weights = getattr(self.trace, kind)[layer].weights
        mask = self.masks[kind]
        if mask is None:
            mask = torch.ones((), dtype=torch.bool)
        shape = (len(weights), 1, *weights.shape[2:])
        return mask.expand(shape)[sentence, 0].numpy()

    def change(self, kind: Kind, layer: int) -> AttentionChange | None:
        """Return what is changed by hand in an attention; None if nothing is."""
        return None

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Which kinds of attention there are."""
        return tuple(self.masks)

    def layers_of(self, kind: Kind) -> int:
        """Return how many layers have that kind of attention."""
        return len(getattr(self.trace, kind))

    def heads_of(self, kind: Kind) -> int:
        """Return how many heads that kind of attention has in each layer."""
        return self.facts(kind, 0).heads

    @property
    def maps(self) -> int:
        """How many weight matrices there are for each sentence: one a head of a layer."""
        return sum(self.layers_of(kind) * self.heads_of(kind) for kind in self.kinds)

    @property
    def embed_size(self) -> int:
        """E, the size of the vectors between the layers."""
        return self.trace.output.shape[-1]

    @property
    def is_post_norm(self) -> bool:
        """Whether each sub-layer's output is normed, so that all vectors have one length."""
        return False

    @property
    def is_from_file(self) -> bool:
        """Whether the numbers come from somebody's file, and weren't computed here."""
        return False

    def knows(self, field: str) -> bool:
        """Whether that field of the traces is known, as it is but for files."""
        return True

    @property
    def rounding(self) -> float:
        """How far numbers may be off because they were rounded before they came here."""
        return 0.0

    @property
    def has_identity(self) -> bool:
        """Whether the projections of all attentions are the identity."""
        return False

    @property
    def longest(self) -> int | None:
        """The most tokens that the model has positions for; None where it has no such limit."""
        return None

    @property
    def reads_together(self) -> bool:
        """Whether two sentences are read in one pass."""
        return False

    @property
    def accuracy(self) -> float | None:
        """The share of held-out answers that are right; None where nothing is answered."""
        return None

    def begins_second(self, token: int) -> bool:
        """Whether a token belongs to the second of two sentences that are read together."""
        return False

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show for lack of words."""
        return not (self.source.length and (self.target is None or self.target.length))

    def attentions(self) -> Iterator[AttentionTrace]:
        """Return every attention that was computed."""
        for kind in self.kinds:
            yield from getattr(self.trace, kind)

    def every_facts(self) -> Iterator[AttentionFacts]:
        """Return what each of the attentions is like, in the same order."""
        for kind in self.kinds:
            for layer in range(len(getattr(self.trace, kind))):
                yield self.facts(kind, layer)

    def attention(
        self, layer: int = 0, sentence: int = 0, kind: Kind = "encoder_self"
    ) -> "Attention":
        """Return one attention of one sentence, as the views show it."""
        return Attention(self, kind, layer, sentence)


@dataclass(frozen=True, kw_only=True)
class ModuleRun(Run):
    """A run of one of our own stacks, whatever its weights are."""

    model: Encoder | Transformer

    @cached_property
    def parity(self) -> Parity:
        """The largest differences of all attentions from PyTorch's."""
        return worst(compare_model(self.model, self.trace, self.masks))

    def facts(self, kind: Kind, layer: int) -> SelfAttention:
        """Return the module that computed the attention."""
        return attention_of(self.model, kind, layer)

    def biases(self, kind: Kind, layer: int, sentence: int) -> np.ndarray | None:
        """Return what ALiBi adds to the scores, (H, Q, K); None where positions add nothing."""
        module = self.facts(kind, layer)
        if module.positions != "alibi":
            return None
        weights = getattr(self.trace, kind)[layer].weights
        return alibi_bias(module.heads, *weights.shape[2:]).numpy()


@dataclass(frozen=True)
class Attention:
    """One attention of a run, for one sentence: what the views of heads and cells show."""

    run: Run
    kind: Kind
    layer: int
    sentence: int

    @property
    def whole(self) -> "Attention":
        """The attention with all of its tokens, one by one."""
        return self

    def at(self, field: str) -> "Attention":
        """Return the attention as it is shown where the field is: not all can be merged alike."""
        return self

    @property
    def facts(self) -> AttentionFacts:
        """What the attention is like."""
        return self.run.facts(self.kind, self.layer)

    @property
    def trace(self) -> AttentionTrace:
        """The trace, of all sentences."""
        attentions: tuple[AttentionTrace, ...] = getattr(self.run.trace, self.kind)
        return attentions[self.layer]

    def field(self, name: str) -> np.ndarray:
        """Return a field of this sentence's trace, float32: (H, Q, K), (H, L, D) or (Q, E)."""
        return field_of(self.trace, self.facts, self.sentence, name)

    @property
    def query_side(self) -> Sentences:
        """The sentences that the queries come from."""
        return self._side(asks_source(self.kind))

    @property
    def key_side(self) -> Sentences:
        """The sentences that the keys come from."""
        return self._side(looks_at_source(self.kind))

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
    def query_labels(self) -> AxisLabels:
        """The rows, as they stand at an axis."""
        return self.query_side.labels(self.sentence)

    @property
    def key_labels(self) -> AxisLabels:
        """The columns, as they stand at an axis."""
        return self.key_side.labels(self.sentence)

    @property
    def query_groups(self) -> list[list[int]]:
        """For each row, which of the sentence's tokens it stands for."""
        return [[token] for token in range(len(self.queries))]

    @property
    def key_groups(self) -> list[list[int]]:
        """For each column, which of the sentence's tokens it stands for."""
        return [[token] for token in range(len(self.keys))]

    def displayed(self, weights: np.ndarray) -> np.ndarray:
        """Return weights of any kind, (..., Q, K), as they are to be shown."""
        return weights

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
        """What is added to the scores, (H, Q, K); None where nothing is."""
        return self.run.biases(self.kind, self.layer, self.sentence)

    @cached_property
    def allowed(self) -> np.ndarray:
        """Which keys each query may attend to, (Q, K) booleans; a cut may hide more in a head."""
        return self.run.allowed(self.kind, self.layer, self.sentence)

    @property
    def change(self) -> AttentionChange | None:
        """What is changed in it by hand; None if nothing is."""
        return self.run.change(self.kind, self.layer)

    def has_other_weights(self, head: int) -> bool:
        """Whether a head's weights aren't the softmax of its scores: they were put in by hand."""
        change, here = self.change, (self.sentence, head)
        return change is not None and (
            here in change.patterns or any(edge[:2] == here for edge in change.edges)
        )

    def has_other_output(self, head: int) -> bool:
        """Whether a head's output isn't what its weights make of the values."""
        change = self.change
        return change is not None and (
            head in change.removed or head in change.averaged or head in change.outputs
        )
