"""Weights of the tutorial's SelfAttention load into ours, and give the same numbers."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from model.attention import SelfAttention
from tests.matrix import matrix
from tests.model.tutorial import TutorialAttention

SIZES = [
    (1, 1),
    (2, 1),
    (2, 2),
    (6, 3),
    (8, 1),
    (8, 2),
    (8, 8),
    (10, 5),
    (12, 4),
    (64, 8),
    (256, 8),
]


def twins(embed_size: int, heads: int) -> tuple[TutorialAttention, SelfAttention]:
    """The tutorial's module and ours with its weights, in float64: a difference is a mistake."""
    theirs = TutorialAttention(embed_size, heads).double()
    ours = SelfAttention(embed_size, heads).double()
    ours.load_state_dict(theirs.state_dict(), strict=True)
    return theirs, ours


def inputs(batch: int, queries: int, keys: int, embed_size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Values, keys and query, all different: swapped arguments must not go unnoticed."""
    return (
        torch.randn(batch, keys, embed_size, dtype=torch.float64),
        torch.randn(batch, keys, embed_size, dtype=torch.float64),
        torch.randn(batch, queries, embed_size, dtype=torch.float64),
    )


def mask_of(kind: str, batch: int, heads: int, queries: int, keys: int) -> Tensor | None:
    """A mask that leaves each query at least its first key."""
    if kind == "none":
        return None
    if kind == "padding":
        lengths = torch.arange(batch) % keys + 1
        return (torch.arange(keys) < lengths[:, None])[:, None, None]
    if kind.startswith("causal"):
        mask = torch.ones(queries, keys).tril()
    else:
        mask = torch.rand(batch, heads, queries, keys) < 0.5
        mask[..., 0] = True
    return {"int": mask.int, "float": mask.float}.get(kind.split()[-1], mask.bool)()


MASKS = ["none", "causal", "causal int", "causal float", "padding", "random", "random int"]


@pytest.mark.parametrize(("embed_size", "heads"), SIZES)
def test_the_state_dict_has_the_tutorials_names_and_shapes(embed_size: int, heads: int) -> None:
    theirs, ours = TutorialAttention(embed_size, heads), SelfAttention(embed_size, heads)
    assert {name: w.shape for name, w in ours.state_dict().items()} == {
        name: w.shape for name, w in theirs.state_dict().items()
    }
    theirs.load_state_dict(ours.state_dict(), strict=True)  # and the other way round


@matrix(3, "kind", MASKS)
@matrix(3, ("embed_size", "heads"), SIZES)
def test_outputs_are_the_tutorials(embed_size: int, heads: int, kind: str) -> None:
    torch.manual_seed(0)
    theirs, ours = twins(embed_size, heads)
    values, keys, query = inputs(2, 5, 5, embed_size)
    mask = mask_of(kind, 2, heads, 5, 5)
    expected = theirs(values, keys, query, mask)
    torch.testing.assert_close(ours(values, keys, query, mask), expected, rtol=0, atol=1e-12)


@given(
    batch=st.integers(1, 3),
    heads=st.integers(1, 4),
    head_dim=st.integers(1, 5),
    queries=st.integers(1, 7),
    keys=st.integers(1, 7),
    kind=st.sampled_from(MASKS),
    seed=st.integers(0, 1000),
)
def test_outputs_are_the_tutorials_whatever_the_lengths(
    batch: int, heads: int, head_dim: int, queries: int, keys: int, kind: str, seed: int
) -> None:
    torch.manual_seed(seed)
    theirs, ours = twins(heads * head_dim, heads)
    values, key_inputs, query = inputs(batch, queries, keys, heads * head_dim)
    mask = mask_of(kind, batch, heads, queries, keys)
    torch.testing.assert_close(
        ours(values, key_inputs, query, mask),
        theirs(values, key_inputs, query, mask),
        rtol=0,
        atol=1e-12,
    )


def test_outputs_are_the_tutorials_in_single_precision_too() -> None:
    torch.manual_seed(1)
    theirs, ours = TutorialAttention(256, 8), SelfAttention(256, 8)
    ours.load_state_dict(theirs.state_dict(), strict=True)
    x = torch.randn(3, 20, 256)
    mask = torch.ones(20, 20).tril()
    torch.testing.assert_close(ours(x, x, x, mask), theirs(x, x, x, mask), rtol=0, atol=1e-5)


def test_a_wrong_scale_would_be_noticed() -> None:
    """The paper's scale on the tutorial's weights gives other numbers: the tests above can fail."""
    torch.manual_seed(2)
    theirs = TutorialAttention(16, 4)
    ours = SelfAttention(16, 4, scale="head_dim")
    ours.load_state_dict(theirs.state_dict())
    x = 3 * torch.randn(1, 4, 16)
    assert (ours(x, x, x) - theirs(x, x, x, None)).abs().max() > 0.01


def test_only_a_row_with_nothing_to_attend_to_differs() -> None:
    """The tutorial's fill of -1e20 makes it a plausible mean of all values; here it is nothing."""
    torch.manual_seed(3)
    theirs, ours = twins(8, 2)
    values, keys, query = inputs(1, 3, 4, 8)
    mask = torch.ones(3, 4, dtype=torch.bool)
    mask[1] = False
    expected = theirs(values, keys, query, mask)
    trace = ours.trace(values, keys, query, mask)
    torch.testing.assert_close(trace.output[:, [0, 2]], expected[:, [0, 2]], rtol=0, atol=1e-12)

    mean = trace.values.mean(dim=2).flatten()  # (E,): each head's mean value, side by side
    torch.testing.assert_close(expected[0, 1], ours.fc_out(mean), rtol=0, atol=1e-12)
    assert torch.equal(trace.output[0, 1], ours.fc_out.bias)
    assert math.isclose(trace.weights[0, 0, 0].sum().item(), 1)
    assert trace.weights[0, :, 1].count_nonzero() == 0
