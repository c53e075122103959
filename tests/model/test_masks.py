"""Masks as small matrices, written out: 1 = may attend."""

import pytest
import torch

from model.masks import (
    Mask,
    build_mask,
    causal_mask,
    padding_mask,
    prefix_mask,
    strided_mask,
    window_mask,
)


def drawn(mask: torch.Tensor | None) -> list[str]:
    """A mask (1, 1, Q, K) as it looks: x = may attend."""
    assert mask is not None
    assert mask.dtype == torch.bool
    assert mask.shape[:2] == (1, 1)
    return ["".join(".x"[cell] for cell in row) for row in mask[0, 0].int().tolist()]


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
    [
        ("causal", (1, 1, 0, 0)),
        ("padding", (1, 1, 1, 0)),
        ("causal_padding", (1, 1, 0, 0)),
        ("window", (1, 1, 0, 0)),
        ("prefix", (1, 1, 0, 0)),
        ("strided", (1, 1, 0, 0)),
        ("custom", (1, 1, 0, 0)),
    ],
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
        "mask must be one of ('none', 'causal', 'padding', 'causal_padding', 'window', 'prefix', "
        "'strided', 'custom'), got 'diagonal'"
    )


def test_a_window_ends_at_the_token_itself_or_reaches_to_both_sides() -> None:
    assert drawn(window_mask(5, 1)) == ["x....", ".x...", "..x..", "...x.", "....x"]
    assert drawn(window_mask(5, 2)) == ["x....", "xx...", ".xx..", "..xx.", "...xx"]
    assert drawn(window_mask(5, 3)) == ["x....", "xx...", "xxx..", ".xxx.", "..xxx"]
    both = ["xx...", "xxx..", ".xxx.", "..xxx", "...xx"]
    assert drawn(window_mask(5, 2, look_ahead=True)) == both
    assert drawn(window_mask(3, 1, look_ahead=True)) == ["x..", ".x.", "..x"]


def test_everybody_sees_a_prefix() -> None:
    assert drawn(prefix_mask(4, 1)) == ["x...", "xx..", "xxx.", "xxxx"]
    assert drawn(prefix_mask(4, 2)) == ["xx..", "xx..", "xxx.", "xxxx"]
    assert drawn(prefix_mask(4, 3)) == ["xxx.", "xxx.", "xxx.", "xxxx"]


def test_strides_count_from_the_token_itself() -> None:
    assert drawn(strided_mask(5, 2)) == ["x....", ".x...", "x.x..", ".x.x.", "x.x.x"]
    assert drawn(strided_mask(5, 3)) == ["x....", ".x...", "..x..", "x..x.", ".x..x"]
    both = ["x.x.x", ".x.x.", "x.x.x", ".x.x.", "x.x.x"]
    assert drawn(strided_mask(5, 2, look_ahead=True)) == both
    assert drawn(strided_mask(4, 3, look_ahead=True)) == ["x..x", ".x..", "..x.", "x..x"]


@pytest.mark.parametrize("length", [1, 4, 7])
def test_the_widest_patterns_are_the_plain_ones(length: int) -> None:
    causal, everything = causal_mask(length, length), torch.ones(1, 1, length, length).bool()
    for span in (length, length + 1, 100):
        assert torch.equal(window_mask(length, span), causal)
        assert torch.equal(window_mask(length, span, look_ahead=True), everything)
        assert torch.equal(prefix_mask(length, span), everything)
        assert torch.equal(strided_mask(length, span), torch.eye(length)[None, None].bool())
    assert torch.equal(strided_mask(length, 1), causal)
    assert torch.equal(strided_mask(length, 1, look_ahead=True), everything)


SPANNED: list[tuple[Mask, bool, list[str]]] = [
    ("window", False, ["x...", "xx..", ".xx.", "..xx"]),
    ("window", True, ["xx..", "xxx.", ".xxx", "..xx"]),
    ("prefix", False, ["xx..", "xx..", "xxx.", "xxxx"]),
    ("strided", False, ["x...", ".x..", "x.x.", ".x.x"]),
    ("strided", True, ["x.x.", ".x.x", "x.x.", ".x.x"]),
]


@pytest.mark.parametrize(("kind", "look_ahead", "expected"), SPANNED)
def test_the_newer_kinds_hide_the_padding(
    kind: Mask, look_ahead: bool, expected: list[str]
) -> None:
    mask = build_mask(kind, [4, 2], span=2, look_ahead=look_ahead)
    assert mask is not None
    assert mask.shape == (2, 1, 4, 4)
    assert drawn(mask[:1]) == expected
    assert drawn(mask[1:]) == [f"{row[:2]}.." for row in expected]


def test_a_span_is_three_and_nobody_looks_ahead_if_nothing_is_said() -> None:
    assert drawn(build_mask("window", [4])) == ["x...", "xx..", "xxx.", ".xxx"]
    assert drawn(build_mask("prefix", [4])) == ["xxx.", "xxx.", "xxx.", "xxxx"]
    assert drawn(build_mask("strided", [4])) == ["x...", ".x..", "..x.", "x..x"]


@pytest.mark.parametrize("kind", ["window", "prefix", "strided", "custom", "causal", "none"])
@pytest.mark.parametrize("span", [0, -2])
def test_a_span_below_one_is_quoted(kind: Mask, span: int) -> None:
    with pytest.raises(ValueError, match="span") as caught:
        build_mask(kind, [3], span=span)
    assert str(caught.value) == f"span must be at least 1, got {span}"
