"""What the Lab says of its numbers: computed, so other numbers give other sentences."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from lab.cost import Measured, cost_table
from lab.grid import LearningGrid, MechanismGrid
from lab.results import METRICS
from model.config import PAPER, Config
from model.cost import Rates
from tests.ui.pages.lab.helpers import measured as ticket_of
from ui.pages.lab.learning_view import curves_of, dots_of, groups_of
from ui.pages.lab.pictures import chosen_picture, lines_of, map_of, means, measured
from ui.pages.lab.sentences import (
    cost_sentences,
    crossover_sentence,
    learning_sentence,
    mechanism_sentence,
)
from ui.pages.lab.words import three_digits


def grid_of(**changes: Any) -> MechanismGrid:
    given: dict[str, Any] = {"text": "a b", "heads": (1,), "embed_size": (8, 16, 32), "seeds": 2}
    return MechanismGrid(**{**given, **changes})


def said(grid: MechanismGrid, values: list[float], **choice: Any) -> str:
    """The sentence of a sweep whose points have these spreads of scores, in the grid's order."""
    frame = measured(ticket_of(grid, [{"score_spread": value} for value in values]))
    picked = {"picture": "lines", "along": None, "line": None, "panel": None, **choice}
    chosen = chosen_picture(grid, metric="score_spread", **picked)
    return mechanism_sentence(means(frame, grid, chosen.axes), chosen)


START = "**Spread of the scores**: "


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ([1, 3, 3, 5, 8, 8], "it grows from 2.00 (embedding 8) to 8.00 (embedding 32)"),
        ([8, 8, 4, 4, 1, 1], "it falls from 8.00 (embedding 8) to 1.00 (embedding 32)"),
        ([1, 1, 1.02, 1.02, 0.98, 0.98], "it stays between 0.980 and 1.02"),
        (
            [1, 1, 9, 9, 2, 2],
            "it goes from 1.00 (embedding 8) to 2.00 (embedding 32), with 1.00 as the lowest and "
            "9.00 as the highest",
        ),
        ([0, 10, 1, 11, 2, 12], "it stays between 5.00 and 7.00"),  # the seeds differ by far more
    ],
)
def test_what_a_single_line_does(values: list[float], sentence: str) -> None:
    assert said(grid_of(), values) == f"{START}{sentence}."


@pytest.mark.parametrize(
    ("values", "does"),
    [
        # A change of 15 % of the largest value is none, and a larger one is.
        ([85, 85, 90, 90, 100, 100], "it stays between 85.0 and 100"),
        ([84, 84, 90, 90, 100, 100], "it grows from 84.0 (embedding 8) to 100 (embedding 32)"),
        ([-100, -100, -90, -90, -85, -85], "it stays between -100 and -85.0"),
        ([100, 100, 90, 90, 84, 84], "it falls from 100 (embedding 8) to 84.0 (embedding 32)"),
        # Two seeds at m - d and m + d: the standard error of their mean is d, and twice that may
        # be chance. Means of 10, 15 and 20 are 10 apart.
        ([5, 15, 10, 20, 15, 25], "it stays between 10.0 and 20.0"),
        (
            [5.1, 14.9, 10.1, 19.9, 15.1, 24.9],
            "it grows from 10.0 (embedding 8) to 20.0 (embedding 32)",
        ),
        # Of different errors their mean counts: 0, 0 and 9, so twice 3.
        ([10, 10, 15, 15, 11, 29], "it grows from 10.0 (embedding 8) to 20.0 (embedding 32)"),
        # A rest on the way up is still a way up.
        ([1, 1, 9, 9, 9, 9], "it grows from 1.00 (embedding 8) to 9.00 (embedding 32)"),
        ([9, 9, 1, 1, 1, 1], "it falls from 9.00 (embedding 8) to 1.00 (embedding 32)"),
    ],
)
def test_what_is_called_no_change_and_what_a_change(values: list[float], does: str) -> None:
    assert said(grid_of(), values) == f"{START}{does}."


@pytest.mark.parametrize(
    ("last", "does"),
    [
        (2.0, "it stays between 1.00 and 2.00"),  # a tenth of what all lines span, 1 to 11
        (2.1, "it grows from 1.00 (embedding 8) to 2.10 (embedding 32)"),
    ],
)
def test_beside_others_a_small_change_is_none(last: float, does: str) -> None:
    grid = grid_of(scale=("head_dim", "none"), seeds=1)
    values = [1.0, 1.0, 1.0, 5.0, last, 11.0]  # for each size ÷ √D, then no scale
    assert said(grid, values, along="embed_size", line="scale") == (
        f"{START}with ÷ √D, {does}; without a scale, it grows from 1.00 (embedding 8) to 11.0 "
        "(embedding 32)."
    )


