"""Grids: what they come to, what is skipped, and what is refused."""

from dataclasses import replace
from typing import Any

import pytest

from lab.grid import (
    MOST_CELLS,
    MOST_MULTIPLY_ADDS,
    GridTooLargeError,
    LearningGrid,
    MechanismGrid,
)
from tests.lab.helpers import learning, mechanism


def test_points_are_all_combinations_in_the_order_of_the_axes() -> None:
    points = mechanism().points()
    assert mechanism().count == len(points.valid) == 24
    assert points.skipped == ()
    assert [(p.heads, p.embed_size, p.scale, p.seed) for p in points.valid[:5]] == [
        (1, 8, "head_dim", 0),
        (1, 8, "head_dim", 1),
        (1, 8, "none", 0),
        (1, 8, "none", 1),
        (1, 16, "head_dim", 0),
    ]


def test_what_does_not_work_is_skipped_with_its_reason() -> None:
    grid = mechanism(
        heads=(2, 3), embed_size=(8, 18), scale=("none",), positions=("none", "rotary"), seeds=4
    )
    points = grid.points()
    assert grid.count == 32
    # 3 heads don't divide 8; 18 / 2 = 9 numbers can't be turned in pairs.
    assert {(p.heads, p.embed_size, p.positions) for p in points.valid} == {
        (2, 8, "none"), (2, 8, "rotary"), (2, 18, "none"), (3, 18, "none"), (3, 18, "rotary"),
    }  # fmt: skip
    assert len(points.valid) == 5 * 4
    assert [
        (s.parameters["heads"], s.parameters["embed_size"], s.parameters["positions"])
        for s in points.skipped
    ] == [(2, 18, "rotary"), (3, 8, "none"), (3, 8, "rotary")]
    assert "must be even, got 18 / 2" in str(points.skipped[0].reason)
    assert "8 is not divisible by 3 heads" in str(points.skipped[1].reason)


def test_a_training_that_is_too_large_is_skipped() -> None:
    points = learning(heads=(1,), embed_size=(32, 128), layers=(4,)).points()
    assert {p.embed_size for p in points.valid} == {32}
    assert "there may be 450,000" in str(points.skipped[0].reason)


def test_a_million_points_are_refused_before_any_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    grid = mechanism(heads=tuple(range(1, 17)), embed_size=tuple(range(8, 513)), seeds=50)
    assert grid.count == 16 * 505 * 2 * 50 == 808_000

    def make(*_: object) -> None:
        raise AssertionError("a point was made")

    monkeypatch.setattr(MechanismGrid, "_point", make)
    with pytest.raises(GridTooLargeError, match="808,000 points, and may have 5,000") as refused:
        grid.points()
    assert refused.value.text.values == {"count": 808_000, "most": 5000}
    with pytest.raises(GridTooLargeError, match="300 points, and may have 200"):
        learning(seeds=50).points()


def test_long_trainings_of_large_models_take_fewer_points() -> None:
    sizes: dict[str, Any] = {"task": "characters", "heads": (8,), "embed_size": (88,)}
    grid = LearningGrid(**sizes, layers=(4,), steps=3000, seeds=1)
    (plan,) = grid.points().valid
    one = 3 * 3000 * 64 * 32 * plan.parameters
    assert 6e12 < one < MOST_MULTIPLY_ADDS
    with pytest.raises(GridTooLargeError, match=r"billion multiply-adds .* 10,000; .* fewer steps"):
        replace(grid, seeds=2).points()
    assert len(replace(grid, seeds=2, steps=1500).points().valid) == 2
    # What the page opens with has far less.
    usual = LearningGrid(task="sort", heads=(1, 2, 4, 8), steps=300, seeds=50)
    assert len(usual.points().valid) == 200


def test_a_long_text_takes_fewer_points() -> None:
    grid = mechanism(text="word " * 512, heads=(16,), embed_size=(64,), scale=("none",), seeds=50)
    assert MOST_CELLS > 50 * 16 * 512**2
    assert len(grid.points().valid) == 50
    wider = mechanism(
        text="word " * 512, heads=(16,), embed_size=(32, 64), scale=("none",), seeds=50
    )
    with pytest.raises(GridTooLargeError, match=r"419,430,400 cells .* 268,435,456"):
        wider.points()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"heads": (1, 17)}, "heads takes whole numbers from 1 to 16, got 17"),
        ({"heads": (0,)}, "got 0"),
        ({"heads": (1.5,)}, "got 1.5"),
        ({"heads": ("2",)}, "got '2'"),
        ({"heads": (True,)}, "got True"),
        ({"heads": ()}, "heads needs at least one value"),
        ({"embed_size": (7,)}, "embed_size takes whole numbers from 8 to 512, got 7"),
        ({"scale": ("half",)}, "scale must be one of embed_size, head_dim, none, got 'half'"),
        ({"mask": ("custom",)}, "mask must be one of none, causal"),
        ({"positions": ("up",)}, "positions must be one of"),
        ({"projection": ("no",)}, "projection must be one of full, shared, identity"),
        ({"tokenizer": "bytes"}, "tokenizer must be one of words, characters"),
        ({"temperature": 0.05}, "temperature takes numbers from 0.1 to 5, got 0.05"),
        ({"temperature": float("nan")}, "got nan"),
        ({"span": 65}, "span takes whole numbers from 1 to 64"),
        ({"seeds": 51}, "seeds takes whole numbers from 1 to 50, got 51"),
        ({"text": " "}, "the text is empty"),
        ({"text": "word " * 513}, "the text has 513 tokens, and may have 512"),
        ({"text": "x" * 20_001}, "the text may have 20,000 characters, got 20,001"),
    ],
)
def test_a_value_out_of_its_limits_is_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        mechanism(**options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"task": "chess"}, "task must be one of reverse"),
        ({"heads": (9,)}, "heads takes whole numbers from 1 to 8, got 9"),
        ({"layers": (5,)}, "layers takes whole numbers from 1 to 4"),
        ({"learning_rate": (0.0,)}, "learning_rate takes numbers from 1e-05 to 1000, got 0.0"),
        ({"steps": 3001}, "steps takes whole numbers from 1 to 3000"),
        ({"task": "characters", "corpus": "short"}, "characters"),
    ],
)
def test_so_is_one_of_a_training(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        learning(**options)


def test_a_value_that_is_there_twice_counts_once() -> None:
    grid = mechanism(heads=(2, 1, 2, 2.0), scale=("none", "none"))
    assert (grid.heads, grid.scale, grid.count) == ((2, 1), ("none",), 8)
