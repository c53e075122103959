"""Two attentions against each other, and the sentence about them: against numbers made here."""

import math
import re
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from tests.defaults import pair_of, run_of
from ui.choices.examples import DEFAULT_TEXT
from ui.frame.effect import HARDLY
from ui.link.side import Side
from ui.pages.compare.sentence import notes, what_changed
from ui.pages.compare.tiles import (
    difference_tiles,
    divergence_tiles,
)
from ui.pages.explore.page import PAGE as EXPLORE
from ui.pages.pretrained.page import PAGE as PRETRAINED
from ui.runs.comparison import Comparison
from ui.runs.run import Attention
from ui.views.few_heads import only

TEXT = "the cat saw the dog"
SIZE = {"height": 300, "width": 200}


def attention(*texts: str, layer: int = 0, **chosen: object) -> Attention:
    return run_of(*(texts or [TEXT]), **chosen).attention(layer)


def entropy(weights: np.ndarray) -> float:
    """The mean entropy of all rows, nats."""
    logs = np.log(weights, where=weights > 0, out=np.zeros_like(weights))
    return float(-(weights * logs).sum(-1).mean())


def divergence(p: np.ndarray, q: np.ndarray) -> float:
    """Of two rows, nats, by entropies: H(m) - (H(p) + H(q)) / 2 with m their mean (Lin, 1991)."""
    middle = (p + q) / 2
    return entropy(middle[None]) - (entropy(p[None]) + entropy(q[None])) / 2


def side(**chosen: object) -> Side:
    return Side.of(EXPLORE, {"text": TEXT, **chosen})


def test_equal_sides_have_no_divergence_and_no_difference_at_all() -> None:
    same = Comparison(attention(), attention())
    assert same.pairs == tuple((head, head) for head in range(8))
    assert not same.are_matched
    assert (same.divergences == 0).all()
    for stage in ("weights", "scores", "energy"):
        assert (same.difference(stage) == 0).all()
    assert notes(same) == []
    assert what_changed(side(), side(), same).startswith("**A and B are the same.**")


def test_difference_and_divergence_are_of_the_numbers_on_both_sides() -> None:
    a, b = attention(), attention(scale="none")
    both = Comparison(a, b)
    weights = [each.field("weights").astype(float) for each in (a, b)]
    np.testing.assert_allclose(both.difference("weights"), weights[1] - weights[0], atol=1e-7)
    # Not divided, scores are energies: the square root of 8 is missing.
    np.testing.assert_allclose(
        both.difference("scores"), a.field("energy") * (1 - 1 / math.sqrt(8)), rtol=1e-5, atol=1e-6
    )
    for head, query in ((0, 0), (5, 3), (7, 4)):
        expected = divergence(weights[0][head, query], weights[1][head, query])
        assert both.divergences[head, query] == pytest.approx(expected, abs=1e-6)


def test_the_table_has_a_row_for_each_pair() -> None:
    a, b = attention(), attention(scale="none")
    table = Comparison(a, b).table()
    assert list(table["head_a"]) == list(table["head_b"]) == list(range(8))
    for letter, each in (("a", a), ("b", b)):
        weights = each.field("weights")
        expected = [entropy(head.astype(float)) for head in weights]
        np.testing.assert_allclose(table[f"entropy_{letter}"], expected, rtol=1e-6)
        expected = weights.max(-1).mean(-1)
        np.testing.assert_allclose(table[f"largest_weight_{letter}"], expected, rtol=1e-6)
    assert (table["largest_divergence"] >= table["divergence"]).all()
    assert (table["divergence"] > 0).all()


def test_a_score_that_one_side_masks_has_no_difference_but_a_weight_has() -> None:
    both = Comparison(attention(), attention(mask="causal"))
    ahead = ~np.tri(5, dtype=bool)
    scores, weights = both.difference("scores"), both.difference("weights")
    assert np.isnan(scores[:, ahead]).all()
    assert np.isfinite(scores[:, ~ahead]).all()
    np.testing.assert_array_equal(weights[:, ahead], -both.a.field("weights")[:, ahead])
    assert difference_tiles(both, "weights", **SIZE).masked is not None
    assert not difference_tiles(both, "weights", **SIZE).masked.any()  # A may look everywhere
    np.testing.assert_array_equal(difference_tiles(both, "scores", **SIZE).masked, ahead)
    assert difference_tiles(both, "energy", **SIZE).masked is None


