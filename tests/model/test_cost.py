"""Costs of whole passes: by hand, and against what PyTorch allocates."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.config import LLAMA, PAPER, Config
from model.cost import FRESH_FROM, Rates, crossover, key_value_cache, peak_memory, predict_seconds
from model.cost_parts import part_costs
from tests.model.cost_configs import FAMILIES, PAPERS, configs, measured_peak


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    ("tokens", "sizes"),
    [
        (64, {"embed_size": 64, "heads": 4}),
        (128, {"embed_size": 32, "heads": 8, "layers": 3}),
        (16, {"embed_size": 128, "heads": 2, "layers": 2, "vocabulary": 50}),
    ],
)
def test_memory_is_what_pytorch_allocates(family: str, tokens: int, sizes: dict[str, Any]) -> None:
    config = Config(**sizes, architecture=FAMILIES[family])
    predicted = peak_memory(config, tokens).value
    assert predicted == pytest.approx(measured_peak(config, tokens), rel=0.05)


def test_memory_grows_with_the_batch() -> None:
    config = Config(embed_size=64, heads=4, layers=2)
    assert peak_memory(config, 48, batch=3).value == 3 * peak_memory(config, 48).value
    predicted = peak_memory(config, 48, batch=3).value
    assert predicted == pytest.approx(measured_peak(config, 48, 3), rel=0.05)


def test_all_sentences_of_a_batch_share_the_bias_of_alibi() -> None:
    config = Config(embed_size=16, heads=8, architecture=FAMILIES["alibi"])
    predicted = peak_memory(config, 128, batch=3).value
    assert predicted == pytest.approx(measured_peak(config, 128, 3), rel=0.02)


def test_peak_formula_has_what_is_kept_and_what_is_at_work() -> None:
    # Post-norm: the hidden units before and after the activation, and not yet the last vectors.
    peak = peak_memory(Config(embed_size=256, heads=8), 1000)
    assert peak.formula == "28·L·E + 12·H·L² + 8·L·F"
    assert peak.value == 28 * 256_000 + 12 * 8 * 10**6 + 8 * 1000 * 1024


def test_the_cache_shrinks_with_key_value_heads() -> None:
    cache = key_value_cache(PAPERS, 1000)
    assert (cache.value, cache.formula) == (2 * 6 * 512 * 1000 * 4, "8·N·H·L·D")
    grouped = key_value_cache(replace(PAPERS, kv_heads=2), 1000)
    assert (4 * grouped.value, grouped.formula) == (cache.value, "8·N·G·L·D")


def test_where_attention_overtakes_in_the_paper() -> None:
    assert crossover(PAPERS) == 4 * 512
    assert crossover(PAPERS, whole=True) == 2 * 512


def test_where_attention_overtakes_elsewhere() -> None:
    gated = replace(PAPERS, architecture=LLAMA, forward_expansion=1)
    assert crossover(gated) == 1.5 * 512
    assert crossover(gated, whole=True) == 0  # 3·E of the feed-forward, 4·E of the projections
    one = replace(PAPERS, kv_heads=1)  # two of three projections have one head's width, 64
    assert crossover(one, whole=True) == (8 * 512 - 2 * 512 - 2 * 64) / 2
    assert crossover(Config(embed_size=256, heads=8), whole=True) == (8 * 256 - 256 - 3 * 32) / 2
    only = replace(PAPERS, architecture=replace(PAPER, attention_only=True))
    assert crossover(only) == crossover(only, whole=True) == 0


@given(configs(), st.booleans())
def test_both_sides_are_equal_at_the_crossover(config: Config, whole: bool) -> None:
    def attention_less_feed_forward(tokens: int) -> int:
        costs = {part.name: part.multiply_adds.value for part in part_costs(config, tokens)}
        attention = costs["energy"] + costs["weighted_sum"]
        return attention + whole * (costs["projections"] + costs["output"]) - costs["feed_forward"]

    config = replace(config, longest=10_000)
    length = crossover(config, whole=whole)
    if length == int(length) and length >= 1:
        assert attention_less_feed_forward(int(length)) == 0
    assert attention_less_feed_forward(int(length) + 1) > 0
    if length > 1:
        assert attention_less_feed_forward(int(length - 0.5)) < 0


def test_time_is_the_slower_of_arithmetic_and_memory_for_each_part() -> None:
    config = Config(embed_size=64, heads=4, layers=2)
    parts = part_costs(config, 100)
    rates = Rates(multiply_adds=1e9, bytes=1e30, fresh_bytes=1, layer_seconds=0.001)
    arithmetic = sum(part.multiply_adds.value for part in parts) / 1e9
    assert predict_seconds(config, 100, rates) == pytest.approx(0.002 + arithmetic)
    rates = Rates(multiply_adds=1e30, bytes=1e9, fresh_bytes=1, layer_seconds=0)
    moved = sum(part.moved.value for part in parts) / 1e9
    assert predict_seconds(config, 100, rates) == pytest.approx(moved)


def test_a_pass_that_needs_much_memory_waits_for_it() -> None:
    rates = Rates(multiply_adds=1e30, bytes=1e30, fresh_bytes=2e9, layer_seconds=0)
    config = Config(embed_size=64, heads=4)
    assert peak_memory(config, 1000).value < FRESH_FROM < peak_memory(config, 1200).value
    assert predict_seconds(config, 1000, rates) == pytest.approx(0)
    expected = peak_memory(config, 1200).value / 2e9
    assert predict_seconds(config, 1200, rates) == pytest.approx(expected)
