"""From a sentence to a trained model's numbers: text -> sub-words -> model -> trace."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from threading import Lock

import numpy as np
import torch
from cachetools import LRUCache, cached
from torch import Tensor

from model.attention import AttentionTrace
from model.parity import Parity
from model.pretrained.base import (
    AttentionFacts,
    Head,
    ModelTrace,
    NoStartTokenError,
    PretrainedModel,
)
from model.seeded import PADDING
from model.transformer import AttentionKind as Kind
from ui.choices.limits import MAX_CHARACTERS, MOST_ADDED
from ui.choices.sizes import most_tokens_of
from ui.runs.model_store import model_of, when_dropped
from ui.runs.run import Attention, Run
from ui.runs.subword_display import WHOLE, DisplayedAttention, SubwordDisplay, SubwordSentences
from ui.runs.word_vectors import use_one_thread
from ui.server.turns import take_turn

KEPT_BYTES = 256 * 2**20  # of traces that all sessions share: choosing a head computes nothing


@dataclass(frozen=True)
class PretrainedSettings:
    """Everything that a pretrained model's numbers on the screen depend on."""

    model: str  # one of ui.runs.model_store.model_choices
    texts: tuple[str, ...]  # one or two; for a model with encoder and decoder, source and target
    added: tuple[int, ...] = ()  # token ids that a decoder has written after the text
    removed: frozenset[Head] = frozenset()
    display: SubwordDisplay = WHOLE
    together: bool = False  # both sentences in one pass of an encoder


@dataclass(frozen=True)
class Computed:
    """What a model made of sentences, however it is looked at."""

    model: PretrainedModel
    source: SubwordSentences
    target: SubwordSentences | None
    most_tokens: int
    output: ModelTrace

    @cached_property
    def parity(self) -> Parity:
        """The largest differences of all attentions from PyTorch's."""
        return self.model.compare(self.output)

    @property
    def left_out(self) -> int:
        """How many tokens didn't fit, of all sentences."""
        return sum(subwords.left_out for side in self.sides for subwords in side.subwords)

    @property
    def sides(self) -> Iterator[SubwordSentences]:
        """The source, and the target where there is one."""
        yield from (side for side in (self.source, self.target) if side is not None)

    @property
    def cells(self) -> int:
        """How many weights all its heads have."""
        return _cells(self.model, self.source, self.target)

    @property
    def bytes(self) -> int:
        """How much memory it takes."""
        trace = self.output.trace
        tensors = [*trace.encoder_stream, *trace.decoder_stream]
        for kind in self.output.masks:
            for attention in getattr(trace, kind):
                tensors += [getattr(attention, field.name) for field in fields(AttentionTrace)]
        return sum(tensor.nbytes for tensor in tensors)


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

    def without_removal(self) -> "PretrainedRun":
        """Return the same with all of its heads."""
        return compute_pretrained(replace(self.settings, removed=frozenset()))


def compute_pretrained(settings: PretrainedSettings) -> PretrainedRun:
    """Run a trained model on the settings' sentences, or take what it made of them before.

    Raises:
        ModelUnavailableError: if the model can't be used.
        NoStartTokenError: if there is no target, and the model names nothing that begins one.
        TokensWithoutVectorsError: if the model's table ends before a token of the text.
    """
    computed = _computed(
        model_of(settings.model),
        settings.texts,
        settings.added,
        settings.removed,
        settings.together,
    )
    take_turn(computed.cells)  # what is known already is still to be drawn
    return PretrainedRun(
        source=computed.source,
        target=computed.target,
        most_tokens=computed.most_tokens,
        left_out=computed.left_out,
        masks=computed.output.masks,
        trace=computed.output.trace,
        settings=settings,
        computed=computed,
    )


