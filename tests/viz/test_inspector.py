"""One weight, worked out by hand: the steps add up, for any numbers and any mask."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from viz.inspector import CellArithmetic, cell_arithmetic, draw_products
from viz.theme import DARK, LIGHT

QUERY = np.array([1, 2], dtype=np.float32)
KEYS = np.array([[1, 0], [0, 1], [1, -1]], dtype=np.float32)
ALL = np.ones(3, dtype=bool)


def test_three_keys_by_hand() -> None:
    cell = cell_arithmetic(QUERY, KEYS, 0, 2.0, ALL)
    # Energies 1, 2 and -1; scores 0.5, 1 and -0.5.
    assert cell.products.tolist() == [1, 0]
    assert (cell.energy, cell.divisor, cell.score, cell.largest) == (1, 2, 0.5, 1)
    assert cell.allowed is True
    assert cell.exponential == pytest.approx(math.exp(-0.5))
    assert cell.denominator == pytest.approx(math.exp(-0.5) + 1 + math.exp(-1.5))
    assert cell.weight == pytest.approx(math.exp(0.5) / sum(map(math.exp, (0.5, 1, -0.5))))
    assert (cell.query.tolist(), cell.key.tolist()) == ([1, 2], [1, 0])


def test_a_masked_key_takes_no_part_in_the_row() -> None:
    allowed = np.array([True, False, True])
    cell = cell_arithmetic(QUERY, KEYS, 0, 2.0, allowed)
    assert cell.largest == 0.5
    assert cell.exponential == 1
    assert cell.denominator == pytest.approx(1 + math.exp(-1))
    assert cell.weight == pytest.approx(1 / (1 + math.exp(-1)))


def test_a_masked_cell_keeps_its_energy_and_gets_no_weight() -> None:
    cell = cell_arithmetic(QUERY, KEYS, 1, 2.0, np.array([True, False, True]))
    assert (cell.energy, cell.score) == (2, 1)
    assert (cell.allowed, cell.exponential, cell.weight) == (False, 0, 0)
    assert cell.denominator > 1


def test_where_nothing_is_allowed_the_weight_is_zero_and_nothing_is_nan() -> None:
    cell = cell_arithmetic(QUERY, KEYS, 2, 2.0, np.zeros(3, dtype=bool))
    assert (cell.energy, cell.score) == (-1, -0.5)
    assert cell.largest == -math.inf
    assert (cell.exponential, cell.denominator, cell.weight) == (0, 0, 0)


def test_a_single_key_gets_everything() -> None:
    cell = cell_arithmetic(QUERY, KEYS[:1], 0, 1.0, ALL[:1])
    assert (cell.largest, cell.exponential, cell.denominator, cell.weight) == (1, 1, 1, 1)


@pytest.mark.parametrize("size", [1e3, 1e10, 1e18])
def test_huge_scores_do_not_overflow(size: float) -> None:
    query = (QUERY * size).astype(np.float32)
    keys = (KEYS * size).astype(np.float32)
    cells = [cell_arithmetic(query, keys, key, 0.1, ALL) for key in range(3)]
    assert [cell.weight for cell in cells] == [0, 1, 0]
    assert all(np.isfinite([c.energy, c.score, c.exponential, c.denominator]).all() for c in cells)


@st.composite
def rows(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """A query, keys, a mask and a divisor."""
    size, keys = draw(st.integers(1, 8)), draw(st.integers(1, 6))
    numbers = st.floats(-1e4, 1e4, width=32)
    return (
        draw(arrays(np.float32, size, elements=numbers)),
        draw(arrays(np.float32, (keys, size), elements=numbers)),
        draw(arrays(np.bool_, keys)),
        draw(st.floats(0.03125, 64, width=32)),
    )


@given(rows())
def test_the_steps_add_up_for_any_row(
    row: tuple[np.ndarray, np.ndarray, np.ndarray, float],
) -> None:
    query, keys, allowed, divisor = row
    cells = [cell_arithmetic(query, keys, key, divisor, allowed) for key in range(len(keys))]
    for key, cell in enumerate(cells):
        assert cell.products.tolist() == [
            float(q) * float(k) for q, k in zip(query, keys[key], strict=True)
        ]
        assert cell.energy == pytest.approx(math.fsum(cell.products), rel=1e-9, abs=1e-6)
        assert cell.score == cell.energy / divisor
        if not allowed[key]:
            assert cell.weight == cell.exponential == 0
        elif cell.denominator:
            assert cell.exponential == math.exp(cell.score - cell.largest)
            assert cell.weight == cell.exponential / cell.denominator
        assert 0 <= cell.exponential <= 1
        assert allowed.any() == (cell.denominator >= 1)
    # Energies reach 8e8, where the sum's order shows in the eighth digit.
    assert sum(cell.weight for cell in cells) == pytest.approx(float(allowed.any()), abs=1e-3)


def bars(cell: CellArithmetic) -> dict[str, object]:
    return dict(draw_products(cell, LIGHT).to_dict()["data"][0])


def test_the_bars_are_the_products_in_the_colours_of_their_signs() -> None:
    cell = cell_arithmetic(QUERY, KEYS, 2, 2.0, ALL)  # products 1 and -2
    figure = draw_products(cell, LIGHT)
    trace = figure.data[0]
    assert (trace.type, list(trace.x), list(trace.y)) == ("bar", [0, 1], [1, -2])
    assert list(trace.marker.color) == [LIGHT.positive, LIGHT.negative]
    np.testing.assert_array_equal(trace.customdata, [[1, 1, 1], [2, -1, -2]])
    assert figure.layout.xaxis.title.text == "dimension"
    assert figure.layout.yaxis.title.text == "product q·k"
    for part in ("%{x}", "%{customdata[0]:.9g}", "%{customdata[1]:.9g}", "%{customdata[2]:.9g}"):
        assert part in trace.hovertemplate


def test_the_query_and_the_key_stand_above_their_products_on_one_scale() -> None:
    cell = cell_arithmetic(QUERY, KEYS, 2, 2.0, ALL)
    figure = draw_products(cell, LIGHT)
    _products, query, key = figure.data
    assert (list(query.y), list(key.y)) == ([1, 2], [1, -1])
    assert (query.marker.color, key.marker.color) == (LIGHT.query, LIGHT.key)
    layout = figure.layout
    assert (layout[f"yaxis{query.yaxis[1:]}"], layout[f"yaxis{key.yaxis[1:]}"]) == (
        layout.yaxis2,
        layout.yaxis3,
    )
    assert (layout.yaxis2.title.text, layout.yaxis3.title.text) == ("q", "k")
    assert layout.yaxis2.range == layout.yaxis3.range == pytest.approx((-2.16, 2.16))
    assert layout.yaxis2.domain[0] > layout.yaxis3.domain[1] > layout.yaxis.domain[1]


def test_a_product_of_zero_has_a_bar_too() -> None:
    cell = cell_arithmetic(QUERY, KEYS, 0, 2.0, ALL)
    assert len(draw_products(cell, LIGHT).data[0].y) == 2
    assert bars(cell)["type"] == "bar"


def test_the_dark_page_has_its_own_colours() -> None:
    cell = cell_arithmetic(QUERY, KEYS, 2, 2.0, ALL)
    figure = draw_products(cell, DARK)
    assert list(figure.data[0].marker.color) == [DARK.positive, DARK.negative]
    assert figure.layout.font.color == DARK.text
