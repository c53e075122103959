"""Edges between heads that are cut: by hand, without a loss of a bit, and in a trained model."""

from collections.abc import Collection
from typing import Any

import pytest
import torch
from torch import Tensor

from model.composition import CompositionUnavailableError, Into
from model.config import TUTORIAL, Architecture, Config
from model.head_edges import HeadEdgeCut, HeadEdges, trace_without_edges, written_by_head
from model.head_finder import induction_scores, repeated_words
from model.masks import causal_mask
from model.tasks.base import IGNORED
from model.training.learner import Learner, load_learner
from model.training.plan import Plan
from model.training.recommended import RECOMMENDED
from model.training.trainer import Trainer
from model.transformer import Encoder
from tests.model.helpers import shaken, tensors

PRE = Architecture(projection="full", norm_order="pre", final_norm=True)
ATTENTION_ONLY = Architecture(
    projection="full", norm_order="pre", final_norm=True, attention_only=True
)


def stack(
    architecture: Architecture = PRE, layers: int = 3, kv_heads: int | None = None
) -> Encoder:
    config = Config(
        embed_size=8, heads=2, layers=layers, kv_heads=kv_heads, architecture=architecture
    )
    return shaken(Encoder(config)).eval()


def sentence(length: int = 5) -> Tensor:
    return torch.randn(2, length, 8, generator=torch.Generator().manual_seed(1))


def every_edge(head: tuple[int, int], later: int, heads: int = 2) -> list[HeadEdgeCut]:
    """All edges from a head into a later layer."""
    return [
        HeadEdgeCut(*head, later, each, into)  # type: ignore[arg-type]
        for each in range(heads)
        for into in ("q", "k", "v")
    ]


@torch.no_grad()
def test_no_cuts_change_no_bit() -> None:
    encoder, mask = stack(), causal_mask(5, 5)
    expected = tensors(encoder.trace(sentence(), mask))
    for found, wanted in zip(
        tensors(trace_without_edges(encoder, sentence(), mask)), expected, strict=True
    ):
        assert torch.equal(found, wanted)


@torch.no_grad()
def test_a_cut_head_is_kept_from_one_reader_alone() -> None:
    encoder, mask, x = stack(layers=2), causal_mask(5, 5), sentence()
    plain = encoder.trace(x, mask)
    cut = trace_without_edges(encoder, x, mask, [HeadEdgeCut(0, 1, 1, 0, "k")])
    block: Any = encoder.layers[1]
    # By hand: the projection of the stream less W_O of the first layer's second head.
    out = encoder.layers[0].attention.fc_out.weight[:, 4:]  # type: ignore[union-attr, index]
    less = plain.encoder_stream[2] - plain.encoder_self[0].head_outputs[:, 1] @ out.T
    keys = block.attention.keys(block.norm1(less))[..., :4]  # of its first head
    before, after = plain.encoder_self[1], cut.encoder_self[1]
    torch.testing.assert_close(after.keys[:, 0], keys, rtol=0, atol=1e-5)
    energy = before.queries[:, 0] @ keys.mT
    torch.testing.assert_close(after.energy[:, 0], energy, rtol=0, atol=1e-4)
    for name in ("queries", "values"):
        assert torch.equal(getattr(after, name), getattr(before, name))
    for name in ("keys", "weights", "head_outputs"):
        assert torch.equal(getattr(after, name)[:, 1], getattr(before, name)[:, 1])
        assert not torch.allclose(getattr(after, name)[:, 0], getattr(before, name)[:, 0])
    # And everything after it follows from what it gives now.
    together = block.attention.fc_out(after.head_outputs.transpose(1, 2).flatten(2))
    torch.testing.assert_close(after.output, together, rtol=0, atol=1e-5)
    stream = plain.encoder_stream[2] + together
    torch.testing.assert_close(cut.encoder_stream[3], stream, rtol=0, atol=1e-5)
    made = stream + block.feed_forward(block.norm2(stream))
    torch.testing.assert_close(cut.output, encoder.norm(made), rtol=0, atol=1e-5)


