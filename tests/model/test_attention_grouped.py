"""Key and value heads that several queries share, and biases: against PyTorch's own."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from model.attention import Projection, SelfAttention
from tests.model.helpers import in_our_names, shaken

EXACT = {"rtol": 0.0, "atol": 1e-12}  # float64


def grouped(heads: int, kv_heads: int, **options: object) -> SelfAttention:
    module = SelfAttention(
        heads * 2,
        heads,
        projection="full",
        scale="head_dim",
        kv_heads=kv_heads,
        **options,  # type: ignore[arg-type]
    )
    return module.double()


def test_each_key_and_value_head_serves_its_neighbours() -> None:
    torch.manual_seed(0)
    module = grouped(heads=6, kv_heads=2)
    assert module.queries.weight.shape == (12, 12)
    assert module.keys.weight.shape == module.values.weight.shape == (4, 12)  # 2 heads of size 2
    assert module.fc_out.weight.shape == (12, 12)
    x, query = torch.randn(2, 5, 12).double(), torch.randn(2, 3, 12).double()
    trace = module.trace(x, x, query)
    for field, linear in ((trace.keys, module.keys), (trace.values, module.values)):
        assert field.shape == (2, 6, 5, 2)
        projected = linear(x)  # (2, 5, 4): head 0, then head 1
        for head in range(6):
            first = 0 if head < 3 else 2
            torch.testing.assert_close(field[:, head], projected[..., first : first + 2], **EXACT)
    assert trace.queries.shape == trace.head_outputs.shape == (2, 6, 3, 2)
    assert trace.energy.shape == (2, 6, 3, 5)
    assert not torch.equal(trace.energy[:, 0], trace.energy[:, 1])  # the queries are their own


@given(
    seed=st.integers(0, 1000),
    kv_heads=st.integers(1, 3),
    group=st.integers(1, 4),
    q=st.integers(1, 5),
    k=st.integers(1, 5),
    masked=st.booleans(),
)
def test_grouped_heads_equal_the_fused_kernels(
    seed: int, kv_heads: int, group: int, q: int, k: int, masked: bool
) -> None:
    torch.manual_seed(seed)
    heads = kv_heads * group
    module = grouped(heads, kv_heads, bias=True)
    values, keys = torch.randn(2, 2, k, heads * 2, dtype=torch.float64)
    query = torch.randn(2, q, heads * 2, dtype=torch.float64)
    mask = torch.rand(2, heads, q, k) < 0.6 if masked else None
    trace = module.trace(values, keys, query, mask)

    def split(x: Tensor, count: int) -> Tensor:
        return x.unflatten(-1, (count, 2)).transpose(1, 2)

    fused = F.scaled_dot_product_attention(
        split(module.queries(query), heads),
        split(module.keys(keys), kv_heads),
        split(module.values(values), kv_heads),
        attn_mask=mask,
        enable_gqa=True,
    )
    torch.testing.assert_close(trace.head_outputs, fused, **EXACT)
    expected = module.fc_out(fused.transpose(1, 2).flatten(2))
    torch.testing.assert_close(trace.output, expected, **EXACT)


def test_repeated_matrices_without_groups_compute_the_same() -> None:
    torch.manual_seed(0)
    few, many = grouped(4, 2, bias=True), grouped(4, 4, bias=True)
    state = few.state_dict()
    for name in ("keys.weight", "keys.bias", "values.weight", "values.bias"):
        first, second = state[name].chunk(2)
        state[name] = torch.cat((first, first, second, second))
    many.load_state_dict(state, strict=True)
    x, causal = torch.randn(2, 5, 8).double(), torch.ones(5, 5).tril()
    torch.testing.assert_close(few(x, x, x, causal), many(x, x, x, causal), **EXACT)


@pytest.mark.parametrize("positions", ["rotary", "alibi"])
def test_groups_and_positions_go_together(positions: str) -> None:
    torch.manual_seed(0)
    few, many = grouped(4, 2, positions=positions), grouped(4, 4, positions=positions)
    state = few.state_dict()
    for name in ("keys.weight", "values.weight"):
        state[name] = state[name].unflatten(0, (2, 2)).repeat_interleave(2, dim=0).flatten(0, 1)
    many.load_state_dict(state, strict=True)
    x = torch.randn(2, 5, 8).double()
    torch.testing.assert_close(few(x, x, x), many(x, x, x), **EXACT)


@pytest.mark.parametrize("masked", [False, True])
def test_biases_equal_those_of_multihead_attention(masked: bool) -> None:
    torch.manual_seed(0)
    theirs = shaken(nn.MultiheadAttention(12, 3, batch_first=True, dtype=torch.float64))
    ours = SelfAttention(12, 3, projection="full", scale="head_dim", bias=True).double()
    ours.load_state_dict(in_our_names(theirs.state_dict()), strict=True)
    values, keys = torch.randn(2, 2, 5, 12, dtype=torch.float64)
    query = torch.randn(2, 4, 12, dtype=torch.float64)
    mask = torch.ones(4, 5).tril().bool() if masked else None
    output, weights = theirs(
        query,
        keys,
        values,
        attn_mask=None if mask is None else ~mask,
        average_attn_weights=False,
    )
    trace = ours.trace(values, keys, query, mask)
    torch.testing.assert_close(trace.output, output, **EXACT)
    torch.testing.assert_close(trace.weights, weights, **EXACT)


@pytest.mark.parametrize("projection", ["shared", "full"])
def test_biases_are_added_to_each_projection(projection: Projection) -> None:
    torch.manual_seed(0)
    module = shaken(SelfAttention(8, 2, projection=projection, bias=True).double())
    bare = SelfAttention(8, 2, projection=projection).double()
    bare.load_state_dict(module.state_dict(), strict=False)
    width = 4 if projection == "shared" else 8
    x = torch.randn(2, 5, 8).double()
    with_bias, without = module.trace(x, x, x), bare.trace(x, x, x)
    for name in ("queries", "keys", "values"):
        bias = getattr(module, name).bias
        assert bias.shape == (width,)
        each_head = bias.expand(2, 4) if projection == "shared" else bias.reshape(2, 4)
        difference = getattr(with_bias, name) - getattr(without, name)  # (B, H, L, D)
        expected = each_head[None, :, None].expand(2, 2, 5, 4)
        torch.testing.assert_close(difference, expected, **EXACT)


def test_without_a_bias_of_the_output_a_row_without_keys_is_zero() -> None:
    torch.manual_seed(0)
    module = SelfAttention(8, 2, out_bias=False)
    assert "fc_out.bias" not in module.state_dict()
    x, mask = torch.randn(1, 3, 8), torch.ones(3, 3, dtype=torch.bool)
    mask[1] = False
    output = module(x, x, x, mask)
    assert output[0, 1].count_nonzero() == 0
    assert output[0, [0, 2]].count_nonzero() == 16
