"""Grids: what they come to, what is skipped, what is refused, and their JSON."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.grid import (
    MOST_CELLS,
    GridTooLargeError,
    LearningGrid,
    MechanismGrid,
    MechanismPoint,
    from_json,
    kind_of,
    to_json,
)
from model.training.plan import Plan
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
    assert "must be even, got 18 / 2" in points.skipped[0].reason
    assert "8 is not divisible by 3 heads" in points.skipped[1].reason


def test_a_training_that_is_too_large_is_skipped() -> None:
    points = learning(heads=(1,), embed_size=(32, 128), layers=(4,)).points()
    assert {p.embed_size for p in points.valid} == {32}
    assert "there may be 450,000" in points.skipped[0].reason


def test_a_million_points_are_refused_before_any_is_made() -> None:
    grid = mechanism(heads=tuple(range(1, 17)), embed_size=tuple(range(8, 513)), seeds=50)
    assert grid.count == 16 * 505 * 2 * 50 == 808_000
    started = time.perf_counter()
    with pytest.raises(GridTooLargeError, match="808,000 points, and may have 5,000") as refused:
        grid.points()
    assert time.perf_counter() - started < 0.1
    assert (refused.value.count, refused.value.limit) == (808_000, 5000)
    with pytest.raises(GridTooLargeError, match="300 points, and may have 200"):
        learning(seeds=50).points()


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
        ({"temperature": 0.05}, "temperature takes from 0.1 to 5, got 0.05"),
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
        ({"learning_rate": (0.0,)}, "learning_rate takes from 1e-05 to 1000, got 0.0"),
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


@given(
    heads=st.lists(st.integers(1, 16), min_size=1, max_size=4),
    text=st.text(st.characters(), min_size=1, max_size=20).filter(str.strip),
    temperature=st.floats(0.1, 5.0),
)
def test_json_gives_back_what_was_written(heads: list[int], text: str, temperature: float) -> None:
    try:
        grid = mechanism(text=text, heads=tuple(heads), temperature=temperature)
    except ValueError:
        return  # nothing but what is no token
    assert from_json(to_json(grid)) == grid
    for point in grid.points().valid[:2]:
        assert from_json(to_json(point)) == point
        assert to_json(point).isascii()


def test_json_is_canonical_and_of_either_kind() -> None:
    grid = learning(corpus="ä\n")
    point = grid.points().valid[-1]
    assert from_json(to_json(grid)) == grid
    assert (
        from_json(to_json(point))
        == point
        == Plan(task="reverse", heads=4, embed_size=16, steps=4, seed=1, corpus="ä\n")
    )
    assert (kind_of(point), LearningGrid.kind, MechanismGrid.kind) == (
        "learning", "learning", "mechanism",
    )  # fmt: skip
    assert to_json(MechanismPoint(text="a", heads=1, embed_size=8, temperature=1.0)) == (
        '{"embed_size":8,"heads":1,"mask":"none","positions":"none","projection":"full",'
        '"scale":"head_dim","seed":0,"span":3,"temperature":1.0,"text":"a","tokenizer":"words",'
        '"type":"mechanism"}'
    )


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"type":"x"}', '{"type":"mechanism","text":"a"}', "1", "[" * 5000,
     '{"type":"mechanism grid","text":1,"heads":[1],"embed_size":[8]}',
     '{"type":"learning","task":"reverse","heads":[[]]}'],
)  # fmt: skip
def test_other_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        from_json(text)
