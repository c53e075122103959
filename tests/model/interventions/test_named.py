"""Interventions by name: what a run has of them, and what each attention is told."""

import pytest
import torch

from model.attention import AttentionTrace, SelfAttention
from model.errors import CodedValueError
from model.interventions import (
    Edge,
    EdgeCut,
    EdgeWeight,
    Extent,
    Interventions,
    Pattern,
    PlacedCut,
    PlacedWeight,
    changes_of,
)

EXTENT = Extent(layers=2, heads=3, queries=(4, 2), keys=(4, 2))


def traced(length: int) -> AttentionTrace:
    x = torch.randn(1, length, 6, generator=torch.Generator().manual_seed(length))
    return SelfAttention(6, 3).trace(x, x, x)


def test_all_that_a_run_has_not_is_left_out() -> None:
    named = Interventions(
        removed=((0, 0), (2, 0), (1, 3)),
        averaged=((1, 2), (0, 9)),
        cuts=(
            PlacedCut(3, 0),
            PlacedCut(4, 0),
            PlacedCut(1, 3, sentence=1),
            PlacedCut(1, 1, 1, 2, sentence=1),
            PlacedCut(0, 0, 2),
            PlacedCut(0, 0, sentence=2),
        ),
        weights=(PlacedWeight(3, 3, 1, 2, 0.5), PlacedWeight(3, 4, 1, 2, 0.5)),
        patterns=(
            Pattern(1, 2, "uniform"),
            Pattern(1, 3, "kept"),
            Pattern(0, 0, "kept", sentence=2),
            Pattern(0, 1, "other"),
        ),
    )
    assert named.within(EXTENT) == Interventions(
        removed=((0, 0),),
        averaged=((1, 2),),
        cuts=(PlacedCut(3, 0), PlacedCut(1, 1, 1, 2, sentence=1)),
        weights=(PlacedWeight(3, 3, 1, 2, 0.5),),
        patterns=(Pattern(1, 2, "uniform"),),
    )
    assert len(named) == 17
    assert not Interventions()


def test_a_sentence_without_words_has_neither_edges_nor_patterns() -> None:
    named = Interventions(
        removed=((0, 0),), cuts=(PlacedCut(0, 0),), patterns=(Pattern(0, 0, "uniform"),)
    )
    nothing = Extent(layers=2, heads=3, queries=(0,), keys=(0,))
    assert named.within(nothing) == Interventions(removed=((0, 0),))


def test_each_attention_is_told_its_own() -> None:
    named = Interventions(
        removed=((1, 0),),
        averaged=((0, 2),),
        cuts=(PlacedCut(3, 0), PlacedCut(1, 0, 1, sentence=1), PlacedCut(2, 1, 0, 2)),
        weights=(PlacedWeight(3, 3, 1, 2, 0.5),),
    )
    first, second = changes_of(named, EXTENT).attentions.values()
    assert first.cuts == (EdgeCut(0, None, 3, 0), EdgeCut(0, 2, 2, 1))
    assert second.cuts == (EdgeCut(0, None, 3, 0), EdgeCut(1, None, 1, 0))
    assert (first.averaged, first.removed) == ((2,), ())
    assert (second.averaged, second.removed) == ((), (0,))
    assert second.edges == (EdgeWeight(0, 2, 3, 3, 0.5),)
    assert first.own is not None
    assert first.own.tolist() == [[True] * 4, [True, True, False, False]]


def test_a_layer_in_which_nothing_is_changed_isnt_told_anything() -> None:
    changes = changes_of(Interventions(removed=((1, 0),)), EXTENT)
    assert list(changes.attentions) == [1]
    assert changes.first_layer == 1
    assert changes.removed == {(1, 0)}
    assert not changes_of(Interventions(), EXTENT)


def test_patterns_are_numbers_of_the_padded_batchs_size() -> None:
    named = Interventions(
        patterns=(
            Pattern(0, 0, "uniform"),
            Pattern(0, 1, "painted", (Edge(1, 0), Edge(3, 3)), sentence=1),
            Pattern(0, 2, "other", sentence=1),
        )
    )
    other = traced(2)
    patterns = changes_of(named, EXTENT, other=[other]).attentions[0].patterns
    assert torch.equal(patterns[0, 0], torch.ones(4, 4))
    assert patterns[1, 1].nonzero().tolist() == [[1, 0]]
    assert torch.equal(patterns[1, 2][:2, :2], other.weights[0, 2])
    assert not patterns[1, 2][2:].any()


def test_a_pattern_of_a_sentence_of_another_length_is_refused() -> None:
    named = Interventions(patterns=(Pattern(0, 2, "other"),))
    with pytest.raises(CodedValueError, match="has 3 tokens, and this one 4"):
        changes_of(named, EXTENT, other=[traced(3)])
