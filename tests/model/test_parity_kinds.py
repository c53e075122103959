"""The badge's number for all that attention can be: positions, groups, biases, two sentences."""

import dataclasses
import math
from functools import cache
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from model.attention import AttentionTrace, SelfAttention
from model.config import BERT, LLAMA, PAPER, Config
from model.masks import causal_mask, padding_mask
from model.parity import Parity, compare_with_torch, worst
from model.seeded import random_transformer
from tests.matrix import matrix
from tests.model.helpers import shaken

FULL = {"projection": "full", "scale": "head_dim"}
# Of each kind, whether nn.MultiheadAttention can express it.
KINDS: dict[str, tuple[dict[str, Any], bool]] = {
    "plain": ({}, True),
    "biases": ({"bias": True}, True),
    "no output bias": ({"out_bias": False}, True),
    "biases but of the output": ({"bias": True, "out_bias": False}, True),
    "sinusoidal": ({"positions": "sinusoidal"}, True),
    "learned": ({"positions": "learned"}, True),
    "as many groups as heads": ({"kv_heads": 4}, True),
    "rotary": ({"positions": "rotary"}, False),
    "alibi": ({"positions": "alibi"}, False),
    "alibi with temperature": ({"positions": "alibi", "temperature": 0.5}, False),
    "shared alibi": ({"positions": "alibi", "projection": "shared", "bias": True}, False),
    "groups": ({"kv_heads": 2}, False),
    "rotary groups with biases": ({"kv_heads": 1, "positions": "rotary", "bias": True}, False),
    "alibi groups": ({"kv_heads": 2, "positions": "alibi"}, False),
    "shared with biases": ({"projection": "shared", "bias": True}, False),
    "another scale": ({"scale": "none", "bias": True}, False),
}


def mask_named(name: str, queries: int, keys: int) -> Tensor | None:
    everything = torch.ones(2, 4, queries, keys, dtype=torch.bool)
    if name == "none":
        return None
    if name == "causal":
        return causal_mask(queries, keys)
    if name == "padding":
        return padding_mask([keys, keys - 2], keys)
    if name == "rows of nothing":
        everything[0, :, 2] = False
        everything[1, 1, 3] = False
        return everything
    return torch.zeros(1, dtype=torch.bool)  # "all"


MASKS = ["none", "causal", "padding", "rows of nothing", "all"]


@cache
def module_of(kind: str) -> SelfAttention:
    torch.manual_seed(0)
    return shaken(SelfAttention(16, 4, **{**FULL, **KINDS[kind][0]})).requires_grad_(False)


def computed(
    kind: str, mask: str = "none", queries: int = 5, keys: int = 5
) -> tuple[SelfAttention, AttentionTrace, Tensor, Tensor, Tensor | None]:
    """A module, its trace, what it attended from and to, and its mask."""
    module = module_of(kind)
    torch.manual_seed(1)
    query, x = torch.randn(2, queries, 16), torch.randn(2, keys, 16)
    if queries == keys:
        query = x
    allowed = mask_named(mask, queries, keys)
    return module, module.trace(x, x, query, allowed), query, x, allowed


@pytest.mark.parametrize(("queries", "keys"), [(5, 5), (4, 6)])
@matrix(2, "mask", MASKS)
@matrix(2, "kind", KINDS)
def test_a_right_trace_differs_by_rounding_alone(
    kind: str, mask: str, queries: int, keys: int
) -> None:
    parity = compare_with_torch(*computed(kind, mask, queries, keys))
    assert 0 <= parity.largest < 5e-6
    assert (parity.output is not None) == KINDS[kind][1]


@given(
    kind=st.sampled_from(sorted(KINDS)),
    seed=st.integers(0, 1000),
    queries=st.integers(1, 6),
    keys=st.integers(1, 6),
)
def test_it_does_with_any_mask(kind: str, seed: int, queries: int, keys: int) -> None:
    module = module_of(kind)
    torch.manual_seed(seed)
    query, x = torch.randn(2, queries, 16), torch.randn(2, keys, 16)
    mask = torch.rand(2, 4, queries, keys) < 0.5
    parity = compare_with_torch(module, module.trace(x, x, query, mask), query, x, mask)
    assert parity.largest < 5e-6


FIELDS = ["queries", "keys", "values", "weights", "head_outputs"]


