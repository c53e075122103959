"""Blocks and stacks without feed-forward: attention, and nothing after it."""

from dataclasses import replace
from typing import Any, get_args

import pytest
import torch
from torch import Tensor

from model.block import DecoderBlock, TransformerBlock
from model.config import TUTORIAL, Architecture, Config, NormOrder
from model.experiments import leak_test
from model.masks import causal_mask
from model.parity import compare_model, worst
from model.seeded import embed, random_encoder, random_transformer
from model.transformer import Encoder, Transformer
from tests.model.helpers import shaken

EXACT = {"rtol": 0.0, "atol": 1e-12}  # float64
ORDERS = get_args(NormOrder)
SENTENCE = [["the", "cat", "sat", "on", "it"]]


def only(norm_order: NormOrder = "pre", **options: Any) -> Architecture:
    """Attention alone, as PyTorch's attention computes it."""
    fixed = {"projection": "full", "scale": "head_dim", "attention_only": True}
    return Architecture(norm_order=norm_order, **fixed, **options)


def config(architecture: Architecture, layers: int = 3) -> Config:
    return Config(embed_size=16, heads=4, layers=layers, architecture=architecture)


def identity_block(norm_order: NormOrder) -> TransformerBlock:
    """One head of size 2 that hands on the mean of what it sees: its queries are zero."""
    architecture = only(norm_order, norm_eps=1e-12, output_bias=False)
    block = TransformerBlock(2, 1, architecture=architecture).double()
    with torch.no_grad():
        block.attention.queries.weight.zero_()
        for name in ("keys", "values", "fc_out"):
            getattr(block.attention, name).weight.copy_(torch.eye(2))
    return block


@pytest.mark.parametrize(
    ("norm_order", "expected"),
    [
        # Both attend to both: the mean of (4, 0) and (2, 6) is (3, 3). Added: (7, 3) and (5, 9).
        # A norm of two numbers leaves the larger one 1 and the other -1.
        ("post", [[1.0, -1.0], [-1.0, 1.0]]),
        # Normed: (1, -1) and (-1, 1), whose mean is (0, 0). Nothing is added.
        ("pre", [[4.0, 0.0], [2.0, 6.0]]),
    ],
)
def test_a_block_by_hand(norm_order: NormOrder, expected: list[list[float]]) -> None:
    x = torch.tensor([[[4.0, 0.0], [2.0, 6.0]]], dtype=torch.float64)
    output = identity_block(norm_order)(x, x, x)
    torch.testing.assert_close(output, torch.tensor([expected], dtype=torch.float64))


@pytest.mark.parametrize(
    ("norm_order", "expected"),
    [
        # The first sees itself alone: (4, 0) + (4, 0); the second (2, 6) + (3, 3).
        ("post", [[1.0, -1.0], [-1.0, 1.0]]),
        # (4, 0) + (1, -1), and (2, 6) + (0, 0).
        ("pre", [[5.0, -1.0], [2.0, 6.0]]),
    ],
)
def test_a_block_that_looks_back_by_hand(
    norm_order: NormOrder, expected: list[list[float]]
) -> None:
    x = torch.tensor([[[4.0, 0.0], [2.0, 6.0]]], dtype=torch.float64)
    output = identity_block(norm_order)(x, x, x, causal_mask(2, 2))
    torch.testing.assert_close(output, torch.tensor([expected], dtype=torch.float64))


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("norm_order", ORDERS)
def test_the_output_is_the_input_and_attention(norm_order: NormOrder, masked: bool) -> None:
    torch.manual_seed(0)
    block = shaken(TransformerBlock(8, 2, architecture=only(norm_order)).double())
    value, key = (torch.randn(2, 5, 8, dtype=torch.float64) for _ in range(2))
    query = torch.randn(2, 3, 8, dtype=torch.float64)
    mask = torch.ones(3, 5).tril() if masked else None
    norm = block.norm1
    if norm_order == "post":
        attended = block.attention(value, key, query, mask)
        expected = norm(query + attended)
    else:
        attended = block.attention(norm(value), norm(key), norm(query), mask)
        expected = query + attended
    trace = block.trace(value, key, query, mask)
    torch.testing.assert_close(trace.output, expected, **EXACT)
    torch.testing.assert_close(trace.self_attention.output, attended, **EXACT)
    assert len(trace.stream) == 2
    assert trace.stream[0] is query
    assert trace.output is trace.stream[1]
    assert trace.cross_attention is None
    assert torch.equal(block(value, key, query, mask), trace.output)


@pytest.mark.parametrize("norm_order", ORDERS)
def test_it_is_the_first_half_of_a_block(norm_order: NormOrder) -> None:
    torch.manual_seed(0)
    architecture = only(norm_order)
    whole = shaken(TransformerBlock(8, 2, architecture=replace(architecture, attention_only=False)))
    half = TransformerBlock(8, 2, architecture=architecture)
    found = half.load_state_dict(whole.state_dict(), strict=False)
    assert found.missing_keys == []
    assert {key.split(".")[0] for key in found.unexpected_keys} == {"norm2", "feed_forward"}
    x = torch.randn(2, 4, 8)
    assert torch.equal(half(x, x, x), whole.trace(x, x, x).stream[1])


