"""Masks in stacks: nobody knows the future through any layer, and padding stays hidden."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import get_args

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from model.config import BERT, LLAMA, PAPER, TUTORIAL, Architecture, Config, NormOrder
from model.masks import Mask, causal_mask, padding_mask
from model.positions import Positions
from model.transformer import Decoder, Encoder, Transformer
from tests.matrix import matrix
from tests.model.helpers import CAUSAL, causal_mask_named, shaken

FAMILIES = [TUTORIAL, PAPER, BERT, LLAMA]
ORDERS: tuple[NormOrder, ...] = get_args(NormOrder)
SCHEMES: tuple[Positions, ...] = get_args(Positions)
architectures = st.builds(
    replace,
    st.sampled_from(FAMILIES),
    positions=st.sampled_from(SCHEMES),
    norm_order=st.sampled_from(ORDERS),
)


@cache
def built(kind: type, architecture: Architecture, layers: int = 2) -> Encoder | Decoder:
    torch.manual_seed(0)
    config = Config(embed_size=8, heads=2, layers=layers, architecture=architecture)
    return shaken(kind(config))


def moved(before: Sequence[Tensor], after: Sequence[Tensor]) -> Tensor:
    """How far each vector of a stream moved, (steps, B, L)."""
    return (torch.stack(list(before)) - torch.stack(list(after))).abs().amax(-1)


def random_sentence(length: int, seed: int) -> Tensor:
    return torch.randn(1, length, 8, generator=torch.Generator().manual_seed(seed))


def with_another(x: Tensor, j: int) -> Tensor:
    """The sentence with another token at j."""
    other = x.clone()
    other[:, j] = random_sentence(1, seed=12345)[:, 0]
    return other


def assert_nothing_before_moves(module: Encoder, mask: Tensor, seed: int, first: int = 0) -> None:
    length = mask.shape[-1]
    x = random_sentence(length, seed)
    before = module.trace(x, mask).encoder_stream
    for j in range(first, length):
        stream = moved(before, module.trace(with_another(x, j), mask).encoder_stream)
        assert (stream[:, :, :j] == 0).all()
        assert (stream[:, :, j] > 0).all()


@matrix(1, "norm_order", ORDERS)
@matrix(2, "positions", SCHEMES)
@matrix(2, "kind", CAUSAL)
def test_no_vector_before_a_changed_token_moves_by_anything(
    kind: Mask, positions: Positions, norm_order: NormOrder
) -> None:
    module = built(Encoder, replace(PAPER, positions=positions, norm_order=norm_order), layers=3)
    mask = causal_mask_named(kind, 6, span=2)
    assert_nothing_before_moves(module, mask, seed=0, first=2 if kind == "prefix" else 0)


@given(
    kind=st.sampled_from(CAUSAL),
    architecture=architectures,
    length=st.integers(1, 7),
    span=st.integers(1, 4),
    seed=st.integers(0, 1000),
)
def test_nor_does_it_with_other_masks_lengths_and_architectures(
    kind: Mask, architecture: Architecture, length: int, span: int, seed: int
) -> None:
    mask = causal_mask_named(kind, length, span, seed)
    first = span if kind == "prefix" else 0
    assert_nothing_before_moves(built(Encoder, architecture), mask, seed, first)


def test_but_a_token_within_a_prefix_is_known_to_those_before_it() -> None:
    module, mask = built(Encoder, PAPER), causal_mask_named("prefix", 5, span=3)
    x = random_sentence(5, seed=0)
    streams = [module.trace(s, mask).encoder_stream for s in (x, with_another(x, 2))]
    stream = moved(*streams)
    assert (stream[1:] > 0).all()
    assert torch.equal(stream[0, 0] > 0, torch.tensor([False, False, True, False, False]))


@given(architecture=architectures, length=st.integers(1, 5), seed=st.integers(0, 1000))
def test_a_decoder_knows_no_future_of_the_target_and_nothing_hidden_of_the_source(
    architecture: Architecture, length: int, seed: int
) -> None:
    module, causal = built(Decoder, architecture), causal_mask(length, length)
    target, source = random_sentence(length, seed), random_sentence(4, seed + 1)
    hidden = torch.tensor([True, True, False, True])

    def stream(target: Tensor, source: Tensor) -> tuple[Tensor, ...]:
        return module.trace(target, source, causal, hidden).decoder_stream

    before = stream(target, source)
    for j in range(length):
        steps = moved(before, stream(with_another(target, j), source))
        assert (steps[:, :, :j] == 0).all()
        assert (steps[:, :, j] > 0).all()
    assert (moved(before, stream(target, with_another(source, 2))) == 0).all()
    seen = moved(before, stream(target, with_another(source, 3)))
    assert (seen[:2] == 0).all()  # the input and the self-attention come first
    assert (seen[2:] > 0).all()


@pytest.mark.parametrize("architecture", FAMILIES)
def test_padding_moves_no_real_token_of_either_sentence(architecture: Architecture) -> None:
    module = built(Transformer, architecture)
    source, target = random_sentence(5, seed=0), random_sentence(4, seed=1)
    padded, padded_target = padding_mask([3], 5), padding_mask([2], 4) & causal_mask(4, 4)
    before = module.trace(source, target, padded, padded_target)
    source, target = with_another(source, 4), with_another(target, 3)
    after = module.trace(source, target, padded, padded_target)
    assert (moved(before.encoder_stream, after.encoder_stream)[..., :4] == 0).all()
    assert (moved(before.decoder_stream, after.decoder_stream)[..., :3] == 0).all()
    # In one batch with a shorter sentence, its words come out as they do alone.
    alone = module(source[:, :3], target[:, :2], None, causal_mask(2, 2))
    torch.testing.assert_close(after.output[:, :2], alone, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("shape", [(), (5,), (1, 5), (2, 1, 1, 5), (1, 2, 1, 5)])
def test_what_hides_a_source_token_from_the_source_hides_it_from_the_target(
    shape: tuple[int, ...],
) -> None:
    module = built(Transformer, PAPER)
    source, target = random_sentence(5, 0).repeat(2, 1, 1), random_sentence(4, 1).repeat(2, 1, 1)
    mask = torch.ones(shape, dtype=torch.bool)
    if shape:
        mask[..., 3:] = False
    trace = module.trace(source, target, mask)
    passed = module.trace(source, target, mask, None, mask)
    assert torch.equal(trace.output, passed.output)
    for cross in trace.cross:
        assert cross.weights.shape == (2, 2, 4, 5)
        assert (cross.weights[..., 3:] == 0).all() == bool(shape)
        assert (cross.weights[..., :3] > 0).all()


@pytest.mark.parametrize("shape", [(5, 5), (1, 1, 5, 5), (2, 2, 5, 5), (5, 1)])
def test_a_source_mask_with_a_row_a_query_cannot_stand_for_the_cross_mask(
    shape: tuple[int, ...],
) -> None:
    module = built(Transformer, PAPER)
    # As long as the source: the mask would fit, and would mean nothing.
    source, target = random_sentence(5, 0).repeat(2, 1, 1), random_sentence(5, 1).repeat(2, 1, 1)
    mask = torch.ones(shape, dtype=torch.bool)
    for call in (module, module.trace):
        with pytest.raises(ValueError, match="source_mask") as caught:
            call(source, target, mask)
        assert str(caught.value) == (
            "a source_mask with a row a query can't stand for the cross_mask; pass both. "
            f"Its shape is {shape}"
        )
    everything = torch.ones(1, dtype=torch.bool)
    trace = module.trace(source, target, mask & causal_mask(5, 5), None, everything)
    assert (trace.cross[0].weights > 0).all()
    assert not (trace.encoder_self[0].weights > 0).all()


def test_a_cross_mask_alone_masks_the_cross_attention_alone() -> None:
    module = built(Transformer, PAPER)
    source, target = random_sentence(5, 0), random_sentence(4, 1)
    mask = torch.ones(4, 5).tril()
    trace = module.trace(source, target, cross_mask=mask)
    for layer in range(2):
        assert torch.equal(trace.cross[layer].weights > 0, mask.bool().expand(1, 2, 4, 5))
        assert (trace.encoder_self[layer].weights > 0).all()
        assert (trace.decoder_self[layer].weights > 0).all()


@pytest.mark.parametrize("architecture", FAMILIES)
def test_a_token_that_sees_nothing_at_all_stays_a_number(architecture: Architecture) -> None:
    module = built(Transformer, architecture)
    source, target = random_sentence(5, 0), random_sentence(4, 1)
    nothing = torch.zeros(1, dtype=torch.bool)
    trace = module.trace(source, target, nothing, nothing)
    assert trace.output.isfinite().all()
    assert trace.cross[0].weights.count_nonzero() == 0
    trace.output.square().sum().backward()
    for parameter in module.parameters():
        assert parameter.grad is None or parameter.grad.isfinite().all()
