"""Seeded numbers: the same for ever, each word's its own, and well spread at any size."""

import hashlib
import math
import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from model.attention import Projection
from model.seeded import embed, hashed_numbers, random_attention, token_vector, weight_matrix

ROOT = Path(__file__).parents[2]


def expected_numbers(seed: int, name: str, count: int) -> list[float]:
    """SHAKE-256 of the seed and the name as 32-bit integers, spread evenly over ±sqrt(3)."""
    digest = hashlib.shake_256(str(seed).encode() + b"\0" + name.encode()).digest(4 * count)
    return [(n / 2**32 - 0.5) * 2 * 3**0.5 for n in struct.unpack(f"<{count}I", digest)]


@pytest.mark.parametrize("token", ["cat", "Cat", "</s>", "我", "\U0001f44d\U0001f3ff", ""])
@pytest.mark.parametrize("seed", [0, 1, 123456789])
def test_a_tokens_numbers_are_the_hash_of_seed_and_text(token: str, seed: int) -> None:
    expected = expected_numbers(seed, f"token/{token}", 5)
    assert token_vector(token, 5, seed).tolist() == pytest.approx(expected, abs=1e-6)


def test_a_rows_numbers_are_the_hash_of_seed_name_and_row() -> None:
    rows = [expected_numbers(7, f"weight/keys/{row}", 9) for row in range(9)]
    expected = torch.tensor(rows) / 3  # sqrt(9)
    torch.testing.assert_close(weight_matrix("keys", 9, 9, 7), expected, rtol=0, atol=1e-6)


def test_the_numbers_of_cat_never_change() -> None:
    """Links, lessons and screenshots rely on them; computed once with hashlib alone."""
    golden = [-0.3077650, -1.1054047, 1.0348578]
    assert token_vector("cat", 3, 0).tolist() == pytest.approx(golden, abs=1e-6)


@pytest.mark.matrix
def test_a_fresh_process_has_the_same_numbers() -> None:
    code = (
        "import hashlib; from model.seeded import *\n"
        "x = embed([['the', 'cat', '\\ud800']], 16, 3)\n"
        "module = random_attention(16, 4, projection='full', seed=3)\n"
        "numbers = [x, *module.state_dict().values()]\n"
        "print(hashlib.sha256(b''.join(n.numpy().tobytes() for n in numbers)).hexdigest())"
    )
    x = embed([["the", "cat", "\ud800"]], 16, 3)
    module = random_attention(16, 4, projection="full", seed=3)
    here = hashlib.sha256(
        b"".join(n.numpy().tobytes() for n in (x, *module.state_dict().values()))
    ).hexdigest()
    there = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "12345"},  # what hash() would depend on
        capture_output=True,
        text=True,
        check=True,
    )
    assert there.stdout.strip() == here


def test_a_word_has_the_same_vector_in_any_sentence() -> None:
    batch = embed([["the", "cat"], ["a", "black", "cat", "cat"]], 8, 0)
    cat = torch.from_numpy(token_vector("cat", 8, 0).copy())
    for vector in (batch[0, 1], batch[1, 2], batch[1, 3]):
        assert torch.equal(vector, cat)
    assert not torch.equal(batch[0, 0], cat)


def test_each_word_and_each_seed_has_numbers_of_its_own() -> None:
    words = ["cat", "Cat", "cats", "tac", "1", "11", "keys/1"]
    vectors = {tuple(token_vector(word, 4, seed)) for word in words for seed in range(12)}
    assert len(vectors) == len(words) * 12
    matrices = {
        tuple(weight_matrix(name, 4, 4, seed).flatten().tolist())
        for name in ("values", "keys", "queries", "fc_out")
        for seed in range(12)
    }
    assert len(matrices) == 4 * 12


def test_half_a_surrogate_pair_has_numbers_of_its_own() -> None:
    """It can't be written as UTF-8, and isn't taken for a question mark, nor for another half."""
    tokens = ["?", "\ud800", "\ud801", "a\udc00", "a?"]
    assert len({tuple(token_vector(token, 4, 0).tolist()) for token in tokens}) == len(tokens)


def test_padding_is_zero_vectors() -> None:
    batch = embed([["a"], ["a", "b", "c"], []], 5, 0)
    assert batch.shape == (3, 3, 5)
    assert batch.dtype == torch.float32
    assert batch[0, 1:].count_nonzero() == 0
    assert batch[2].count_nonzero() == 0
    assert batch[1].count_nonzero() == 15
    assert embed([[]], 5, 0).shape == (1, 0, 5)


@pytest.mark.parametrize("small", [1, 7, 8, 9, 33])
def test_a_larger_embedding_extends_a_smaller_one_exactly(small: int) -> None:
    for large in (small + 1, 64, 512):
        assert np.array_equal(token_vector("cat", small, 4), token_vector("cat", large, 4)[:small])
        assert torch.equal(embed([["cat"]], small, 4), embed([["cat"]], large, 4)[..., :small])


@pytest.mark.parametrize(("small", "large"), [(1, 2), (3, 5), (8, 16), (16, 17), (31, 64)])
def test_a_smaller_matrix_is_but_for_the_factor_a_corner_of_the_larger(
    small: int, large: int
) -> None:
    inner = weight_matrix("keys", small, small, 0) * math.sqrt(small)
    outer = weight_matrix("keys", large, large, 0) * math.sqrt(large)
    torch.testing.assert_close(inner, outer[:small, :small], rtol=1e-6, atol=1e-7)


