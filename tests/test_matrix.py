"""What `make test` runs of a matrix: some of its cases, and `make test-all` each of them."""

import pytest

from tests.matrix import matrix, some_of


def kept(mark: pytest.MarkDecorator) -> list[tuple[object, ...]]:
    return [case.values for case in mark.args[1] if pytest.mark.matrix not in case.marks]


def test_cases_are_kept_from_the_first_to_the_last() -> None:
    letters = matrix(3, "letter", "abcde")
    assert [case.values for case in letters.args[1]] == [("a",), ("b",), ("c",), ("d",), ("e",)]
    assert kept(letters) == [("a",), ("c",), ("e",)]
    assert kept(matrix(1, "letter", "abcde")) == [("a",)]
    assert kept(matrix(2, ("letter", "number"), [("a", 1), ("b", 2), ("c", 3)])) == [
        ("a", 1), ("c", 3),
    ]  # fmt: skip


def test_a_case_keeps_its_own_marks_and_name() -> None:
    skipped = pytest.param(2, id="two", marks=pytest.mark.skip)
    (_, case, _) = some_of(2, [1, skipped, 3])
    assert (case.id, [mark.name for mark in case.marks]) == ("two", ["skip", "matrix"])


def test_what_keeps_every_case_is_no_matrix() -> None:
    with pytest.raises(AssertionError, match="3 of 3"):
        matrix(3, "number", range(3))