def test_lines_are_told_apart() -> None:
    grid = grid_of(scale=("head_dim", "none"))
    # Points: for each size ÷ √D with two seeds, then no scale.
    values = [1.0, 1.0, 2.8, 2.8, 0.98, 0.98, 4.0, 4.0, 1.02, 1.02, 5.6, 5.6]
    assert said(grid, values, along="head_dim", line="scale") == (
        f"{START}with ÷ √D, it stays between 0.980 and 1.02; without a scale, it grows from 2.80 "
        "(D = 8) to 5.60 (D = 32)."
    )


def test_of_many_lines_the_steadiest_and_the_liveliest_are_told() -> None:
    five = MechanismGrid(
        text="a", heads=(1,), embed_size=(8, 16), seeds=1,
        positions=("none", "sinusoidal", "learned", "rotary", "alibi"),
    )  # fmt: skip
    values = [1, 2, 3, 4, 5, 1, 4, 9, 16, 50]
    sentence = said(five, values, along="embed_size", line="positions")
    assert "with no positions, it stays between 1.00 and 1.00" in sentence
    assert "with ALiBi, it grows from 5.00 (embedding 8) to 50.0 (embedding 16)" in sentence
    assert "rotary" not in sentence


def test_a_heatmap_s_sentence_names_both_ends() -> None:
    grid = grid_of(heads=(1, 2), embed_size=(8, 16), seeds=1)
    assert said(grid, [4, 3, 2, 1], picture="heatmap") == (
        f"{START}highest with embedding 8, 1 head (4.00), lowest with embedding 16, 2 heads (1.00)."
    )
    assert said(grid, [2, 2, 2, 2], picture="heatmap") == f"{START}it is 2.00 everywhere."


def test_options_along_the_axis_are_ranked() -> None:
    grid = grid_of(embed_size=(8,), mask=("none", "causal", "window"), seeds=1)
    assert said(grid, [2, 5, 3]) == (
        f"{START}highest with causal mask (5.00), lowest with no mask (2.00)."
    )


def test_a_single_point_and_nothing_at_all() -> None:
    assert said(grid_of(embed_size=(8,), seeds=1), [2.5]) == f"{START}it is 2.50 (1 head)."
    nothing = said(grid_of(seeds=1), [np.nan] * 3)
    assert nothing == "**Spread of the scores**: nothing was measured."


def test_the_picture_has_the_means_that_the_sentence_is_about() -> None:
    grid = grid_of(heads=(1, 2), scale=("head_dim", "none"), seeds=2)
    values = np.arange(float(grid.count))
    frame = measured(ticket_of(grid, [{"score_spread": value} for value in values]))
    chosen = chosen_picture(grid, "lines", "score_spread", "embed_size", "scale", None)
    lines, left_out = lines_of(frame, grid, chosen, 400)
    assert left_out == 0
    cells = values.reshape(2, 3, 2, 2)  # heads, sizes, scales, seeds
    for i, series in enumerate(lines.panels[0].series):
        np.testing.assert_allclose(series.mean, cells[:, :, i].mean(axis=(0, 2)))
        np.testing.assert_allclose(series.std, [cells[:, size, i].std(ddof=1) for size in range(3)])
        assert series.count.tolist() == [4, 4, 4]
        # A click opens the first seed of the first number of heads.
        assert series.ids.tolist() == [values.reshape(2, 3, 2, 2)[0, s, i, 0] for s in range(3)]
    assert [s.name for s in lines.panels[0].series] == ["÷ √D", "no scale"]
    assert lines.panels[0].series[0].about[0] == (
        "<b>÷ √D, embedding 8</b><br>full projection, no positions, no mask"
    )


def test_small_multiples_are_of_all_measures_or_of_an_axis() -> None:
    grid = grid_of(heads=(1, 2), seeds=1)
    rows = [{name: float(i) for name in METRICS["mechanism"]} for i in range(grid.count)]
    frame = measured(ticket_of(grid, rows))
    every = chosen_picture(grid, "panels", "score_spread", None, None, None)
    panels = lines_of(frame, grid, every, 400)[0].panels
    assert len(panels) == 8
    assert panels[2].title == "entropy, share of the highest"
    assert (panels[2].low, panels[2].high) == (0, 1)
    of_heads = chosen_picture(grid, "panels", "score_spread", "embed_size", None, "heads")
    lines, _left_out = lines_of(frame, grid, of_heads, 400)
    assert [panel.title for panel in lines.panels] == ["1 head", "2 heads"]
    assert lines.same_range
    assert lines.panels[1].series[0].mean.tolist() == [3, 4, 5]


