"""BERT and Llama, written out here in plain torch from their papers: ours compute the same."""

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from model.config import BERT, LLAMA, Config
from model.transformer import Encoder
from tests.model.helpers import shaken

EXACT = {"rtol": 0.0, "atol": 1e-12}  # float64
Weights = dict[str, Tensor]


def encoder(config: Config) -> tuple[Encoder, Weights]:
    torch.manual_seed(0)
    module = shaken(Encoder(config).double()).eval()
    return module, dict(module.state_dict())


def of_layer(weights: Weights, layer: int) -> Weights:
    prefix = f"layers.{layer}."
    return {k.removeprefix(prefix): w for k, w in weights.items() if k.startswith(prefix)}


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> Tensor:
    """One head of one sentence, (L, D) each."""
    scores = q @ k.T / math.sqrt(q.shape[-1])
    return scores.masked_fill(~mask, -math.inf).softmax(-1) @ v


def layer_norm(x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-12).sqrt() * scale + shift


def bert(weights: Weights, ids: Tensor, mask: Tensor, layers: int, heads: int) -> Tensor:
    """One sentence through BERT: Devlin et al. (2019), section 3, without segments."""
    x = weights["embedding.tokens.weight"][ids] + weights["embedding.positions"][: len(ids)]
    x = layer_norm(x, weights["embedding.norm.weight"], weights["embedding.norm.bias"])
    size = x.shape[1] // heads
    for w in (of_layer(weights, layer) for layer in range(layers)):
        q, k, v = (
            x @ w[f"attention.{name}.weight"].T + w[f"attention.{name}.bias"]
            for name in ("queries", "keys", "values")
        )
        split = [slice(h * size, (h + 1) * size) for h in range(heads)]
        attended = torch.cat([attend(q[:, h], k[:, h], v[:, h], mask) for h in split], dim=-1)
        attended = attended @ w["attention.fc_out.weight"].T + w["attention.fc_out.bias"]
        x = layer_norm(x + attended, w["norm1.weight"], w["norm1.bias"])
        hidden = x @ w["feed_forward.0.weight"].T + w["feed_forward.0.bias"]
        hidden = hidden * (1 + torch.erf(hidden / math.sqrt(2))) / 2
        hidden = hidden @ w["feed_forward.2.weight"].T + w["feed_forward.2.bias"]
        x = layer_norm(x + hidden, w["norm2.weight"], w["norm2.bias"])
    return x


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("real_tokens", [5, 3])
def test_bert_is_bert(real_tokens: int, layers: int) -> None:
    config = Config(
        embed_size=12, heads=3, layers=layers, vocabulary=11, longest=9, architecture=BERT
    )
    module, weights = encoder(config)
    ids = torch.tensor([3, 10, 0, 3, 7])
    padding = torch.arange(5) < real_tokens
    expected = bert(weights, ids, padding, layers, heads=3)
    torch.testing.assert_close(module(ids[None], padding)[0], expected, **EXACT)
    if real_tokens < 5:
        assert (module(ids[None])[0] - expected).abs().max() > 0.01


def rms_norm(x: Tensor, scale: Tensor) -> Tensor:
    return x / (x.square().mean(-1, keepdim=True) + 1e-5).sqrt() * scale


