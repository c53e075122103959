"""What is changed in one attention: by hand, and what it can't spoil."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from model.attention import attend
from model.config import BERT, LLAMA, Config
from model.interventions import (
    UNCHANGED,
    AttentionChange,
    Changes,
    EdgeCut,
    EdgeWeight,
    VectorPatch,
    with_weights,
)
from model.masks import causal_mask
from model.seeded import random_encoder

# Scores whose softmax is 1/2, 1/4, 1/4 for every query, and values that are read off at once.
Q = torch.ones(1, 1, 3, 1)
K = torch.tensor([math.log(2.0), 0.0, 0.0]).view(1, 1, 3, 1)
V = torch.tensor([1.0, 10.0, 100.0]).view(1, 1, 3, 1)


def changed(allowed: Tensor | None = None, **options: object) -> tuple[Tensor, Tensor]:
    """The weights, (Q, K), and what the head gives, (Q,)."""
    change = AttentionChange(**options)  # type: ignore[arg-type]
    steps = change.attend(Q, K, V, divisor=1.0, allowed=allowed)
    return steps.weights[0, 0], steps.head_outputs[0, 0, :, 0]


def near(found: Tensor, wanted: list[float]) -> None:
    torch.testing.assert_close(found, torch.tensor(wanted, dtype=torch.float32), rtol=0, atol=1e-5)


def test_nothing_is_changed_to_the_bit() -> None:
    steps, plain = AttentionChange().attend(Q, K, V, divisor=1.0), attend(Q, K, V, divisor=1.0)
    for one, other in zip(steps, plain, strict=True):
        assert torch.equal(one, other)


def test_a_cut_edge_leaves_its_weight_to_the_others() -> None:
    weights, outputs = changed(cuts=(EdgeCut(0, None, 1, 0),))
    near(weights[1], [0.0, 0.5, 0.5])
    near(weights[0], [0.5, 0.25, 0.25])
    near(outputs, [28.0, 55.0, 28.0])


def test_a_query_whose_every_edge_is_cut_gets_nothing() -> None:
    weights, outputs = changed(cuts=tuple(EdgeCut(0, 0, 2, key) for key in range(3)))
    near(weights[2], [0.0, 0.0, 0.0])
    near(outputs, [28.0, 28.0, 0.0])


def test_a_uniform_pattern_is_as_even_as_the_mask_and_the_cuts_allow() -> None:
    weights, outputs = changed(
        causal_mask(3, 3), patterns={(0, 0): torch.ones(3, 3)}, cuts=(EdgeCut(0, 0, 2, 1),)
    )
    near(weights[0], [1.0, 0.0, 0.0])
    near(weights[1], [0.5, 0.5, 0.0])
    near(weights[2], [0.5, 0.0, 0.5])
    near(outputs, [1.0, 5.5, 50.5])


def test_a_pattern_has_no_say_where_it_has_nothing_that_is_allowed() -> None:
    pattern = torch.tensor([[0.0, 0.0, 3.0], [0.0, 0.0, 0.0], [0.0, 3.0, 1.0]])
    weights, _ = changed(causal_mask(3, 3), patterns={(0, 0): pattern})
    near(weights[0], [1.0, 0.0, 0.0])
    near(weights[1], [2 / 3, 1 / 3, 0.0])  # its own
    near(weights[2], [0.0, 0.75, 0.25])


def test_a_pattern_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(3, 3\), got \(2, 3\)"):
        changed(patterns={(0, 0): torch.ones(2, 3)})


@pytest.mark.parametrize(
    ("wanted", "row"),
    [
        ({0: 0.8}, [0.8, 0.1, 0.1]),
        ({0: 0.0}, [0.0, 0.5, 0.5]),
        ({1: 1.0}, [0.0, 1.0, 0.0]),
        ({0: 0.2, 1: 0.2}, [0.2, 0.2, 0.6]),
        ({0: 0.9, 1: 0.6}, [0.6, 0.4, 0.0]),  # they share the whole
        ({0: 0.0, 1: 0.0, 2: 0.0}, [1 / 3, 1 / 3, 1 / 3]),
        ({}, [0.5, 0.25, 0.25]),
    ],
)
def test_weights_that_are_set_leave_the_others_their_proportions(
    wanted: dict[int, float], row: list[float]
) -> None:
    weights, _ = changed(edges=tuple(EdgeWeight(0, 0, 1, key, w) for key, w in wanted.items()))
    near(weights[1], row)
    near(weights[0], [0.5, 0.25, 0.25])


def test_a_masked_key_keeps_its_nothing_and_a_lone_key_its_all() -> None:
    weights, _ = changed(
        causal_mask(3, 3), edges=(EdgeWeight(0, 0, 1, 2, 0.9), EdgeWeight(0, 0, 0, 0, 0.3))
    )
    near(weights[1], [2 / 3, 1 / 3, 0.0])
    near(weights[0], [1.0, 0.0, 0.0])


@given(
    row=st.lists(st.floats(0.001, 1), min_size=2, max_size=6),
    places=st.lists(st.integers(0, 5), max_size=4),
    set_to=st.floats(0, 1),
)
def test_a_row_sums_to_one_whatever_is_set(
    row: list[float], places: list[int], set_to: float
) -> None:
    weights = torch.tensor(row) / sum(row)
    allowed = torch.ones(len(row), dtype=torch.bool)
    wanted = {place: set_to for place in places if place < len(row)}
    made = with_weights(weights, wanted, allowed)
    assert (made >= 0).all()
    assert made.sum().item() == pytest.approx(1, abs=1e-5)


def test_outputs_are_averaged_over_a_sentences_own_tokens() -> None:
    heads = torch.tensor([[1.0, 3.0, 8.0], [2.0, 4.0, 9.0]]).view(2, 1, 3, 1)
    own = torch.tensor([[True, True, True], [True, True, False]])
    near(AttentionChange(averaged=(0,)).give(heads).flatten(), [4, 4, 4, 5, 5, 5])
    near(AttentionChange(averaged=(0,), own=own).give(heads).flatten(), [4, 4, 4, 3, 3, 3])


def test_outputs_are_put_in_where_there_is_a_number() -> None:
    heads = torch.ones(1, 2, 2, 1)
    output = torch.tensor([[7.0, math.nan]]).view(1, 2, 1)
    given = AttentionChange(outputs={1: output}, removed=(0,)).give(heads)
    near(given.flatten(), [0, 0, 7, 1])
    near(heads.flatten(), [1, 1, 1, 1])
    with pytest.raises(ValueError, match="head 1, got"):
        AttentionChange(outputs={1: output[:, :1]}).give(heads)


def stack(architecture: object) -> tuple[object, Tensor]:
    config = Config(embed_size=8, heads=2, layers=3, architecture=architecture)  # type: ignore[arg-type]
    vectors = torch.randn(1, 5, 8, generator=torch.Generator().manual_seed(1))
    return random_encoder(config).eval(), vectors


@pytest.mark.parametrize("architecture", [BERT, LLAMA])
@torch.no_grad()
def test_a_stack_begins_at_the_first_change_and_gives_the_same(architecture: object) -> None:
    model, x = stack(architecture)
    before = model.trace(x)  # type: ignore[attr-defined]
    change = AttentionChange(cuts=(EdgeCut(0, 1, 3, 2),))
    for layer in range(3):
        changes = Changes({layer: change})
        anew, kept = model.trace(x, None, changes), model.trace(x, None, changes, before)  # type: ignore[attr-defined]
        assert torch.equal(anew.output, kept.output)
        assert not torch.equal(anew.output, before.output)
        for at in range(layer):
            assert kept.encoder_self[at] is before.encoder_self[at]
        for one, other in zip(anew.encoder_stream, kept.encoder_stream, strict=True):
            assert torch.equal(one, other)
    assert torch.equal(model.trace(x, None, UNCHANGED, before).output, before.output)  # type: ignore[attr-defined]


@pytest.mark.parametrize("architecture", [BERT, LLAMA])
@torch.no_grad()
def test_all_vectors_of_another_run_give_what_that_gave(architecture: object) -> None:
    model, a = stack(architecture)
    b = a.flip(1)
    of_a, of_b = model.trace(a), model.trace(b)  # type: ignore[attr-defined]
    for layer in range(4):
        patch = VectorPatch(of_a.encoder_stream[2 * layer])
        patched = model.trace(b, None, Changes(vectors={layer: patch}), of_b)  # type: ignore[attr-defined]
        assert torch.equal(patched.output, of_a.output)
        own = VectorPatch(of_b.encoder_stream[2 * layer])
        unmoved = model.trace(b, None, Changes(vectors={layer: own}))  # type: ignore[attr-defined]
        assert torch.equal(unmoved.output, of_b.output)
    partly = of_a.encoder_stream[2].clone()
    partly[:, 1:] = math.nan
    patched = model.trace(b, None, Changes(vectors={1: VectorPatch(partly)}))  # type: ignore[attr-defined]
    assert torch.equal(patched.encoder_stream[2][:, 0], of_a.encoder_stream[2][:, 0])
    assert torch.equal(patched.encoder_stream[2][:, 1:], of_b.encoder_stream[2][:, 1:])
