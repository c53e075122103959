"""From the Lab's controls to the grid that they describe."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lab.grid import Grid, GridTooLargeError, LearningGrid, MechanismGrid, Points
from ui.lab_parameters import LISTS, chosen
from ui.link import value_of

# Which parameter of the link holds each axis of a grid.
MECHANISM_AXES = {
    "heads": "head_counts",
    "embed_size": "embed_sizes",
    "projection": "projections",
    "scale": "scales",
    "positions": "schemes",
    "mask": "masks",
}
LEARNING_AXES = {
    "heads": "learn_heads",
    "embed_size": "learn_embeddings",
    "layers": "learn_layers",
    "positions": "learn_schemes",
    "scale": "learn_scales",
    "learning_rate": "learn_rates",
}


@dataclass(frozen=True)
class Described:
    """What the controls describe: a grid that can be run, or why there is none."""

    grid: Grid | None
    points: Points | None
    problem: ValueError | None = None


def described() -> Described:
    """What the controls of the view describe."""
    try:
        grid = _learning() if value_of("view") == "learning" else _mechanism()
    except ValueError as error:
        return Described(None, None, error)
    return _checked(grid)


def values_of(key: str) -> tuple[Any, ...]:
    """The values of a list or of several options, as far as they are understood."""
    text = value_of(key)
    return LISTS[key].read(text)[0] if key in LISTS else chosen(text)


def varying(grid: Grid) -> list[str]:
    """The axes with more than one value, in the grid's order."""
    return [axis for axis in grid.axes if len(getattr(grid, axis)) > 1]


@lru_cache(maxsize=32)  # a page asks with each repaint
def _checked(grid: Grid) -> Described:
    try:
        return Described(grid, grid.points())
    except GridTooLargeError as error:
        return Described(grid, None, error)


def _axes(names: dict[str, str]) -> dict[str, Sequence[Any]]:
    return {axis: values_of(key) for axis, key in names.items()}


def _mechanism() -> MechanismGrid:
    alone = {name: value_of(name) for name in ("text", "tokenizer", "temperature", "span", "seeds")}
    return MechanismGrid(**_axes(MECHANISM_AXES), **alone)


def _learning() -> LearningGrid:
    return LearningGrid(
        task=value_of("task"),
        steps=value_of("steps"),
        seeds=value_of("learn_seeds"),
        **_axes(LEARNING_AXES),
    )