def test_where_the_counts_differ_each_head_of_the_larger_side_takes_its_likest() -> None:
    few, many = attention(heads=2), attention(heads=4)
    for both, larger in ((Comparison(few, many), 1), (Comparison(many, few), 0)):
        assert both.are_matched
        assert [pair[larger] for pair in sorted(both.pairs, key=lambda p: p[larger])] == [
            0,
            1,
            2,
            3,
        ]
        sides = both.a.field("weights").astype(float), both.b.field("weights").astype(float)
        for i, (a, b) in enumerate(both.pairs):
            ours = [a, b][larger]
            others = range(2)
            means = [
                np.mean(
                    [
                        divergence(sides[larger][ours, q], sides[1 - larger][other, q])
                        for q in range(5)
                    ]
                )
                for other in others
            ]
            assert int(np.argmin(means)) == [a, b][1 - larger]
            assert both.divergences[i].mean() == pytest.approx(min(means), abs=1e-6)
    assert Comparison(few, many).pair_names()[0].startswith("A")
    said = notes(Comparison(few, many))
    assert len(said) == 1
    assert said[0].startswith(
        "Heads are matched by similarity, as their counts differ: each of B's 4"
    )


def test_sentences_of_other_lengths_have_statistics_alone() -> None:
    both = Comparison(attention(), attention("the cat"))
    assert not both.has_one_shape
    with pytest.raises(ValueError, match="different numbers of tokens"):
        both.difference("weights")
    assert "divergence" not in both.table()
    assert len(both.table()) == 8
    (said,) = notes(both)
    assert said.startswith("A has 5 tokens and B has 2: cells have no partners")
    # Of other counts of heads too, there are not even pairs: each side has its own rows.
    neither = Comparison(attention(), attention("the cat", heads=4))
    assert neither.pairs == ()
    table = neither.table()
    assert list(table["side"]) == ["A"] * 8 + ["B"] * 4
    assert list(table["head"]) == [*range(8), *range(4)]


def test_other_words_of_one_count_are_compared_place_by_place_and_it_says_so() -> None:
    both = Comparison(attention(), attention("a b c d e"))
    assert notes(both) == ["A and B read different words: they are compared place by place."]
    assert (both.divergences > 0).all()


def test_cross_attention_has_a_shape_of_its_own() -> None:
    pair = pair_of("one two three", "eins zwei")
    cross, own = pair.attention(0, 0, "cross"), pair.attention(0, 0, "encoder_self")
    (said,) = notes(Comparison(cross, own))
    assert said.startswith("A has 2 × 3 tokens and B has 3:")


def test_tiles_of_a_pair_are_of_that_pair() -> None:
    both = Comparison(attention(heads=2), attention(heads=4))
    tiles = difference_tiles(both, "weights", **SIZE)
    one = only(tiles, (2,))
    a, b = both.pairs[2]
    assert list(one.names) == [f"A{a} – B{b}"]
    expected = both.b.field("weights")[b] - both.a.field("weights")[a]
    np.testing.assert_array_equal(one.values, expected[None])


def test_the_divergences_are_a_picture_of_rows_and_pairs() -> None:
    both = Comparison(attention(), attention(seed=1))
    tiles = divergence_tiles(both, **SIZE)
    np.testing.assert_array_equal(tiles.values[0], both.divergences.T)
    assert tiles.rows.short == ("the ·0", "cat", "saw", "the ·3", "dog")
    assert tiles.columns.short == tuple("01234567")
    assert not tiles.diverging


def numbers_said(sentence: str) -> list[float]:
    """The entropies, the shares and the divergence of a sentence."""
    return [float(n) for n in re.findall(r"\d+\.\d+|\d+(?=%)", sentence)]


def test_the_sentence_says_what_was_done_and_what_it_did() -> None:
    a, b = attention(), attention(scale="none")
    said = what_changed(side(), side(scale="none"), Comparison(a, b))
    assert said.startswith("Dropping the scale (head_dim) makes the rows **sharper**: mean entropy")
    weights = [each.field("weights").astype(float) for each in (a, b)]
    moved = np.mean(
        [divergence(p, q) for p, q in zip(*(w.reshape(-1, 5) for w in weights), strict=True)]
    )
    assert numbers_said(said) == [
        round(entropy(weights[0]), 2),
        round(entropy(weights[1]), 2),
        *(round(100 * w.max(-1).mean()) for w in weights),
        round(moved, 3),
    ]


