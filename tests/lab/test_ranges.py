"""Which values parameters can have, and as what."""

from typing import Any

import pytest

from lab.ranges import checked_value
from model.errors import CodedValueError


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("heads", 2.0, 2),
        ("heads", 16, 16),
        ("temperature", 5, 5.0),
        ("seeds", 1, 1),
        ("scale", "none", "none"),
        ("text", "any", "any"),
    ],
)
def test_a_value_comes_back_as_points_have_it(name: str, value: Any, expected: Any) -> None:
    found = checked_value("mechanism", name, value)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("heads", 1.5, "grid.no_whole_number"),
        ("heads", 17, "grid.no_whole_number"),
        ("heads", True, "grid.no_whole_number"),
        ("temperature", float("nan"), "grid.no_number"),
        ("temperature", "1", "grid.no_number"),
        ("scale", "half", "grid.unknown_option"),
        ("scale", 1, "grid.unknown_option"),
        ("text", None, "grid.no_text"),
    ],
)
def test_another_value_is_refused_and_named(name: str, value: Any, code: str) -> None:
    with pytest.raises(CodedValueError, match=f"^{name} ") as error:
        checked_value("mechanism", name, value)
    assert (error.value.text.code, error.value.text.values["value"]) == (code, repr(value))


def test_trainings_have_limits_of_their_own() -> None:
    assert checked_value("mechanism", "heads", 16) == 16
    with pytest.raises(CodedValueError, match="heads takes whole numbers from 1 to 8, got 16"):
        checked_value("learning", "heads", 16)