def most_added(model: PretrainedModel, most: int) -> int:
    """Return how many tokens a model may write: some of the text still has to fit before them."""
    return min(MOST_ADDED, model.longest // 2, most // 2)


_Key = tuple[PretrainedModel, tuple[str, ...], tuple[int, ...], frozenset[Head], bool]
_kept: LRUCache[_Key, Computed] = LRUCache(KEPT_BYTES, getsizeof=lambda computed: computed.bytes)


_lock = Lock()


def _forget(model: PretrainedModel) -> None:
    """Let go of what a model has made, when it is no longer kept itself."""
    with _lock:
        for key in [key for key in _kept if key[0] is model]:
            del _kept[key]


when_dropped.append(_forget)


@cached(_kept, lock=_lock)
def _computed(
    model: PretrainedModel,
    texts: tuple[str, ...],
    added: tuple[int, ...],
    removed: frozenset[Head],
    together: bool,
) -> Computed:
    use_one_thread()
    maps = sum(size.layers * size.heads for size in model.sizes.values())
    sentences = 1 if model.kind == "encoder-decoder" or together else len(texts)
    most = min(model.longest, most_tokens_of(sentences * maps))
    added = added[: most_added(model, most)]
    if model.kind == "encoder-decoder":
        source, ids = _split(model, texts[:1], most)
        target, target_ids = _split_target(model, texts[1] if len(texts) > 1 else "", added, most)
        take_turn(_cells(model, source, target))
        output = model.run(ids, source.lengths, target_ids, target.lengths, removed=removed)
        return Computed(model, source, target, most, output)
    if together:
        source, ids, token_types = _split_pair(model, texts[0], texts[1], most)
        take_turn(_cells(model, source, None))
        output = model.run(ids, source.lengths, removed=removed, token_types=token_types)
        return Computed(model, source, None, most, output)
    source, ids = _split(model, texts, most, added)
    take_turn(_cells(model, source, None))
    return Computed(model, source, None, most, model.run(ids, source.lengths, removed=removed))


def _cells(
    model: PretrainedModel, source: SubwordSentences, target: SubwordSentences | None
) -> int:
    """Return how many weights all of a model's heads have on these sentences."""
    pairs = {"encoder_self": len(source.lengths) * source.length**2}
    if target is not None:
        pairs["decoder_self"] = target.length**2
        pairs["cross"] = source.length * target.length
    return sum(size.layers * size.heads * pairs[kind] for kind, size in model.sizes.items())


def _split(
    model: PretrainedModel, texts: Sequence[str], most: int, added: tuple[int, ...] = ()
) -> tuple[SubwordSentences, Tensor]:
    """Return the sub-words of each sentence, cut to the limit and padded, and their ids (B, L)."""
    subwords = tuple(model.tokenizer.encode(text[:MAX_CHARACTERS], most, added) for text in texts)
    lengths = tuple(map(len, subwords))
    longest = max(1, *lengths)  # no model runs on nothing
    tokens = tuple((*s.shown, *[PADDING] * (max(lengths) - len(s))) for s in subwords)
    ids = torch.zeros(len(subwords), longest, dtype=torch.long)
    for row, each in zip(ids, subwords, strict=True):
        row[: len(each)] = torch.tensor(each.ids, dtype=torch.long)
    return SubwordSentences(tokens, lengths, subwords), ids


def _split_pair(
    model: PretrainedModel, first: str, second: str, most: int
) -> tuple[SubwordSentences, Tensor, Tensor | None]:
    """Return both sentences as the one that a model reads, its ids and their types, (1, L)."""
    subwords = model.tokenizer.encode_pair(first[:MAX_CHARACTERS], second[:MAX_CHARACTERS], most)
    sentences = SubwordSentences((subwords.shown,), (len(subwords),), (subwords,))
    types = torch.tensor([subwords.token_types]) if subwords.token_types else None
    return sentences, torch.tensor([subwords.ids]), types


def _split_target(
    model: PretrainedModel, text: str, added: tuple[int, ...], most: int
) -> tuple[SubwordSentences, Tensor]:
    """Return what an encoder's decoder has written: its start, the text, and what was added."""
    begins = () if model.decoder_start is None else (model.decoder_start,)
    room = most - len(begins) - len(added)
    typed = model.tokenizer.encode(text[:MAX_CHARACTERS], room, around=False)
    ids = (*begins, *typed.ids, *added)
    if not ids:
        raise NoStartTokenError(model.name)
    subwords = replace(model.tokenizer.encode("", added=ids, around=False), left_out=typed.left_out)
    sentences = SubwordSentences((subwords.shown,), (len(subwords),), (subwords,))
    return sentences, torch.tensor([ids], dtype=torch.long)
