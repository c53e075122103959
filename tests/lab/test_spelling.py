"""Grids and points as JSON, and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.grid import LearningGrid, MechanismGrid
from lab.points import MechanismPoint, kind_of
from lab.spelling import from_json, to_json
from model.training.plan import Plan
from tests.lab.helpers import learning, mechanism


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