def test_a_heatmap_leaves_out_what_does_not_work() -> None:
    grid = grid_of(heads=(1, 3), embed_size=(8, 12), seeds=1)  # 3 heads don't divide 8
    frame = measured(ticket_of(grid, [{"score_spread": value} for value in (1.0, 2.0, 3.0)]))
    shown, _left_out = map_of(
        frame, grid, chosen_picture(grid, "heatmap", "score_spread", None, None, None), 400
    )
    np.testing.assert_array_equal(shown.tiles[0].mean, [[1, np.nan], [2, 3]])
    np.testing.assert_array_equal(shown.tiles[0].ids, [[0, -1], [1, 2]])


@pytest.mark.parametrize(
    ("asked", "axes"),
    [
        ((None, None, None), ("heads", "embed_size", None)),
        (("head_dim", None, None), ("head_dim", "heads", None)),
        (("scale", "scale", None), ("scale", "heads", None)),
        (("embed_size", "scale", "embed_size"), ("embed_size", "scale", None)),
        ((None, None, "embed_size"), ("heads", "scale", "embed_size")),
    ],
)
def test_axes_that_are_not_chosen_are_those_that_vary(
    asked: tuple[Any, Any, Any], axes: tuple[Any, Any, Any]
) -> None:
    grid = grid_of(heads=(1, 2), scale=("head_dim", "none"))
    chosen = chosen_picture(grid, "panels", "score_spread", *asked)
    assert (chosen.along, chosen.line, chosen.panel) == axes


def test_a_size_that_another_axis_decides_is_no_line() -> None:
    chosen = chosen_picture(grid_of(), "lines", "score_spread", "head_dim", None, None)
    assert chosen.line is None


