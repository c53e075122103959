"""Pooling keeps what is furthest from zero, and says which cells went together."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viz.labels import AxisLabels, dimension_labels
from viz.pooling import factor, pool_extremes, pool_labels, pool_mask

NAN = math.nan


@pytest.mark.parametrize(
    ("length", "most", "expected"),
    [(10, 10, 1), (3, 10, 1), (11, 10, 2), (20, 10, 2), (21, 10, 3), (5, 1, 5), (5, 0, 5)],
)
def test_how_many_neighbours_share_a_cell(length: int, most: int, expected: int) -> None:
    assert factor(length, most) == expected


@given(length=st.integers(1, 5000), most=st.integers(1, 1000))
def test_as_few_neighbours_as_possible_share_a_cell(length: int, most: int) -> None:
    share = factor(length, most)
    assert math.ceil(length / share) <= most
    assert share == 1 or math.ceil(length / (share - 1)) > most


def test_uneven_blocks_by_hand() -> None:
    values = np.array(
        [
            [0.1, 0.2, -0.3, 0.1, 0.5],
            [0.4, -0.9, 0.2, 0.3, -0.1],
            [0.0, 0.1, -0.2, -0.7, 0.6],
        ]
    )
    # Blocks of 2 × 2; the last row and the last column have less.
    assert pool_extremes(values, 2, 2).tolist() == [[-0.9, -0.3, 0.5], [0.1, -0.7, 0.6]]
    assert pool_extremes(values, 1, 5).tolist() == [[0.5], [-0.9], [-0.7]]
    assert pool_extremes(values, 3, 1).tolist() == [[0.4, -0.9, -0.3, -0.7, 0.6]]
    assert pool_extremes(values, 9, 9).tolist() == [[-0.9]]


def test_masked_cells_count_only_where_a_whole_block_is_masked() -> None:
    values = np.array([[0.0, NAN, NAN, NAN, NAN], [NAN, NAN, NAN, -0.2, NAN]])
    np.testing.assert_array_equal(pool_extremes(values, 2, 2), [[0.0, -0.2, NAN]])
    np.testing.assert_array_equal(pool_extremes(values, 1, 3), [[0.0, NAN], [NAN, -0.2]])


def test_tiles_are_pooled_each_for_itself_and_keep_their_type() -> None:
    values = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    pooled = pool_extremes(values, 3, 2)
    assert pooled.dtype == np.float32
    assert pooled.tolist() == [[[9, 11]], [[21, 23]]]


def test_without_pooling_values_stay_what_they_are() -> None:
    values = np.array([[1.0, NAN], [-2.0, 0.0]])
    np.testing.assert_array_equal(pool_extremes(values, 1, 1), values)


matrices = st.integers(1, 7).flatmap(
    lambda columns: st.lists(
        st.lists(st.floats(-9, 9) | st.just(NAN), min_size=columns, max_size=columns),
        min_size=1,
        max_size=7,
    )
)


@given(matrix=matrices, rows=st.integers(1, 8), columns=st.integers(1, 8))
def test_each_pooled_value_is_the_furthest_from_zero_of_its_block(
    matrix: list[list[float]], rows: int, columns: int
) -> None:
    values = np.array(matrix)
    pooled = pool_extremes(values, rows, columns)
    height, width = values.shape
    assert pooled.shape == (math.ceil(height / rows), math.ceil(width / columns))
    for (i, j), value in np.ndenumerate(pooled):
        block = values[i * rows : (i + 1) * rows, j * columns : (j + 1) * columns]
        there = block[~np.isnan(block)]
        if there.size:
            assert value in there
            assert abs(value) == np.abs(there).max()
        else:
            assert np.isnan(value)


def test_a_block_is_masked_where_all_of_it_is() -> None:
    causal = ~np.tril(np.ones((5, 5), dtype=bool))
    assert pool_mask(causal, 2, 2).astype(int).tolist() == [[0, 1, 1], [0, 0, 1], [0, 0, 0]]
    assert pool_mask(causal, 1, 1).tolist() == causal.tolist()
    assert pool_mask(causal, 1, 1).dtype == bool
    assert pool_mask(np.ones((3, 3), dtype=bool), 2, 2).all()


@given(matrix=matrices, rows=st.integers(1, 8), columns=st.integers(1, 8))
def test_masked_blocks_are_those_without_a_value(
    matrix: list[list[float]], rows: int, columns: int
) -> None:
    values = np.array(matrix)
    blocked = pool_mask(np.isnan(values), rows, columns)
    np.testing.assert_array_equal(blocked, np.isnan(pool_extremes(values, rows, columns)))


def test_a_blocks_label_is_its_first_and_on_hover_also_its_last() -> None:
    labels = AxisLabels(("a", "b", "c", "d", "e"), ("A", "B", "C", "D", "E"))
    assert pool_labels(labels, 2) == AxisLabels(("a", "c", "e"), ("A … B", "C … D", "E"))
    assert pool_labels(labels, 5) == AxisLabels(("a",), ("A … E",))
    assert pool_labels(labels, 9) == AxisLabels(("a",), ("A … E",))
    assert pool_labels(labels, 1) == labels


@given(length=st.integers(1, 60), count=st.integers(1, 70))
def test_there_are_as_many_labels_as_pooled_cells(length: int, count: int) -> None:
    cells = pool_extremes(np.zeros((1, length)), 1, count).shape[1]
    assert len(pool_labels(dimension_labels(length), count)) == cells
