"""Numbers: statistics of the heads, and a stage as a table that can be read and sorted."""

import json

import numpy as np
import pandas as pd
import pytest

from tests.defaults import run_of
from tests.ui.helpers import link, open_app, stage_numbers, statistics
from ui.choices.options import STAGES
from ui.runs.tables import stage_table
from ui.views.numbers import MOST_ROWS

TEXT = "the cat saw the dog"


@pytest.mark.parametrize("mask", ["none", "causal"])
def test_the_statistics_are_those_of_the_heads(mask: str) -> None:
    page = open_app(link(text=TEXT, mask=mask, view="numbers"))
    weights = run_of(TEXT, mask=mask).attention().trace.weights[0].double().numpy()
    shown = statistics(page)
    assert list(shown["head"]) == list(range(8))
    positions = np.arange(5)
    with np.errstate(divide="ignore", invalid="ignore"):
        entropy = -np.nansum(weights * np.log(weights), axis=2)  # (H, Q)
    keys = np.full(5, 5) if mask == "none" else positions + 1
    several = keys > 1
    expected = {
        "entropy": entropy.mean(axis=1),
        "entropy_share": (entropy[:, several] / np.log(keys[several])).mean(axis=1),
        "largest_weight": weights.max(axis=2).mean(axis=1),
        "distance": (weights * abs(positions[:, None] - positions)).sum(axis=2).mean(axis=1),
        "first_token": weights[:, :, 0].mean(axis=1),
        "itself": weights[:, positions, positions].mean(axis=1),
    }
    for column, values in expected.items():
        np.testing.assert_allclose(shown[column], values, rtol=1e-9, err_msg=column)


def test_the_statistics_leave_the_padding_out() -> None:
    page = open_app(link(text="a b", text2="c d e f", mask="padding", view="numbers"))
    alone = open_app(link(text="a b", view="numbers"))
    pd.testing.assert_frame_equal(statistics(page), statistics(alone), atol=1e-6)


@pytest.mark.parametrize(
    ("stage", "columns"),
    [
        ("energy", ["head", "query", "query_token", "key", "key_token", "energy q·k"]),
        ("scores", ["head", "query", "query_token", "key", "key_token", "score"]),
        ("weights", ["head", "query", "query_token", "key", "key_token", "weight"]),
        ("head_outputs", ["head", "query", "query_token", "dimension", "head output"]),
        ("output", ["query", "query_token", "dimension", "output"]),
    ],
)
def test_a_stage_is_a_table_with_a_row_for_each_number(stage: str, columns: list[str]) -> None:
    page = open_app(link(text=TEXT, view="numbers", stage=stage, mask="causal"))
    trace = run_of(TEXT, mask="causal").attention().trace
    shown = stage_numbers(page)
    assert list(shown.columns) == columns
    values = getattr(trace, stage)[0].numpy()
    np.testing.assert_array_equal(shown[columns[-1]].to_numpy(), values.reshape(-1))
    positions = shown[[c for c in columns[:-1] if not c.endswith("_token")]].to_numpy()
    np.testing.assert_array_equal(positions, np.argwhere(np.ones_like(values)))
    for who in ("query", "key"):
        if who in columns:
            tokens = np.array(TEXT.split())[shown[who].to_numpy()]
            assert list(shown[f"{who}_token"]) == list(tokens)


def test_queries_keys_and_values_are_one_table_that_says_which() -> None:
    page = open_app(link(text=TEXT, view="numbers", stage="qkv"))
    trace = run_of(TEXT).attention().trace
    shown = stage_numbers(page)
    assert list(shown["field"].unique()) == ["queries", "keys", "values"]
    for field, rows in shown.groupby("field"):
        values = getattr(trace, str(field))[0].numpy()
        np.testing.assert_array_equal(rows["value"].to_numpy(), values.reshape(-1))
        who = "query" if field == "queries" else "key"
        tokens = np.array(TEXT.split())[rows[who].to_numpy().astype(int)]
        assert list(rows[f"{who}_token"]) == list(tokens)


@pytest.mark.parametrize("stage", STAGES)
def test_positions_in_a_stages_table_are_whole_numbers(stage: str) -> None:
    table = stage_table(run_of(TEXT).attention(), stage)
    for column in ("head", "query", "key", "dimension"):
        if column in table:
            assert pd.api.types.is_integer_dtype(table[column].dtype), column


@pytest.mark.parametrize("stage", STAGES)
def test_the_nine_digits_are_asked_of_the_column_with_the_numbers(stage: str) -> None:
    page = open_app(link(text=TEXT, view="numbers", stage=stage))
    frame = page.dataframe[1]
    configured = json.loads(frame.proto.columns)
    (column,) = [
        name for name, settings in configured.items()
        if settings.get("type_config", {}).get("format") == "%.9g"
    ]  # fmt: skip
    assert pd.api.types.is_float_dtype(frame.value[column].dtype)
    assert column not in ("head", "query", "key", "dimension")


@pytest.mark.parametrize(
    ("stage", "title"),
    [("qkv", "Q·K·V"), ("head_outputs", "Head outputs"), ("weights", "Weights")],
)
def test_the_table_has_the_stages_name(stage: str, title: str) -> None:
    page = open_app(link(text="a", view="numbers", stage=stage))
    assert f"**{title}**, number by number" in [m.value for m in page.markdown]


def test_a_table_too_long_for_the_page_is_cut_and_says_so() -> None:
    text = "w " * 60
    page = open_app(link(text=text, view="numbers"))
    rows = 8 * 60 * 60
    assert rows > MOST_ROWS
    assert f"The first 20,000 of {rows:,} rows; the downloads have them all." in [
        caption.value for caption in page.caption
    ]
    shown = stage_numbers(page)
    assert len(shown) == MOST_ROWS
    whole = stage_table(run_of(text).attention(), "weights")
    assert len(whole) == rows
    np.testing.assert_array_equal(shown["weight"], whole["weight"][:MOST_ROWS])


def test_the_second_sentence_has_a_table_of_its_own() -> None:
    page = open_app(link(text="a b", text2="c d", sentence=2, view="numbers"))
    weights = run_of("a b", "c d").attention(sentence=1).field("weights")
    np.testing.assert_array_equal(stage_numbers(page)["weight"], weights.reshape(-1))
    assert set(stage_numbers(page)["key_token"]) == {"c", "d"}
