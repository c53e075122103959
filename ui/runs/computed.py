"""What a trained model has made of sentences, kept for all sessions."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from threading import Lock

from cachetools import LRUCache, cached

from model.attention import AttentionTrace
from model.interventions import UNCHANGED, Changes, Extent, Interventions, changes_of
from model.parity import Parity
from model.pretrained.base import ModelTrace, PretrainedModel, changeable_kind
from ui.runs.model_input import Input, input_of
from ui.runs.model_store import when_dropped
from ui.runs.subword_display import SubwordSentences
from ui.runs.word_vectors import use_one_thread
from ui.server.turns import take_turn

UNTOUCHED = Interventions()
KEPT_BYTES = 256 * 2**20  # of traces that all sessions share: choosing a head computes nothing


@dataclass(frozen=True)
class Computed:
    """What a model made of sentences, however it is looked at."""

    model: PretrainedModel
    read: Input
    output: ModelTrace
    waiting: int = 0  # interventions on what the sentence hasn't got, or not yet

    @property
    def source(self) -> SubwordSentences:
        """The source, as sub-words."""
        return self.read.source

    @property
    def target(self) -> SubwordSentences | None:
        """The target, where there is one."""
        return self.read.target

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
        return self.read.cells(self.model)

    @property
    def bytes(self) -> int:
        """How much memory it takes."""
        trace = self.output.trace
        tensors = [*trace.encoder_stream, *trace.decoder_stream, *self.output.mask_logits]
        for kind in self.output.masks:
            for attention in getattr(trace, kind):
                tensors += [getattr(attention, field.name) for field in fields(AttentionTrace)]
        return sum(tensor.nbytes for tensor in tensors)


_Key = tuple[PretrainedModel, tuple[str, ...], tuple[int, ...], Interventions, str, bool]
_kept: LRUCache[_Key, Computed] = LRUCache(KEPT_BYTES, getsizeof=lambda computed: computed.bytes)


_lock = Lock()


def _forget(model: PretrainedModel) -> None:
    """Let go of what a model has made, when it is no longer kept itself."""
    with _lock:
        for key in [key for key in _kept if key[0] is model]:
            del _kept[key]


when_dropped.append(_forget)


@cached(_kept, lock=_lock)
def computed_of(
    model: PretrainedModel,
    texts: tuple[str, ...],
    added: tuple[int, ...],
    named: Interventions,
    other: str,
    together: bool,
) -> Computed:
    """Compute what a model makes of sentences, or take what it made before.

    Args:
        model: that reads.
        texts: one or two.
        added: ids of tokens that it has written after them.
        named: what is changed by hand.
        other: a text whose patterns are put in.
        together: whether both texts are read in one pass.

    Raises:
        NoStartTokenError: if there is no target, and the model names nothing that begins one.
        TokensWithoutVectorsError: if the model's table ends before a token of the text.
    """
    use_one_thread()
    if named:
        return _changed(model, texts, added, named, other, together)
    read = input_of(model, texts, added, together=together)
    take_turn(read.cells(model))
    return Computed(model, read, _run(model, read))


def _changed(
    model: PretrainedModel,
    texts: tuple[str, ...],
    added: tuple[int, ...],
    named: Interventions,
    other: str,
    together: bool,
) -> Computed:
    """Compute the same with something changed by hand, from the first layer of that on."""
    whole = computed_of(model, texts, added, UNTOUCHED, "", together)
    kind = changeable_kind(model.kind)
    others = None
    if named.needs_other and other.strip():
        pair = (other, *texts[1:2]) if kind == "cross" else (other,)
        others = computed_of(model, pair, added if kind == "cross" else (), UNTOUCHED, "", False)
    extent = extent_of(whole, others)
    within = named.within(extent)
    before = getattr(whole.output.trace, kind)
    other_traces = () if others is None else getattr(others.output.trace, kind)
    changes = changes_of(within, extent, before=before, other=other_traces)
    take_turn(whole.cells)
    output = _run(model, whole.read, changes, whole.output)
    return Computed(model, whole.read, output, waiting=len(named) - len(within))


def _run(
    model: PretrainedModel,
    read: Input,
    changes: Changes = UNCHANGED,
    before: ModelTrace | None = None,
) -> ModelTrace:
    return model.run(
        read.ids,
        read.source.lengths,
        read.target_ids,
        () if read.target is None else read.target.lengths,
        changes=changes,
        before=before,
        token_types=read.token_types,
    )


def extent_of(computed: Computed, other: Computed | None = None) -> Extent:
    """Return how much there is that can be changed."""
    kind = changeable_kind(computed.model.kind)
    size = computed.model.sizes[kind]
    keys = computed.read.source.lengths
    queries = keys if computed.read.target is None else computed.read.target.lengths
    tokens = None
    if other is not None and kind == "encoder_self":
        tokens = other.read.source.length
    return Extent(size.layers, size.heads, queries, keys, tokens)
