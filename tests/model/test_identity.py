"""Identity projections: energies are plain dot products, and all else stays the seed's."""

from typing import Any

import pytest
import torch
from torch import Tensor

from model.attention import Projection
from model.config import LLAMA, PAPER, Architecture, Config
from model.parity import compare_model, compare_with_torch, worst
from model.seeded import embed, random_attention, random_encoder, random_transformer
from model.transformer import attention_of

WORDS = ["the", "cat", "saw", "the", "dog"]
ATTENTION = ("queries", "keys", "values", "fc_out")


def parts(x: Tensor, heads: int) -> Tensor:
    """Each head's own part of the vectors, (B, H, L, D)."""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def config(**changes: Any) -> Config:
    architecture = Architecture(projection="full", scale="head_dim")
    return Config(**{"embed_size": 24, "heads": 4, "architecture": architecture, **changes})


@pytest.mark.parametrize("projection", ["full", "shared"])
@pytest.mark.parametrize("heads", [1, 2, 3, 24])
def test_the_energy_is_the_plain_dot_product_of_the_heads_parts(
    heads: int, projection: Projection
) -> None:
    x = embed([WORDS, ["a", "b"]], 24, 3)
    module = random_attention(
        24, heads, projection=projection, scale="head_dim", seed=3, identity=True
    )
    trace = module.trace(x, x, x)
    split = parts(x, heads)
    for projected in (trace.queries, trace.keys, trace.values):
        assert torch.equal(projected, split)
    torch.testing.assert_close(trace.energy, split @ split.transpose(-2, -1))
    side_by_side = trace.head_outputs.transpose(1, 2).flatten(2)
    torch.testing.assert_close(trace.output, side_by_side)  # fc_out is the identity, too


@pytest.mark.parametrize("masked", [False, True])
def test_it_equals_multihead_attention(masked: bool) -> None:
    x = embed([WORDS], 24, 0)
    module = random_attention(24, 4, projection="full", scale="head_dim", identity=True)
    mask = torch.ones(5, 5, dtype=torch.bool).tril() if masked else None
    parity = compare_with_torch(module, module.trace(x, x, x, mask), x, x, mask)
    assert parity.output is not None
    assert parity.largest < 5e-6


def test_every_attention_of_a_transformer_has_it_and_agrees_with_pytorch() -> None:
    model = random_transformer(config(layers=2), seed=1, identity=True)
    state = model.state_dict()
    attentions = 0
    for kind in ("encoder_self", "decoder_self", "cross"):
        for layer in range(2):
            module = attention_of(model, kind, layer)  # type: ignore[arg-type]
            for name in ATTENTION:
                assert torch.equal(getattr(module, name).weight, torch.eye(24))
                attentions += 1
    assert attentions == sum(
        name.split(".")[-2] in ATTENTION for name in state if name.endswith("weight")
    )
    source, target = embed([WORDS], 24, 1), embed([["a", "b", "c"]], 24, 1)
    trace = model.trace(source, target)
    masks = dict.fromkeys(("encoder_self", "decoder_self", "cross"))
    assert worst(compare_model(model, trace, masks)).largest < 5e-6  # type: ignore[arg-type]
    queries, keys = trace.cross[0].queries, trace.cross[0].keys
    assert trace.encoder_output is not None
    torch.testing.assert_close(keys, parts(trace.encoder_output, 4))
    torch.testing.assert_close(queries, parts(trace.decoder_stream[1], 4))


@pytest.mark.parametrize("build", [random_encoder, random_transformer])
def test_all_other_weights_stay_the_seeds(build: Any) -> None:
    given = config(layers=2, vocabulary=7, architecture=PAPER)
    plain, identity = build(given, 5).state_dict(), build(given, 5, identity=True).state_dict()
    assert plain.keys() == identity.keys()
    for name, weight in plain.items():
        is_projection = name.endswith("weight") and name.split(".")[-2] in ATTENTION
        assert torch.equal(weight, identity[name]) != is_projection, name


def test_nobodys_module_changes_somebody_elses() -> None:
    one = random_encoder(config(), identity=True)
    one.layers[0].attention.queries.weight.zero_()  # type: ignore[union-attr, operator]
    other = random_encoder(config(), identity=True)
    assert torch.equal(attention_of(other, "encoder_self", 0).queries.weight, torch.eye(24))
    shared = [random_encoder(config(), seed, copy=False, identity=True) for seed in (0, 1)]
    addresses = {attention_of(m, "encoder_self", 0).keys.weight.data_ptr() for m in shared}
    assert len(addresses) == 1  # the memory of one matrix


def test_heads_that_share_keys_cannot_have_it() -> None:
    with pytest.raises(ValueError, match=r"as many key/value heads as heads.*got 12 × 24"):
        random_encoder(config(architecture=LLAMA, kv_heads=2), identity=True)
