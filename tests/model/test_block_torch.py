"""PyTorch's own encoder and decoder layers, given the same weights, compute the same."""

import pytest
import torch
from torch import Tensor, nn

from model.block import DecoderBlock, TransformerBlock
from model.config import Activation, Config, NormOrder
from model.masks import build_mask
from tests.matrix import matrix
from tests.model.helpers import in_our_names, shaken, torchs_architecture

SIZE, HEADS, HIDDEN = 12, 3, 20
ORDERS: list[NormOrder] = ["post", "pre"]
ACTIVATIONS: list[Activation] = ["relu", "gelu"]
TOLERANCES = {torch.float32: 1e-5, torch.float64: 1e-12}
MASKS = ["none", "causal", "padding", "causal_padding", "random"]
EACH_LAYER = [
    pytest.mark.parametrize("dtype", TOLERANCES),
    pytest.mark.parametrize("activation", ACTIVATIONS),
    pytest.mark.parametrize("norm_order", ORDERS),
]


def each_layer(test):
    for mark in EACH_LAYER:
        test = mark(test)
    return test


def mask_named(name: str, queries: int, keys: int) -> Tensor | None:
    """A mask of two sentences that leaves each query a key."""
    if name == "random":
        mask = torch.rand(2, HEADS, queries, keys) < 0.5
        mask[..., 0] = True
        return mask
    assert queries == keys or name in ("none", "padding")
    return build_mask(name, [keys, keys - 2])  # type: ignore[arg-type]


def blocked(mask: Tensor | None, queries: int, keys: int) -> Tensor | None:
    """The mask as torch.nn has it: (B * H, Q, K), True = may not attend."""
    return None if mask is None else ~mask.expand(2, HEADS, queries, keys).flatten(0, 1)


def encoder_twins(
    norm_order: NormOrder, activation: Activation, dtype: torch.dtype
) -> tuple[nn.TransformerEncoderLayer, TransformerBlock]:
    """PyTorch's encoder layer and our block with its weights."""
    torch.manual_seed(0)
    theirs = nn.TransformerEncoderLayer(
        SIZE,
        HEADS,
        HIDDEN,
        activation=activation,
        batch_first=True,
        norm_first=norm_order == "pre",
        dtype=dtype,
    )
    shaken(theirs.eval())
    ours = TransformerBlock(
        SIZE, HEADS, 0.1, HIDDEN / SIZE, architecture=torchs_architecture(norm_order, activation)
    )
    ours.to(dtype).eval().load_state_dict(in_our_names(theirs.state_dict()), strict=True)
    return theirs, ours


@each_layer
@matrix(3, "mask", MASKS)
def test_a_block_is_torchs_encoder_layer(
    norm_order: NormOrder, activation: Activation, mask: str, dtype: torch.dtype
) -> None:
    theirs, ours = encoder_twins(norm_order, activation, dtype)
    x = torch.randn(2, 6, SIZE, dtype=dtype)
    allowed = mask_named(mask, 6, 6)
    expected = theirs(x, src_mask=blocked(allowed, 6, 6))
    torch.testing.assert_close(ours(x, x, x, allowed), expected, rtol=0, atol=TOLERANCES[dtype])


@each_layer
@matrix(2, "mask", MASKS)
@matrix(2, "cross_mask", ["none", "padding", "random"])
def test_a_decoder_block_is_torchs_decoder_layer(
    norm_order: NormOrder, activation: Activation, mask: str, cross_mask: str, dtype: torch.dtype
) -> None:
    torch.manual_seed(0)
    theirs = nn.TransformerDecoderLayer(
        SIZE,
        HEADS,
        HIDDEN,
        activation=activation,
        batch_first=True,
        norm_first=norm_order == "pre",
        dtype=dtype,
    )
    shaken(theirs.eval())
    config = Config(
        embed_size=SIZE,
        heads=HEADS,
        forward_expansion=HIDDEN / SIZE,
        architecture=torchs_architecture(norm_order, activation),
    )
    ours = DecoderBlock(config).to(dtype).eval()
    ours.load_state_dict(in_our_names(theirs.state_dict()), strict=True)
    target, source = torch.randn(2, 4, SIZE, dtype=dtype), torch.randn(2, 6, SIZE, dtype=dtype)
    target_allowed, source_allowed = mask_named(mask, 4, 4), mask_named(cross_mask, 4, 6)
    expected = theirs(
        target,
        source,
        tgt_mask=blocked(target_allowed, 4, 4),
        memory_mask=blocked(source_allowed, 4, 6),
    )
    output = ours(target, source, target_allowed, source_allowed)
    torch.testing.assert_close(output, expected, rtol=0, atol=TOLERANCES[dtype])


def test_another_order_activation_or_mask_would_be_noticed() -> None:
    theirs, ours = encoder_twins("post", "relu", torch.float64)
    x = torch.randn(2, 6, SIZE, dtype=torch.float64)
    right = theirs(x)
    assert (ours(x, x, x) - right).abs().max() < 1e-12
    for norm_order, activation in (("pre", "relu"), ("post", "gelu")):
        other = TransformerBlock(
            SIZE,
            HEADS,
            forward_expansion=HIDDEN / SIZE,
            architecture=torchs_architecture(norm_order, activation),  # type: ignore[arg-type]
        ).double()
        other.load_state_dict(ours.state_dict())
        assert (other(x, x, x) - right).abs().max() > 0.01
    causal = mask_named("causal", 6, 6)
    assert (ours(x, x, x, causal) - right).abs().max() > 0.01


def test_gradients_are_those_of_torchs_encoder_layer() -> None:
    theirs, ours = encoder_twins("pre", "gelu", torch.float64)
    x = torch.randn(2, 6, SIZE, dtype=torch.float64)
    wanted = torch.randn(2, 6, SIZE, dtype=torch.float64)  # a plain sum hides swaps
    causal = mask_named("causal", 6, 6)
    (theirs(x, src_mask=blocked(causal, 6, 6)) * wanted).sum().backward()
    (ours(x, x, x, causal) * wanted).sum().backward()
    expected = in_our_names({name: p.grad for name, p in theirs.named_parameters()})
    found = {name: p.grad for name, p in ours.named_parameters()}
    assert found.keys() == expected.keys()
    for name, gradient in found.items():
        torch.testing.assert_close(gradient, expected[name], rtol=0, atol=1e-11, msg=name)
        # A bias of the keys shifts all scores of a row alike: softmax doesn't notice.
        assert gradient.abs().max() > 0.01 or name == "attention.keys.bias"
