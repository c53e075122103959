"""Calls of scaled_dot_product_attention in all their forms, against PyTorch's own numbers."""

import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.attention.bias import causal_lower_right, causal_upper_left

from model.recording import RecordedAttention, record


def numbers(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


def recorded(query: Tensor, key: Tensor, value: Tensor, *args: Any, **kwargs: Any):
    """The trace of one call, whose output is that without recording."""
    before = F.scaled_dot_product_attention(query, key, value, *args, **kwargs)
    with record() as recording:
        output = F.scaled_dot_product_attention(query, key, value, *args, **kwargs)
    torch.testing.assert_close(output, before, rtol=0.0, atol=0.0, equal_nan=True)
    assert recording.notes == ()
    (trace,) = recording.traces
    return trace, output


def weights_by_torch(query: Tensor, key: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """The weights that PyTorch's function keeps to itself, and gives for an identity as values."""
    heads = query.shape[:-2] if not kwargs.get("enable_gqa") else key.shape[:-2]
    identity = torch.eye(key.shape[-2], dtype=key.dtype).expand(*heads, -1, -1)
    return F.scaled_dot_product_attention(query, key, identity, *args, **kwargs)


def check(trace: RecordedAttention, weights: Tensor, atol: float = 1e-6) -> None:
    torch.testing.assert_close(
        trace.weights, weights.reshape(trace.weights.shape).to(trace.weights), rtol=0.0, atol=atol
    )
    assert trace.difference is not None
    assert trace.difference <= trace.rounding


@pytest.mark.parametrize(
    ("shape", "as_four"),
    [
        ((5, 4), (1, 1, 5, 4)),
        ((3, 5, 4), (3, 1, 5, 4)),
        ((2, 3, 5, 4), (2, 3, 5, 4)),
        ((2, 1, 3, 5, 4), (2, 3, 5, 4)),
        ((2, 2, 3, 5, 4), (4, 3, 5, 4)),
    ],
)
def test_any_leading_dimensions(shape: tuple[int, ...], as_four: tuple[int, ...]) -> None:
    query, key, value = numbers(*shape), numbers(*shape, seed=1), numbers(*shape, seed=2)
    trace, output = recorded(query, key, value)
    assert tuple(trace.queries.shape) == as_four
    assert trace.query_shape == shape
    assert torch.equal(trace.queries.reshape(shape), query)
    batch, heads, length, size = as_four
    assert tuple(trace.output.shape) == (batch, length, heads * size)
    by_head = trace.output.view(batch, length, heads, size).transpose(1, 2)
    assert torch.equal(by_head.reshape(shape), output)
    check(trace, weights_by_torch(query, key))


def test_values_of_another_size_and_fewer_keys() -> None:
    query, key, value = numbers(2, 3, 5, 4), numbers(2, 3, 7, 4), numbers(2, 3, 7, 6)
    trace, _ = recorded(query, key, value)
    assert tuple(trace.weights.shape) == (2, 3, 5, 7)
    assert tuple(trace.head_outputs.shape) == (2, 3, 5, 6)
    check(trace, weights_by_torch(query, key))


@pytest.mark.parametrize("scale", [None, 1.0, 0.3, -2.0, 0.0])
def test_scale(scale: float | None) -> None:
    query, key = numbers(1, 2, 3, 4), numbers(1, 2, 3, 4, seed=1)
    trace, _ = recorded(query, key, key, scale=scale)
    divisors = {None: 2.0, 1.0: 1.0, 0.3: 1 / 0.3, -2.0: -0.5, 0.0: math.inf}
    assert trace.divisor == divisors[scale]
    check(trace, weights_by_torch(query, key, scale=scale))


@pytest.mark.parametrize("keys", [3, 5])
def test_causal(keys: int) -> None:
    query, key = numbers(1, 2, 4, 4), numbers(1, 2, keys, 4)
    trace, _ = recorded(query, key, key, is_causal=True)
    assert trace.is_causal
    assert trace.allowed is not None
    assert trace.allowed[0, 0].tolist() == [[j <= i for j in range(keys)] for i in range(4)]
    assert torch.equal(trace.scores == -math.inf, ~trace.allowed.expand(trace.scores.shape))
    check(trace, weights_by_torch(query, key, is_causal=True))


@pytest.mark.parametrize(("make", "first"), [(causal_upper_left, 0), (causal_lower_right, 2)])
def test_masks_by_their_shape(make: Any, first: int) -> None:
    query, key = numbers(1, 2, 3, 8), numbers(1, 2, 5, 8)
    mask = make(3, 5)
    trace, _ = recorded(query, key, key, mask)
    allowed = torch.tensor([[j <= i + first for j in range(5)] for i in range(3)])
    assert trace.is_causal
    assert torch.equal(trace.allowed[0, 0], allowed)
    check(trace, weights_by_torch(query, key, allowed))


@pytest.mark.parametrize("key_heads", [1, 2, 6])
def test_grouped_heads(key_heads: int) -> None:
    query, key = numbers(2, 6, 3, 4), numbers(2, key_heads, 5, 4)
    value = numbers(2, key_heads, 5, 4, seed=1)
    trace, _ = recorded(query, key, value, enable_gqa=True)
    assert trace.kv_heads == key_heads
    for head in range(6):  # each group of queries in a row shares a head of keys
        assert torch.equal(trace.keys[:, head], key[:, head * key_heads // 6])
        assert torch.equal(trace.values[:, head], value[:, head * key_heads // 6])
    check(trace, weights_by_torch(query, key, enable_gqa=True))


def test_one_head_of_keys_for_all() -> None:
    query, key = numbers(2, 6, 3, 4), numbers(2, 1, 5, 4)
    trace, _ = recorded(query, key, key)
    assert trace.kv_heads == 1
    assert torch.equal(trace.keys, key.expand(2, 6, 5, 4))


@pytest.mark.parametrize(
    "shape",
    [(3, 5), (1, 5), (3, 1), (4, 3, 5), (1, 3, 5), (2, 1, 3, 5), (2, 4, 3, 5), (2, 1, 1, 5)],
)
@pytest.mark.parametrize("kind", ["boolean", "numbers", "both"])
def test_masks_of_all_shapes(shape: tuple[int, ...], kind: str) -> None:
    query, key = numbers(2, 4, 3, 4), numbers(2, 4, 5, 4)
    mask = numbers(*shape, seed=5)
    if kind == "boolean":
        mask = mask > -0.5
    elif kind == "both":
        mask = mask.where(mask > -0.5, -math.inf)
    trace, _ = recorded(query, key, key, mask)
    full = mask.expand(2, 4, 3, 5)
    if kind == "boolean":
        assert trace.bias is None
        assert torch.equal(trace.allowed.expand(2, 4, 3, 5), full)
    else:
        assert torch.equal(trace.bias.expand(2, 4, 3, 5), full)
        assert (trace.allowed is None) == bool(full.isfinite().all())
    check(trace, weights_by_torch(query, key, mask))


def test_masks_of_many_dimensions() -> None:
    query, key = numbers(2, 3, 4, 3, 4), numbers(2, 3, 4, 5, 4)
    for shape in [(3, 1, 3, 5), (2, 1, 4, 3, 5), (1, 1, 4, 1, 5), (3, 5), (2, 3, 1, 3, 1)]:
        mask = numbers(*shape) > -0.3
        trace, _ = recorded(query, key, key, mask)
        assert torch.equal(
            trace.allowed.expand(6, 4, 3, 5), mask.expand(2, 3, 4, 3, 5).flatten(0, 1)
        )
        check(trace, weights_by_torch(query, key, mask))


def test_zeros_and_minus_infinity_are_a_boolean_mask() -> None:
    query = numbers(1, 1, 2, 4)
    mask = torch.tensor([[0.0, -math.inf], [0.0, 0.0]])
    trace, _ = recorded(query, query, query, mask)
    assert trace.bias is None
    assert trace.allowed[0, 0].tolist() == [[True, False], [True, True]]


@pytest.mark.parametrize("as_numbers", [False, True])
def test_a_query_without_keys_gets_zeros(as_numbers: bool) -> None:
    query = numbers(1, 1, 2, 4)
    mask: Tensor = torch.tensor([[False, False], [True, True]])
    if as_numbers:
        mask = torch.zeros(2, 2).masked_fill(~mask, -math.inf)
    trace, output = recorded(query, query, query, mask)
    assert output[0, 0, 0].tolist() == [0.0] * 4
    assert trace.weights[0, 0, 0].tolist() == [0.0, 0.0]
    assert trace.difference is not None
    assert trace.difference < 1e-6


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_what_is_not_finite_stays_so_and_is_not_compared(number: float) -> None:
    query, value = numbers(1, 1, 3, 4), numbers(1, 1, 3, 4, seed=1)
    query[0, 0, 1, 2] = number
    trace, _ = recorded(query, query.clone(), value)
    assert trace.queries[0, 0, 1, 2].isfinite().logical_not()
    assert trace.weights[0, 0, 1].isnan().all()
    assert trace.difference is None
    assert "aren't finite" in trace.unchecked


def test_nothing_to_attend_with() -> None:
    for query, key in [
        (numbers(1, 2, 0, 4), numbers(1, 2, 3, 4)),
        (numbers(0, 2, 3, 4), numbers(0, 2, 3, 4)),
        (numbers(1, 2, 3, 4), numbers(1, 2, 0, 4)),
    ]:
        trace, _ = recorded(query, key, key)
        assert tuple(trace.weights.shape) == (*query.shape[:3], key.shape[2])


def test_by_names_and_by_place() -> None:
    query, mask = numbers(1, 2, 3, 4), torch.eye(3, dtype=torch.bool)
    trace, _ = recorded(query, query, query, attn_mask=mask, scale=2.0)
    other, _ = recorded(query, query, query, mask, 0.0, False, scale=2.0)
    assert torch.equal(trace.weights, other.weights)
    torch.testing.assert_close(trace.weights, torch.eye(3).expand(1, 2, 3, 3))


@st.composite
def calls(draw: st.DrawFn) -> tuple[Tensor, Tensor, Tensor, dict[str, Any]]:
    """Arguments as any model may have them."""
    batch, groups, share = draw(st.tuples(*[st.integers(1, 3)] * 3))
    queries, keys, size, value_size = draw(st.tuples(*[st.integers(1, 6)] * 4))
    dtype = draw(st.sampled_from([torch.float32, torch.float64, torch.bfloat16, torch.float16]))
    seed = draw(st.integers(0, 1000))
    mask: Tensor | None = None
    if draw(st.booleans()):
        shape = draw(
            st.sampled_from([(queries, keys), (batch, 1, queries, keys), (groups * share, 1, keys)])
        )
        mask = numbers(*shape, seed=seed + 3, dtype=dtype)
        how = draw(st.sampled_from(["boolean", "numbers", "both"]))
        mask = mask > 0 if how == "boolean" else mask
        mask = mask.where(mask > 0, -math.inf) if how == "both" else mask
    options = {
        "attn_mask": mask,
        "is_causal": mask is None and draw(st.booleans()),
        "scale": draw(st.sampled_from([None, 0.5, 1.0])),
        "enable_gqa": share > 1,
    }
    return (
        numbers(batch, groups * share, queries, size, seed=seed, dtype=dtype),
        numbers(batch, groups, keys, size, seed=seed + 1, dtype=dtype),
        numbers(batch, groups, keys, value_size, seed=seed + 2, dtype=dtype),
        options,
    )


@given(calls())
def test_all_of_it_together(call: tuple[Tensor, Tensor, Tensor, dict[str, Any]]) -> None:
    query, key, value, options = call
    trace, _ = recorded(query, key, value, **options)
    # In float64, in which rounding is no matter.
    mask = options["attn_mask"]
    exact = {
        **options,
        "attn_mask": mask.double() if mask is not None and mask.is_floating_point() else mask,
    }
    weights = weights_by_torch(query.double(), key.double(), **exact)
    check(trace, weights, atol=1e-5)
    assert not (trace.scores == -math.inf)[trace.weights > 0].any()
