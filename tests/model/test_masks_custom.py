"""A painted mask: as text and back, on any sentence, and what a stranger may send instead."""

import re

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from model.masks import (
    MOST_CELLS_ASIDE,
    build_mask,
    causal_mask,
    custom_mask,
    decode_cells,
    encode_cells,
)
from tests.model.helpers import random_cells

# Row by row, 1 = may attend, in bytes from the left, the rest of the last byte 0:
#     x..
#     xx.    100 110 01 | 1 0000000    = 0x99 0x80, in base64 (six bits a letter)
#     .xx    100110 011000 0000(00)    = 38, 24, 0 = m, Y, A
DRAWN = [[True, False, False], [True, True, False], [False, True, True]]
TEXT = "3.mYA"


def test_an_example_by_hand() -> None:
    assert encode_cells(np.array(DRAWN)) == TEXT
    cells = decode_cells(TEXT)
    assert cells.dtype == bool
    assert cells.tolist() == DRAWN


def test_one_cell() -> None:
    assert encode_cells(np.array([[True]])) == "1.gA"
    assert encode_cells(np.array([[False]])) == "1.AA"
    assert decode_cells("1.gA").tolist() == [[True]]


@given(size=st.integers(1, MOST_CELLS_ASIDE), seed=st.integers(0, 1000))
def test_what_was_painted_comes_back(size: int, seed: int) -> None:
    cells = np.random.default_rng(seed).random((size, size)) < 0.5
    text = encode_cells(cells)
    assert re.fullmatch(r"[0-9]+\.[A-Za-z0-9_-]+", text)  # a URL needs no escapes for it
    assert np.array_equal(decode_cells(text), cells)
    assert torch.equal(custom_mask(text, size), torch.from_numpy(cells)[None, None])
    assert encode_cells(cells.astype(float)) == text  # as numbers


def test_the_largest_mask_is_short_enough_for_a_link() -> None:
    assert len(encode_cells(np.ones((24, 24), dtype=bool))) == len("24.") + 24 * 24 // 6
    letters = {cell for n in range(200) for cell in random_cells(24, n).partition(".")[2]}
    assert len(letters) == 64  # "-" and "_" among them
    assert {"-", "_"} < letters


@pytest.mark.parametrize("shape", [(2, 3), (3, 2), (0, 0), (0,), (4,), (25, 25), (2, 2, 2)])
def test_only_squares_of_up_to_24_can_be_written(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="a custom mask") as caught:
        encode_cells(np.ones(shape, dtype=bool))
    assert str(caught.value) == (f"a custom mask is square, with 1 to 24 cells aside; got {shape}")


NO_SIDE = "a custom mask is written as its side, a dot and its cells"
NO_BASE64 = "a custom mask's cells are in URL-safe base64"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", NO_SIDE),
        ("3", NO_SIDE),
        ("mYA", NO_SIDE),
        (".mYA", NO_SIDE),
        ("x.mYA", NO_SIDE),
        ("-3.mYA", NO_SIDE),
        ("+3.mYA", NO_SIDE),
        (" 3.mYA", NO_SIDE),
        ("3 .mYA", NO_SIDE),
        ("3,mYA", NO_SIDE),
        ("³.mYA", NO_SIDE),  # digits, of a kind
        ("٣.mYA", NO_SIDE),
        ("0.", "a custom mask has 1 to 24 cells aside, got 0"),
        ("0.AA", "a custom mask has 1 to 24 cells aside, got 0"),
        ("25.AA", "a custom mask has 1 to 24 cells aside, got 25"),
        ("999.AA", "a custom mask has 1 to 24 cells aside, got 999"),
        ("3.mY!", NO_BASE64),
        ("3.m A", NO_BASE64),
        ("3.mYA\n", NO_BASE64),
        ("3.mYé", NO_BASE64),
        ("3.mYA.", NO_BASE64),
        ("3.m", NO_BASE64),  # a letter is six bits: no byte
        ("3.mYAAA", NO_BASE64),
        ("3.=mYA", NO_BASE64),
        ("3.", "a custom mask of 3 × 3 has 2 bytes, got 0"),
        ("3.mQ", "a custom mask of 3 × 3 has 2 bytes, got 1"),
        ("3.mYAA", "a custom mask of 3 × 3 has 2 bytes, got 3"),
        ("4.mYAA", "a custom mask of 4 × 4 has 2 bytes, got 3"),
        ("24.mYA", "a custom mask of 24 × 24 has 72 bytes, got 2"),
    ],
)
def test_malformed_text_says_what_is_wrong(text: str, expected: str) -> None:
    with pytest.raises(ValueError, match="a custom mask") as caught:
        decode_cells(text)
    assert str(caught.value) == expected
    if text:
        for read in (lambda: custom_mask(text, 3), lambda: build_mask("custom", [3], cells=text)):
            with pytest.raises(ValueError, match=re.escape(expected)):
                read()


