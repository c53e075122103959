"""Does a mask leak? What a token may not see, through any layer, moves it by exactly nothing."""

from dataclasses import replace
from functools import cache
from typing import get_args

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from model.config import BERT, LLAMA, PAPER, TUTORIAL, Architecture, Config, NormOrder
from model.experiments import leak_test
from model.masks import Mask, build_mask, causal_mask, window_mask
from model.positions import Positions
from model.seeded import embed, random_encoder
from model.transformer import Encoder
from tests.matrix import matrix
from tests.model.helpers import CAUSAL, causal_mask_named, random_cells, shaken

FAMILIES = {"tutorial": TUTORIAL, "paper": PAPER, "bert": BERT, "llama": LLAMA}
architectures = st.builds(
    replace,
    st.sampled_from(list(FAMILIES.values())),
    positions=st.sampled_from(get_args(Positions)),
    norm_order=st.sampled_from(get_args(NormOrder)),
    attention_bias=st.booleans(),
)


@cache
def encoder(architecture: Architecture, layers: int = 2) -> Encoder:
    config = Config(embed_size=16, heads=4, layers=layers, architecture=architecture)
    return shaken(random_encoder(config))


def leak(
    module: Encoder, length: int, mask: Tensor | None, changed: list[int] | None = None
) -> Tensor:
    """The test on a sentence of random words."""
    x = embed([[f"word{i}" for i in range(length)]], 16, seed=0)[0]
    replacement = embed([["other"]], 16, seed=0)[0, 0]
    changed = list(range(length)) if changed is None else changed
    return leak_test(module, x, replacement, changed, mask)


def assert_nothing_moves_before(moved: Tensor, first: int = 0) -> None:
    """Before the changed token, if it is the first-th or a later one."""
    for j in range(first, len(moved)):
        assert (moved[j, :, :j] == 0).all()
        assert (moved[j, :, j] > 0).all()


@matrix(1, "kind", CAUSAL)
@pytest.mark.parametrize("norm_order", get_args(NormOrder))
@matrix(2, "positions", get_args(Positions))
@matrix(2, "family", FAMILIES)
def test_nothing_moves_before_the_changed_token(
    family: str, positions: Positions, norm_order: NormOrder, kind: Mask
) -> None:
    architecture = replace(FAMILIES[family], positions=positions, norm_order=norm_order)
    moved = leak(encoder(architecture), 6, causal_mask_named(kind, 6, span=2))
    assert_nothing_moves_before(moved, first=2 if kind == "prefix" else 0)


@given(
    kind=st.sampled_from(CAUSAL),
    architecture=architectures,
    length=st.integers(1, 8),
    span=st.integers(1, 4),
    layers=st.integers(1, 3),
    seed=st.integers(0, 100),
)
def test_nor_with_other_lengths_spans_layers_and_painted_masks(
    kind: Mask, architecture: Architecture, length: int, span: int, layers: int, seed: int
) -> None:
    mask = causal_mask_named(kind, length, span, seed)
    moved = leak(encoder(architecture, layers), length, mask)
    assert moved.shape == (length, layers + 1, length)
    assert_nothing_moves_before(moved, first=span if kind == "prefix" else 0)


def reachable(mask: Tensor, layers: int) -> Tensor:
    """Whether position i can know of token j after each layer, (L, layers + 1, L) as [j, :, i]."""
    step = mask.expand(1, 1, *mask.shape[-2:])[0, 0].bool() | torch.eye(mask.shape[-1]).bool()
    known = [torch.eye(len(step)).bool()]
    for _ in range(layers):
        known.append((step.float() @ known[-1].float()) > 0)
    return torch.stack(known).permute(2, 0, 1)


def test_reach_by_hand() -> None:
    """A window of two: each layer knows one step further back."""
    known = reachable(window_mask(4, 2), 3).int()
    assert known[0].tolist() == [[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1]]
    assert known[2].tolist() == [[0, 0, 1, 0], [0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 1, 1]]


