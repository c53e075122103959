"""Positions that add to the vectors: sines and cosines by Python's own math, and a table."""

import math

import pytest
import torch

from model.config import Architecture, Config
from model.positions import Positions, sinusoidal_positions
from model.transformer import Embedding


def test_the_first_position_is_zeros_and_ones() -> None:
    assert sinusoidal_positions(1, 6).tolist() == [[0, 1, 0, 1, 0, 1]]


def test_four_dimensions_by_hand() -> None:
    # E = 4: the angle of dimensions 0 and 1 is pos; that of 2 and 3, pos / 10000^(2/4) = pos / 100
    expected = [
        [0.0, 1.0, 0.0, 1.0],
        [0.841471, 0.540302, 0.0099998, 0.99995],  # sin 1, cos 1, sin 0.01, cos 0.01
        [0.909297, -0.416147, 0.0199987, 0.9998],  # sin 2, cos 2, sin 0.02, cos 0.02
    ]
    encoding = sinusoidal_positions(3, 4)
    torch.testing.assert_close(encoding, torch.tensor(expected), rtol=0, atol=1e-6)


def test_an_odd_size_ends_in_a_sine() -> None:
    # E = 3: the last angle is pos / 10000^(2/3) = pos · 0.00215443.
    expected = [[0.0, 1.0, 0.0], [0.841471, 0.540302, 0.00215443]]
    encoding = sinusoidal_positions(2, 3)
    torch.testing.assert_close(encoding, torch.tensor(expected), rtol=0, atol=1e-6)
    assert sinusoidal_positions(3, 1).flatten().tolist() == pytest.approx(
        [0, math.sin(1), math.sin(2)]
    )


@pytest.mark.parametrize("embed_size", [2, 7, 64, 511])
def test_every_entry_follows_the_papers_formula(embed_size: int) -> None:
    encoding = sinusoidal_positions(513, embed_size)
    for position in (0, 1, 17, 512):
        for dimension in {0, 1, embed_size // 2, embed_size - 2, embed_size - 1}:
            angle = position / 10000 ** (dimension // 2 * 2 / embed_size)
            wave = math.cos if dimension % 2 else math.sin
            # An angle of 512 in single precision is exact to 512 · 6e-8.
            assert encoding[position, dimension].item() == pytest.approx(wave(angle), abs=6e-5)


@pytest.mark.parametrize(("length", "embed_size"), [(0, 4), (1, 1), (5, 3), (3, 8)])
def test_the_shape_is_length_by_size(length: int, embed_size: int) -> None:
    encoding = sinusoidal_positions(length, embed_size)
    assert encoding.shape == (length, embed_size)
    assert encoding.dtype == torch.float32


def test_a_longer_sentence_keeps_the_positions_of_a_shorter_one() -> None:
    assert torch.equal(sinusoidal_positions(9, 6)[:4], sinusoidal_positions(4, 6))


def test_the_likeness_of_two_positions_depends_on_their_distance_alone() -> None:
    """For sines and cosines of one angle, PE(p) · PE(p + k) is the sum of cos(k · frequency)."""
    encoding = sinusoidal_positions(30, 16)
    likeness = encoding @ encoding.T
    for distance in (0, 1, 5):
        along = likeness.diagonal(distance)
        torch.testing.assert_close(along, along[:1].expand_as(along), rtol=0, atol=1e-4)
    assert likeness[0, 1] < likeness[0, 0] == pytest.approx(8)


def embedding(positions: Positions, longest: int = 512) -> Embedding:
    architecture = Architecture(positions=positions)
    return Embedding(Config(embed_size=6, heads=1, longest=longest, architecture=architecture))


def test_an_embedding_adds_the_sinusoidal_positions_to_each_sentence() -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 5, 6)
    added = embedding("sinusoidal")(x)
    torch.testing.assert_close(added - x, sinusoidal_positions(5, 6).expand(2, 5, 6))
    assert embedding("sinusoidal").state_dict() == {}  # nothing to learn
    assert embedding("sinusoidal")(x.double()).dtype == torch.float64


def test_an_embedding_adds_the_first_learned_positions_to_each_sentence() -> None:
    torch.manual_seed(0)
    module = embedding("learned", longest=7)
    assert list(module.state_dict()) == ["positions"]
    table = module.positions
    assert table.shape == (7, 6)
    x = torch.randn(2, 5, 6)
    assert torch.equal(module(x), x + table[:5])
    assert module(torch.zeros(1, 7, 6)).tolist() == [table.tolist()]


@pytest.mark.parametrize("positions", ["none", "rotary", "alibi"])
def test_an_embedding_leaves_alone_what_acts_elsewhere_or_nowhere(positions: Positions) -> None:
    x = torch.randn(2, 5, 6)
    assert torch.equal(embedding(positions)(x), x)
    assert embedding(positions).state_dict() == {}


def test_a_sentence_longer_than_the_learned_positions_is_told_both_lengths() -> None:
    with pytest.raises(ValueError, match="learned positions") as caught:
        embedding("learned", longest=7)(torch.zeros(2, 8, 6))
    assert str(caught.value) == "there are 7 learned positions, got a sentence of 8 tokens"
    assert embedding("sinusoidal", longest=7)(torch.zeros(2, 8, 6)).shape == (2, 8, 6)
