"""Numbers and their formulas, which must say the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.amount import LETTERS, ZERO, Amount, letter

L, E, F = letter("L", 3), letter("E", 10), letter("F", 40)


@pytest.mark.parametrize(
    ("amount", "value", "formula"),
    [
        (L, 3, "L"),
        (2 * L * E, 60, "2·L·E"),
        (E * L * L, 90, "L²·E"),
        (L * E + 2 * F + L * E, 140, "2·L·E + 2·F"),
        (2 * F - E, 70, "2·F - E"),
        (L - L, 0, "0"),
        ((L + E) * F, 520, "L·F + E·F"),
        (0 * L, 0, "0"),
        (L * ZERO + E, 10, "E"),
        (4 * letter("N", 1, written=False), 4, "4"),
        (4 * letter("N", 1, written=False) * L, 12, "4·L"),
        (letter("V", 0) * E, 0, "0"),
    ],
)
def test_formulas_by_hand(amount: Amount, value: int, formula: str) -> None:
    assert (amount.value, amount.formula) == (value, formula)


def amounts() -> st.SearchStrategy[Amount]:
    letters = st.sampled_from([L, E, F, letter("N", 1, written=False), letter("V", 0)])
    return st.recursive(
        letters,
        lambda inner: st.one_of(
            st.builds(lambda a, b: a + b, inner, inner),
            st.builds(lambda a, b: a - b, inner, inner),
            st.builds(lambda a, b: a * b, inner, letters),
            st.builds(lambda n, a: n * a, st.integers(0, 5), inner),
        ),
        max_leaves=6,
    )


@given(amounts())
def test_terms_evaluate_to_the_value(amount: Amount) -> None:
    values = dict.fromkeys(LETTERS, 1) | {"L": 3, "E": 10, "F": 40}
    total = 0
    for letters, count in amount.terms:
        for name in letters:
            count *= values[name]
        total += count
    assert total == amount.value
