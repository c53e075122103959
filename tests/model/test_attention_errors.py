"""A mistake is answered with what was expected, what came, and what to do."""

import math
from typing import Any

import pytest
import torch

from model.attention import SelfAttention
from model.checks import check_heads_divide


def message(*args: Any, **options: Any) -> str:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  the whole text is asserted instead
        SelfAttention(*args, **options)
    return str(caught.value)


@pytest.mark.parametrize(
    ("embed_size", "heads", "nearest"),
    [
        (10, 4, "8 and 12"),
        (11, 4, "8 and 12"),
        (9, 2, "8 and 10"),
        (512, 7, "511 and 518"),
        (3, 4, "4"),  # nothing below: zero is no size
        (7, 8, "8"),
    ],
)
def test_an_embedding_that_the_heads_do_not_divide_names_the_nearest_that_they_do(
    embed_size: int, heads: int, nearest: str
) -> None:
    works = "sizes that work are" if " and " in nearest else "size that works is"
    assert message(embed_size, heads) == (
        f"embed_size {embed_size} is not divisible by {heads} heads; "
        f"the nearest embedding {works} {nearest}"
    )
    with pytest.raises(ValueError, match=f"{works} {nearest}$"):
        check_heads_divide(embed_size, heads)


@pytest.mark.parametrize(("embed_size", "heads"), [(1, 1), (8, 8), (512, 16)])
def test_sizes_that_fit_are_let_through(embed_size: int, heads: int) -> None:
    check_heads_divide(embed_size, heads)
    assert SelfAttention(embed_size, heads).head_dim == embed_size // heads


@pytest.mark.parametrize(("embed_size", "heads"), [(0, 1), (8, 0), (-8, 2), (8, -2)])
def test_sizes_below_one_are_named(embed_size: int, heads: int) -> None:
    assert message(embed_size, heads) == (
        f"embed_size and heads must be at least 1, got embed_size={embed_size}, heads={heads}"
    )


def test_unknown_options_are_answered_with_the_known_ones() -> None:
    assert message(8, 2, projection="split") == (
        "projection must be one of ('shared', 'full'), got 'split'"
    )
    assert message(8, 2, scale="sqrt") == (
        "scale must be one of ('embed_size', 'head_dim', 'none'), got 'sqrt'"
    )
    assert message(8, 2, positions="random") == (
        "positions must be one of ('none', 'sinusoidal', 'learned', 'rotary', 'alibi'), "
        "got 'random'"
    )
    assert message(8, 2, rotary_pairs="thirds") == (
        "rotary_pairs must be one of ('neighbours', 'halves'), got 'thirds'"
    )


@pytest.mark.parametrize(
    ("kv_heads", "projection"),
    [(3, "full"), (8, "full"), (0, "full"), (-1, "full"), (2, "shared"), (1, "shared")],
)
def test_kv_heads_that_cannot_be_grouped_are_quoted(kv_heads: int, projection: str) -> None:
    assert message(8, 4, kv_heads=kv_heads, projection=projection) == (
        "kv_heads must divide heads, and equal them where the projection is shared; "
        f"got {kv_heads} of 4 with projection={projection!r}"
    )


def test_as_many_kv_heads_as_heads_are_let_through() -> None:
    assert SelfAttention(8, 4, kv_heads=4).kv_heads == 4
    assert SelfAttention(8, 4).kv_heads == 4


@pytest.mark.parametrize(("embed_size", "heads", "head_dim"), [(10, 2, 5), (6, 2, 3), (4, 4, 1)])
def test_heads_of_an_odd_size_cannot_be_rotated(embed_size: int, heads: int, head_dim: int) -> None:
    assert message(embed_size, heads, positions="rotary") == (
        "rotary positions turn pairs of numbers, so head_dim must be even, "
        f"got {embed_size} / {heads} = {head_dim}"
    )
    SelfAttention(embed_size, heads, positions="alibi")  # which doesn't mind


@pytest.mark.parametrize("name", ["temperature", "rotary_base"])
@pytest.mark.parametrize("number", [0, 0.0, -1.0, math.inf, math.nan])
def test_a_temperature_and_a_rotary_base_are_positive_numbers(name: str, number: float) -> None:
    assert message(8, 2, **{name: number}) == f"{name} must be a positive number, got {number!r}"


@pytest.mark.parametrize(
    ("mask_shape", "expected"),
    [
        ((3, 3), "(2, 4, 3, 5)"),  # queries × queries, not queries × keys
        ((5, 3), "(2, 4, 3, 5)"),
        ((2, 3, 5), "(2, 4, 3, 5)"),  # a batch where the heads belong
        ((3, 1, 1, 5), "(2, 4, 3, 5)"),
        ((1, 2, 4, 3, 5), "(2, 4, 3, 5)"),
        ((0,), "(2, 4, 3, 5)"),
    ],
)
def test_a_mask_that_does_not_fit_quotes_both_shapes(
    mask_shape: tuple[int, ...], expected: str
) -> None:
    x, query = torch.zeros(2, 5, 8), torch.zeros(2, 3, 8)
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        SelfAttention(8, 4)(x, x, query, torch.ones(mask_shape, dtype=torch.bool))
    assert str(caught.value) == (
        f"mask must broadcast to (batch, heads, queries, keys) = {expected}, got {mask_shape}"
    )


@pytest.mark.parametrize(
    "mask_shape", [(), (5,), (1,), (3, 5), (3, 1), (4, 1, 1), (2, 1, 1, 5), (2, 4, 3, 5)]
)
def test_every_mask_that_broadcasts_masks_as_if_written_out(mask_shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    module = SelfAttention(8, 4)
    x, query = torch.randn(2, 5, 8), torch.randn(2, 3, 8)
    mask = torch.rand(mask_shape) < 0.5
    written_out = mask.expand(2, 4, 3, 5).clone()
    trace, expected = module.trace(x, x, query, mask), module.trace(x, x, query, written_out)
    assert torch.equal(trace.weights == 0, ~written_out)
    assert torch.equal(trace.output, expected.output)


@pytest.mark.parametrize("position", [0, 1, 2])
@pytest.mark.parametrize("shape", [(3, 8), (2, 3, 7), (2, 1, 3, 8)])
def test_an_input_of_a_wrong_shape_is_named(position: int, shape: tuple[int, ...]) -> None:
    given = [torch.zeros(2, 3, 8)] * 3
    given[position] = torch.zeros(shape)
    name = ("values", "keys", "query")[position]
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        SelfAttention(8, 2)(*given)
    assert str(caught.value) == f"{name} must have the shape (batch, length, 8), got {shape}"


@pytest.mark.parametrize(
    ("values", "keys", "query"),
    [
        ((2, 4, 8), (2, 3, 8), (2, 3, 8)),  # as many values as keys
        ((2, 3, 8), (2, 3, 8), (1, 3, 8)),  # one batch size
        ((1, 3, 8), (2, 3, 8), (2, 3, 8)),
    ],
)
def test_inputs_that_do_not_fit_each_other_quote_all_shapes(
    values: tuple[int, ...], keys: tuple[int, ...], query: tuple[int, ...]
) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        SelfAttention(8, 2)(torch.zeros(values), torch.zeros(keys), torch.zeros(query))
    assert str(caught.value) == (
        "values and keys must have one shape, and the batch size of the query; got "
        f"values {values}, keys {keys}, query {query}"
    )