@pytest.mark.parametrize(
    ("changed", "begins"),
    [
        ({"heads": 4}, "Lowering heads from 8 to 4"),
        ({"embed_size": 128}, "Raising the embedding from 64 to 128"),
        ({"temperature": 0.5}, "Lowering the temperature from 1 to 0.5"),
        ({"mask": "causal"}, "Adding the causal mask"),
        ({"positions": "rotary"}, "Adding rotary positions"),
        ({"projection": "shared"}, "Changing projection from full to shared"),
        ({"seed": 7}, "Another seed (0 → 7)"),
        ({"text": "the dog saw the cat"}, "Another text"),
        ({"heads": 4, "mask": "causal"}, "Changing heads and mask"),
        ({"heads": 4, "mask": "causal", "seed": 1}, "Changing heads, the seed and mask"),
    ],
)
def test_each_change_is_called_by_its_name(changed: dict[str, object], begins: str) -> None:
    other = side(**changed)
    settings = {key: value for key, value in changed.items() if key != "text"}
    both = Comparison(attention(), attention(str(changed.get("text", TEXT)), **settings))
    assert what_changed(side(), other, both).startswith(begins + " ")


def test_what_is_evened_out_and_what_hardly_changes_is_said() -> None:
    even = what_changed(
        side(), side(temperature=5.0), Comparison(attention(), attention(temperature=5.0))
    )
    assert "makes the rows **more even**" in even
    near = what_changed(
        side(), side(temperature=1.01), Comparison(attention(), attention(temperature=1.01))
    )
    assert "hardly changes how sharp the rows are" in near


def test_another_painted_mask_is_called_that() -> None:
    painted = {"mask": "custom", "cells": "100110111"}
    both = Comparison(attention(), attention())
    said = what_changed(side(**painted), side(**{**painted, "cells": "100110101"}), both)
    assert said.startswith("Another painted mask ")


def test_padding_is_no_part_of_a_comparison() -> None:
    short, longer = "the cat", "a b c d e f g h i"
    padded = Comparison(attention(short, longer), attention(short, longer, seed=1))
    alone = Comparison(attention(short), attention(short, seed=1))
    assert padded.divergences.shape == (8, 2)
    weights = [each.field("weights")[:, :2].astype(float) for each in (padded.a, padded.b)]
    moved = np.mean(
        [divergence(p, q) for p, q in zip(*(w.reshape(-1, 9) for w in weights), strict=True)]
    )
    said = what_changed(side(), side(seed=1), padded)
    assert numbers_said(said)[-1] == round(moved, 3)
    assert padded.table()["divergence"].mean() == pytest.approx(moved, abs=1e-6)
    assert list(divergence_tiles(padded, **SIZE).rows.short) == ["the", "cat"]
    assert notes(padded) == notes(alone) == []
    # Of other lengths within one batch, what both have is compared.
    other = Comparison(attention(short, longer), attention("x y z", longer))
    assert (other.real_queries, other.divergences.shape) == (2, (8, 2))
    assert notes(other)[-1] == (
        "Without padding A has 2 tokens and B has 3: rows diverge, and heads are matched, over the "
        "2 that both have."
    )


def test_nothing_is_claimed_where_the_measures_disagree() -> None:
    both = Comparison(attention(DEFAULT_TEXT, heads=2), attention(DEFAULT_TEXT))
    (before, after), largest = both.mean("entropy"), both.mean("largest_weight")
    assert after < before - HARDLY
    assert largest[1] < largest[0]
    said = what_changed(side(heads=2), side(), both)
    assert "makes the rows neither clearly sharper nor clearly more even" in said


def test_entropies_of_other_numbers_of_keys_are_compared_as_shares() -> None:
    both = Comparison(attention("the cat sat"), attention("a dog ran far away now"))
    (before, after), shares = both.mean("entropy"), both.mean("entropy_share")
    assert after > before + 0.4  # there are twice as many keys
    said = what_changed(side(), side(text="a dog ran far away now"), both)
    assert f"mean entropy **{shares[0]:.0%} → {shares[1]:.0%} of the highest**" in said
    assert "more even" not in said or shares[1] > shares[0] + HARDLY


@dataclass(frozen=True)
class Given:
    """An attention of one head, as a comparison looks at it, with weights from a pencil."""

    weights: list[list[float]]
    reach: list[list[int]]
    real_queries: int = 2

    @property
    def run(self) -> SimpleNamespace:
        return SimpleNamespace(accuracy=None)

    @property
    def facts(self) -> SimpleNamespace:
        return SimpleNamespace(heads=1)

    @property
    def allowed(self) -> np.ndarray:
        return np.array(self.reach, dtype=bool)

    def field(self, name: str) -> np.ndarray:
        assert name == "weights"
        return np.array([self.weights])