def test_a_matrix_need_not_be_square_and_its_variance_is_one_over_its_columns() -> None:
    wide, tall = weight_matrix("ff", 30, 400, 0), weight_matrix("ff", 400, 30, 0)
    assert wide.shape == (30, 400)
    assert tall.shape == (400, 30)
    for matrix in (wide, tall):  # of 12,000 uniform numbers: a standard error of 0.8 %
        assert matrix.var().item() * matrix.shape[1] == pytest.approx(1, abs=0.05)
    torch.testing.assert_close(
        wide[:, :30] * math.sqrt(400), tall[:30] * math.sqrt(30), rtol=1e-6, atol=1e-7
    )


def test_cached_vectors_cannot_be_changed_by_those_who_share_them() -> None:
    vector = token_vector("cat", 4, 0)
    with pytest.raises(ValueError, match="read-only"):
        vector[0] = 1


def test_numbers_have_mean_zero_and_variance_one_between_plus_and_minus_root_three() -> None:
    numbers = hashed_numbers(0, "any", 200_000).astype(np.float64)
    # The standard errors of 200,000 uniform numbers: 0.0022 of the mean, 0.002 of the variance.
    assert abs(numbers.mean()) < 0.01
    assert abs(numbers.var() - 1) < 0.01
    assert 1.7319 < numbers.max() <= math.sqrt(3) + 1e-6
    assert -1.7319 > numbers.min() >= -math.sqrt(3) - 1e-6
    tokens = np.stack([token_vector(f"word{i}", 32, 0) for i in range(2000)])
    assert np.abs(tokens.mean(0)).max() < 0.1  # no dimension leans to a side
    assert np.abs(np.corrcoef(tokens.T) - np.eye(32)).max() < 0.1  # or follows another


def test_with_the_full_projection_heads_split_the_same_matrices() -> None:
    modules = [random_attention(24, heads, projection="full", seed=2) for heads in (1, 2, 3, 8)]
    first, *others = [module.state_dict() for module in modules]
    for other in others:
        for name, matrix in first.items():
            assert torch.equal(matrix, other[name]), name
    x = embed([["a", "b", "c"]], 24, 2)
    queries = [module.trace(x, x, x).queries.transpose(1, 2).flatten(2) for module in modules]
    for split in queries[1:]:
        assert torch.equal(split, queries[0])


def test_with_the_shared_projection_only_the_head_size_matters() -> None:
    assert torch.equal(random_attention(8, 2).keys.weight, random_attention(16, 4).keys.weight)


@pytest.mark.parametrize("projection", ["shared", "full"])
def test_a_random_module_is_ready_to_be_looked_at(projection: Projection) -> None:
    module = random_attention(9, 3, projection=projection, scale="none", temperature=2.0, seed=5)
    assert not module.training
    assert (module.projection, module.scale, module.temperature) == (projection, "none", 2.0)
    for parameter in module.parameters():
        assert not parameter.requires_grad
        assert parameter.device.type == "cpu"
        assert parameter.dtype == torch.float32
    assert module.fc_out.bias.count_nonzero() == 0
    for name in ("values", "keys", "queries", "fc_out"):
        layer = getattr(module, name)
        assert torch.equal(layer.weight, weight_matrix(name, *layer.weight.shape, 5))
    x = embed([["odd", "sizes"]], 9, 5)
    assert not module(x, x, x).requires_grad


def test_sizes_that_do_not_fit_are_an_error_here_too() -> None:
    with pytest.raises(ValueError, match="that work are 8 and 12"):
        random_attention(10, 4)


def spreads(embed_size: int, heads: int, projection: Projection, seeds: int) -> list[float]:
    """The standard deviation of energy / sqrt(D) over 32 words, for each seed."""
    found = []
    for seed in range(seeds):
        x = embed([[f"word{i}" for i in range(32)]], embed_size, seed)
        module = random_attention(
            embed_size, heads, projection=projection, scale="head_dim", seed=seed
        )
        found.append(module.trace(x, x, x).scores.std().item())
    return found


@pytest.mark.parametrize("projection", ["shared", "full"])
def test_scores_spread_alike_at_every_size(projection: Projection) -> None:
    """Else the softmax would be flat at one size and one-hot at another."""
    sizes = [*range(8, 65), 72, 96, 100, 127, 128, 192, 255, 256, 384, 512]
    for embed_size in sizes:
        for heads in (1, 2, 3, 4, 8, 16):
            # A head that is projected by a 1×1 or 2×2 matrix of its own has too few random
            # numbers for a law about each seed: see the next test.
            if embed_size % heads == 0 and (projection == "full" or embed_size // heads > 2):
                found = spreads(embed_size, heads, projection, 3 if embed_size <= 64 else 1)
                assert min(found) > 0.5, (embed_size, heads)
                assert max(found) < 2, (embed_size, heads)


@pytest.mark.parametrize(("embed_size", "heads"), [(8, 8), (16, 16), (8, 4), (16, 8), (32, 16)])
def test_scores_of_the_smallest_heads_spread_alike_over_many_seeds(
    embed_size: int, heads: int
) -> None:
    found = spreads(embed_size, heads, "shared", seeds=30)
    assert 0.5 < float(np.sqrt(np.mean(np.square(found)))) < 2
