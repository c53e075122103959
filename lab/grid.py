"""Grids of experiments: every combination of some values, each with several seeds."""

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, ClassVar

from lab.points import Kind, LearningPoint, MechanismPoint, Point, Projection
from lab.ranges import checked_value
from model.attention import Scale
from model.errors import CodedError, CodedText, CodedValueError
from model.masks import Mask
from model.positions import Positions
from model.tokens import Tokenizer, tokenize
from model.training.plan import Plan
from model.training.trainer import BATCH_SIZE

# A sweep is watched by somebody who waits for it, and others wait for their turn.
MOST_POINTS: dict[Kind, int] = {"mechanism": 5000, "learning": 200}
MOST_TOKENS = 512  # as many as a sentence on Explore may have
MOST_CHARACTERS = 20_000
MOST_CELLS = 2**28  # points × heads × tokens²: some minutes on one core
MOST_MULTIPLY_ADDS = 10**13  # of all trainings together: some ten minutes on two cores


class GridTooLargeError(CodedValueError):
    """A grid has more points, or larger ones, than somebody would wait for."""


@dataclass(frozen=True)
class Skipped:
    """A combination that doesn't work."""

    parameters: dict[str, Any]  # of the axes, by their names
    reason: CodedText


@dataclass(frozen=True)
class Points:
    """The points of a grid, and the combinations that are none."""

    valid: tuple[Point, ...]  # in the grid's order: the last axis changes first, the seed before it
    skipped: tuple[Skipped, ...]  # a combination each, whatever the number of seeds


@dataclass(frozen=True, kw_only=True)
class _Grid:
    """The common part of both kinds of grids; a value that is there twice counts once."""

    kind: ClassVar[Kind]
    axes: ClassVar[tuple[str, ...]]
    seeds: int = 5  # the values are 0 to seeds - 1

    def __post_init__(self) -> None:
        """Check each value by itself.

        Raises:
            ValueError: if one is unknown or out of range, or an axis has none.
        """
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name not in self.axes:
                object.__setattr__(self, field.name, checked_value(self.kind, field.name, value))
                continue
            values = tuple(dict.fromkeys(checked_value(self.kind, field.name, v) for v in value))
            if not values:
                raise CodedValueError(
                    "grid.no_value", "{name} needs at least one value", name=field.name
                )
            object.__setattr__(self, field.name, values)

    @property
    def count(self) -> int:
        """The points of all combinations, those included that will be skipped."""
        return self.seeds * self._combinations

    @property
    def _combinations(self) -> int:
        return math.prod(len(getattr(self, axis)) for axis in self.axes)

    def points(self) -> Points:
        """Return all points.

        Raises:
            GridTooLargeError: if there are too many; nothing has been made by then.
        """
        if self.count > MOST_POINTS[self.kind]:
            raise GridTooLargeError(
                "grid.points",
                "the grid has {count:,} points, and may have {most:,}; take fewer values, fewer "
                "seeds or a shorter text",
                count=self.count,
                most=MOST_POINTS[self.kind],
            )
        valid: list[Point] = []
        skipped = []
        for values in itertools.product(*(getattr(self, axis) for axis in self.axes)):
            parameters = dict(zip(self.axes, values, strict=True))
            try:
                valid += [self._point(parameters, seed) for seed in range(self.seeds)]
            except CodedError as error:
                skipped.append(Skipped(parameters, error.text))
        return Points(tuple(valid), tuple(skipped))

    def _point(self, parameters: Mapping[str, Any], seed: int) -> Point:
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class MechanismGrid(_Grid):
    """One attention layer with random weights, over and over.

    Raises:
        ValueError: if a value is unknown or out of range, or the text is empty or too long.
    """

    kind: ClassVar[Kind] = "mechanism"
    axes: ClassVar[tuple[str, ...]] = (
        "heads", "embed_size", "projection", "scale", "positions", "mask",
    )  # fmt: skip

    text: str
    tokenizer: Tokenizer = "words"
    heads: tuple[int, ...]
    embed_size: tuple[int, ...]
    projection: tuple[Projection, ...] = ("full",)
    scale: tuple[Scale, ...] = ("head_dim",)
    temperature: float = 1.0
    positions: tuple[Positions, ...] = ("none",)
    mask: tuple[Mask, ...] = ("none",)
    span: int = 3  # of the masks that have one

    def __post_init__(self) -> None:
        """Check each value by itself, and the text."""
        super().__post_init__()
        if len(self.text) > MOST_CHARACTERS:
            raise CodedValueError(
                "grid.characters",
                "the text may have {most:,} characters, got {count:,}",
                most=MOST_CHARACTERS,
                count=len(self.text),
            )
        if not self.tokens:
            raise CodedValueError(
                "grid.no_tokens", "the text is empty: there is nothing to attend to"
            )
        if len(self.tokens) > MOST_TOKENS:
            raise CodedValueError(
                "grid.tokens",
                "the text has {count:,} tokens, and may have {most}",
                count=len(self.tokens),
                most=MOST_TOKENS,
            )

    @cached_property
    def tokens(self) -> tuple[str, ...]:
        """The text's."""
        return tuple(tokenize(self.text, self.tokenizer))

    def points(self) -> Points:
        """Return all points.

        Raises:
            GridTooLargeError: if there are too many, or too many cells in all their matrices
                together; nothing has been made by then.
        """
        cells = self.count // len(self.heads) * sum(self.heads) * len(self.tokens) ** 2
        if self.count <= MOST_POINTS[self.kind] and cells > MOST_CELLS:
            raise GridTooLargeError(
                "grid.cells",
                "the grid has {count:,} cells (points × heads × tokens²), and may have {most:,}; "
                "take fewer values, fewer seeds or a shorter text",
                count=cells,
                most=MOST_CELLS,
            )
        return super().points()

    def _point(self, parameters: Mapping[str, Any], seed: int) -> MechanismPoint:
        return MechanismPoint(
            text=self.text,
            tokenizer=self.tokenizer,
            temperature=self.temperature,
            span=self.span,
            seed=seed,
            **parameters,
        )


