"""What heads do, in a few numbers: each worked out by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viz.statistics import head_statistics, tidy


def all_allowed(queries: int, keys: int) -> np.ndarray:
    return np.ones((queries, keys), dtype=bool)


def weights_of(*heads: list[list[float]]) -> np.ndarray:
    return np.array(heads, dtype=np.float32)


def test_two_queries_by_hand() -> None:
    allowed = np.array([[True, False], [True, True]])
    (row,) = head_statistics(weights_of([[1, 0], [0.25, 0.75]]), allowed).to_dict("records")
    entropy = -(0.25 * math.log(0.25) + 0.75 * math.log(0.75))
    assert row == pytest.approx(
        {
            "head": 0,
            "entropy": (0 + entropy) / 2,
            "entropy_share": entropy / math.log(2),  # of the query that has a choice
            "largest_weight": (1 + 0.75) / 2,
            "distance": (0 + 0.25) / 2,
            "first_token": (1 + 0.25) / 2,
            "itself": (1 + 0.75) / 2,
        }
    )


@pytest.mark.parametrize("keys", [2, 3, 7, 512])
def test_an_even_spread_has_the_entropy_of_its_number_of_keys_and_the_whole_share(
    keys: int,
) -> None:
    weights = np.full((1, 4, keys), 1 / keys, dtype=np.float32)
    (row,) = head_statistics(weights, all_allowed(4, keys)).to_dict("records")
    assert row["entropy"] == pytest.approx(math.log(keys), rel=1e-5)
    assert row["entropy_share"] == pytest.approx(1, rel=1e-5)
    assert row["largest_weight"] == pytest.approx(1 / keys)


def test_a_single_favourite_has_no_entropy() -> None:
    weights = weights_of(np.eye(5).tolist(), np.eye(5)[::-1].tolist())
    table = head_statistics(weights, all_allowed(5, 5))
    assert table["entropy"].tolist() == [0, 0]
    assert table["entropy_share"].tolist() == [0, 0]
    assert table["largest_weight"].tolist() == [1, 1]
    assert table["itself"].tolist() == [1, 0.2]  # the middle one of the mirrored five
    assert table["distance"].tolist() == [0, (4 + 2 + 0 + 2 + 4) / 5]
    assert table["first_token"].tolist() == [0.2, 0.2]


def test_an_even_spread_over_what_the_mask_allows_is_the_whole_share() -> None:
    allowed = np.tril(np.ones((4, 4), dtype=bool))
    weights = (allowed / allowed.sum(axis=1, keepdims=True))[None].astype(np.float32)
    (row,) = head_statistics(weights, allowed).to_dict("records")
    assert row["entropy_share"] == pytest.approx(1)
    assert row["entropy"] == pytest.approx(sum(math.log(n) for n in (1, 2, 3, 4)) / 4)
    assert row["first_token"] == pytest.approx((1 + 1 / 2 + 1 / 3 + 1 / 4) / 4)


def test_rows_with_nothing_to_attend_to_are_left_out_of_every_mean() -> None:
    allowed = np.array([[True, True], [False, False]])
    with_empty = head_statistics(weights_of([[0.5, 0.5], [0, 0]]), allowed)
    (row,) = with_empty.to_dict("records")
    assert row == pytest.approx(
        {
            "head": 0, "entropy": math.log(2), "entropy_share": 1, "largest_weight": 0.5,
            "distance": 0.5, "first_token": 0.5, "itself": 0.5,
        }
    )  # fmt: skip


def test_where_no_row_has_anything_every_mean_is_missing() -> None:
    nothing = np.zeros((3, 3), dtype=bool)
    table = head_statistics(np.zeros((2, 3, 3), dtype=np.float32), nothing)
    assert table["head"].tolist() == [0, 1]
    assert table.drop(columns="head").isna().all(axis=None)


def test_where_every_row_has_one_key_there_is_no_share() -> None:
    table = head_statistics(weights_of([[1], [1]]), all_allowed(2, 1))
    assert np.isnan(table["entropy_share"][0])
    assert table["entropy"][0] == 0
    assert table["distance"][0] == 0.5  # the second query looks one back
    assert table["itself"].notna().all()


def test_heads_do_not_mix() -> None:
    one = weights_of([[1, 0], [1, 0]])
    other = weights_of([[0.5, 0.5], [0, 1]])
    both = head_statistics(np.concatenate([one, other]), all_allowed(2, 2))
    for head, weights in enumerate((one, other)):
        alone = head_statistics(weights, all_allowed(2, 2)).iloc[0]
        assert both.iloc[head].drop("head").to_dict() == alone.drop("head").to_dict()


@given(st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_the_numbers_lie_within_their_ranges(size: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    allowed = random.random((size, size)) < 0.6
    exponentials = np.where(allowed, np.exp(3 * random.standard_normal((2, size, size))), 0)
    total = exponentials.sum(axis=-1, keepdims=True)
    weights = np.divide(exponentials, total, out=np.zeros_like(exponentials), where=total > 0)
    table = head_statistics(weights.astype(np.float32), allowed)
    for column in ("entropy_share", "largest_weight", "first_token", "itself"):
        assert table[column].dropna().between(0, 1 + 1e-5).all(), column
    assert table["entropy"].dropna().between(0, math.log(size) + 1e-5).all()
    assert table["distance"].dropna().between(0, size - 1 + 1e-4).all()


def test_a_tidy_table_has_a_row_for_each_number_with_its_places_and_names() -> None:
    values = np.arange(6, dtype=np.float32).reshape(1, 2, 3)
    table = tidy(
        values, ("head", "query", "key"), {"query": ["a", "b"], "key": ["x", "y", "z"]}, "w"
    )
    assert list(table.columns) == ["head", "query", "query_token", "key", "key_token", "w"]
    assert table.to_numpy().tolist() == [
        [0, 0, "a", 0, "x", 0.0],
        [0, 0, "a", 1, "y", 1.0],
        [0, 0, "a", 2, "z", 2.0],
        [0, 1, "b", 0, "x", 3.0],
        [0, 1, "b", 1, "y", 4.0],
        [0, 1, "b", 2, "z", 5.0],
    ]
    assert table["w"].dtype == np.float32


def test_a_tidy_table_of_nothing_has_its_columns() -> None:
    table = tidy(
        np.zeros((2, 0), dtype=np.float32), ("query", "dimension"), {"query": ["a", "b"]}, "v"
    )
    assert list(table.columns) == ["query", "query_token", "dimension", "v"]
    assert len(table) == 0


def test_a_tidy_table_needs_a_name_for_each_dimension() -> None:
    with pytest.raises(ValueError, match=r"zip\(\)"):
        tidy(np.zeros((2, 2)), ("query",), {}, "v")
