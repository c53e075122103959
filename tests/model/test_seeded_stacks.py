"""Seeded stacks: one thing changes at a time, and nobody's weights are anybody else's."""

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from model.attention import Projection, SelfAttention
from model.config import BERT, LLAMA, PAPER, TUTORIAL, Architecture, Config
from model.positions import Positions
from model.seeded import (
    embed,
    random_attention,
    random_encoder,
    random_transformer,
    weight_matrix,
)
from tests.model.helpers import tensors

FAMILIES = {"tutorial": TUTORIAL, "paper": PAPER, "bert": BERT, "llama": LLAMA}
LEARNED = replace(PAPER, positions="learned")
EVERYTHING = replace(BERT, final_norm=True, gated=True)  # every kind of parameter that there is


def config(architecture: Architecture = PAPER, **sizes: Any) -> Config:
    given = {"embed_size": 16, "heads": 4, "layers": 2, "longest": 9, "architecture": architecture}
    return Config(**{**given, **sizes})


def state(module: nn.Module) -> dict[str, Tensor]:
    return dict(module.state_dict())


def assert_same(found: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    assert found.keys() == expected.keys()
    for name, weight in found.items():
        assert torch.equal(weight, expected[name]), name


@pytest.mark.parametrize("seed", [0, 3])
@pytest.mark.parametrize("projection", ["shared", "full"])
def test_the_first_layers_attention_is_the_attention_alone(
    projection: Projection, seed: int
) -> None:
    module = random_encoder(config(Architecture(projection=projection)), seed)
    alone = random_attention(16, 4, projection=projection, seed=seed)
    assert_same(state(module.layers[0].attention), state(alone))
    x = embed([["the", "cat", "sat"]], 16, seed)
    trace = module.trace(x).encoder_self[0]
    torch.testing.assert_close(vars(trace), vars(alone.trace(x, x, x)))


def matrices(module: nn.Module) -> dict[str, Tensor]:
    return {name: weight for name, weight in state(module).items() if weight.dim() == 2}


@pytest.mark.parametrize("build", [random_encoder, random_transformer])
def test_each_matrix_and_each_seed_has_numbers_of_its_own(build: Any) -> None:
    sizes = {"architecture": LEARNED, "embed_size": 8, "forward_expansion": 1, "longest": 8}
    found = [
        tuple(weight.flatten().tolist())
        for seed in (0, 1)
        for weight in matrices(build(config(**sizes, vocabulary=8), seed)).values()
    ]
    stacks = [6 * 2 + 2] if build is random_encoder else [6 * 2 + 2, 10 * 2 + 2]
    assert len(set(found)) == len(found) == 2 * sum(stacks)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("build", [random_encoder, random_transformer])
def test_more_layers_leave_the_earlier_ones_as_they_were(build: Any, family: str) -> None:
    few = state(build(config(FAMILIES[family], layers=2), seed=3))
    many = state(build(config(FAMILIES[family], layers=4), seed=3))
    assert len(many) > len(few)
    assert_same(few, {name: weight for name, weight in many.items() if name in few})


@pytest.mark.parametrize("family", FAMILIES)
def test_a_transformers_encoder_is_the_encoder_alone(family: str) -> None:
    sizes = config(FAMILIES[family])
    both, alone = random_transformer(sizes, seed=3), random_encoder(sizes, seed=3)
    assert_same(state(both.encoder), state(alone))
    x = embed([["the", "cat", "sat"]], 16, 3)
    trace = both.trace(x, x)
    for mine, expected in zip(trace.encoder_stream, alone.trace(x).encoder_stream, strict=True):
        torch.testing.assert_close(mine, expected)
    decoder, encoder = matrices(both.decoder), matrices(both.encoder)
    for name, weight in decoder.items():
        assert name not in encoder or not torch.equal(weight, encoder[name]), name


@pytest.mark.parametrize("build", [random_encoder, random_transformer])
@pytest.mark.parametrize("family", ["paper", "bert", "llama"])
def test_a_larger_embedding_extends_a_smaller_one(build: Any, family: str) -> None:
    """All matrices, but for the factor that keeps their products' spread."""
    architecture = FAMILIES[family]
    small = matrices(build(config(architecture, embed_size=8), seed=2))
    large = matrices(build(config(architecture, embed_size=16), seed=2))
    assert small.keys() == large.keys()
    for name, weight in small.items():
        rows, columns = weight.shape
        inner, outer = weight * math.sqrt(columns), large[name] * math.sqrt(large[name].shape[1])
        if "embedding." in name:  # token vectors and what is added to them have no factor
            inner, outer = weight, large[name]
        torch.testing.assert_close(inner, outer[:rows, :columns], rtol=1e-6, atol=1e-6, msg=name)


@pytest.mark.parametrize("build", [random_encoder, random_transformer])
def test_more_heads_split_the_same_matrices(build: Any) -> None:
    assert_same(state(build(config(heads=2))), state(build(config(heads=8))))


@pytest.mark.parametrize("positions", ["none", "sinusoidal", "rotary", "alibi"])
def test_another_scheme_of_positions_changes_no_weight(positions: Positions) -> None:
    table = state(random_encoder(config(LEARNED)))
    del table["embedding.positions"]
    assert_same(state(random_encoder(config(replace(PAPER, positions=positions)))), table)


def test_learned_positions_vary_as_the_words_do_and_a_longer_table_extends_a_shorter() -> None:
    def table(**sizes: Any) -> Tensor:
        return random_encoder(config(LEARNED, **sizes), seed=1).embedding.positions

    # 512 · 64 uniform numbers: a standard error of 0.5 % of the variance.
    large = table(embed_size=64, longest=512)
    assert large.var().item() == pytest.approx(1, abs=0.03)
    assert large.mean().item() == pytest.approx(0, abs=0.03)
    assert large.abs().max() <= math.sqrt(3) + 1e-5
    torch.testing.assert_close(table(embed_size=64, longest=7), large[:7], rtol=0, atol=0)
    torch.testing.assert_close(table(embed_size=24, longest=7), large[:7, :24])
    expected = weight_matrix("embedding.positions", 9, 16, 1) * 4
    torch.testing.assert_close(table(), expected)


@pytest.mark.parametrize("build", [random_encoder, random_transformer])
def test_norms_are_as_they_begin_and_biases_are_zero(build: Any) -> None:
    weights = state(build(config(EVERYTHING, vocabulary=5)))
    norms = 0
    for name, weight in weights.items():
        if name.endswith("bias"):
            assert weight.count_nonzero() == 0, name
        elif "norm" in name:
            assert (weight == 1).all(), name
            norms += 1
        else:
            assert weight.dim() == 2
            assert weight.count_nonzero() > 0.99 * weight.numel(), name
    assert norms == (6 if build is random_encoder else 6 + 8)


@pytest.mark.parametrize("build", [random_encoder, random_transformer])
def test_stacks_share_no_memory_with_one_another_or_with_the_cache(build: Any) -> None:
    sizes = config(EVERYTHING, vocabulary=5)
    first, second = build(sizes), build(sizes)
    before = {name: weight.clone() for name, weight in state(second).items()}
    addresses = [w.data_ptr() for m in (first, second) for w in m.parameters()]
    assert len(set(addresses)) == len(addresses)
    with torch.no_grad():
        for parameter in first.parameters():
            parameter.fill_(7.0)
    assert_same(state(second), before)
    assert_same(state(build(sizes)), before)


@pytest.mark.parametrize("build", [random_encoder, random_transformer])
def test_a_stack_is_ready_to_be_looked_at(build: Any) -> None:
    module = build(config(EVERYTHING, dropout=0.5))
    assert not any(part.training for part in module.modules())
    for parameter in module.parameters():
        assert not parameter.requires_grad
        assert parameter.device.type == "cpu"
        assert parameter.dtype == torch.float32
    x = embed([["a", "b"], ["c"]], 16, 0)
    inputs = (x,) if build is random_encoder else (x, x)
    traced = list(tensors(module.trace(*inputs)))
    assert all(tensor.isfinite().all() for tensor in traced)
    assert not any(tensor.requires_grad for tensor in traced)
    assert torch.equal(module(*inputs), module(*inputs))  # no dropout


@pytest.mark.parametrize("build", [random_encoder, random_transformer])
def test_a_stack_made_under_inference_can_be_trained(build: Any) -> None:
    sizes = config(EVERYTHING, embed_size=20)  # of a size that nobody has asked for
    with torch.inference_mode():
        module = build(sizes, seed=99)
    module.train().requires_grad_(True)
    x = embed([["a", "b"]], 20, 0)
    module(*((x,) if build is random_encoder else (x, x))).square().sum().backward()
    assert any(p.grad is not None and p.grad.abs().max() > 0 for p in module.parameters())


def test_a_matrix_first_asked_for_under_inference_is_an_ordinary_tensor() -> None:
    with torch.inference_mode():
        matrix = weight_matrix("nobody else's", 3, 4, 0)
    assert not matrix.is_inference()
    assert weight_matrix("nobody else's", 3, 4, 0) is matrix


def test_sizes_that_do_not_fit_are_an_error_here_too() -> None:
    for build in (random_encoder, random_transformer):
        with pytest.raises(ValueError, match="kv_heads must divide heads"):
            build(config(kv_heads=3))


def spread(architecture: Architecture, embed_size: int, heads: int) -> list[float]:
    """The standard deviation of each layer's scores over 24 words."""
    x = embed([[f"word{i}" for i in range(24)]], embed_size, 0)
    module = random_encoder(
        Config(embed_size=embed_size, heads=heads, layers=3, architecture=architecture)
    )
    return [layer.scores.std().item() for layer in module.trace(x).encoder_self]


@pytest.mark.parametrize("embed_size", [16, 64, 256])
@pytest.mark.parametrize("family", ["paper", "bert", "llama"])
def test_scores_spread_in_every_layer(family: str, embed_size: int) -> None:
    """Else the deeper layers would look all flat, or all one-hot."""
    for deviation in spread(FAMILIES[family], embed_size, 4):
        assert 0.4 < deviation < 2.5


def test_the_first_layers_matrices_have_the_names_of_an_attention_alone() -> None:
    """And a later layer's the names of their place."""
    module = random_encoder(config(TUTORIAL, layers=1))
    assert isinstance(module.layers[0].attention, SelfAttention)
    for name in ("queries", "keys", "values", "fc_out"):
        weight = getattr(module.layers[0].attention, name).weight
        assert torch.equal(weight, weight_matrix(name, *weight.shape, 0))
    second = random_encoder(config(TUTORIAL)).layers[1].attention.queries.weight
    assert torch.equal(second, weight_matrix("layers.1.attention.queries", 4, 4, 0))


@pytest.mark.parametrize("build", [random_encoder, random_transformer])
def test_models_that_share_their_weights_hold_the_same_memory(build: Any) -> None:
    """So that a positional scheme or a temperature more costs no weights more."""
    plain, rotary = config(FAMILIES["paper"]), config(FAMILIES["llama"])
    one, other = build(plain, 7, copy=False), build(rotary, 7, copy=False)
    mine = build(plain, 7)
    shared = {name: weight.data_ptr() for name, weight in matrices(one).items()}
    queries = [name for name in matrices(other) if name.endswith("queries.weight")]
    assert queries
    for name in queries:
        assert matrices(other)[name].data_ptr() == shared[name]
    for name, weight in matrices(mine).items():
        assert weight.data_ptr() != shared[name]
        assert torch.equal(weight, matrices(one)[name])