def effect(a: Given, b: Given) -> str:
    """What the sentence says between what was done and how far the rows have moved."""
    said = what_changed(side(), side(mask="window"), cast("Any", Comparison)(a, b))
    assert said.startswith("Adding the window mask ")
    return said.removeprefix("Adding the window mask ").partition(" Rows diverge")[0]


ONE_OF_FOUR = [1, 0, 0, 0]
PAIR, ALL = [[1, 1, 0, 0]] * 2, [[1, 1, 1, 1]] * 2
OTHERS = " of the highest** (all that compares where rows have other numbers of keys)."


@pytest.mark.parametrize(
    ("a", "b", "verdict", "shares"),
    [
        # Half of log 4 is log 2: as many nats, but half as even as rows of four keys can be.
        ([0.5, 0.5, 0, 0], [0.5, 0.5, 0, 0], "makes the rows **sharper**", "100% → 50%"),
        # 0.325 nats of log 2 and 0.588 of log 4: more nats, and yet sharper.
        ([0.9, 0.1, 0, 0], [0.85, 0.05, 0.05, 0.05], "makes the rows **sharper**", "47% → 42%"),
        # 0.325 nats of log 2 and 0.940 of log 4.
        ([0.9, 0.1, 0, 0], [0.7, 0.1, 0.1, 0.1], "makes the rows **more even**", "47% → 68%"),
        # 0.500 nats of log 2 and 1.014 of log 4, and the largest weight falls by a seventh.
        (
            [0.8, 0.2, 0, 0],
            [0.66, 0.12, 0.11, 0.11],
            "hardly changes how sharp the rows are",
            "72% → 73%",
        ),
    ],
)
def test_where_rows_have_other_numbers_of_keys_only_the_share_judges(
    a: list[float], b: list[float], verdict: str, shares: str
) -> None:
    said = f"{verdict}: mean entropy **{shares}{OTHERS}"
    assert effect(Given([a, a], PAIR), Given([b, b], ALL)) == said
    assert "nats" not in effect(Given([b, b], ALL), Given([a, a], PAIR))


def test_where_rows_have_as_many_keys_nats_and_largest_weights_judge() -> None:
    # log 2 = 0.69 and 0.325 nats; other keys, but as many of them.
    a = Given([[0.5, 0.5, 0, 0]] * 2, PAIR)
    b = Given([[0, 0, 0.9, 0.1]] * 2, [[0, 0, 1, 1]] * 2)
    assert effect(a, b) == (
        "makes the rows **sharper**: mean entropy **0.69 → 0.33 nats**, largest weight 50% → 90%."
    )
    assert effect(b, a).startswith(
        "makes the rows **more even**: mean entropy **0.33 → 0.69 nats**"
    )


def test_as_many_keys_in_all_but_others_in_each_row_are_other_numbers() -> None:
    one_and_three = Given([ONE_OF_FOUR, [0.5, 0.25, 0.25, 0]], [[1, 0, 0, 0], [1, 1, 1, 0]])
    two_and_two = Given([[0.5, 0.5, 0, 0]] * 2, PAIR)
    # A row of one key has no choice and is left out: 1.040 nats of log 3.
    assert effect(one_and_three, two_and_two) == (
        "makes the rows **more even**: mean entropy **95% → 100%" + OTHERS
    )


def test_rows_without_a_choice_are_no_measure_of_anything() -> None:
    alone = Given([ONE_OF_FOUR] * 2, [[1, 0, 0, 0]] * 2)
    two = Given([[0.5, 0.5, 0, 0]] * 2, PAIR)
    nothing = Given([[0, 0, 0, 0]] * 2, [[0, 0, 0, 0]] * 2)
    said = "leaves nothing to judge: before or after, no row has two keys to choose between."
    assert effect(alone, two) == effect(two, alone) == effect(alone, nothing) == said
    assert effect(nothing, nothing) == "leaves nothing to judge: no row has a key to attend to."


def test_a_wider_window_is_judged_by_the_share_alone() -> None:
    narrow, wide = (
        attention(DEFAULT_TEXT, mask="window", scale="none", span=span) for span in (2, 5)
    )
    said = what_changed(
        side(mask="window", scale="none", span=2),
        side(mask="window", scale="none", span=5),
        Comparison(narrow, wide),
    )
    assert said.startswith(
        "Raising the mask's span from 2 to 5 makes the rows **sharper**: mean entropy **42% → 40% "
        "of the highest**"
    )


def test_other_weights_are_called_by_what_they_are() -> None:
    both = Comparison(attention(), attention(seed=1))
    there = Side.of(PRETRAINED, {"model": "smollm2"})
    assert what_changed(side(), there, both).startswith("Going from random weights to SmolLM2 ")
