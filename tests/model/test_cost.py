"""Costs: by hand, and against what PyTorch counts on the modules themselves."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from lab.cost_process import allocated_peak
from model.config import BERT, LLAMA, PAPER, TUTORIAL, Architecture, Config
from model.cost import (
    FRESH_FROM,
    PARTS,
    Rates,
    crossover,
    key_value_cache,
    parameter_count,
    part_costs,
    peak_memory,
    predict_seconds,
)
from model.transformer import Encoder

PAPERS = Config(embed_size=512, heads=8, layers=6, architecture=PAPER)
FAMILIES = {
    "tutorial": TUTORIAL,
    "paper": PAPER,
    "bert": BERT,
    "llama": LLAMA,
    "alibi": replace(PAPER, positions="alibi", norm_order="pre"),
    "attention only": replace(BERT, attention_only=True),
}


@st.composite
def configs(draw: st.DrawFn) -> Config:
    """Small stacks of every kind."""
    flags = ("final_norm", "attention_only", "embedding_norm", "gated")
    biases = ("attention_bias", "output_bias", "feed_forward_bias")
    architecture = Architecture(
        projection=draw(st.sampled_from(["shared", "full"])),
        positions=draw(st.sampled_from(["none", "sinusoidal", "learned", "rotary", "alibi"])),
        norm_order=draw(st.sampled_from(["post", "pre"])),
        norm=draw(st.sampled_from(["layer", "rms"])),
        **{flag: draw(st.booleans()) for flag in flags + biases},
    )
    heads = draw(st.sampled_from([1, 2, 4, 6]))
    full = architecture.projection == "full"
    shared = [n for n in range(1, heads + 1) if heads % n == 0] if full else []
    return Config(
        embed_size=heads * draw(st.sampled_from([2, 4, 6])),
        heads=heads,
        layers=draw(st.integers(1, 3)),
        forward_expansion=draw(st.sampled_from([0.5, 1, 8 / 3, 4])),
        kv_heads=draw(st.sampled_from([None, *shared])),
        vocabulary=draw(st.sampled_from([None, 1, 11])),
        longest=draw(st.sampled_from([8, 32])),
        architecture=architecture,
    )


def entering(config: Config, tokens: int, batch: int = 1) -> Tensor:
    if config.vocabulary:
        return torch.zeros(batch, tokens, dtype=torch.long)
    return torch.randn(batch, tokens, config.embed_size)


@given(configs())
def test_parameters_are_those_of_the_module(config: Config) -> None:
    assert parameter_count(config) == sum(p.numel() for p in Encoder(config).parameters())


@settings(max_examples=50)
@given(configs(), st.integers(1, 8), st.integers(1, 3))
def test_multiply_adds_are_those_that_pytorch_counts(
    config: Config, tokens: int, batch: int
) -> None:
    encoder = Encoder(config).eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        encoder(entering(config, tokens, batch))
    counted = sum(part.multiply_adds.value for part in part_costs(config, tokens, batch=batch))
    assert counter.get_total_flops() == 2 * counted


@pytest.mark.parametrize("family", FAMILIES)
def test_parts_are_counted_where_they_are_computed(family: str) -> None:
    config = Config(embed_size=12, heads=2, layers=2, architecture=FAMILIES[family], longest=16)
    encoder = Encoder(config).eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        encoder(entering(config, 5))
    counts = counter.get_flop_counts()
    costs = {part.name: part.multiply_adds.value for part in part_costs(config, 5)}
    if not config.architecture.attention_only:
        inside = [sum(counts[f"Encoder.layers.{i}.feed_forward"].values()) for i in range(2)]
        assert sum(inside) == 2 * costs["feed_forward"]
    products = {str(op): count for op, count in counts["Global"].items()}
    # The products of two activations are batched; those with weights aren't.
    assert products["aten.bmm"] == 2 * (costs["energy"] + costs["weighted_sum"])


def measured_peak(config: Config, tokens: int, batch: int = 1) -> int:
    encoder = Encoder(config).eval()

    def forward() -> Callable[[], object]:
        return encoder(entering(config, tokens, batch))

    with torch.inference_mode():
        forward()  # whatever is kept for the next call, such as rotary angles
        return allocated_peak(forward)


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


def test_formulas_of_the_tutorials_block() -> None:
    parts = {p.name: p for p in part_costs(Config(embed_size=256, heads=8), tokens=1000)}
    assert tuple(parts) == PARTS
    assert {n: p.multiply_adds.formula for n, p in parts.items()} == {
        "embedding": "0",
        "projections": "3·L·D·E",
        "energy": "L²·E",
        "softmax": "0",
        "weighted_sum": "L²·E",
        "output": "L·E²",
        "feed_forward": "2·L·E·F",
        "norms": "0",
    }
    assert parts["energy"].multiply_adds.value == 256_000_000
    assert parts["softmax"].elementary.formula == "6·H·L²"
    assert parts["softmax"].elementary.value == 48_000_000
    assert parts["energy"].bytes.value == 8 * 1000 * 1000 * 4  # one weight, four bytes
    assert parts["output"].parameters.formula == "E² + E"
    assert parts["feed_forward"].parameters.value == 2 * 256 * 1024 + 1024 + 256


def test_formulas_name_layers_and_sentences_where_there_are_several() -> None:
    parts = {part.name: part for part in part_costs(PAPERS, 10, batch=2)}
    assert parts["projections"].multiply_adds.formula == "3·B·N·L·E²"
    assert parts["projections"].multiply_adds.value == 3 * 2 * 6 * 10 * 512**2
    assert parts["norms"].parameters.formula == "4·N·E"
    grouped = replace(PAPERS, kv_heads=2)
    projections = part_costs(grouped, 10)[1]
    assert projections.parameters.formula == "N·E² + 2·N·G·D·E"
    assert projections.parameters.value == 6 * (512 * 512 + 2 * 512 * 128)


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


def test_softmax_reads_and_writes_all_cells_twice() -> None:
    parts = {part.name: part for part in part_costs(Config(embed_size=64, heads=4), 100)}
    assert parts["softmax"].moved.value == 4 * 4 * (4 * 100 * 100)


def test_nothing_and_too_much_are_refused() -> None:
    with pytest.raises(ValueError, match="one or more tokens and sentences, got 0 and 1"):
        part_costs(PAPERS, 0)
    with pytest.raises(ValueError, match="got 3 and 0"):
        peak_memory(PAPERS, 3, batch=0)
    bert = Config(embed_size=8, heads=2, architecture=BERT, longest=16)
    with pytest.raises(ValueError, match="at most 16 tokens, the learned positions, got 17"):
        part_costs(bert, 17)
