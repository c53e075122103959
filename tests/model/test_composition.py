"""Composition of heads: with a pencil, against whole (E, E) matrices, and turned at random."""

import math
from typing import Any, get_args

import numpy as np
import pytest
import torch
from torch import nn

from model.composition import (
    CompositionUnavailableError,
    Into,
    composition_into,
    composition_scores,
    head_weights,
    random_floor,
)
from model.config import TUTORIAL, Architecture, Config
from model.transformer import Encoder
from tests.model.helpers import shaken

ATTENTION_ONLY = Architecture(
    projection="full", norm_order="pre", norm="rms", attention_only=True, final_norm=True
)
NAMES = ("queries", "keys", "values", "fc_out")


def pencil(first: dict[str, list[list[float]]], second: dict[str, list[list[float]]]) -> Encoder:
    """Two layers of one head, on vectors of two numbers; what isn't given is the identity."""
    encoder = Encoder(Config(embed_size=2, heads=1, layers=2, architecture=ATTENTION_ONLY))
    with torch.no_grad():
        for block, given in zip(encoder.layers, (first, second), strict=True):
            for name in NAMES:
                weight = torch.tensor(given.get(name, [[1.0, 0.0], [0.0, 1.0]]))
                getattr(block.attention, name).weight.copy_(weight)
    return encoder.eval()


def scores_of(encoder: Encoder) -> dict[Into, float]:
    """The three numbers from the first head to the second."""
    return {into: scores[0, 0, 1, 0].item() for into, scores in composition_scores(encoder).items()}


def test_a_head_that_reads_what_another_writes_has_one_and_one_that_does_not_has_zero() -> None:
    # The first writes (x0, 0), a matrix of norm 1. The second's query is (x0, 0) too: it reads all
    # of it. Its value is (0, x1), which is nothing of it. Its key is x, of which W_QK takes x0.
    encoder = pencil({"values": [[1, 0], [0, 0]]}, {"queries": [[1, 0], [0, 0]],
                                                    "values": [[0, 0], [0, 1]]})  # fmt: skip
    assert scores_of(encoder) == pytest.approx({"q": 1, "k": 1, "v": 0})


def test_queries_and_keys_are_told_apart() -> None:
    # W_QK = W_Qᵀ W_K = [[0, 1], [0, 0]]: the query's first number times the key's second. So the
    # first number, which the first head writes, is read as a query and not as a key. The value
    # is x, of which half the square is there: 1 / (√2 · 1).
    encoder = pencil({"fc_out": [[1, 0], [0, 0]]}, {"queries": [[1, 0], [0, 0]],
                                                    "keys": [[0, 1], [0, 0]]})  # fmt: skip
    assert scores_of(encoder) == pytest.approx({"q": 1, "k": 0, "v": 1 / math.sqrt(2)})


def test_all_directions_alike_have_the_floor() -> None:
    # Identities: ‖1·1‖ / (‖1‖ ‖1‖) = √2 / 2, and 1/√E is the same for E = 2.
    found = scores_of(pencil({}, {}))
    assert found == pytest.approx(dict.fromkeys(get_args(Into), random_floor(2)))


def test_a_norms_scale_is_folded_in() -> None:
    # The second layer's norm doubles the first number and takes away the other: W_V becomes
    # diag(2, 0), and of what the first writes, diag(3, 4), the product is diag(6, 0).
    encoder = pencil({"fc_out": [[3, 0], [0, 4]]}, {})
    with torch.no_grad():
        encoder.layers[1].norm1.weight.copy_(torch.tensor([2.0, 0.0]))  # type: ignore[union-attr, operator]
    found = scores_of(encoder)
    assert found["v"] == pytest.approx(6 / (2 * 5))
    assert found["q"] == pytest.approx(6 / (2 * 2 * 5) * 2)  # W_QK is diag(4, 0): 12 / (4 · 5)


def test_a_head_without_weights_has_zero_and_no_nan() -> None:
    nothing = [[0.0, 0.0], [0.0, 0.0]]
    assert scores_of(pencil({"values": nothing}, {"queries": nothing})) == {"q": 0, "k": 0, "v": 0}


