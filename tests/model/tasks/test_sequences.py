"""Tasks in which every position answers: by hand."""

import pytest

from tests.model.tasks.helpers import answers


@pytest.mark.parametrize(
    ("name", "text", "right"),
    [
        ("reverse", "head", "daeh"),
        ("shift", "head", ".hea"),
        ("shift", "h", "."),
        ("sort", "31415926535", "11233455569"),
        ("compare", "31415", ".+-+."),  # 4 > 3, 1 = 1, 5 > 4
        ("compare", "1234", ".++."),
        ("compare", "12", ".."),
        ("compare", "1", "."),
    ],
)
def test_by_hand(name: str, text: str, right: str) -> None:
    assert answers(name, text) == right
