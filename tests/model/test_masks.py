"""Masks as small matrices, written out: 1 = may attend."""

import pytest
import torch

from model.masks import Mask, build_mask, causal_mask, padding_mask


def test_a_causal_mask_allows_the_token_itself_and_those_before_it() -> None:
    mask = causal_mask(3, 3)
    assert mask.dtype == torch.bool
    assert mask.int().tolist() == [[[[1, 0, 0], [1, 1, 0], [1, 1, 1]]]]


def test_a_causal_mask_may_have_more_keys_than_queries_or_fewer() -> None:
    assert causal_mask(2, 4).int().tolist() == [[[[1, 0, 0, 0], [1, 1, 0, 0]]]]
    assert causal_mask(3, 2).int().tolist() == [[[[1, 0], [1, 1], [1, 1]]]]


def test_a_padding_mask_allows_the_first_keys_of_each_sentence() -> None:
    mask = padding_mask([3, 1, 0], 3)
    assert mask.dtype == torch.bool
    assert mask.shape == (3, 1, 1, 3)
    assert mask.int().flatten(1).tolist() == [[1, 1, 1], [1, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize("lengths", [[4], [2, 5], [-1], [3, -2]])
def test_lengths_outside_the_sentence_are_quoted(lengths: list[int]) -> None:
    with pytest.raises(ValueError, match="lengths must lie between 0 and 3") as caught:
        padding_mask(lengths, 3)
    assert str(caught.value) == f"lengths must lie between 0 and 3, got {lengths}"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("causal", [[[[1, 0, 0], [1, 1, 0], [1, 1, 1]]]]),
        ("padding", [[[[1, 1, 0]]], [[[1, 1, 1]]]]),
        (
            "causal_padding",
            [[[[1, 0, 0], [1, 1, 0], [1, 1, 0]]], [[[1, 0, 0], [1, 1, 0], [1, 1, 1]]]],
        ),
    ],
)
def test_the_mask_of_a_batch_of_two_and_three_tokens(kind: Mask, expected: list) -> None:
    mask = build_mask(kind, [2, 3])
    assert mask is not None
    assert mask.dtype == torch.bool
    assert mask.int().tolist() == expected
    mask.expand(2, 7, 3, 3)  # broadcasts to (B, H, Q, K), or raises


def test_no_mask_is_none() -> None:
    assert build_mask("none", [2, 3]) is None


@pytest.mark.parametrize(
    ("kind", "shape"),
    [("causal", (1, 1, 0, 0)), ("padding", (1, 1, 1, 0)), ("causal_padding", (1, 1, 0, 0))],
)
def test_the_mask_of_an_empty_sentence_is_empty(kind: Mask, shape: tuple[int, ...]) -> None:
    mask = build_mask(kind, [0])
    assert mask is not None
    assert mask.shape == shape
    of_no_sentence = build_mask(kind, [])
    assert of_no_sentence is not None
    assert of_no_sentence.shape[2:] == shape[2:]


def test_an_unknown_kind_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="mask must be one of") as caught:
        build_mask("diagonal", [2])  # type: ignore[arg-type]
    assert str(caught.value) == (
        "mask must be one of ('none', 'causal', 'padding', 'causal_padding'), got 'diagonal'"
    )
