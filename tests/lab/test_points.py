"""Experiments with one seed."""

import pytest

from lab.points import MechanismPoint, kind_of, parameters_of
from model.errors import CodedValueError
from model.training.plan import Plan

POINT = MechanismPoint(text="a b", heads=2, embed_size=8, seed=3)


def test_a_point_names_its_parameters_in_their_order() -> None:
    assert parameters_of(POINT) == {
        "text": "a b", "tokenizer": "words", "heads": 2, "embed_size": 8, "projection": "full",
        "scale": "head_dim", "temperature": 1.0, "positions": "none", "mask": "none", "span": 3,
        "seed": 3,
    }  # fmt: skip
    assert list(parameters_of(POINT))[2:4] == ["heads", "embed_size"]


def test_a_point_is_of_a_kind() -> None:
    assert (kind_of(POINT), kind_of(Plan(task="reverse"))) == ("mechanism", "learning")


@pytest.mark.parametrize(
    ("sizes", "code"),
    [
        ({"heads": 3, "embed_size": 8}, "heads.indivisible"),
        ({"heads": 2, "embed_size": 18, "positions": "rotary"}, "positions.odd_head"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(sizes: dict[str, object], code: str) -> None:
    with pytest.raises(CodedValueError) as error:
        MechanismPoint(text="a", **sizes)  # type: ignore[arg-type]
    assert error.value.text.code == code
