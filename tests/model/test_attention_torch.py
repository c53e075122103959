"""PyTorch's own attention, given the same weights and masks, computes the same."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from model.attention import Projection, Scale, SelfAttention

PROJECTIONS: list[Projection] = ["shared", "full"]
SCALES: list[Scale] = ["embed_size", "head_dim", "none"]
EXACT = {"rtol": 0.0, "atol": 1e-12}  # everything here is float64


class Case:
    """Inputs, and a random mask (B, H, Q, K) in which about every fifth row is all False."""

    def __init__(self, seed: int, batch: int, heads: int, head_dim: int, q: int, k: int) -> None:
        torch.manual_seed(seed)
        self.heads, self.embed_size = heads, heads * head_dim
        shapes = (
            (batch, k, self.embed_size),
            (batch, k, self.embed_size),
            (batch, q, self.embed_size),
        )
        self.values, self.keys, self.query = (torch.randn(s, dtype=torch.float64) for s in shapes)
        rows_with_a_key = torch.rand(batch, heads, q, 1) < 0.8
        self.mask = (torch.rand(batch, heads, q, k) < 0.6) & rows_with_a_key

    def inputs(self) -> tuple[Tensor, Tensor, Tensor]:
        return self.values, self.keys, self.query


cases = st.builds(
    Case,
    seed=st.integers(0, 1000),
    batch=st.integers(1, 3),
    heads=st.integers(1, 4),
    head_dim=st.integers(1, 5),
    q=st.integers(1, 6),
    k=st.integers(1, 6),
)


def papers_twins(embed_size: int, heads: int) -> tuple[SelfAttention, nn.MultiheadAttention]:
    """Ours in the paper's formulation, and PyTorch's module with its weights."""
    ours = SelfAttention(embed_size, heads, projection="full", scale="head_dim").double()
    theirs = nn.MultiheadAttention(embed_size, heads, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        stacked = [ours.queries.weight, ours.keys.weight, ours.values.weight]
        theirs.in_proj_weight.copy_(torch.cat(stacked))
        theirs.in_proj_bias.zero_()
        theirs.out_proj.weight.copy_(ours.fc_out.weight)
        theirs.out_proj.bias.copy_(ours.fc_out.bias)
    return ours, theirs


@given(case=cases, masked=st.booleans())
def test_the_papers_formulation_equals_multihead_attention(case: Case, masked: bool) -> None:
    ours, theirs = papers_twins(case.embed_size, case.heads)
    mask, blocked = None, None
    if masked:
        mask = case.mask
        blocked = ~mask.flatten(0, 1)  # (B * H, Q, K), True = may not attend
    trace = ours.trace(*case.inputs(), mask)
    output, weights = theirs(
        case.query, case.keys, case.values, attn_mask=blocked, average_attn_weights=False
    )
    # Where a head has nothing to attend to, PyTorch's module has NaN: see the fused kernel below.
    attends = case.mask.any(-1) if masked else torch.ones(weights.shape[:3], dtype=torch.bool)
    torch.testing.assert_close(trace.weights[attends], weights[attends], **EXACT)
    everywhere = attends.all(1)  # (B, Q)
    torch.testing.assert_close(trace.output[everywhere], output[everywhere], **EXACT)


@given(
    case=cases,
    projection=st.sampled_from(PROJECTIONS),
    scale=st.sampled_from(SCALES),
    temperature=st.sampled_from([0.5, 1.0, 3.0]),
)
def test_every_formulation_equals_the_fused_kernel_also_where_all_is_masked(
    case: Case, projection: Projection, scale: Scale, temperature: float
) -> None:
    module = SelfAttention(
        case.embed_size, case.heads, projection=projection, scale=scale, temperature=temperature
    ).double()
    trace = module.trace(*case.inputs(), case.mask)
    fused = F.scaled_dot_product_attention(
        trace.queries, trace.keys, trace.values, attn_mask=case.mask, scale=1 / module.divisor
    )
    torch.testing.assert_close(trace.head_outputs, fused, **EXACT)

    nothing = ~case.mask.any(-1)  # (B, H, Q)
    assert fused[nothing].count_nonzero() == 0
    assert trace.weights[nothing].count_nonzero() == 0
    assert trace.head_outputs[nothing].count_nonzero() == 0


def test_a_row_without_keys_outputs_the_bias_alone() -> None:
    torch.manual_seed(0)
    module = SelfAttention(6, 2)
    x = torch.randn(2, 3, 6)
    mask = torch.ones(2, 1, 3, 3, dtype=torch.bool)
    mask[1, :, 2] = False
    trace = module.trace(x, x, x, mask)
    assert torch.equal(trace.output[1, 2], module.fc_out.bias)
    assert trace.scores[1, :, 2].eq(-math.inf).all()
    for field in (trace.weights, trace.head_outputs, trace.output):
        assert field.isfinite().all()
    assert not torch.equal(trace.output[1, 1], module.fc_out.bias)


@given(case=cases, projection=st.sampled_from(PROJECTIONS), masked=st.booleans())
def test_forward_is_the_traces_output(case: Case, projection: Projection, masked: bool) -> None:
    module = SelfAttention(case.embed_size, case.heads, projection=projection).double()
    mask = case.mask if masked else None
    assert torch.equal(module(*case.inputs(), mask), module.trace(*case.inputs(), mask).output)


@pytest.mark.parametrize("masked", [False, True])
def test_gradients_equal_those_of_multihead_attention(masked: bool) -> None:
    case = Case(seed=4, batch=2, heads=3, head_dim=4, q=5, k=6)
    case.mask[..., 0] = True  # PyTorch's gradients of a row without keys are NaN
    ours, theirs = papers_twins(case.embed_size, case.heads)
    mine, reference = (
        [x.clone().requires_grad_() for x in (case.query, case.keys, case.values)] for _ in "ab"
    )
    query, keys, values = mine
    wanted = torch.randn(2, 5, 12, dtype=torch.float64)  # any direction: a plain sum hides swaps
    blocked = ~case.mask.flatten(0, 1) if masked else None

    (ours(values, keys, query, case.mask if masked else None) * wanted).sum().backward()
    (theirs(*reference, attn_mask=blocked)[0] * wanted).sum().backward()

    for x, y in zip(mine, reference, strict=True):
        torch.testing.assert_close(x.grad, y.grad, **EXACT)
        assert x.grad.abs().max() > 0.01
    projections = [layer.weight.grad for layer in (ours.queries, ours.keys, ours.values)]
    torch.testing.assert_close(torch.cat(projections), theirs.in_proj_weight.grad, **EXACT)
    torch.testing.assert_close(ours.fc_out.weight.grad, theirs.out_proj.weight.grad, **EXACT)
    torch.testing.assert_close(ours.fc_out.bias.grad, theirs.out_proj.bias.grad, **EXACT)


@pytest.mark.parametrize("projection", PROJECTIONS)
def test_a_row_without_keys_leaves_gradients_finite(projection: Projection) -> None:
    """One NaN in one gradient would spoil a whole training."""
    torch.manual_seed(5)
    module = SelfAttention(8, 2, projection=projection)
    x = torch.randn(1, 3, 8, requires_grad=True)
    mask = torch.tensor([[True, True, False], [False, False, False], [True, True, True]])
    module(x, x, x, mask).square().sum().backward()
    for gradient in (x.grad, *(p.grad for p in module.parameters())):
        assert gradient.isfinite().all()
        assert gradient.abs().max() > 0
