"""Logarithmic axes: where they end, and which numbers stand at them."""

import math

import numpy as np
import pytest

from viz.log_axis import ends_of, log_axis
from viz.theme import LIGHT


def at(low: float, high: float, *, doubling: bool = False) -> list[float]:
    """The numbers at an axis from one number to another."""
    ends = (math.log10(low), math.log10(high))
    return [float(x) for x in log_axis(LIGHT, ends, str, doubling=doubling)["tickvals"]]


def test_an_axis_has_few_and_even_numbers() -> None:
    assert at(0.9, 1.1e6) == [1, 10, 100, 1000, 10_000, 100_000, 1_000_000]
    assert at(0.9, 110) == [1, 2, 5, 10, 20, 50, 100]
    assert at(2.5, 9.5) == [3, 4, 5, 6, 7, 8, 9]
    assert at(0.015, 0.06) == pytest.approx([0.02, 0.03, 0.04, 0.05, 0.06])


def test_many_doublings_are_thinned_out_from_the_longest() -> None:
    assert at(60, 2100, doubling=True) == [64, 128, 256, 512, 1024, 2048]
    assert at(0.9, 4100, doubling=True) == [1, 4, 16, 64, 256, 1024, 4096]
    assert at(0.9, 8200, doubling=True) == [2, 8, 32, 128, 512, 2048, 8192]


def test_an_axis_says_its_numbers_in_words() -> None:
    axis = log_axis(LIGHT, (0.9, 2.1), lambda x: f"{x:.0f} B")
    assert axis["type"] == "log"
    assert axis["range"] == [0.9, 2.1]
    assert axis["ticktext"] == ["10 B", "20 B", "50 B", "100 B"]


def test_ends_leave_room_beyond_what_is_positive_and_finite() -> None:
    values = [np.array([10.0, np.nan]), np.array([1000.0, 0.0, np.inf]), np.ones(0)]
    assert ends_of(values, 0.1) == pytest.approx((0.8, 3.2))
    assert ends_of([np.array([100.0])], 0.1) == pytest.approx((1.97, 2.03))
    assert ends_of([], 0.1) == pytest.approx((-0.1, 1.1))
