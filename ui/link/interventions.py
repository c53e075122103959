"""Interventions in links: heads, edges and patterns as short texts, and what is chosen of them.

A head is layer.head. An edge is query.key, then layer and head, "-" for all; an edge's weight ends
in percent. A pattern is layer.head and its name; a painted one also has its cells, as a custom mask
has them. A sentence other than the first is named last. Entries are parted by commas:

    removed=18.6  mean=3.1  cut=13.2.9.4,13.2.-.-.1  edge=13.2.9.4.80  put=9.4.uniform
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, get_args

import numpy as np

from model.interventions import (
    Edge,
    Interventions,
    Pattern,
    PatternSource,
    PlacedCut,
    PlacedWeight,
)
from model.masks import decode_cells, encode_cells
from ui.choices.limits import MOST_INTERVENTIONS
from ui.link.memory import value_of
from ui.link.page import Parameter
from ui.link.readers import Reader, is_whole, text, whole_numbers
from ui.text.i18n import _
from ui.text.markdown import verbatim

ALL = "-"  # layers, or heads
PERCENT = 100
SOURCES: tuple[PatternSource, ...] = get_args(PatternSource)


def read_heads(value: str) -> tuple[tuple[int, int], ...]:
    """Return the layer and head of each head in a link's value, each once."""
    pairs = (pair.split(".") for pair in value.split(",") if pair)
    return tuple(dict.fromkeys((int(layer), int(head)) for layer, head in pairs))


def write_heads(heads: Iterable[tuple[int, int]]) -> str:
    """Write what read_heads reads."""
    return ",".join(f"{layer}.{head}" for layer, head in heads)


def read_cuts(value: str) -> tuple[PlacedCut, ...]:
    """Return the edges that are cut.

    Raises:
        ValueError: if it is anything else.
    """
    return tuple(_read_cut(entry) for entry in value.split(",") if entry.strip())


def _read_cut(entry: str) -> PlacedCut:
    parts = entry.split(".")
    if not 2 <= len(parts) <= 5:
        raise ValueError(entry)
    query, key, layer, head, sentence = (*parts, *(ALL, ALL, "0")[len(parts) - 2 :])
    at, of = (None if part.strip() == ALL else _whole(part) for part in (layer, head))
    if at is None and of is not None:  # head 4 of each layer: nobody asks for that
        raise ValueError(entry)
    return PlacedCut(_whole(query), _whole(key), at, of, _whole(sentence))


def write_cuts(cuts: Iterable[PlacedCut]) -> str:
    """Write what read_cuts reads."""
    return ",".join(
        _written(
            each.query,
            each.key,
            *(ALL if at is None else at for at in (each.layer, each.head)),
            sentence=each.sentence,
        )
        for each in cuts
    )


def read_weights(value: str) -> tuple[PlacedWeight, ...]:
    """Return the edges whose weight is set.

    Raises:
        ValueError: if it is anything else.
    """
    weights = []
    for entry in value.split(","):
        if entry.strip():
            parts = list(map(_whole, entry.split(".")))
            if not 5 <= len(parts) <= 6 or parts[4] > PERCENT:
                raise ValueError(entry)
            query, key, layer, head, percent, sentence = (*parts, 0)[:6]
            weights.append(PlacedWeight(query, key, layer, head, percent / PERCENT, sentence))
    return tuple(weights)


def write_weights(weights: Iterable[PlacedWeight]) -> str:
    """Write what read_weights reads."""
    return ",".join(
        _written(
            each.query,
            each.key,
            each.layer,
            each.head,
            round(each.weight * PERCENT),
            sentence=each.sentence,
        )
        for each in weights
    )


def read_patterns(value: str) -> tuple[Pattern, ...]:
    """Return what stands in place of heads' weights.

    Raises:
        ValueError: if it is anything else.
    """
    return tuple(_read_pattern(entry) for entry in value.split(",") if entry.strip())


