"""Does order matter? Only where something tells attention where a token stands."""

from dataclasses import replace
from functools import cache

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from model.config import BERT, LLAMA, PAPER, TUTORIAL, Architecture, Config
from model.experiments import order_test
from model.positions import Positions
from model.seeded import embed, random_encoder
from model.transformer import Encoder
from tests.matrix import matrix
from tests.model.helpers import shaken

FAMILIES = {"tutorial": TUTORIAL, "paper": PAPER, "bert": BERT, "llama": LLAMA}
SCHEMES: list[Positions] = ["sinusoidal", "learned", "rotary", "alibi"]


@cache
def encoder(architecture: Architecture, positions: Positions, layers: int = 3) -> Encoder:
    config = Config(
        embed_size=16,
        heads=4,
        layers=layers,
        architecture=replace(architecture, positions=positions),
    )
    return shaken(random_encoder(config)).double()


def words(count: int, seed: int = 0) -> Tensor:
    return embed([[f"word{i}" for i in range(count)]], 16, seed)[0].double()


@given(
    family=st.sampled_from(sorted(FAMILIES)),
    layers=st.integers(1, 4),
    order=st.integers(1, 7).flatmap(lambda length: st.permutations(range(length))),
)
def test_without_positions_shuffled_words_have_the_same_vectors_shuffled(
    family: str, layers: int, order: list[int]
) -> None:
    x = words(len(order))
    module = encoder(FAMILIES[family], "none", layers)
    result = order_test(module, x, order)
    assert result.largest_difference < 1e-12
    torch.testing.assert_close(result.shuffled, result.outputs[order], rtol=0, atol=1e-12)
    assert result.order == tuple(order)
    assert torch.equal(result.outputs, module(x[None])[0])


@matrix(2, "positions", SCHEMES)
@matrix(2, "family", FAMILIES)
def test_with_any_positions_the_order_matters(family: str, positions: Positions) -> None:
    module = encoder(FAMILIES[family], positions)
    result = order_test(module, words(6), [3, 0, 5, 1, 4, 2])
    assert result.largest_difference > 0.01
    same = order_test(module, words(6), range(6))
    assert same.largest_difference == 0


@pytest.mark.parametrize("positions", SCHEMES)
def test_even_two_neighbours_that_change_places_are_noticed(positions: Positions) -> None:
    result = order_test(encoder(PAPER, positions), words(6), [0, 1, 3, 2, 4, 5])
    assert result.largest_difference > 0.001


def test_words_are_put_back_where_they_came_from() -> None:
    """A cycle of three: its inverse is another cycle, which a confusion of the two would show."""
    order = [1, 2, 0]
    x = words(3)
    result = order_test(encoder(TUTORIAL, "none"), x, order)
    assert torch.equal(result.restored, result.shuffled[[2, 0, 1]])
    assert (result.shuffled - result.outputs).abs().max() > 0.01


def test_the_largest_difference_is_between_the_outputs_and_the_restored_ones() -> None:
    test = order_test(encoder(PAPER, "sinusoidal"), words(3), [1, 2, 0])
    assert test.largest_difference == (test.outputs - test.restored).abs().max().item() > 0.01
    torch.testing.assert_close(test.restored[[1, 2, 0]], test.shuffled)


def test_equal_tokens_may_stand_for_each_other() -> None:
    """ALiBi without a mask knows distances alone: a mirror image is the same sentence to it."""
    x = words(3)
    x[1] = x[0]  # la la oh, and its mirror image oh la la, with the two "la" crosswise
    test = order_test(encoder(PAPER, "alibi"), x, [2, 0, 1])
    assert (test.outputs - test.restored).abs().max() > 1e-3
    assert test.largest_difference < 1e-5


def test_an_empty_sentence_and_a_single_word_have_one_order() -> None:
    module = encoder(PAPER, "sinusoidal")
    assert order_test(module, words(0), []).largest_difference == 0
    assert order_test(module, words(1), [0]).largest_difference == 0


@pytest.mark.parametrize("order", [[0, 1], [0, 1, 1], [1, 2, 3], [-1, 0, 1], [0, 1, 2, 3], []])
def test_an_order_that_is_no_permutation_is_quoted(order: list[int]) -> None:
    with pytest.raises(ValueError, match="permutation") as caught:
        order_test(encoder(TUTORIAL, "none"), words(3), order)
    assert str(caught.value) == f"order must be a permutation of 0..2, got {order}"


def test_a_model_in_single_precision_is_tested_in_double_and_stays_as_it_is() -> None:
    sharp = Config(
        embed_size=64,
        heads=8,
        layers=12,
        temperature=0.1,
        architecture=Architecture(projection="full", scale="none"),
    )
    module = random_encoder(sharp)
    before = {name: weight.clone() for name, weight in module.state_dict().items()}
    x = embed([["the", "cat", "saw", "a", "dog", "run"]], 64, 0)[0]
    result = order_test(module, x, [0, 4, 2, 3, 5, 1])
    assert result.largest_difference < 1e-9  # in float32 about 0.07
    assert result.outputs.dtype == result.trace.encoder_self[0].scores.dtype == torch.float64
    for name, weight in module.state_dict().items():
        assert weight.dtype == torch.float32
        assert torch.equal(weight, before[name])
