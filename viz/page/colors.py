"""One specification for light and dark: colours by number, which the page looks up.

Figures are drawn once, with a theme whose colours are numbers written as colours, "#f0ab07"; the
page puts the light or the dark theme's in their places.
"""

from collections.abc import Iterable
from dataclasses import fields
from typing import Any, get_args

from ..theme import DARK, LIGHT, Theme, color_scale
from ..weight_scale import Curve, color_stops

CURVES: tuple[Curve, ...] = get_args(Curve)


def slots(theme: Theme) -> list[str]:
    """Return all colours of a theme in a fixed order."""
    every: list[str] = []
    for each in fields(Theme):
        value = getattr(theme, each.name)
        if each.name != "magnified":
            every += [value] if isinstance(value, str) else value
    return every


def free_prefix(texts: Iterable[str]) -> str:
    """Return four hexadecimal digits that follow a # in none of the texts."""
    joined = "\n".join(texts).lower()
    candidates = (f"f{number:03x}" for number in range(0xABC, 0x1000))
    return next(each for each in candidates if each not in joined)


def numbered_theme(prefix: str) -> Theme:
    """Return a theme whose colours are "#", the prefix and two digits: a number each."""
    number = 0
    colors: dict[str, Any] = {}
    for each in fields(Theme):
        value = getattr(LIGHT, each.name)
        if isinstance(value, str):
            colors[each.name], number = f"#{prefix}{number:02x}", number + 1
        elif isinstance(value, tuple):
            places = range(number, number + len(value))
            colors[each.name] = tuple(f"#{prefix}{place:02x}" for place in places)
            number += len(value)
    return Theme(**colors)


class Scales:
    """The colour scales of a theme, found again in a specification and written as a name."""

    def __init__(self, theme: Theme) -> None:
        self._names = {_key(stops): name for name, stops in _every(theme).items()}

    def name_of(self, stops: Any) -> str | None:
        """Return the name of a scale of this theme; None for any other."""
        return self._names.get(_key(stops))


def _every(theme: Theme) -> dict[str, list[list[float | str]]]:
    scales: dict[str, list[list[float | str]]] = {
        f"weights-{curve}": color_stops(theme.sequential, curve) for curve in CURVES
    }
    return {**scales, "signed": color_scale(theme.diverging)}


def _key(stops: Any) -> str:
    return repr([list(stop) for stop in stops]) if isinstance(stops, (list, tuple)) else ""


def palette(theme: Theme) -> dict[str, Any]:
    """Return what the page puts in the numbers' places."""
    return {"slots": slots(theme), "scales": _every(theme)}


PALETTES = {"light": palette(LIGHT), "dark": palette(DARK)}
