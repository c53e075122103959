"""A file of attention, read: its layers, checked and completed, and what is to be said of them."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import CodedText
from ..transformer import AttentionKind
from .archive import Archive, File, short
from .arrange import Arrays, arrange
from .check import describe_numbers
from .complete import Steps, complete
from .layer import TracedLayer
from .names import KINDS, Place, sort_names
from .tokens import Texts, read_tokens, tokens_for

MOST_BYTES = 32 * 2**20  # of a file
MOST_UNPACKED_BYTES = 256 * 2**20  # of its arrays
LONGEST_CONFIG = 2**20  # characters
MOST_NAMED = 5  # arrays that aren't read


@dataclass(frozen=True, kw_only=True)
class TraceFile:
    """What a file says of attention, and what has to be said of it."""

    layers: Mapping[AttentionKind, tuple[TracedLayer, ...]]  # of each kind that there is
    config: Mapping[str, Any]  # what the file says of the rest, unchecked
    notices: tuple[CodedText, ...]  # whatever isn't as somebody would expect

    @property
    def bytes(self) -> int:
        """How much memory it takes."""
        return sum(layer.bytes for layers in self.layers.values() for layer in layers)


def read_trace_file(
    file: File,
    *,
    most_bytes: int = MOST_BYTES,
    most_unpacked_bytes: int = MOST_UNPACKED_BYTES,
) -> TraceFile:
    """Read an .npz of attention, of Headlight or made by hand; see the package for its arrays.

    Steps that the file lacks are computed where queries and keys are there; the divisor is the root
    of D unless the file says it. Nothing in a file is executed.

    Args:
        file: its bytes, its path, or an open file.
        most_bytes: that it may have.
        most_unpacked_bytes: that its arrays may take in memory.

    Raises:
        CodedValueError: if it is no such file, too large, damaged, or its arrays don't fit
            together; the message says what was expected and what came.
    """
    archive = Archive(file, most_bytes=most_bytes, most_unpacked_bytes=most_unpacked_bytes)
    notices: list[CodedText] = []
    places, unknown = sort_names(archive.names)
    config = _read_config(archive, notices)
    is_ours = "lengths" in config or "source_lengths" in config
    if unknown and not is_ours:
        notices.append(_unknown(unknown))
    texts = {
        name: read_tokens(archive, name, config.get(lengths), notices)
        for name, lengths in (
            ("tokens", "lengths"),
            ("key_tokens", "key_lengths"),
            ("source_tokens", "source_lengths"),
            ("target_tokens", "target_lengths"),
        )
    }
    names = _read_names(archive)
    found: dict[AttentionKind, list[TracedLayer]] = {}
    kinds = dict.fromkeys(place.kind for place in places) or {None: None}
    for kind in sorted(kinds, key=lambda kind: (*KINDS, None).index(kind)):
        own = {place: name for place, name in places.items() if place.kind == kind}
        layers = _read_layers(archive, own, kind, texts, names, is_ours, config, notices)
        for each, layer in layers:
            found.setdefault(each, []).append(layer)
    in_order = {kind: tuple(found[kind]) for kind in KINDS if kind in found}
    for of_kind in in_order.values():
        notices += describe_numbers(of_kind)
    return TraceFile(layers=in_order, config=config, notices=tuple(notices))


def _read_layers(
    archive: Archive,
    places: Mapping[Place, str],
    kind: AttentionKind | None,
    texts: Mapping[str, Texts | None],
    names: Sequence[str],
    is_ours: bool,
    config: Mapping[str, Any],
    notices: list[CodedText],
) -> list[tuple[AttentionKind, TracedLayer]]:
    """Return the layers of a kind; if the arrays don't say theirs, of those that shapes tell."""
    rows = next((each for each in texts.values() if each is not None), None)
    arranged = arrange(
        places,
        archive.numbers,
        is_ours=is_ours,
        sentences=None if rows is None else len(rows.rows),
        names=len(names) or None,
        notices=notices,
    )
    count = max(1, len(arranged))
    steps = [
        complete(
            arrays,
            called,
            layer=number,
            count=count,
            divisor=_divisor(archive, config, kind, number),
            take=archive.take,
        )
        for number, (arrays, called) in enumerate(arranged or [_nothing(archive)])
    ]
    _say_what_is_computed(steps, notices)
    kinds = [kind] * count if kind is not None else _kinds_of(steps, texts)
    return [
        (each, _layer(step, each, texts, names[number] if number < len(names) else "", notices))
        for number, (each, step) in enumerate(zip(kinds, steps, strict=True))
        if each is not None
    ]