def test_a_side_of_any_length_is_read_quickly() -> None:
    """Python refuses to read numbers of more than 4300 digits, with a message of its own."""
    with pytest.raises(ValueError, match="a custom mask has 1 to 24 cells aside"):
        decode_cells("9" * 100_000 + ".mYA")


def read(text: str) -> np.ndarray | str:
    """The mask, or what its error says; any other exception is a test's failure."""
    try:
        return decode_cells(text)
    except ValueError as error:
        return str(error)


texts = (
    st.text()
    | st.from_regex(r"[0-9]{0,5}\.?[A-Za-z0-9_+/=-]{0,8}", fullmatch=True)
    | st.builds("{}.{}".format, st.integers(-2, 26), st.text(max_size=6))
)


@given(text=texts)
def test_any_text_is_a_mask_or_an_error_that_speaks_of_masks(text: str) -> None:
    result = read(text)
    if isinstance(result, str):
        assert result.startswith("a custom mask")
    else:
        assert result.dtype == bool
        assert result.shape == (len(result), len(result))
        assert 1 <= len(result) <= MOST_CELLS_ASIDE


@pytest.mark.parametrize(
    "text",
    [
        "00024.gA",  # not a mask of 2 × 2
        "03.mYA",
        "3.mYA=",
        "3.mYB",  # a bit in the last letter that belongs to no byte
        "3.m__",  # bits in the last byte that belong to no cell
        "2.+A",  # the other base64, which a URL spells otherwise
        "2./A",
    ],
)
def test_a_mask_has_one_spelling(text: str) -> None:
    with pytest.raises(ValueError, match="a custom mask"):
        decode_cells(text)


def test_a_shorter_sentence_uses_the_upper_left() -> None:
    assert custom_mask(TEXT, 2).tolist() == [[[[True, False], [True, True]]]]
    assert custom_mask(TEXT, 1).tolist() == [[[[True]]]]
    assert custom_mask(TEXT, 0).shape == (1, 1, 0, 0)


def test_beyond_what_is_painted_a_mask_that_does_not_look_ahead_is_causal() -> None:
    expected = [
        [1, 0, 0, 0, 0],
        [1, 1, 0, 0, 0],
        [0, 1, 1, 0, 0],
        [1, 1, 1, 1, 0],
        [1, 1, 1, 1, 1],
    ]
    assert custom_mask(TEXT, 5).int().tolist() == [[expected]]
    assert torch.equal(custom_mask(TEXT, 30)[..., 3:, :], causal_mask(30, 30)[..., 3:, :])


def test_beyond_what_is_painted_a_mask_that_looks_ahead_is_open() -> None:
    ahead = np.array([[True, True], [False, True]])
    expected = [[1, 1, 1], [0, 1, 1], [1, 1, 1]]
    assert custom_mask(encode_cells(ahead), 3).int().tolist() == [[expected]]
    one = encode_cells(np.ones((1, 1), dtype=bool))  # a single word can't look ahead, or not
    assert custom_mask(one, 3).all()


def test_nothing_painted_is_all_open() -> None:
    assert custom_mask("", 4).tolist() == [[[[True] * 4] * 4]]


def test_a_painted_mask_hides_the_padding_too() -> None:
    mask = build_mask("custom", [4, 2], cells=TEXT)
    assert mask is not None
    assert mask.int().tolist() == [
        [[[1, 0, 0, 0], [1, 1, 0, 0], [0, 1, 1, 0], [1, 1, 1, 1]]],
        [[[1, 0, 0, 0], [1, 1, 0, 0], [0, 1, 0, 0], [1, 1, 0, 0]]],
    ]


def test_cells_mean_nothing_to_other_masks() -> None:
    mask = build_mask("causal", [3], cells="nonsense")
    assert mask is not None
    assert mask.int().tolist() == [[[[1, 0, 0], [1, 1, 0], [1, 1, 1]]]]


def test_a_mask_is_the_askers_own() -> None:
    """Whoever writes into one changes nobody else's."""
    custom_mask(TEXT, 3)[:] = False
    assert custom_mask(TEXT, 3)[0, 0].tolist() == DRAWN
