"""Arrays as text: nothing is lost, and what can be computed again is nearly nothing."""

import base64
import zlib

import numpy as np
import pytest

from viz.page.blocks import as_text, packed, product_difference


def unpacked(text: str, dtype: str, count: int) -> np.ndarray:
    planes = np.frombuffer(zlib.decompress(base64.b64decode(text)), dtype=np.uint8)
    return np.ascontiguousarray(planes.reshape(-1, count).T).view(dtype).reshape(-1)


def test_plain_text_is_little_endian_base64() -> None:
    assert as_text(np.array([1.0, -2.0], dtype=np.float32)) == "AACAPwAAAMA="
    assert as_text(np.array([1.0, -2.0], dtype=">f4")) == "AACAPwAAAMA="


@pytest.mark.parametrize("dtype", ["<f4", "<f8", "<i4", "|u1"])
def test_packing_loses_nothing(dtype: str) -> None:
    array = (np.random.default_rng(0).standard_normal((3, 4, 5)) * 100).astype(dtype)
    if dtype[1] == "f":
        array[0, 0] = [np.nan, np.inf, -np.inf, -0.0, 0.0]
    np.testing.assert_array_equal(unpacked(packed(array), dtype, 60), array.reshape(-1))


def test_the_difference_from_a_product_is_in_last_digits() -> None:
    left = np.array([[[1.0, 2.0]]], dtype=np.float32)
    right = np.array([[[3.0, 4.0], [-3.0, -4.0]]], dtype=np.float32)
    exact = np.array([[[11.0, -11.0]]], dtype=np.float32)
    assert product_difference(exact, left, right).tolist() == [[[0, 0]]]
    away = np.nextafter(exact, np.float32(np.inf))  # one digit up: of the negative, towards zero
    assert product_difference(away, left, right).tolist() == [[[2, 2]]]
    towards = np.nextafter(exact, np.float32(-np.inf))
    assert product_difference(towards, left, right).tolist() == [[[1, 1]]]


def test_what_is_masked_adds_nothing_to_a_product() -> None:
    left = np.array([[[np.nan, 2.0]]], dtype=np.float32)
    right = np.array([[[5.0, 4.0]]], dtype=np.float32)
    exact = np.array([[[8.0]]], dtype=np.float32)
    assert product_difference(exact, left, right).tolist() == [[[0]]]
