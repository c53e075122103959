"""Attention from somebody's file: opened once, kept by its session, and looked at as a run."""

import gc
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from threading import Lock
from typing import cast
from weakref import WeakSet

import numpy as np
import torch
from torch import Tensor

from model.attention import AttentionTrace, Scale
from model.errors import CodedText, CodedValueError
from model.parity import Parity, compare_with_fused, largest_difference, worst
from model.projections import Projected
from model.seeded import PADDING
from model.trace_file import FIELDS, TracedLayer, TraceFile, read_trace_file
from model.transformer import AttentionKind as Kind
from model.transformer import TransformerTrace
from ui.runs.layers_of_file import Shown, layers_shown
from ui.runs.run import Run
from ui.runs.sentences import Sentences
from ui.runs.word_vectors import use_one_thread
from ui.server.metrics import NUMBERS
from ui.server.turns import take_turn

MOST_OF_ALL = 512 * 2**20  # bytes of numbers from files, of all sessions
LONGEST_NAME = 60  # characters of a file's name


@dataclass(frozen=True, eq=False)
class OpenedFile:
    """A file that somebody has opened: its name, and what was read of it."""

    name: str  # without its folder and ending
    content: TraceFile

    @cached_property
    def run(self) -> "FileRun":
        """What the pages show of it: computed once, however often it is drawn."""
        return run_of(self)


_opened: WeakSet[OpenedFile] = WeakSet()  # by all sessions
_lock = Lock()
_reading = Lock()  # a file at a time: reading takes a multiple of its size


def open_file(name: str, data: bytes) -> OpenedFile:
    """Read a file that somebody has uploaded, and compute what it lacks and can be computed.

    Raises:
        CodedValueError: if it can't be read, or there are too many on this server.
    """
    with _reading:
        use_one_thread()
        opened = OpenedFile(stem_of(name), read_trace_file(data))
    with _lock:
        if not _has_room(opened):
            gc.collect()  # sessions that are over may not have been let go of yet
        if not _has_room(opened):
            raise CodedValueError(
                "trace_file.no_room",
                "other people have opened so many files that there is no room for this one at the "
                "moment: try again later",
            )
        _opened.add(opened)
    return opened


def _has_room(opened: OpenedFile) -> bool:
    return kept_bytes() + opened.content.bytes <= MOST_OF_ALL


def kept_bytes() -> int:
    """Return how much memory is taken by what was read of files, in all."""
    return sum(opened.content.bytes for opened in list(_opened))


NUMBERS["headlight_trace_file_bytes"] = ("What is kept of opened files of attention", kept_bytes)


def stem_of(name: str) -> str:
    """Return what names of files can end with, of the name of somebody's file."""
    stem = re.split(r"[/\\]", name)[-1].removesuffix(".npz")
    return re.sub(r"[^\w-]+", "_", stem)[:LONGEST_NAME].strip("_") or "file"


@dataclass(frozen=True)
class FileSettings:
    """What the numbers of an opened file depend on."""

    file: OpenedFile


def compute_from_file(settings: FileSettings) -> "FileRun":
    """Return the run of an opened file, which is made once."""
    run = settings.file.run
    take_turn(run.cells)  # what is known already is still to be drawn
    return run


@dataclass(frozen=True)
class FileFacts:
    """What a layer of a file is like: AttentionFacts."""

    embed_size: int
    heads: int
    kv_heads: int
    head_dim: int
    scale: Scale
    temperature: float

    @property
    def divisor(self) -> float:
        """What divides the energies."""
        root = math.sqrt(self.head_dim) if self.scale == "head_dim" else 1.0
        return root * self.temperature

    @property
    def output_projection(self) -> None:
        """Return that nobody knows what mixed the heads."""

    def equation(self, name: Projected) -> None:
        """Return that nobody knows how queries, keys and values came about."""


@dataclass(frozen=True)
class FileSentences(Sentences):
    """Sentences of a file, whose longest needn't fill all positions."""

    @property
    def length(self) -> int:
        """L, the positions."""
        return len(self.tokens[0])