def whole_matrices(encoder: Encoder) -> dict[Into, np.ndarray]:
    """The same by the definition, with a loop and an (E, E) matrix for each map."""
    qk, ov = {}, {}
    layers, heads = len(encoder.layers), 0
    for layer, block in enumerate(encoder.layers):
        attention: Any = block.attention
        norm: Any = block.norm1
        heads, size = attention.heads, attention.head_dim
        embed = attention.embed_size
        fold = np.diag(norm.weight.detach().double().numpy())
        if isinstance(norm, nn.LayerNorm):
            fold = fold @ (np.eye(embed) - np.ones((embed, embed)) / embed)
        for head in range(heads):
            made = {}
            for name in ("queries", "keys", "values"):
                weight = getattr(attention, name).weight.detach().double().numpy()
                if attention.projection == "shared":
                    own = np.zeros((size, embed))
                    own[:, head * size : (head + 1) * size] = weight
                else:
                    group = head * (len(weight) // size) // heads
                    own = weight[group * size : (group + 1) * size]
                made[name] = own @ fold
            out = attention.fc_out.weight.detach().double().numpy()
            qk[layer, head] = made["queries"].T @ made["keys"]
            ov[layer, head] = out[:, head * size : (head + 1) * size] @ made["values"]
    norm_of = np.linalg.norm
    found = {into: np.zeros((layers, heads, layers, heads)) for into in get_args(Into)}
    for a, first in ov.items():
        for b in ov:
            if b[0] > a[0]:
                for into, second in (("q", qk[b].T), ("k", qk[b]), ("v", ov[b])):
                    share = norm_of(second @ first) / (norm_of(second) * norm_of(first))
                    found[into][(*a, *b)] = share
    return found


@pytest.mark.parametrize(
    ("kv_heads", "architecture"),
    [
        (None, Architecture(projection="full", norm_order="pre", norm="layer")),
        (2, Architecture(projection="full", norm_order="pre", norm="rms", positions="rotary")),
        (None, Architecture(projection="shared", norm_order="pre", norm="layer")),
    ],
    ids=["layer norm", "groups of heads, RMS norm, rotary", "shared projection"],
)
def test_it_is_what_the_whole_matrices_give(
    kv_heads: int | None, architecture: Architecture
) -> None:
    config = Config(
        embed_size=16, heads=4, layers=3, kv_heads=kv_heads, architecture=architecture
    )  # fmt: skip
    encoder = shaken(Encoder(config)).eval()
    expected = whole_matrices(encoder)
    for into, scores in composition_scores(encoder).items():
        torch.testing.assert_close(
            scores.double(), torch.from_numpy(expected[into]), rtol=0, atol=1e-6
        )


def test_into_one_head_it_is_the_same() -> None:
    config = Config(embed_size=16, heads=4, layers=3, kv_heads=2, architecture=ATTENTION_ONLY)
    encoder = shaken(Encoder(config)).eval()
    expected = whole_matrices(encoder)
    for into, scores in composition_into(encoder, 2, 3).items():
        wanted = torch.from_numpy(expected[into][:2, :, 2, 3])
        torch.testing.assert_close(scores.double(), wanted, rtol=0, atol=1e-6)
    assert {scores.shape for scores in composition_into(encoder, 0, 1).values()} == {(0, 4)}
    with pytest.raises(CompositionUnavailableError):
        composition_into(Encoder(Config(embed_size=4, heads=2, architecture=TUTORIAL)), 0, 0)


def test_the_matrices_are_those_by_which_the_heads_read_and_write() -> None:
    config = Config(embed_size=8, heads=2, layers=1, architecture=ATTENTION_ONLY)
    encoder = shaken(Encoder(config)).eval()
    block: Any = encoder.layers[0]
    weights = head_weights(block)
    x = torch.randn(1, 3, 8, generator=torch.Generator().manual_seed(0))
    traced = block.trace(x, x, x).self_attention
    # Divided by its root mean square, the stream goes through the folded matrices alone.
    read = x / (x.square().mean(-1, keepdim=True) + torch.finfo(x.dtype).eps).sqrt()
    for name in ("queries", "keys", "values"):
        made = torch.einsum("ble,hde->bhld", read, getattr(weights, name))
        torch.testing.assert_close(made, getattr(traced, name), rtol=1e-4, atol=1e-4)
    written = torch.einsum("bhld,hed->ble", traced.head_outputs, weights.outputs)
    torch.testing.assert_close(
        written + block.attention.fc_out.bias, traced.output, rtol=1e-4, atol=1e-4
    )


def test_heads_turned_at_random_have_the_floor_in_the_mean_of_the_squares() -> None:
    size, generator = 8, torch.Generator().manual_seed(0)
    second = torch.randn(size, 2, generator=generator) @ torch.randn(2, size, generator=generator)
    first = torch.diag(torch.arange(size).float())
    squares = []
    for _ in range(2000):
        turned = torch.linalg.qr(torch.randn(size, size, generator=generator)).Q
        share = (second @ turned @ first).norm() / (second.norm() * first.norm())
        squares.append(share.item() ** 2)
    assert math.sqrt(np.mean(squares)) == pytest.approx(random_floor(size), rel=0.02)


def test_no_edge_leads_backwards_or_within_a_layer() -> None:
    config = Config(embed_size=8, heads=2, layers=3, architecture=ATTENTION_ONLY)
    for scores in composition_scores(Encoder(config)).values():
        forward = torch.arange(3)[:, None] < torch.arange(3)
        assert ((scores > 0).all(1).all(-1) == forward).all()


def test_post_norm_stacks_are_told() -> None:
    encoder = Encoder(Config(embed_size=4, heads=2, layers=2, architecture=TUTORIAL))
    with pytest.raises(CompositionUnavailableError, match="post-norm") as told:
        composition_scores(encoder)
    assert told.value.text.code == "composition.post_norm"