@torch.no_grad()
def test_of_a_head_cut_from_all_later_ones_its_direct_path_is_left() -> None:
    """In attention only: the second layer is as if the head weren't there, and it writes all the
    same. By hand, from the modules' parts."""
    encoder, mask, x = stack(ATTENTION_ONLY, layers=2), causal_mask(5, 5), sentence()
    cut = trace_without_edges(encoder, x, mask, every_edge((0, 0), 1))
    first: Any = encoder.layers[0]
    second: Any = encoder.layers[1]
    read = first.norm1(x)
    given = first.attention.trace(read, read, read, mask)
    own = given.head_outputs[:, 0] @ first.attention.fc_out.weight[:, :4].T
    without = second.norm1(x + given.output - own)
    later = second.attention.trace(without, without, without, mask)
    expected = encoder.norm(x + given.output + later.output)
    torch.testing.assert_close(cut.output, expected, rtol=0, atol=1e-5)
    torch.testing.assert_close(cut.encoder_self[1].weights, later.weights, rtol=0, atol=1e-6)


@torch.no_grad()
def test_all_that_heads_write_is_what_their_attention_gives() -> None:
    encoder = stack()
    attention: Any = encoder.layers[0].attention
    trace = encoder.trace(sentence()).encoder_self[0]
    written = sum(written_by_head(attention, trace, head) for head in range(2))
    torch.testing.assert_close(written + attention.fc_out.bias, trace.output, rtol=0, atol=1e-5)


def test_edges_of_a_kind_are_all_that_a_stack_has() -> None:
    assert HeadEdges((0, 1), (2, 0), "k").cuts(3, 2) == [HeadEdgeCut(0, 1, 2, 0, "k")]
    assert HeadEdges((1, 0), None, "q").cuts(3, 2) == [
        HeadEdgeCut(1, 0, 2, 0, "q"),
        HeadEdgeCut(1, 0, 2, 1, "q"),
    ]
    assert HeadEdges(None, (1, 1), "v").cuts(3, 2) == [
        HeadEdgeCut(0, 0, 1, 1, "v"),
        HeadEdgeCut(0, 1, 1, 1, "v"),
    ]
    assert len(HeadEdges(None, None, "k").cuts(3, 2)) == 4 * 3  # pairs of heads, pairs of layers
    assert HeadEdges((0, 5), None, "k").cuts(3, 2) == []


@torch.no_grad()
def test_two_cuts_take_both_away_and_a_cut_twice_takes_it_once() -> None:
    encoder, x = stack(layers=2), sentence()
    both = [HeadEdgeCut(0, 0, 1, 0, "q"), HeadEdgeCut(0, 1, 1, 0, "q")]
    plain, cut = encoder.trace(x), trace_without_edges(encoder, x, None, both)
    block: Any = encoder.layers[1]
    bias = encoder.layers[0].attention.fc_out.bias  # type: ignore[union-attr]
    less = plain.encoder_stream[2] - (plain.encoder_self[0].output - bias)  # type: ignore[operator]
    queries = block.attention.queries(block.norm1(less))[..., :4]
    torch.testing.assert_close(cut.encoder_self[1].queries[:, 0], queries, rtol=0, atol=1e-5)
    again = trace_without_edges(encoder, x, None, [*both, both[0]])
    assert torch.equal(again.output, cut.output)


@torch.no_grad()
def test_heads_that_share_keys_are_cut_one_by_one() -> None:
    rotary = Architecture(projection="full", norm_order="pre", positions="rotary")
    encoder, x = stack(rotary, layers=2, kv_heads=1), sentence()
    plain = encoder.trace(x).encoder_self[1]
    cut = trace_without_edges(encoder, x, None, [HeadEdgeCut(0, 0, 1, 1, "v")]).encoder_self[1]
    assert torch.equal(cut.values[:, 0], plain.values[:, 0])
    assert not torch.allclose(cut.values[:, 1], plain.values[:, 1])
    assert torch.equal(cut.weights, plain.weights)  # values don't decide where it looks