@pytest.mark.parametrize("mask", ["none", "rows of nothing"])
@matrix(
    5,
    ("kind", "field"),
    [
        # What nn.MultiheadAttention can't compute has an output that is not compared.
        *((kind, field) for kind in KINDS for field in FIELDS),
        *((kind, "output") for kind, (_, expressible) in KINDS.items() if expressible),
    ],
)
def test_one_wrong_number_is_found(kind: str, field: str, mask: str) -> None:
    module, trace, query, x, allowed = computed(kind, mask, queries=4, keys=6)
    wrong = getattr(trace, field).clone()
    wrong[(0,) * (wrong.dim() - 2) + (1, 0)] += 0.5
    broken = dataclasses.replace(trace, **{field: wrong})
    assert compare_with_torch(module, broken, query, x, allowed).largest > 0.001


@pytest.mark.parametrize("kind", ["rotary", "alibi"])
def test_what_the_same_weights_compute_without_positions_is_found(kind: str) -> None:
    module, trace, query, x, _ = computed(kind, queries=4, keys=6)
    plain = SelfAttention(16, 4, **FULL)
    plain.load_state_dict(module.state_dict())
    other = plain.requires_grad_(False).trace(x, x, query)
    wrong = dataclasses.replace(trace, weights=other.weights)
    assert compare_with_torch(module, wrong, query, x, None).weights > 0.01


def test_queries_served_by_the_wrong_group_are_found() -> None:
    module, trace, query, x, _ = computed("groups", queries=4, keys=6)
    wrong = dataclasses.replace(trace, keys=trace.keys[:, [0, 2, 1, 3]])  # 0 1 0 1, not 0 0 1 1
    assert compare_with_torch(module, wrong, query, x, None).largest > 0.01


def test_of_two_sentences_each_has_its_place() -> None:
    module, trace, query, x, _ = computed("biases", queries=5, keys=5)
    other = torch.randn(2, 5, 16)
    crossed = module.trace(x, x, other)
    assert compare_with_torch(module, crossed, other, x, None).largest < 5e-6
    assert compare_with_torch(module, crossed, x, other, None).largest > 0.01
    assert compare_with_torch(module, crossed, x, x, None).largest > 0.01
    assert compare_with_torch(module, trace, query, x, None).largest < 5e-6


@pytest.mark.parametrize("architecture", [PAPER, BERT, LLAMA])
def test_every_attention_of_a_transformer_can_be_compared(architecture: Any) -> None:
    config = Config(embed_size=16, heads=4, layers=2, architecture=architecture)
    module = shaken(random_transformer(config))
    source, target = torch.randn(2, 6, 16), torch.randn(2, 4, 16)
    padding, causal = padding_mask([6, 3], 6), causal_mask(4, 4)
    trace = module.trace(source, target, padding, causal)
    pre_norm = architecture.norm_order == "pre"
    parities = []
    for layer, block in enumerate(module.encoder.layers):
        x = trace.encoder_stream[2 * layer]
        x = block.norm1(x) if pre_norm else x
        attention = trace.encoder_self[layer]
        parities.append(compare_with_torch(block.attention, attention, x, x, padding))
    for layer, block in enumerate(module.decoder.layers):
        x, y = trace.decoder_stream[3 * layer : 3 * layer + 2]
        x, y = (block.norm1(x), block.norm2(y)) if pre_norm else (x, y)
        attention, cross = trace.decoder_self[layer], trace.cross[layer]
        parities.append(compare_with_torch(block.attention, attention, x, x, causal))
        encoded = trace.encoder_output
        assert encoded is not None
        parities.append(compare_with_torch(block.cross_attention, cross, y, encoded, padding))
    assert worst(parities).largest < 2e-5  # inputs of some size, eight layers down
    # A cross attention has no positions, so that Llama's, too, can be asked about.
    assert worst(parities).output is not None


@pytest.mark.parametrize(
    ("parities", "expected"),
    [
        ([], Parity(0.0, 0.0, None)),
        ([Parity(0.1, 0.2, 0.3)], Parity(0.1, 0.2, 0.3)),
        ([Parity(0.1, 0.2, None)], Parity(0.1, 0.2, None)),
        ([Parity(0.1, 0.5, 0.3), Parity(0.4, 0.2, 0.1)], Parity(0.4, 0.5, 0.3)),
        ([Parity(0.1, 0.5, None), Parity(0.4, 0.2, 0.1)], Parity(0.4, 0.5, 0.1)),
        ([Parity(0.4, 0.2, 0.1), Parity(0.1, 0.5, None)], Parity(0.4, 0.5, 0.1)),
        ([Parity(0.0, 0.0, 0.0), Parity(0.0, 0.0, None)], Parity(0.0, 0.0, 0.0)),
        ([Parity(0.1, math.inf, None), Parity(0.4, 0.2, None)], Parity(0.4, math.inf, None)),
    ],
)
def test_the_worst_of_several_is_the_largest_of_each_kind(
    parities: list[Parity], expected: Parity
) -> None:
    assert worst(parities) == expected
    assert worst(iter(parities)) == expected