def learnt(heads: tuple[int, ...], steps: list[float], accuracy: float = 0.9) -> pd.DataFrame:
    grid = LearningGrid(task="sort", heads=heads, seeds=len(steps) // len(heads))
    rows = [{"steps_to_95": value, "accuracy": accuracy} for value in steps]
    return ticket_of(grid, rows).frame()


def test_how_many_heads_a_task_needs() -> None:
    never = np.nan
    assert learning_sentence(learnt((1, 2), [never, never, 100, 140]), ["heads"]) == (
        "With 1 head 0 of 2 seeds reach 95 % (accuracy 90%); with 2 heads 2 of 2, after 120. "
        "**2 heads are enough.**"
    )
    assert learning_sentence(learnt((1, 2), [200, 180, 100, never]), ["heads"]) == (
        "With 1 head 2 of 2 seeds reach 95 %, after 190 steps on average; with 2 heads 1 of 2, "
        "after 100. **1 head is enough.**"
    )
    none = learning_sentence(learnt((1, 2), [never] * 4), ["heads"])
    assert none.endswith("**With no number of heads here all seeds get there.**")
    assert learning_sentence(learnt((1,), [1.0]).iloc[:0], ["heads"]) == "Nothing was measured."


def after(done: int) -> str:
    """What is said after so many of four trainings: two seeds with 1 head, and two with 2."""
    grid = LearningGrid(task="sort", heads=(1, 2), seeds=2)
    frame = learnt((1, 2), [100, 140, 80, 60]).iloc[:done]
    return learning_sentence(frame, ["heads"], grid.points().valid)


def test_nothing_is_called_enough_before_all_trainings_are_over() -> None:
    waits = "measurements are done; what comes of them is said when all are."
    one_head = "With 1 head 2 of 2 seeds reach 95 %, after 120 steps on average"
    assert after(1) == f"**1 of 4** {waits}"
    assert after(2) == f"{one_head}. **2 of 4** {waits}"
    assert after(3) == f"{one_head}. **3 of 4** {waits}"
    assert after(4) == f"{one_head}; with 2 heads 2 of 2, after 70. **1 head is enough.**"


def test_of_many_configurations_nothing_is_said_before_all_are_over() -> None:
    grid = LearningGrid(task="sort", heads=(1, 2), layers=(1, 2, 3), seeds=1)
    rows = [{"steps_to_95": float(steps), "accuracy": 0.9} for steps in (90, 80, 70, 60, 50, 40)]
    frame = ticket_of(grid, rows).frame()
    for done in (1, 3, 5):  # of as few as have come, each would be told
        assert (
            learning_sentence(frame.iloc[:done], ["heads", "layers"], grid.points().valid)
            == f"**{done} of 6** measurements are done; what comes of them is said when all are."
        )
    told = learning_sentence(frame, ["heads", "layers"], grid.points().valid)
    assert told.startswith("In 6 of 6 configurations all seeds reach 95 %")


def test_of_a_single_seed_nothing_is_called_enough() -> None:
    assert learning_sentence(learnt((1, 2), [np.nan, 100]), ["heads"]) == (
        "With 1 head 0 of 1 seed reaches 95 % (accuracy 90%); with 2 heads 1 of 1, after 100."
    )


def trained(steps: list[float | None]) -> list[dict[str, Any] | None]:
    """What came of trainings; None for those that failed."""
    return [
        None if at is None else {
            "steps_to_95": at, "accuracy": 0.9, "curve_steps": [0, 9], "curve_accuracy": [0.1, 0.9],
        }
        for at in steps
    ]  # fmt: skip


def test_a_training_that_failed_has_learnt_nothing() -> None:
    grid = LearningGrid(task="sort", heads=(1, 2), seeds=3)
    frame = ticket_of(grid, trained([None, 100, None, 80, 90, 100])).frame()
    assert learning_sentence(frame, ["heads"]) == (
        "With 1 head 1 of 3 seeds reach 95 % (2 failed), after 100 steps on average; with 2 heads "
        "3 of 3, after 90. **2 heads are enough.**"
    )
    lost = ticket_of(grid, trained([None] * 3 + [80, 90, 100])).frame()
    assert learning_sentence(lost, ["heads"]).startswith(
        "With 1 head 0 of 3 seeds reach 95 % (3 failed); with 2 heads 3 of 3, after 90."
    )
    many = LearningGrid(task="sort", heads=(1, 2), layers=(1, 2, 3), seeds=1)
    told = learning_sentence(
        ticket_of(many, trained([None, 90, 80, 70, 60, 50])).frame(), ["heads", "layers"]
    )
    assert told.startswith("In 5 of 6 configurations all seeds reach 95 %")
    assert "; 1 training failed; the lowest accuracy is 90%" in told


def test_each_point_is_called_by_its_seed_though_others_failed() -> None:
    grid = LearningGrid(task="sort", heads=(1, 2), seeds=2)
    ticket = ticket_of(grid, trained([None, 100, 80, 90]))
    groups = groups_of(ticket.results, ["heads"])
    dots = dots_of(groups, 400)
    np.testing.assert_array_equal(dots.seeds, [[np.nan, 100], [80, 90]])
    assert [list(ids) for ids in dots.ids] == [[0, 1], [2, 3]]
    assert dots.about[0] == [
        "<b>1 head</b>, seed 0<br>the loss isn't finite", "<b>1 head</b>, seed 1",
    ]  # fmt: skip
    (panel,) = curves_of(groups, grid, 400).panels
    assert [series.count.tolist() for series in panel.series] == [[1, 1], [2, 2]]


def test_many_configurations_are_summed_up() -> None:
    grid = LearningGrid(task="sort", heads=(1, 2), layers=(1, 2, 3), seeds=1)
    rows = [
        {"steps_to_95": steps, "accuracy": accuracy}
        for steps, accuracy in zip(
            (np.nan, 90, 80, 70, 60, 50), (0.4, 0.96, 0.97, 0.98, 0.99, 1.0), strict=True
        )
    ]
    assert learning_sentence(ticket_of(grid, rows).frame(), ["heads", "layers"]) == (
        "In 5 of 6 configurations all seeds reach 95 %; soonest with 2 heads, 3 layers, after 50 "
        "steps on average; the lowest accuracy is 40%, with 1 head, 1 layer."
    )


def test_what_doubling_costs() -> None:
    configs = [Config(embed_size=size, heads=8, architecture=PAPER) for size in (256, 512)]
    tables = [cost_table(config, 1000) for config in configs]
    # 4 L E² of projections, 8 L E² of the feed-forward, 2 L² E between the tokens.
    products = [12 * 1000 * e * e + 2 * 1000 * 1000 * e for e in (256, 512)]
    assert [table["multiply_adds"].iloc[-1] for table in tables] == products
    (sentence,) = cost_sentences(configs, tables, 1000, [])
    assert sentence.startswith(
        "Doubling the embedding from 256 to 512 multiplies the parameters by **4.0**, the "
        f"multiply-adds at 1,000 tokens by **{products[1] / products[0]:.1f}** and the peak memory"
    )
    rates = Rates(1e9, 1e9, 1e-5, 1e9)
    passes = [Measured(i, 1000, seconds, 1, rates) for i, seconds in ((0, 0.1), (1, 0.25))]
    (sentence,) = cost_sentences(configs, tables, 1000, passes)
    assert sentence.endswith("; measured here, the time by **2.5**.")
    (sentence,) = cost_sentences(configs, tables, 1000, passes[:1])
    assert "measured" not in sentence


def test_from_which_length_on_attention_costs_more() -> None:
    configs = [Config(embed_size=size, heads=8, architecture=PAPER) for size in (256, 512)]
    assert crossover_sentence(configs) == (
        "Attention overtakes the feed-forward at 512 tokens with E = 256, "
        "1,024 tokens with E = 512."
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "1.00"), (0.0123456, "0.0123"), (11.31, "11.3"), (162.4, "162"), (12345.6, "12,346")],
)
def test_three_digits(value: float, text: str) -> None:
    assert three_digits(value) == text
