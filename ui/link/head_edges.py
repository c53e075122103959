"""Edges between heads in links: from a head to the query, key or value of a later one.

A head is layer.head, and * stands for all of them. Entries are parted by commas:

    cut_edges=0.1-1.2.k,*-*.v
"""

from collections.abc import Iterable
from typing import Any, get_args

from model.composition import Into
from model.head_edges import HeadEdges
from ui.choices.limits import MOST_INTERVENTIONS
from ui.link.readers import is_whole
from ui.text.i18n import _
from ui.text.markdown import verbatim

ALL = "*"
INTO: tuple[Into, ...] = get_args(Into)


def read_edges(value: str) -> tuple[HeadEdges, ...]:
    """Return the edges of a link's value, each once.

    Raises:
        ValueError: if it is anything else.
    """
    return tuple(dict.fromkeys(_read(entry) for entry in value.split(",") if entry.strip()))


def _read(entry: str) -> HeadEdges:
    first, _dash, rest = entry.strip().partition("-")
    later, _dot, name = rest.rpartition(".")
    into = next((each for each in INTO if each == name), None)
    if into is not None:
        edges = HeadEdges(_head(first), _head(later), into)
        if edges.first is None or edges.later is None or edges.first[0] < edges.later[0]:
            return edges
    raise ValueError(entry)


def _head(text: str) -> tuple[int, int] | None:
    if text == ALL:
        return None
    layer, _dot, head = text.partition(".")
    if not (is_whole(layer) and is_whole(head)):
        raise ValueError(text)
    return int(layer), int(head)


def write_edges(edges: Iterable[HeadEdges]) -> str:
    """Write what read_edges reads."""
    return ",".join(f"{_written(e.first)}-{_written(e.later)}.{e.into}" for e in edges)


def _written(head: tuple[int, int] | None) -> str:
    return ALL if head is None else f"{head[0]}.{head[1]}"


def head_edges(key: str, text: str, default: Any) -> tuple[Any, str | None]:
    """Read a link's edges: so many entries at most, as they are written."""
    try:
        edges = read_edges(text)
    except ValueError:
        return default, _(
            "The link's {key} {text} can't be read: expected something like {example}."
        ).format(key=key, text=verbatim(text), example="0.1-1.2.k")
    if len(edges) <= MOST_INTERVENTIONS:
        return write_edges(edges), None
    return write_edges(edges[:MOST_INTERVENTIONS]), _(
        "The link's {key} has {count} entries; the first {most} are used."
    ).format(key=key, count=len(edges), most=MOST_INTERVENTIONS)