@torch.no_grad()
def test_an_edge_over_a_layer_leaves_the_layer_between_as_it_is() -> None:
    encoder, x = stack(), sentence()
    plain, cut = encoder.trace(x), trace_without_edges(encoder, x, None, every_edge((0, 0), 2))
    assert torch.equal(cut.encoder_stream[4], plain.encoder_stream[4])
    assert not torch.allclose(cut.output, plain.output)


@pytest.mark.parametrize(
    "place", [(0, 0, 0, 1, "q"), (1, 0, 0, 1, "q"), (-1, 0, 0, 1, "q"), (0, 0, 1, 1, "x")]
)
def test_an_edge_leads_forward_into_one_of_three(place: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match=r"expected an edge to a later layer|must be one of"):
        HeadEdgeCut(*place)


@pytest.mark.parametrize("place", [(0, 2, 1, 0), (0, 0, 3, 0), (0, 0, 1, 2), (0, -1, 1, 0)])
def test_heads_that_are_not_there_are_told(place: tuple[int, ...]) -> None:
    with pytest.raises(IndexError, match="3 layers of 2"):
        trace_without_edges(stack(), sentence(), None, [HeadEdgeCut(*place, "q")])  # type: ignore[arg-type, misc]


def test_post_norm_stacks_are_told() -> None:
    encoder = Encoder(Config(embed_size=8, heads=2, layers=2, architecture=TUTORIAL))
    with pytest.raises(CompositionUnavailableError, match="post-norm"):
        trace_without_edges(encoder, sentence(), None, [HeadEdgeCut(0, 0, 1, 0, "q")])


@pytest.fixture(scope="module")
def learner(one_thread: None) -> Learner:
    """Two layers of four heads without feed-forwards that have learnt to continue repetitions."""
    plan: Plan = RECOMMENDED["induction"]
    trainer = Trainer(plan)
    while trainer.step < 250:  # by when it is clear
        trainer.advance()
    return load_learner(plan, trainer.snapshot().weights)


@torch.no_grad()
def accuracy(learner: Learner, cuts: Collection[HeadEdgeCut]) -> float:
    """The part of the answers to held-out examples that are right."""
    batch = learner.task.held_out(64)
    length = batch.inputs.shape[1]
    trace = trace_without_edges(learner.stack, batch.inputs, causal_mask(length, length), cuts)  # type: ignore[arg-type]
    asked = batch.targets != IGNORED
    right = learner.unembedding(trace.output).argmax(-1) == batch.targets
    return right[asked].double().mean().item()


def all_edges(into: Into) -> list[HeadEdgeCut]:
    return [HeadEdgeCut(0, h, 1, g, into) for h in range(4) for g in range(4)]


def test_induction_is_gone_once_the_keys_no_longer_read_the_first_layer(learner: Learner) -> None:
    assert accuracy(learner, ()) > 0.9
    assert accuracy(learner, all_edges("q")) > 0.9  # the queries don't need it,
    assert accuracy(learner, all_edges("v")) > 0.9  # nor do the values:
    assert accuracy(learner, all_edges("k")) < 0.3  # the keys were told which letter came before


@torch.no_grad()
def test_one_edge_carries_much_of_one_induction_heads_pattern(learner: Learner) -> None:
    words = repeated_words(learner.task.alphabet, 12, seed=0) * 2
    ids, mask = learner.task.encode(tuple(words))[None], causal_mask(24, 24)

    def weights(cuts: Collection[HeadEdgeCut]) -> list[Tensor]:
        trace = trace_without_edges(learner.stack, ids, mask, cuts)  # type: ignore[arg-type]
        return [layer.weights[0] for layer in trace.encoder_self]

    plain = weights(())
    previous = int(plain[0].diagonal(-1, 1, 2).mean(-1).argmax())
    before = induction_scores(plain, 12)[1]
    head = int(before.argmax())
    assert before[head] > 0.6
    for into, falls in (("q", False), ("k", True), ("v", False)):
        cut = HeadEdgeCut(0, previous, 1, head, into)  # type: ignore[arg-type]
        after = induction_scores(weights([cut]), 12)[1, head]
        assert (after < before[head] - 0.2) == falls, (into, before[head], after)
