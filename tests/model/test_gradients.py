"""What training rests on: gradients through attention and through a block are PyTorch's own."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from model.attention import SelfAttention
from model.block import TransformerBlock
from model.config import Activation, NormOrder
from model.masks import causal_mask, padding_mask
from tests.model.helpers import in_our_names, shaken, torchs_architecture

SIZE, HEADS, HIDDEN = 12, 3, 20
EXACT = {"rtol": 0.0, "atol": 1e-12}  # float64
MASKS = ["none", "causal", "padding", "random"]

Gradients = dict[str, Tensor]


def mask_named(name: str, queries: int, keys: int) -> Tensor | None:
    """A mask of two sentences that leaves each query a key."""
    if name == "none":
        return None
    if name == "causal":
        return causal_mask(queries, keys)
    if name == "padding":
        return padding_mask([keys, keys - 2], keys)
    mask = torch.rand(2, HEADS, queries, keys) < 0.5
    mask[..., 0] = True
    return mask


def attention_twins() -> tuple[nn.MultiheadAttention, SelfAttention]:
    """PyTorch's attention, and ours with its weights and biases, in float64."""
    torch.manual_seed(0)
    theirs = shaken(nn.MultiheadAttention(SIZE, HEADS, batch_first=True, dtype=torch.float64))
    ours = SelfAttention(SIZE, HEADS, projection="full", scale="head_dim", bias=True).double()
    ours.load_state_dict(in_our_names(theirs.state_dict()), strict=True)
    return theirs, ours


def inputs(queries: int = 4, keys: int = 6) -> tuple[Tensor, Tensor, Tensor]:
    """Values, keys and query, whose gradients are asked for."""
    lengths = (keys, keys, queries)
    return tuple(  # type: ignore[return-value]
        torch.randn(2, length, SIZE, dtype=torch.float64, requires_grad=True) for length in lengths
    )


def gradients(output: Tensor, wanted: Tensor, weights: Gradients, *inputs: Tensor) -> Gradients:
    """Of sum(output · wanted), with respect to named weights and to the inputs by their number."""
    named = weights | {str(i): x for i, x in enumerate(inputs)}
    found = torch.autograd.grad((output * wanted).sum(), list(named.values()))
    return dict(zip(named, found, strict=True))


def assert_same(found: Gradients, expected: Gradients) -> None:
    assert found.keys() == expected.keys()
    for name, gradient in found.items():
        torch.testing.assert_close(gradient, expected[name], **EXACT, msg=name)
        # A bias of the keys shifts all scores of a row alike: softmax doesn't notice.
        assert gradient.abs().max() > 0.01 or name.endswith("keys.bias"), name


def weights_of(module: nn.Module) -> Gradients:
    return dict(module.named_parameters())


def fused(ours: SelfAttention, value: Tensor, key: Tensor, query: Tensor, mask: Tensor | None):
    """The attention once more, around the fused kernel, with our module's own weights."""

    def split(linear: nn.Linear, x: Tensor) -> Tensor:
        return F.linear(x, linear.weight, linear.bias).unflatten(-1, (HEADS, -1)).transpose(1, 2)

    q, k, v = split(ours.queries, query), split(ours.keys, key), split(ours.values, value)
    heads = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    return F.linear(heads.transpose(1, 2).flatten(2), ours.fc_out.weight, ours.fc_out.bias)


def blocked(mask: Tensor | None, queries: int, keys: int) -> Tensor | None:
    """The mask as torch.nn has it: (B * H, Q, K), True = may not attend."""
    return None if mask is None else ~mask.expand(2, HEADS, queries, keys).flatten(0, 1)


@pytest.mark.parametrize(("queries", "keys"), [(4, 6), (5, 5)])
@pytest.mark.parametrize("mask", MASKS)
def test_attentions_gradients_are_those_of_multihead_attention(
    mask: str, queries: int, keys: int
) -> None:
    theirs, ours = attention_twins()
    value, key, query = x = inputs(queries, keys)
    allowed, wanted = mask_named(mask, queries, keys), torch.randn(2, queries, SIZE).double()
    output = theirs(query, key, value, attn_mask=blocked(allowed, queries, keys))[0]
    stacked = gradients(output, wanted, weights_of(theirs), *x)
    found = gradients(ours(*x, allowed), wanted, weights_of(ours), *x)
    assert_same(found, in_our_names(stacked))


