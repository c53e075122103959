"""Contributions to a logit: of a stack that is small enough for a pencil, and of random ones."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from model.config import PAPER, Architecture, Config
from model.contributions import (
    AskedLogit,
    Contributions,
    ContributionsUnavailableError,
    Readout,
    check_decoder,
    encoder_contributions,
    hold_norm,
    projected_heads,
    readout_of,
)
from model.interventions import UNCHANGED
from model.masks import causal_mask
from model.tasks.base import Batch
from model.training.learner import Learner
from model.training.plan import Plan
from model.transformer import Encoder
from tests.model.helpers import shaken

PENCIL = Config(
    embed_size=2,
    heads=2,
    layers=1,
    forward_expansion=1,
    vocabulary=2,
    architecture=Architecture(
        projection="full", norm_order="pre", norm="rms", norm_eps=1e-12, final_norm=True
    ),
)


def pencil() -> Encoder:
    """One layer that reads (1, 7), whose root mean square is 5: (0.2, 1.4) after the norm.

    The values are those, and fc_out gives (10 · 0.2, 0) for the first head, (0, 10 · 1.4) for the
    second, and its bias (1, -1). The stream is (4, 20) then, and the feed-forward always gives
    (-2, -6): (2, 14), whose root mean square is 10. With the norm's scale the output is (0.2, 2.8).
    """
    encoder = Encoder(PENCIL)
    block: Any = encoder.layers[0]
    with torch.no_grad():
        for name in ("queries", "keys", "values"):
            getattr(block.attention, name).weight.copy_(torch.eye(2))
        block.attention.fc_out.weight.copy_(10 * torch.eye(2))
        block.attention.fc_out.bias.copy_(torch.tensor([1.0, -1.0]))
        block.feed_forward[2].weight.zero_()
        block.feed_forward[2].bias.copy_(torch.tensor([-2.0, -6.0]))
        encoder.norm.weight.copy_(torch.tensor([1.0, 2.0]))
        assert encoder.embedding.tokens is not None
        encoder.embedding.tokens.weight.copy_(torch.tensor([[1.0, 7.0], [0.0, 0.0]]))
    return encoder.eval()


def by_pencil(token: int, against: int | None = None) -> Contributions:
    """What a pencil-sized stack adds to an output layer of two rows, (1, 0) and (0, 1)."""
    encoder, unembedding = pencil(), torch.eye(2)
    trace = encoder.trace(torch.tensor([[0]]))
    asked = AskedLogit(token=token, against=against, position=0)
    logits = trace.output[0, 0] @ unembedding.T
    bias = torch.tensor([0.5, 0.25])
    readout = readout_of(unembedding, bias, logits + bias, asked)
    return encoder_contributions(encoder, trace, readout, asked)


def near(found: Tensor, *expected: float) -> None:
    torch.testing.assert_close(
        found.flatten(), torch.tensor(expected, dtype=torch.float64), rtol=0, atol=1e-6
    )


def test_a_logit_by_hand() -> None:
    found = by_pencil(1)  # reads (0, 2 / 10)
    near(found.heads, 0.0, 2.8)
    near(found.attention_biases, -0.2)
    near(found.feed_forwards, -1.2)
    assert found.embedding == pytest.approx(1.4, abs=1e-6)
    assert found.constant == 0.25
    assert found.logit == pytest.approx(2.8 + 0.25, abs=1e-6)
    assert found.total == pytest.approx(found.logit, abs=1e-6)
    assert found.difference == abs(found.total - found.logit)


def test_a_difference_of_two_by_hand() -> None:
    found = by_pencil(1, against=0)  # reads (-1 / 10, 2 / 10)
    near(found.heads, -0.2, 2.8)
    near(found.attention_biases, -0.3)
    near(found.feed_forwards, -1.0)
    assert found.embedding == pytest.approx(1.3, abs=1e-6)
    assert found.constant == -0.25
    assert found.logit == pytest.approx(2.8 - 0.2 - 0.25, abs=1e-6)
    assert found.total == pytest.approx(found.logit, abs=1e-6)


def test_a_token_against_itself_is_nothing() -> None:
    found = by_pencil(1, against=1)
    assert (found.logit, found.total) == (0.0, 0.0)
    near(found.heads, 0.0, 0.0)


@pytest.mark.parametrize(("token", "against"), [(2, None), (-1, None), (0, 2), (0, -1)])
def test_a_token_that_is_not_there(token: int, against: int | None) -> None:
    with pytest.raises(IndexError, match="from 0 to 1"):
        by_pencil(token, against)


def test_a_layer_norm_is_held_with_its_centring() -> None:
    norm = nn.LayerNorm(2, eps=1e-12)
    with torch.no_grad():
        norm.weight.copy_(torch.tensor([2.0, 3.0]))
        norm.bias.copy_(torch.tensor([0.5, -1.0]))
    held = hold_norm(norm.requires_grad_(False), torch.tensor([1.0, 9.0]))  # deviation 4
    assert held.is_centred
    near(held.scale, 0.5, 0.75)
    near(held.shift, 0.5, -1.0)


@pytest.mark.parametrize("size", [2, 3, 5, 8])
def test_norms_are_known_by_what_they_do(size: int) -> None:
    x = torch.randn(size, generator=torch.Generator().manual_seed(0)) + 3
    mean_square, variance = float((x**2).mean()), float(x.var(correction=0))
    for norm, is_centred, denominator in (
        (shaken(nn.RMSNorm(size, eps=1e-5)), False, (mean_square + 1e-5) ** 0.5),
        (shaken(nn.LayerNorm(size, eps=1e-5)), True, (variance + 1e-5) ** 0.5),
    ):
        held = hold_norm(norm.requires_grad_(False), x)
        assert held.is_centred == is_centred
        torch.testing.assert_close(
            held.scale, norm.weight.double() / denominator, rtol=1e-5, atol=1e-6
        )
    nothing = hold_norm(nn.Identity(), x)
    assert not nothing.is_centred
    near(nothing.scale, *[1.0] * size)
    near(nothing.shift, *[0.0] * size)


@pytest.mark.parametrize(
    "norm",
    [nn.Tanh(), nn.Softmax(-1), shaken(nn.Linear(4, 4)), nn.Sequential(nn.RMSNorm(4), nn.GELU())],
    ids=lambda norm: type(norm).__name__,
)
def test_what_is_no_norm_is_refused(norm: nn.Module) -> None:
    with pytest.raises(ContributionsUnavailableError, match="isn't a norm"):
        hold_norm(norm.requires_grad_(False), torch.tensor([0.5, -1.0, 2.0, 3.0]))


def test_heads_go_through_their_part_of_the_projection() -> None:
    project = nn.Linear(4, 3).requires_grad_(False)
    z = torch.tensor([[1.0, 2.0], [3.0, -1.0]])
    given, bias = projected_heads(project, z)
    w = project.weight
    torch.testing.assert_close(given[0], 1 * w[:, 0] + 2 * w[:, 1])
    torch.testing.assert_close(given[1], 3 * w[:, 2] - 1 * w[:, 3])
    torch.testing.assert_close(bias, project.bias)


def random_stack(**options: Any) -> Encoder:
    architecture = replace(PAPER, norm_order="pre", final_norm=True)
    architecture = replace(architecture, **options)
    config = Config(
        embed_size=12, heads=3, layers=3, vocabulary=7, longest=9, architecture=architecture
    )
    torch.manual_seed(0)
    return shaken(Encoder(config)).double().eval().requires_grad_(False)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"norm": "rms"},
        {"final_norm": False},
        {"attention_only": True},
        {"projection": "shared"},
        {"gated": True, "feed_forward_bias": False, "output_bias": False},
    ],
    ids=str,
)
def test_any_pre_norm_stack_adds_up_at_any_position(options: dict[str, Any]) -> None:
    encoder = random_stack(**options)
    weight, bias = torch.randn(7, 12).double(), torch.randn(7).double()
    ids = torch.tensor([[0, 1, 2, 3], [6, 5, 4, 3]])
    trace = encoder.trace(ids, causal_mask(4, 4), UNCHANGED.removing([(1, 2)]))
    for sentence, position in ((0, 0), (1, 2), (1, 3)):
        asked = AskedLogit(token=3, against=5, position=position, sentence=sentence)
        logits = trace.output[sentence, position] @ weight.T + bias
        found = encoder_contributions(
            encoder, trace, readout_of(weight, bias, logits, asked), asked
        )
        assert found.heads.shape == (3, 3)
        assert found.logit == pytest.approx(float(logits[3] - logits[5]), rel=1e-12)
        assert found.difference < 1e-9
        assert found.heads[1, 2] == 0  # it was removed
        assert (found.heads.abs() > 1e-6).sum() == 8
        no_feed_forward = bool(options.get("attention_only"))
        assert bool((found.feed_forwards == 0).all()) == no_feed_forward


def test_what_a_head_adds_is_lost_without_it_while_the_norm_is_held() -> None:
    """In the last layer of attention alone, where nothing else reads what a head writes."""
    encoder = random_stack(attention_only=True)
    ids, weight = torch.tensor([[0, 1, 2, 3]]), torch.randn(7, 12).double()
    asked = AskedLogit(token=2, position=3)
    trace = encoder.trace(ids)
    readout = readout_of(weight, None, trace.output[0, 3] @ weight.T, asked)
    found = encoder_contributions(encoder, trace, readout, asked)
    last = trace.encoder_stream[-1][0, 3]
    deviation = (last.var(correction=0) + 1e-5).sqrt()
    for head in range(3):
        without = encoder.trace(ids, changes=UNCHANGED.removing([(2, head)])).encoder_stream[-1][
            0, 3
        ]
        lost = last - without
        held = (lost - lost.mean()) / deviation * encoder.norm.weight
        assert found.heads[2, head].item() == pytest.approx(float(held @ weight[2]), rel=1e-9)


def test_a_post_norm_stack_is_no_such_sum() -> None:
    encoder = random_stack(norm_order="post")
    trace = encoder.trace(torch.tensor([[0, 1]]))
    readout = Readout(torch.zeros(12), 0.0, 0.0)
    with pytest.raises(ContributionsUnavailableError, match="post-norm"):
        encoder_contributions(encoder, trace, readout, AskedLogit(token=0, position=1))


@pytest.mark.parametrize("kind", ["encoder", "encoder-decoder"])
def test_only_decoders_that_read_their_own_text(kind: str) -> None:
    check_decoder("decoder")
    with pytest.raises(ContributionsUnavailableError, match="Only the logits of a decoder"):
        check_decoder(kind)


def test_a_model_that_learns_a_task_adds_up_too() -> None:
    learner = shaken(Learner(Plan(task="reverse", heads=4, layers=2))).eval()
    inputs = torch.tensor([[1, 2, 3, 4]])
    traced = learner.trace(Batch(inputs, torch.empty(0)))
    assert isinstance(learner.stack, Encoder)
    asked = AskedLogit(token=1, against=0, position=2)
    readout = readout_of(learner.unembedding.weight, None, traced.logits[0, 2], asked)
    found = encoder_contributions(learner.stack, traced.trace, readout, asked)
    assert found.heads.shape == (2, 4)
    assert found.difference < 1e-5 * max(1.0, float(found.heads.abs().max()))
