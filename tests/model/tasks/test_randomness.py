"""Streams of random numbers: each seed and step has its own, and it is Philox's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.tasks.randomness import (
    HELD_OUT_SEED,
    random_fractions,
    random_orders,
    random_symbols,
    stream,
)
from model.training.plan import LARGEST_SEED, MOST_STEPS

MASK = 2**64 - 1


def philox(key: tuple[int, int], counter: int) -> list[int]:
    """Philox4x64-10, as Salmon et al. (2011) write it in section 3.3 and figure 2."""
    left, right = key
    r0, r1, l0, l1 = counter, 0, 0, 0
    for _ in range(10):
        first, second = 0xD2E7470EE14C6C93 * r0, 0xCA5A826395121157 * l0
        r0, r1, l0, l1 = (
            (second >> 64) ^ r1 ^ left,
            second & MASK,
            (first >> 64) ^ l1 ^ right,
            first & MASK,
        )
        left, right = (left + 0x9E3779B97F4A7C15) & MASK, (right + 0xBB67AE8584CAA73B) & MASK
    return [r0, r1, l0, l1]


def test_the_reference_is_philox() -> None:
    """The known answers for zeros that come with the authors' library, Random123."""
    assert philox((0, 0), 0) == [
        0x16554D9ECA36314C, 0xDB20FE9D672D0FDC, 0xD7E772CEE186176B, 0x7E68B68AEC7BA23B,
    ]  # fmt: skip


@given(seed=st.integers(0, LARGEST_SEED), step=st.integers(0, MOST_STEPS))
def test_seed_and_step_are_the_key_as_they_are(seed: int, step: int) -> None:
    found = stream(seed, step).bit_generator.random_raw(8).tolist()
    assert found == philox((seed, step), 1) + philox((seed, step), 2)


def test_the_key_of_what_is_held_out_is_no_plans() -> None:
    assert HELD_OUT_SEED > LARGEST_SEED
    found = stream(HELD_OUT_SEED, 0).bit_generator.random_raw(4).tolist()
    assert found == philox((2**64 - 1, 0), 1)


@pytest.mark.parametrize(("seed", "step"), [(-1, 0), (0, -1), (2**64, 0), (0, 2**64)])
def test_no_number_is_cut_off(seed: int, step: int) -> None:
    with pytest.raises(OverflowError):
        stream(seed, step)


def test_what_is_drawn_is_even() -> None:
    rng = np.random.default_rng(0)
    counts = random_symbols((1000, 5), 5, rng).flatten().bincount().tolist()
    assert counts == pytest.approx([1000] * 5, abs=113)  # 4 deviations
    fractions = random_fractions((1000, 5), rng).flatten()
    assert fractions.min() >= 0
    assert fractions.histc(5, 0, 1).tolist() == pytest.approx([1000] * 5, abs=113)
    orders = random_orders(3000, 3, rng)
    assert orders.sort(1).values.tolist() == [[0, 1, 2]] * 3000
    found = (orders[:, 0] * 3 + orders[:, 1]).bincount().tolist()  # six orders
    assert [found[i] for i in (1, 2, 3, 5, 6, 7)] == pytest.approx([500] * 6, abs=82)