@dataclass(frozen=True, kw_only=True)
class FileRun(Run):
    """Attention from a file: nothing of it was computed here, but what the file lacks."""

    name: str  # of the file, as names of files can hold it
    notices: tuple[CodedText, ...]  # what was found when it was read
    layers: Mapping[Kind, tuple[TracedLayer, ...]]
    shown: Shown

    @property
    def is_from_file(self) -> bool:
        """Whether the numbers come from somebody's file."""
        return True

    @property
    def every_layer(self) -> list[TracedLayer]:
        """All layers, of whatever kind."""
        return [layer for layers in self.layers.values() for layer in layers]

    @property
    def cells(self) -> int:
        """How many weights all its heads have."""
        return sum(math.prod(layer.shape) for layer in self.every_layer)

    def knows(self, field: str) -> bool:
        """Whether all layers have that field of a trace, or what it follows from."""
        if field == "projected_values":
            return False  # files hold no matrices
        if field == "weighted_values":
            return self.knows("weights") and self.knows("values")
        return all(getattr(layer, field) is not None for layer in self.every_layer)

    @property
    def is_complete(self) -> bool:
        """Whether each step from the queries to the heads' outputs is there."""
        return all(self.knows(field) for field in FIELDS if field != "output")

    @cached_property
    def parity(self) -> Parity | None:
        """The largest differences from PyTorch's fused kernel; None where nothing is compared."""
        if not (self.knows("queries") and self.knows("keys")):
            return None
        return worst(
            self._compared(kind, number)
            for kind, layers in self.layers.items()
            for number in range(len(layers))
        )

    def _compared(self, kind: Kind, number: int) -> Parity:
        layer = self.layers[kind][number]
        trace, has_outputs = cast("AttentionTrace", layer), layer.head_outputs is not None
        if not has_outputs:  # without values there is nothing that weights could be times
            assert layer.keys is not None  # asked of nobody else
            nothing = layer.keys.new_zeros(*layer.shape[:2], layer.shape[3], 1)
            outputs = nothing[:, :, :1].expand(*layer.shape[:3], 1)
            trace = cast("AttentionTrace", replace(layer, values=nothing, head_outputs=outputs))
        return compare_with_fused(
            trace,
            divisor=self.facts(kind, number).divisor,
            bias=self._bias(kind, number),
            allowed=layer.allowed,
        )

    @cached_property
    def rounding(self) -> float:
        """How far weights may be off because the file has them in 16 bits."""
        every = [layer.weights for layer in self.every_layer]
        for dtype in (torch.float16, torch.bfloat16):
            if all(largest_difference(w.to(dtype).float(), w) == 0 for w in every):
                return torch.finfo(dtype).eps
        return 0.0

    def facts(self, kind: Kind, layer: int) -> FileFacts:
        """Return what an attention is like."""
        of = self.layers[kind][layer]
        size = of.queries.shape[-1] if of.queries is not None else 1
        divisor = of.divisor or 1.0
        is_root = math.isclose(divisor, math.sqrt(size), rel_tol=1e-6)
        return FileFacts(
            embed_size=of.output.shape[-1] if of.output is not None else of.heads * size,
            heads=of.heads,
            kv_heads=min(of.kv_heads, of.heads),
            head_dim=size,
            scale="head_dim" if is_root else "none",
            temperature=1.0 if is_root else divisor,
        )

    def allowed(self, kind: Kind, layer: int, sentence: int) -> np.ndarray:
        """Return which keys each query may attend to, in any head; all where nobody knows."""
        of = self.layers[kind][layer]
        if of.allowed is None:
            return np.ones(of.shape[2:], dtype=bool)
        return of.allowed.expand(of.shape)[sentence].any(0).numpy()

    def biases(self, kind: Kind, layer: int, sentence: int) -> np.ndarray | None:
        """Return what is added to the scores, (H, Q, K); None where nothing is, as far as known."""
        bias = self._bias(kind, layer)
        return None if bias is None else bias[sentence].numpy()

    def _bias(self, kind: Kind, layer: int) -> Tensor | None:
        """What the file says, or what leads from its energies to its scores: (B, H, Q, K)."""
        of = self.layers[kind][layer]
        if of.bias is not None:
            return of.bias.expand(of.shape)
        if of.energy is None or of.scores is None or {"energy", "scores"} & of.computed:
            return None
        added = of.scores - of.energy / self.facts(kind, layer).divisor
        added = added.masked_fill(of.scores == -torch.inf, 0.0)
        largest = of.energy.abs().nan_to_num().max().item()
        # Scaling in another order rounds in another way, which is no bias.
        return None if added.abs().nan_to_num().max() <= 1e-5 * max(1.0, largest) else added


def run_of(file: OpenedFile) -> FileRun:
    """Return what is shown of an opened file: layers that can stand side by side, within limits."""
    shown = layers_shown(file.content)
    layers = shown.layers
    source = layers.get("encoder_self") or layers.get("cross") or layers["decoder_self"]
    target = layers.get("decoder_self") or layers.get("cross")
    masks = {kind: of[0].allowed for kind, of in layers.items()}
    last = (target or source)[-1]
    traces = {kind: cast("tuple[AttentionTrace, ...]", of) for kind, of in layers.items()}
    return FileRun(
        source=_sentences(source[0].key_tokens, source[0].key_lengths),
        target=_sentences(target[0].query_tokens, target[0].query_lengths) if target else None,
        most_tokens=max(source[0].shape[2:]),
        left_out=0,
        masks=masks,
        trace=TransformerTrace(
            encoder_self=traces.get("encoder_self", ()),
            decoder_self=traces.get("decoder_self", ()),
            cross=traces.get("cross", ()),
            encoder_stream=(),
            decoder_stream=(),
            encoder_output=None,
            output=last.output if last.output is not None else torch.zeros(0),
        ),
        name=file.name,  # and not the file, which has this: nobody would let go of either
        notices=file.content.notices,
        layers=layers,
        shown=shown,
    )


def _sentences(rows: Sequence[tuple[str, ...]], lengths: tuple[int, ...]) -> FileSentences:
    """Return sentences, with padding named where the file has nothing in its place."""
    return FileSentences(
        tuple(
            tuple(token or PADDING if at >= own else token for at, token in enumerate(row))
            for row, own in zip(rows, lengths, strict=True)
        ),
        lengths,
    )
