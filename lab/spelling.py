"""Grids and points as JSON: what caches know them by, and what workers are told."""

import json
from dataclasses import fields
from typing import Any

from lab.grid import Grid, LearningGrid, MechanismGrid
from lab.points import MechanismPoint, Point
from model.training.plan import Plan

_TYPES: dict[str, type[Any]] = {
    "mechanism grid": MechanismGrid,
    "learning grid": LearningGrid,
    "mechanism": MechanismPoint,
    "learning": Plan,
}


def to_json(value: Grid | Point) -> str:
    """Return a grid or a point as ASCII; equal ones have one spelling."""
    name = next(name for name, kind in _TYPES.items() if isinstance(value, kind))
    content = {field.name: getattr(value, field.name) for field in fields(value)}
    return json.dumps({"type": name, **content}, sort_keys=True, separators=(",", ":"))


def from_json(text: str) -> Grid | Point:
    """Return what to_json wrote, as it was.

    Raises:
        ValueError: if it is anything else, or out of a limit.
    """
    try:
        content = json.loads(text)
        made: Grid | Point = _TYPES[content.pop("type")](
            **{k: tuple(v) if isinstance(v, list) else v for k, v in content.items()}
        )
    except (AttributeError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"expected a grid or a point of the Lab as JSON: {error}") from None
    return made
