"""A decoder's stream, read early: computed once for what is shown of it."""

from collections.abc import Sequence
from dataclasses import replace
from threading import Lock

from cachetools import LRUCache, cached
from torch import Tensor

from model.logit_lens import LensReadings, after_layers, read_early
from model.pretrained.base import PretrainedModel
from ui.runs.model_store import when_dropped
from ui.runs.pretrained import PretrainedRun, PretrainedSettings
from ui.runs.subword_display import WHOLE, SubwordSentences
from ui.runs.word_vectors import use_one_thread
from ui.server.turns import take_turn

COUNT = 3  # of the likeliest tokens of each cell
LOGITS_OF_A_CELL = 4  # a logit takes a quarter of the time of a cell: see ui.server.turns

_Key = tuple[PretrainedModel, PretrainedSettings, int, int]
_kept: LRUCache[_Key, LensReadings] = LRUCache(32)  # some ten kilobytes each
_lock = Lock()


def _forget(model: PretrainedModel) -> None:
    """Let go of what was read of a model, when it is no longer kept itself."""
    with _lock:
        for key in [key for key in _kept if key[0] is model]:
            del _kept[key]


when_dropped.append(_forget)


def written_side(run: PretrainedRun) -> SubwordSentences:
    """Return the sentence that a model writes on: an encoder-decoder's target."""
    return run.computed.target or run.sentences


def read_positions(run: PretrainedRun, positions: range) -> LensReadings:
    """Return what the stream says early at some neighbouring positions, (N + 1, positions, ...).

    Raises:
        NotReadableError: if the model's stream can't be read so.
    """
    settings = replace(run.settings, display=WHOLE)  # how it is looked at changes no number
    return _read(run, (run.model, settings, positions.start, positions.stop))


@cached(_kept, key=lambda run, key: key, lock=_lock)
def _read(run: PretrainedRun, key: _Key) -> LensReadings:
    use_one_thread()
    model, _settings, start, stop = key
    vectors = [x[0, start:stop] for x in _stream(run)]
    take_turn(len(vectors) * (stop - start) * model.vocabulary // LOGITS_OF_A_CELL)
    return read_early(model.readout(), vectors, count=COUNT)


def _stream(run: PretrainedRun) -> Sequence[Tensor]:
    both = run.model.kind == "encoder-decoder"
    stream = run.trace.decoder_stream if both else run.trace.encoder_stream
    layers = run.layers_of("decoder_self" if both else "encoder_self")
    return after_layers(stream, layers)