@dataclass(frozen=True, kw_only=True)
class LearningGrid(_Grid):
    """Small transformers that learn a task, over and over.

    Raises:
        ValueError: if a value is unknown or out of range, or the corpus isn't one for the task.
    """

    kind: ClassVar[Kind] = "learning"
    axes: ClassVar[tuple[str, ...]] = (
        "heads", "embed_size", "layers", "positions", "scale", "learning_rate",
    )  # fmt: skip

    task: str
    heads: tuple[int, ...] = (1,)
    embed_size: tuple[int, ...] = (32,)
    layers: tuple[int, ...] = (1,)
    positions: tuple[Positions, ...] = ("sinusoidal",)
    scale: tuple[Scale, ...] = ("head_dim",)
    learning_rate: tuple[float, ...] = (3e-3,)
    steps: int = 400
    corpus: str = ""

    def __post_init__(self) -> None:
        """Check each value by itself, and the corpus with its task."""
        super().__post_init__()
        Plan(task=self.task, steps=self.steps, corpus=self.corpus)

    def points(self) -> Points:
        """Return all points.

        Raises:
            GridTooLargeError: if there are too many, or they have too much to calculate together.
        """
        points = super().points()
        work = sum(_multiply_adds(plan) for plan in points.valid if isinstance(plan, Plan))
        if work > MOST_MULTIPLY_ADDS:
            raise GridTooLargeError(
                "grid.work",
                "the grid has {count:,} billion multiply-adds (trainings × steps × examples × "
                "symbols × weights × 3), and may have {most:,}; take fewer values, fewer seeds or "
                "fewer steps",
                count=work // 10**9,
                most=MOST_MULTIPLY_ADDS // 10**9,
            )
        return points

    def _point(self, parameters: Mapping[str, Any], seed: int) -> LearningPoint:
        return Plan(task=self.task, steps=self.steps, corpus=self.corpus, seed=seed, **parameters)


Grid = MechanismGrid | LearningGrid


def _multiply_adds(plan: Plan) -> int:
    """About how many a training has: the backward pass takes two where the forward takes one."""
    return 3 * plan.steps * BATCH_SIZE * plan.learnt.length * plan.parameters