def turned(x: Tensor, base: float) -> Tensor:
    """Rotary positions as Llama's authors compute them: pairs are complex numbers, (L, D)."""
    length, size = x.shape
    frequencies = [base ** (-2 * i / size) for i in range(size // 2)]
    angles = torch.tensor(
        [[m * f for f in frequencies] for m in range(length)], dtype=torch.float64
    )
    pairs = torch.view_as_complex(x.reshape(length, size // 2, 2).contiguous())
    return torch.view_as_real(pairs * torch.polar(torch.ones_like(angles), angles)).flatten(1)


def llama(weights: Weights, ids: Tensor, config: Config, kv_heads: int) -> Tensor:
    """One sentence through Llama: Touvron et al. (2023), section 2.2; grouped as Llama 2."""
    x = weights["embedding.tokens.weight"][ids]
    size, causal = config.embed_size // config.heads, torch.ones(len(ids), len(ids)).tril().bool()
    base = config.architecture.rotary_base
    for w in (of_layer(weights, layer) for layer in range(config.layers)):
        y = rms_norm(x, w["norm1.weight"])
        q, k, v = (
            (y @ w[f"attention.{name}.weight"].T).split(size, dim=-1)
            for name in ("queries", "keys", "values")
        )
        assert (len(q), len(k), len(v)) == (config.heads, kv_heads, kv_heads)
        group = config.heads // kv_heads
        attended = [
            attend(turned(q[h], base), turned(k[h // group], base), v[h // group], causal)
            for h in range(config.heads)
        ]
        x = x + torch.cat(attended, dim=-1) @ w["attention.fc_out.weight"].T
        y = rms_norm(x, w["norm2.weight"])
        gate = y @ w["feed_forward.gate.weight"].T
        hidden = gate * torch.sigmoid(gate) * (y @ w["feed_forward.up.weight"].T)
        x = x + hidden @ w["feed_forward.down.weight"].T
    return rms_norm(x, weights["norm.weight"])


@pytest.mark.parametrize("kv_heads", [4, 2, 1])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("base", [10_000.0, 500.0])
def test_llama_is_llama(base: float, layers: int, kv_heads: int) -> None:
    config = Config(
        embed_size=24,
        heads=4,
        layers=layers,
        forward_expansion=8 / 3,
        kv_heads=kv_heads,
        vocabulary=11,
        architecture=replace(LLAMA, rotary_base=base, rotary_pairs="neighbours"),  # the paper's
    )
    module, weights = encoder(config)
    assert weights["layers.0.feed_forward.gate.weight"].shape == (64, 24)  # 8/3 of 24
    ids = torch.tensor([3, 10, 0, 3, 7, 7])
    expected = llama(weights, ids, config, kv_heads)
    output = module(ids[None], torch.ones(6, 6).tril())[0]
    torch.testing.assert_close(output, expected, **EXACT)
    # The same words without their order: the rotation was no decoration.
    unturned = replace(config, architecture=replace(LLAMA, positions="none"))
    other = Encoder(unturned).double()
    other.load_state_dict(weights)
    assert (other(ids[None], torch.ones(6, 6).tril())[0] - expected).abs().max() > 0.01


@pytest.mark.parametrize("kv_heads", [None, 2])
def test_llama_has_no_bias_and_bert_has_no_final_norm(kv_heads: int | None) -> None:
    sizes = {"embed_size": 8, "heads": 4, "kv_heads": kv_heads, "vocabulary": 5, "longest": 6}
    names = {
        name: tuple(weight.shape)
        for name, weight in Encoder(Config(**sizes, architecture=LLAMA)).state_dict().items()
    }
    kv_size = 8 if kv_heads is None else 4
    assert names == {
        "embedding.tokens.weight": (5, 8),
        "layers.0.attention.values.weight": (kv_size, 8),
        "layers.0.attention.keys.weight": (kv_size, 8),
        "layers.0.attention.queries.weight": (8, 8),
        "layers.0.attention.fc_out.weight": (8, 8),
        "layers.0.norm1.weight": (8,),
        "layers.0.norm2.weight": (8,),
        "layers.0.feed_forward.gate.weight": (32, 8),
        "layers.0.feed_forward.up.weight": (32, 8),
        "layers.0.feed_forward.down.weight": (8, 32),
        "norm.weight": (8,),
    }
    berts = set(Encoder(Config(**sizes, architecture=BERT)).state_dict())
    assert {name.split(".")[0] for name in berts} == {"embedding", "layers"}
    assert {"embedding.positions", "embedding.norm.weight", "embedding.norm.bias"} < berts