def test_there_are_no_weights_of_what_it_does_not_have() -> None:
    block = TransformerBlock(8, 2, architecture=only())
    assert list(block.state_dict()) == [
        "attention.values.weight",
        "attention.keys.weight",
        "attention.queries.weight",
        "attention.fc_out.weight",
        "attention.fc_out.bias",
        "norm1.weight",
        "norm1.bias",
    ]
    assert not TUTORIAL.attention_only
    assert not hasattr(block, "feed_forward")
    assert not hasattr(block, "norm2")


@pytest.mark.parametrize("norm_order", ORDERS)
@pytest.mark.parametrize("layers", [1, 3])
def test_a_stacks_stream_has_an_entry_a_layer(layers: int, norm_order: NormOrder) -> None:
    encoder = shaken(Encoder(config(only(norm_order, final_norm=True), layers)))
    x = embed(SENTENCE, 16, seed=0)
    trace = encoder.trace(x, causal_mask(5, 5))
    assert len(trace.encoder_self) == layers
    assert len(trace.encoder_stream) == 1 + layers
    for block, before, after in zip(
        encoder.layers, trace.encoder_stream, trace.encoder_stream[1:], strict=False
    ):
        assert torch.equal(block(before, before, before, causal_mask(5, 5)), after)
    assert torch.equal(trace.output, encoder.norm(trace.encoder_stream[-1]))


def test_cross_attention_is_not_for_it() -> None:
    with pytest.raises(ValueError, match="attention_only is for stacks without cross-attention"):
        DecoderBlock(config(only()))
    with pytest.raises(ValueError, match="attention_only is for stacks without cross-attention"):
        Transformer(config(only()))
    with pytest.raises(ValueError, match="attention_only is for stacks without cross-attention"):
        random_transformer(config(only()))


@pytest.mark.parametrize("norm_order", ORDERS)
def test_a_seeds_stack_is_that_of_the_whole_blocks_without_their_second_half(
    norm_order: NormOrder,
) -> None:
    architecture = only(norm_order, positions="learned", final_norm=True)
    found = random_encoder(config(architecture), seed=3).state_dict()
    whole = random_encoder(config(replace(architecture, attention_only=False)), seed=3)
    expected = {
        name: weight
        for name, weight in whole.state_dict().items()
        if "feed_forward" not in name and "norm2" not in name
    }
    assert found.keys() == expected.keys()
    for name, weight in found.items():
        assert torch.equal(weight, expected[name]), name
    assert len(found) == 1 + 3 * 7 + 2  # the positions, each layer's, the final norm


def masks() -> dict[str, Tensor | None]:
    return {"none": None, "causal": causal_mask(5, 5)}


@pytest.mark.parametrize("mask", masks())
@pytest.mark.parametrize("norm_order", ORDERS)
def test_every_layers_attention_is_compared_from_its_own_input(
    norm_order: NormOrder, mask: str
) -> None:
    encoder = shaken(random_encoder(config(only(norm_order, attention_bias=True))))
    trace = encoder.trace(embed(SENTENCE, 16, seed=0), masks()[mask])
    parities = list(compare_model(encoder, trace, {"encoder_self": masks()[mask]}))
    assert len(parities) == 3
    assert all(parity.output is not None for parity in parities)
    assert worst(parities).largest < 5e-6
    # And inputs that are none of theirs are noticed, in each layer.
    other = replace(trace, encoder_stream=tuple(x.flip(1) for x in trace.encoder_stream))
    for parity in compare_model(encoder, other, {"encoder_self": masks()[mask]}):
        assert parity.output is not None
        assert parity.output > 1e-3


@pytest.mark.parametrize("norm_order", ORDERS)
def test_a_leak_is_measured_after_each_layer(norm_order: NormOrder) -> None:
    encoder = shaken(random_encoder(config(only(norm_order))))
    x = embed(SENTENCE, 16, seed=0)[0]
    replacement = embed([["other"]], 16, seed=0)[0, 0]
    moved = leak_test(encoder, x, replacement, range(5), causal_mask(5, 5))
    assert moved.shape == (5, 4, 5)
    for j in range(5):
        assert (moved[j, :, :j] == 0).all()
        assert (moved[j, :, j] > 0).all()
        assert (moved[j, 1:, j:] > 1e-6).all()
    changed = x.clone()
    changed[2] = replacement
    streams = [encoder.trace(s[None], causal_mask(5, 5)).encoder_stream for s in (x, changed)]
    for layer in range(4):
        expected = (streams[0][layer] - streams[1][layer])[0].norm(dim=-1)
        torch.testing.assert_close(moved[2, layer], expected, rtol=1e-4, atol=1e-5)
    opened = causal_mask(5, 5)
    opened[..., 1, 3] = True
    leaking = leak_test(encoder, x, replacement, range(5), opened)
    assert leaking[3, 0, 1] == 0
    assert (leaking[3, 1:, 1] > 1e-6).all()
