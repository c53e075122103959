"""What arrays of a file are called, and what they are then: a kind, a layer and a field."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import CodedValueError
from ..transformer import AttentionKind
from .archive import short

KINDS: tuple[AttentionKind, ...] = ("encoder_self", "decoder_self", "cross")
ALIASES = {
    "weights": ("weights", "attentions", "attention"),
    "queries": ("queries", "query", "q"),
    "keys": ("keys", "key", "k"),
    "values": ("values", "value", "v"),
    "energy": ("energy",),
    "scores": ("scores",),
    "head_outputs": ("head_outputs",),
    "output": ("output",),
    "mask": ("mask", "allowed", "attention_mask"),
    "bias": ("bias",),
}
FIELD_OF = {alias: field for field, aliases in ALIASES.items() for alias in aliases}
TOKENS = ("tokens", "key_tokens", "source_tokens", "target_tokens")
OTHERS = ("config", "names", "divisor")
LAYER = re.compile(r"layer_(\d{1,4})_(.+)", re.ASCII)


@dataclass(frozen=True)
class Place:
    """Where an array belongs."""

    kind: AttentionKind | None  # None: the file doesn't say
    layer: int | None  # None: it holds all layers, or there is one
    field: str  # one of ALIASES


def sort_names(names: Iterable[str]) -> tuple[dict[Place, str], list[str]]:
    """Return which array stands for what, and the names that mean nothing here.

    Raises:
        CodedValueError: if two arrays stand for one thing.
    """
    places: dict[Place, str] = {}
    unknown = []
    for name in names:
        place = _place(name)
        if place is None:
            if name not in (*TOKENS, *OTHERS):
                unknown.append(name)
        elif place in places:
            raise CodedValueError(
                "trace_file.two_names",
                "the file has both {first} and {second}, which mean the same: save one of them",
                first=short(places[place]),
                second=short(name),
            )
        else:
            places[place] = name
    return places, unknown


def _place(name: str) -> Place | None:
    rest, kind, layer = name, None, None
    for each in KINDS:
        if name.startswith(f"{each}_"):
            kind, rest = each, name.removeprefix(f"{each}_")
    if found := LAYER.fullmatch(rest):
        layer, rest = int(found[1]), found[2]
    return Place(kind, layer, FIELD_OF[rest]) if rest in FIELD_OF else None