@pytest.mark.parametrize("family", FAMILIES)
def test_through_a_window_news_travels_one_step_a_layer(family: str) -> None:
    mask = window_mask(5, 2)
    moved = leak(encoder(FAMILIES[family], layers=3), 5, mask)
    assert torch.equal(moved > 0, reachable(mask, 3))  # and it does arrive


@given(
    kind=st.sampled_from(get_args(Mask)),
    look_ahead=st.booleans(),
    architecture=architectures,
    length=st.integers(1, 8),
    span=st.integers(1, 4),
    layers=st.integers(1, 3),
    seed=st.integers(0, 100),
)
def test_nothing_moves_that_the_mask_does_not_reach(
    kind: Mask,
    look_ahead: bool,
    architecture: Architecture,
    length: int,
    span: int,
    layers: int,
    seed: int,
) -> None:
    cells = random_cells(length, seed)
    lengths = [length, (length + 1) // 2]
    mask = build_mask(kind, lengths, span=span, look_ahead=look_ahead, cells=cells)
    mask = torch.ones(1, 1, 1, length).bool() if mask is None else mask[-1:]  # of the padded one
    mask = mask.expand(1, 1, length, length)
    moved = leak(encoder(architecture, layers), length, mask)
    assert (moved[~reachable(mask, layers)] == 0).all()
    everyone = torch.arange(length)
    assert (moved[everyone, 0, everyone] > 0).all()


@given(
    architecture=architectures,
    cell=st.lists(st.integers(0, 6), min_size=2, max_size=2, unique=True).map(sorted),
)
def test_one_cell_opened_in_a_causal_mask_is_caught(
    architecture: Architecture, cell: list[int]
) -> None:
    i, j = cell
    broken = causal_mask(7, 7)
    broken[..., i, j] = True
    module = encoder(architecture)
    moved = leak(module, 7, broken)
    assert moved[j, 0, i] == 0
    assert (moved[j, 1:, i] > 1e-6).all()  # the leak, at once and for good
    assert (moved[~reachable(broken, 2)] == 0).all()  # and no other
    assert (leak(module, 7, causal_mask(7, 7))[j, :, i] == 0).all()


def test_without_a_mask_everybody_notices() -> None:
    moved = leak(encoder(PAPER), 5, None)
    assert (moved[:, 1:] > 1e-6).all()
    assert torch.equal(moved[:, 0] > 0, torch.eye(5).bool())


def test_a_difference_is_the_length_of_the_vectors_difference() -> None:
    module = encoder(PAPER)
    x = embed([["a", "b", "c", "d"]], 16, 0)[0]
    replacement = embed([["other"]], 16, 0)[0, 0]
    other = x.clone()
    other[2] = replacement
    moved = leak_test(module, x, replacement, [3, 2], causal_mask(4, 4))
    before, after = (
        module.trace(sentence[None], causal_mask(4, 4)).encoder_stream for sentence in (x, other)
    )
    assert moved.shape == (2, 3, 4)
    for layer in range(3):
        expected = (before[2 * layer] - after[2 * layer])[0].norm(dim=-1)
        torch.testing.assert_close(moved[1, layer], expected, rtol=1e-4, atol=1e-5)
    assert moved[1, 0, 2].item() == pytest.approx((x[2] - replacement).norm().item())


def test_only_the_named_tokens_are_changed_and_the_sentence_is_left_as_it_was() -> None:
    module = encoder(TUTORIAL)
    x = embed([["a", "b", "c", "d"]], 16, 0)[0]
    kept, replacement = x.clone(), torch.zeros(16)
    every, some = (
        leak_test(module, x, replacement, changed, causal_mask(4, 4))
        for changed in ([0, 1, 2, 3], [2, 0])
    )
    torch.testing.assert_close(some, every[[2, 0]], rtol=1e-4, atol=1e-5)
    assert torch.equal(x, kept)
    assert leak_test(module, x, x[1], [1], None).count_nonzero() == 0  # by itself
    assert leak_test(module, x, replacement, [], None).shape == (0, 3, 4)
