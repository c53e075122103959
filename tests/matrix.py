"""How much of many cases `make test` tries; `make test-all` tries them all."""

from collections.abc import Iterable
from typing import Any

import pytest
from _pytest.mark import ParameterSet
from hypothesis import settings

USUALLY = 100  # examples of Hypothesis, if nothing else is said


def matrix(
    keep: int,
    names: str | tuple[str, ...],
    cases: Iterable[Any],
    *,
    ids: Any = None,
) -> pytest.MarkDecorator:
    """Parametrise a test as pytest does, with all but `keep` cases marked as the matrix's.

    Where several stand above one another, what all keep is kept: one for each of their pairs.
    """
    several = not isinstance(names, str) or "," in names
    return pytest.mark.parametrize(names, some_of(keep, cases, several=several), ids=ids)


def some_of(keep: int, cases: Iterable[Any], *, several: bool = False) -> list[ParameterSet]:
    """Mark all but `keep` cases, from the first to the last, spread evenly.

    Each case is a value, or several of them, or has marks of its own already.
    """
    listed = [_as_parameters(case, several=several) for case in cases]
    last = len(listed) - 1
    assert 1 <= keep <= last, f"{keep} of {len(listed)} are no matrix"
    kept = {round(step * last / max(1, keep - 1)) for step in range(keep)}
    return [
        case if place in kept else case._replace(marks=(*case.marks, pytest.mark.matrix))
        for place, case in enumerate(listed)
    ]


def _as_parameters(case: Any, *, several: bool) -> ParameterSet:
    if isinstance(case, ParameterSet):
        return case
    return pytest.param(*(case if several else [case]))


EIGHTH = pytest.mark.parametrize(
    "part",
    [
        pytest.param(slice(0, None, 8), id="an eighth"),
        pytest.param(slice(None), id="all", marks=pytest.mark.matrix),
    ],
)
"""For what one page is sent one after the other: every eighth, and in the matrix all of it."""


def examples(count: int) -> settings:
    """Let Hypothesis try this many, and more or fewer in proportion where the profile does."""
    return settings(max_examples=max(2, count * settings.default.max_examples // USUALLY))
