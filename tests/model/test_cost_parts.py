"""Costs of parts: by hand, and against what PyTorch counts on the modules themselves."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from model.config import BERT, Config
from model.cost import peak_memory
from model.cost_parts import PARTS, parameter_count, part_costs
from model.transformer import Encoder
from tests.matrix import examples
from tests.model.cost_configs import FAMILIES, PAPERS, configs, entering


@given(configs())
def test_parameters_are_those_of_the_module(config: Config) -> None:
    assert parameter_count(config) == sum(p.numel() for p in Encoder(config).parameters())


@examples(50)
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