def _nothing(archive: Archive) -> tuple[Arrays, dict[str, str]]:
    """Return a layer without arrays, so that its refusal says what the file has instead."""
    return {}, {name: name for name in archive.names}


def _kinds_of(steps: Sequence[Steps], texts: Mapping[str, Texts | None]) -> list[AttentionKind]:
    """Return what attention each layer is: across, where keys are others than the queries."""
    shapes = [tuple(step.fields["weights"].shape[2:]) for step in steps]
    if texts["key_tokens"] is not None:
        return ["cross"] * len(steps)
    across = {shape for shape in shapes if shape[0] != shape[1]}
    targets = {queries for queries, _keys in across}
    return [
        "cross" if shape in across else "decoder_self" if shape[0] in targets else "encoder_self"
        for shape in shapes
    ]


def _layer(
    steps: Steps,
    kind: AttentionKind,
    texts: Mapping[str, Texts | None],
    name: str,
    notices: list[CodedText],
) -> TracedLayer:
    """Return the layer with its tokens."""
    batch, _heads, queries, keys = steps.fields["weights"].shape
    of_queries = texts["source_tokens" if kind == "encoder_self" else "target_tokens"]
    of_keys = texts["target_tokens" if kind == "decoder_self" else "source_tokens"]
    own = texts["tokens"]
    query_rows, query_lengths = tokens_for(of_queries or own, batch, queries, notices)
    of_keys = of_keys or (texts["key_tokens"] if kind == "cross" else own)
    key_rows, key_lengths = tokens_for(of_keys, batch, keys, notices)
    return TracedLayer(
        **steps.fields,
        allowed=steps.allowed,
        bias=steps.bias,
        divisor=steps.divisor,
        kv_heads=steps.kv_heads,
        name=name,
        computed=steps.computed,
        query_tokens=query_rows,
        key_tokens=key_rows,
        query_lengths=query_lengths,
        key_lengths=key_lengths,
    )


def _say_what_is_computed(steps: Sequence[Steps], notices: list[CodedText]) -> None:
    """Add what the file lacks and is computed, and by what energies are divided."""
    computed = sorted({name for step in steps for name in step.computed})
    if computed:
        notices.append(
            CodedText(
                "trace_file.computed",
                "Not in the file, and computed here of its queries and keys: {names}",
                names=tuple(computed),
            )
        )
    assumed = next((step for step in steps if step.is_divisor_assumed), None)
    if assumed is not None:
        notices.append(
            CodedText(
                "trace_file.divisor",
                "The file doesn't say by what energies are divided: √{size} is taken, the root of "
                "a head's size",
                size=assumed.fields["queries"].shape[-1],
            )
        )


def _divisor(
    archive: Archive, config: Mapping[str, Any], kind: AttentionKind | None, layer: int
) -> float | None:
    """Return what a layer's energies are divided by, if the file says it."""
    told: object = config.get("divisor")
    every = config.get("divisors")
    if isinstance(every, dict):
        every = every.get(kind or "encoder_self")
    if isinstance(every, list) and layer < len(every):
        told = every[layer]
    if "divisor" in archive.names:
        numbers = archive.numbers("divisor").ravel()
        told = float(numbers[min(layer, len(numbers) - 1)])
    if isinstance(told, int | float) and not isinstance(told, bool):
        return float(told) if math.isfinite(told) and told > 0 else None
    return None


def _read_config(archive: Archive, notices: list[CodedText]) -> dict[str, Any]:
    """Return what the file says of itself; nothing if that can't be read, which is said."""
    if "config" not in archive.names:
        return {}
    try:
        array = archive.texts("config")
        text = str(array.item()) if array.size == 1 and array.dtype.kind == "U" else ""
        config = json.loads(text[:LONGEST_CONFIG])
    except (ValueError, RecursionError):  # also what archive refuses
        config = None
    if not isinstance(config, dict):
        said = CodedText("trace_file.config", "The file's config is no JSON object, and isn't read")
        notices.append(said)
        return {}
    return config


def _read_names(archive: Archive) -> tuple[str, ...]:
    texts = read_tokens(archive, "names", None, [])
    return () if texts is None else texts.rows[0]


def _unknown(names: Sequence[str]) -> CodedText:
    shown = tuple(short(name) for name in names[:MOST_NAMED])
    if len(names) > MOST_NAMED:
        return CodedText(
            "trace_file.unknown_and_others",
            "Not known here, and not read: {names} and {count:,} others",
            names=shown,
            count=len(names) - MOST_NAMED,
        )
    return CodedText("trace_file.unknown", "Not known here, and not read: {names}", names=shown)
