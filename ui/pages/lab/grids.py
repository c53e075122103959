"""From the Lab's controls to the grid that they describe."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lab.grid import Grid, GridTooLargeError, LearningGrid, MechanismGrid, Points
from ui.link.memory import value_of
from ui.pages.lab.parameters import LISTS, chosen


@dataclass(frozen=True)
class Described:
    """What the controls describe: a grid that can be run, or why there is none."""

    grid: Grid | None
    points: Points | None
    problem: ValueError | None = None


def described() -> Described:
    """Return what the controls of the view describe."""
    try:
        grid = _learning() if value_of("view") == "learning" else _mechanism()
    except ValueError as error:
        return Described(None, None, error)
    return _checked(grid)


def values_of(key: str) -> tuple[Any, ...]:
    """Return the values of a list or of several options, as far as they are understood."""
    text = value_of(key)
    return LISTS[key].read(text)[0] if key in LISTS else chosen(text)


def varying(grid: Grid) -> list[str]:
    """Return the axes with more than one value, in the grid's order."""
    return [axis for axis in grid.axes if len(getattr(grid, axis)) > 1]


@lru_cache(maxsize=32)  # a page asks with each repaint
def _checked(grid: Grid) -> Described:
    try:
        return Described(grid, grid.points())
    except GridTooLargeError as error:
        return Described(grid, None, error)


def _mechanism() -> MechanismGrid:
    return MechanismGrid(
        text=value_of("text"),
        tokenizer=value_of("tokenizer"),
        heads=values_of("head_counts"),
        embed_size=values_of("embed_sizes"),
        projection=values_of("projections"),
        scale=values_of("scales"),
        temperature=value_of("temperature"),
        positions=values_of("schemes"),
        mask=values_of("masks"),
        span=value_of("span"),
        seeds=value_of("seeds"),
    )


def _learning() -> LearningGrid:
    return LearningGrid(
        task=value_of("task"),
        heads=values_of("learn_heads"),
        embed_size=values_of("learn_embeddings"),
        layers=values_of("learn_layers"),
        positions=values_of("learn_schemes"),
        scale=values_of("learn_scales"),
        learning_rate=values_of("learn_rates"),
        steps=value_of("steps"),
        seeds=value_of("learn_seeds"),
    )