@pytest.mark.parametrize(("queries", "keys"), [(4, 6), (5, 5)])
@pytest.mark.parametrize("mask", MASKS)
def test_attentions_gradients_are_those_of_the_fused_kernel(
    mask: str, queries: int, keys: int
) -> None:
    _, ours = attention_twins()
    x = inputs(queries, keys)
    allowed, wanted = mask_named(mask, queries, keys), torch.randn(2, queries, SIZE).double()
    expected = gradients(fused(ours, *x, allowed), wanted, weights_of(ours), *x)
    assert_same(gradients(ours(*x, allowed), wanted, weights_of(ours), *x), expected)


@given(seed=st.integers(0, 1000), queries=st.integers(1, 6), keys=st.integers(1, 6))
def test_and_under_any_mask_of_any_lengths(seed: int, queries: int, keys: int) -> None:
    theirs, ours = attention_twins()
    torch.manual_seed(seed)
    value, key, query = x = inputs(queries, keys)
    allowed, wanted = mask_named("random", queries, keys), torch.randn(2, queries, SIZE).double()
    output = theirs(query, key, value, attn_mask=blocked(allowed, queries, keys))[0]
    expected = in_our_names(gradients(output, wanted, weights_of(theirs), *x))
    for name, gradient in gradients(ours(*x, allowed), wanted, weights_of(ours), *x).items():
        torch.testing.assert_close(gradient, expected[name], **EXACT, msg=name)


def test_another_mask_or_scale_would_be_noticed() -> None:
    _, ours = attention_twins()
    x, wanted = inputs(5, 5), torch.randn(2, 5, SIZE).double()
    causal = mask_named("causal", 5, 5)
    expected = gradients(fused(ours, *x, causal), wanted, weights_of(ours), *x)
    other = SelfAttention(SIZE, HEADS, projection="full", scale="embed_size", bias=True).double()
    other.load_state_dict(ours.state_dict())
    for output, weights in ((ours(*x), weights_of(ours)), (other(*x, causal), weights_of(other))):
        for name, gradient in gradients(output, wanted, weights, *x).items():
            # The weights of a row sum to 1, wherever they are: a bias of the values is just added.
            if not name.endswith("bias") or name == "queries.bias":
                assert (gradient - expected[name]).abs().max() > 0.01, name


def test_who_has_nothing_to_attend_to_has_no_gradient_either() -> None:
    """A row that is all masked: its softmax is NaN before it is zero, and NaN spreads."""
    _, ours = attention_twins()
    x, wanted = inputs(4, 6), torch.randn(2, 4, SIZE).double()
    mask = torch.ones(2, 1, 4, 6, dtype=torch.bool)
    mask[0, :, 2] = False
    found = gradients(ours(*x, mask), wanted, weights_of(ours), *x)
    assert all(gradient.isfinite().all() for gradient in found.values())
    assert found["2"][0, 2].count_nonzero() == 0
    # The others' are those of a batch without that query; only fc_out's bias has a part of it.
    rest = wanted.clone()
    rest[0, 2] = 0.0
    expected = gradients(fused(ours, *x, None), rest, weights_of(ours), *x)
    found["fc_out.bias"] = found["fc_out.bias"] - wanted[0, 2]
    assert_same(found, expected)


def block_twins(
    norm_order: NormOrder, activation: Activation
) -> tuple[nn.TransformerEncoderLayer, TransformerBlock]:
    """PyTorch's encoder layer, and our block with its weights, in float64."""
    torch.manual_seed(0)
    theirs = nn.TransformerEncoderLayer(
        SIZE,
        HEADS,
        HIDDEN,
        dropout=0.0,
        activation=activation,
        batch_first=True,
        norm_first=norm_order == "pre",
        dtype=torch.float64,
    )
    shaken(theirs)
    architecture = torchs_architecture(norm_order, activation)
    ours = TransformerBlock(SIZE, HEADS, 0.0, HIDDEN / SIZE, architecture=architecture).double()
    ours.load_state_dict(in_our_names(theirs.state_dict()), strict=True)
    return theirs, ours


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("activation", ["relu", "gelu"])
@pytest.mark.parametrize("norm_order", ["post", "pre"])
def test_a_blocks_gradients_are_those_of_torchs_encoder_layer(
    norm_order: NormOrder, activation: Activation, mask: str
) -> None:
    theirs, ours = block_twins(norm_order, activation)
    x, _, _ = inputs(5, 5)
    allowed, wanted = mask_named(mask, 5, 5), torch.randn(2, 5, SIZE).double()
    output = theirs(x, src_mask=blocked(allowed, 5, 5))
    stacked = gradients(output, wanted, weights_of(theirs), x)
    found = gradients(ours(x, x, x, allowed), wanted, weights_of(ours), x)
    assert_same(found, in_our_names(stacked))
