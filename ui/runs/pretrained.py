"""From a sentence to a trained model's numbers: text -> sub-words -> model -> trace."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from model.attention import AttentionTrace
from model.interventions import AttentionChange, Interventions
from model.parity import Parity
from model.pretrained.base import (
    AttentionFacts,
    Head,
    PretrainedModel,
    changeable_kind,
)
from model.transformer import AttentionKind as Kind
from ui.runs.computed import UNTOUCHED, Computed, computed_of
from ui.runs.model_store import model_of
from ui.runs.run import Attention, Run
from ui.runs.subword_display import WHOLE, DisplayedAttention, SubwordDisplay, SubwordSentences
from ui.server.turns import take_turn


@dataclass(frozen=True)
class PretrainedSettings:
    """Everything that a pretrained model's numbers on the screen depend on."""

    model: str  # one of ui.runs.model_store.model_choices
    texts: tuple[str, ...]  # one or two; for a model with encoder and decoder, source and target
    added: tuple[int, ...] = ()  # token ids that a decoder has written after the text
    removed: frozenset[Head] = frozenset()
    changed: Interventions = UNTOUCHED  # what else is changed by hand
    other: str = ""  # a text whose patterns are put in
    display: SubwordDisplay = WHOLE
    together: bool = False  # both sentences in one pass of an encoder

    @property
    def interventions(self) -> Interventions:
        """All that is changed by hand."""
        return replace(self.changed, removed=tuple(sorted(self.removed)))

    def unchanged(self) -> "PretrainedSettings":
        """Return the same with nothing changed by hand."""
        return replace(self, removed=frozenset(), changed=UNTOUCHED, other="")


@dataclass(frozen=True, kw_only=True)
class PretrainedRun(Run):
    """A run of a model that others have trained."""

    settings: PretrainedSettings
    computed: Computed

    @property
    def model(self) -> PretrainedModel:
        """The model."""
        return self.computed.model

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show for lack of words: tokens around them aren't enough."""
        blank = not self.settings.texts[0].strip() and self.model.kind != "decoder"
        return blank or super().is_empty

    @property
    def longest(self) -> int | None:
        """The most tokens that the model has positions for."""
        return self.model.longest

    @property
    def reads_together(self) -> bool:
        """Whether two sentences are read in one pass."""
        return self.settings.together

    def begins_second(self, token: int) -> bool:
        """Whether a token belongs to the second of two sentences that are read together."""
        return self.reads_together and self.sentences.subwords[0].sentences[token] == 1

    @property
    def sentences(self) -> SubwordSentences:
        """The source, as sub-words."""
        return self.computed.source

    @property
    def parity(self) -> Parity:
        """The largest differences of all attentions from PyTorch's."""
        return self.computed.parity

    @property
    def next_logits(self) -> Tensor | None:
        """(B, V) after each sentence; None for an encoder."""
        return self.computed.output.next_logits

    def facts(self, kind: Kind, layer: int) -> AttentionFacts:
        """Return what an attention is like."""
        return self.model.attention(kind, layer)

    def change(self, kind: Kind, layer: int) -> AttentionChange | None:
        """Return what is changed by hand in an attention; None if nothing is."""
        if kind != changeable_kind(self.model.kind):
            return None
        return self.computed.output.changes.attentions.get(layer)

    def allowed(self, kind: Kind, layer: int, sentence: int) -> np.ndarray:
        """Return which keys each query may attend to, (Q, K) booleans; layers may differ."""
        scores: Tensor = getattr(self.trace, kind)[layer].scores[sentence]
        return (scores > -torch.inf).any(dim=0).numpy()

    def biases(self, kind: Kind, layer: int, sentence: int) -> np.ndarray | None:
        """Return what the model adds to the scores, such as T5's table; None if nothing."""
        trace: AttentionTrace = getattr(self.trace, kind)[layer]
        energy, scores = trace.energy[sentence], trace.scores[sentence]
        added = (scores - energy / self.facts(kind, layer).divisor).masked_fill(
            scores == -torch.inf, 0.0
        )
        # Scaling in another order rounds in another way, which is no bias.
        if added.abs().max() <= 1e-5 * max(1.0, energy.abs().max().item()):
            return None
        return added.numpy()

    def attention(
        self, layer: int = 0, sentence: int = 0, kind: Kind = "encoder_self"
    ) -> Attention:
        """Return one attention of one sentence, as it is to be displayed."""
        if self.settings.display.is_whole:
            return Attention(self, kind, layer, sentence)
        return DisplayedAttention(self, kind, layer, sentence, self.settings.display)

    def unchanged(self) -> "PretrainedRun | None":
        """Return the same with nothing changed by hand; None if nothing is."""
        if not self.settings.interventions:
            return None
        return compute_pretrained(self.settings.unchanged())


def compute_pretrained(settings: PretrainedSettings) -> PretrainedRun:
    """Run a trained model on the settings' sentences, or take what it made of them before.

    Raises:
        ModelUnavailableError: if the model can't be used.
        NoStartTokenError: if there is no target, and the model names nothing that begins one.
        TokensWithoutVectorsError: if the model's table ends before a token of the text.
    """
    computed = computed_of(
        model_of(settings.model),
        settings.texts,
        settings.added,
        settings.interventions,
        settings.other if settings.interventions.needs_other else "",
        settings.together,
    )
    take_turn(computed.cells)  # what is known already is still to be drawn
    return PretrainedRun(
        source=computed.source,
        target=computed.target,
        most_tokens=computed.read.most_tokens,
        left_out=computed.left_out,
        masks=computed.output.masks,
        trace=computed.output.trace,
        settings=settings,
        computed=computed,
    )