def _read_pattern(entry: str) -> Pattern:
    layer, head, source, *rest = entry.split(".", 4)
    if source not in SOURCES or len(rest) > 1 + (source == "painted"):
        raise ValueError(entry)
    sentence = _whole(rest[0]) if rest else 0
    cells: tuple[Edge, ...] = ()
    if source == "painted":
        if len(rest) < 2:
            raise ValueError(entry)
        painted = np.argwhere(decode_cells(rest[1]))
        cells = tuple(Edge(int(query), int(key)) for query, key in painted)
    return Pattern(_whole(layer), _whole(head), source, cells, sentence)


def write_patterns(patterns: Iterable[Pattern]) -> str:
    """Write what read_patterns reads."""
    written = []
    for each in patterns:
        text = _written(each.layer, each.head, each.source, sentence=each.sentence)
        if each.source == "painted":
            cells = encode_cells(cells_of(each))
            text = f"{each.layer}.{each.head}.painted.{each.sentence}.{cells}"
        written.append(text)
    return ",".join(written)


def cells_of(pattern: Pattern) -> np.ndarray:
    """Return what is painted, (L, L) booleans, as large as it has to be."""
    size = max((1 + max(cell) for cell in pattern.cells), default=1)
    cells = np.zeros((size, size), dtype=bool)
    for query, key in pattern.cells:
        cells[query, key] = True
    return cells


def _written(*parts: object, sentence: int) -> str:
    every = [str(part) for part in parts]
    if sentence:
        return ".".join([*every, str(sentence)])
    while every[-1] == ALL:
        every.pop()
    return ".".join(every)


def _whole(part: str) -> int:
    if not is_whole(part):
        raise ValueError(part)
    return int(part)


def _entries(
    read: Callable[[str], tuple[Any, ...]], write: Callable[[Iterable[Any]], str], example: str
) -> Reader:
    """Up to so many entries; a value is kept as it is written."""

    def reader(key: str, text: str, default: Any) -> tuple[Any, str | None]:
        try:
            entries = tuple(dict.fromkeys(read(text)))
        except ValueError:
            return default, _(
                "The link's {key} {text} can't be read: expected something like {example}."
            ).format(key=key, text=verbatim(text), example=example)
        if len(entries) <= MOST_INTERVENTIONS:
            return write(entries), None
        return write(entries[:MOST_INTERVENTIONS]), _(
            "The link's {key} has {count} entries; the first {most} are used."
        ).format(key=key, count=len(entries), most=MOST_INTERVENTIONS)

    return reader


PARAMETERS: dict[str, Parameter] = {
    "removed": Parameter("", whole_numbers(MOST_INTERVENTIONS, 2)),
    "mean": Parameter("", whole_numbers(MOST_INTERVENTIONS, 2)),
    "cut": Parameter("", _entries(read_cuts, write_cuts, "13.2.9.4")),
    "edge": Parameter("", _entries(read_weights, write_weights, "13.2.9.4.80"), is_gradual=True),
    "put": Parameter("", _entries(read_patterns, write_patterns, "9.4.uniform")),
    "from_text": Parameter("", text, is_gradual=True),
}
# The fields of Interventions, by the names in links.
KINDS = {
    "removed": "removed",
    "mean": "averaged",
    "cut": "cuts",
    "edge": "weights",
    "put": "patterns",
}


def chosen_interventions() -> Interventions:
    """Return all that is changed by hand at this moment."""
    return Interventions(
        removed=read_heads(value_of("removed")),
        averaged=read_heads(value_of("mean")),
        cuts=read_cuts(value_of("cut")),
        weights=read_weights(value_of("edge")),
        patterns=read_patterns(value_of("put")),
    )


def values_of(named: Interventions) -> dict[str, str]:
    """Return the link's values for these."""
    return {
        "removed": write_heads(named.removed),
        "mean": write_heads(named.averaged),
        "cut": write_cuts(named.cuts),
        "edge": write_weights(named.weights),
        "put": write_patterns(named.patterns),
    }


def without(named: Interventions, kind: str, one: object) -> Interventions:
    """Return the others; `kind` is the name of a field."""
    return replace(named, **{kind: tuple(each for each in getattr(named, kind) if each != one)})


def with_one(named: Interventions, kind: str, one: object) -> Interventions:
    """Return these and one more, at the end of its kind."""
    return replace(named, **{kind: (*getattr(without(named, kind, one), kind), one)})
