"""Values as Python source, whatever is in them: what is typed by strangers stays text."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

WIDTH = 100  # characters of a line
INDENT = "    "


@dataclass(frozen=True)
class Numbers:
    """Numbers that are written as the base64 of 32-bit floats, little-endian."""

    values: np.ndarray


def quoted(text: str) -> str:
    """Return a text as a Python string, in which whatever can't be seen is escaped.

    Line breaks, quotes, halves of surrogate pairs and marks that change the direction of reading
    ("Trojan Source", Boucher & Anderson, 2021) are; letters of all scripts aren't.
    """
    return '"' + "".join(map(_character, text)) + '"'


def visible(text: str) -> str:
    """Return a text for a comment, on one line and with whatever can't be seen escaped."""
    return "".join(c if c.isprintable() else _character(c) for c in text)


def _character(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character.isprintable():
        return character
    named = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(character)
    code = ord(character)
    return named or (f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")


def literal(value: Any, before: int = 0, depth: int = 0) -> str:
    """Return a value as source: on one line where it fits, else on lines that are filled.

    Args:
        value: a number, a text, None, numbers, or a list, tuple or dictionary of such.
        before: how many characters stand before it on its first line, and behind it on its last.
        depth: by how many steps all of its lines will be indented.

    Raises:
        TypeError: if it is something else.
    """
    room = WIDTH - len(INDENT) * depth
    match value:
        case None | bool() | int() | float():
            return repr(value)
        case str():
            return _text(value, before, room)
        case Numbers():
            file = np.ascontiguousarray(value.values, dtype="<f4").tobytes()
            return _text(base64.b64encode(file).decode(), before, room)
        case list():
            return _listed("[", _inner(value, depth), "]", before, room)
        case tuple():
            comma = "," if len(value) == 1 else ""
            return _listed("(", _inner(value, depth), f"{comma})", before, room)
        case dict():
            items = []
            for key, each in value.items():
                name = f"{literal(key, 1, depth + 1)}: "
                items.append(name + literal(each, len(name) + 1, depth + 1))
            return _listed("{", items, "}", before, room)
    raise TypeError(f"expected a number, a text or a list of such, got {type(value).__name__}")


def _inner(values: Sequence[Any], depth: int) -> list[str]:
    return [literal(each, 1, depth + 1) for each in values]


def _text(text: str, before: int, room: int) -> str:
    """A text; a long one as several that stand in parentheses, one a line."""
    line = quoted(text)
    if len(line) + before <= room:
        return line
    most = room - len(INDENT) - 2
    lines = [""]
    for character in map(_character, text):
        if len(lines[-1]) + len(character) > most:
            lines.append("")
        lines[-1] += character
    return "(\n" + "".join(f'{INDENT}"{line}"\n' for line in lines) + ")"


def _listed(start: str, items: Sequence[str], end: str, before: int, room: int) -> str:
    line = start + ", ".join(items) + end
    if "\n" not in line and before + len(line) <= room:
        return line
    lines = [INDENT]
    for item in items:
        item = item.replace("\n", f"\n{INDENT}")
        if len(lines[-1]) > len(INDENT) and len(lines[-1]) + len(item) + 1 > room:
            lines[-1] = lines[-1].rstrip()
            lines.append(INDENT)
        lines[-1] += f"{item}, "
    return f"{start}\n" + "\n".join(line.rstrip() for line in lines) + f"\n{end.lstrip(',')}"
