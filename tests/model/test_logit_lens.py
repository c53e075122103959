"""Reading a residual stream early: by hand on a tiny stack, against transformers on SmolLM2."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from model import logit_lens
from model.config import Config
from model.logit_lens import Readout, Wins, after_layers, read_early, wins_at
from model.transformer import Encoder

# Four tokens as directions of the plane; reading halves a vector first, as a norm would.
TABLE = torch.tensor([[2.0, 0.0], [0.0, 2.0], [-2.0, 0.0], [1.0, 1.0]])
HALVED = Readout(lambda x: x / 2, lambda x: x @ TABLE.T, vocabulary=4)


def one(*rows: list[float]) -> list[Tensor]:
    """A stream of one position."""
    return [torch.tensor([row]) for row in rows]


def test_a_stream_read_by_hand() -> None:
    ln3 = math.log(3)
    # Halved, the logits are [ln 3, 0, -ln 3, ln 3 / 2], then [0, ln 3, 0, ln 3 / 2].
    readings = read_early(HALVED, one([ln3, 0.0], [0.0, ln3]), count=2)
    assert readings.tokens.tolist() == [[[0, 3]], [[1, 3]]]
    root = math.sqrt(3)
    first, last = 3 + 1 + 1 / 3 + root, 1 + 3 + 1 + root
    expected = [[[3 / first, root / first]], [[3 / last, root / last]]]
    torch.testing.assert_close(readings.probabilities, torch.tensor(expected))
    # What is followed is the answer, token 1: in the first row e^0, behind tokens 0 and 3.
    assert readings.followed.tolist() == [1]
    torch.testing.assert_close(
        readings.followed_probabilities, torch.tensor([[1 / first], [3 / last]])
    )
    assert readings.followed_ranks.tolist() == [[3], [1]]


def test_any_token_can_be_followed() -> None:
    ln3 = math.log(3)
    readings = read_early(HALVED, one([ln3, 0.0], [0.0, ln3]), count=1, followed=torch.tensor([2]))
    root = math.sqrt(3)
    assert readings.followed.tolist() == [2]
    assert readings.followed_ranks.tolist() == [[4], [3]]  # of equals none is before the other
    expected = [[(1 / 3) / (4 + 1 / 3 + root)], [1 / (5 + root)]]
    torch.testing.assert_close(readings.followed_probabilities, torch.tensor(expected))


def test_a_last_vector_that_is_normed_is_not_normed_again() -> None:
    ends_normed = Readout(HALVED.norm, HALVED.unembed, 4, ends_normed=True)
    twice, once = one([8.0, 0.0], [4.0, 0.0]), one([8.0, 0.0], [8.0, 0.0])
    torch.testing.assert_close(
        read_early(ends_normed, twice).probabilities, read_early(HALVED, once).probabilities
    )


@pytest.mark.parametrize("most", [1, 4, 12, 2**22])
def test_in_parts_of_any_size_the_same_is_read(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = torch.Generator().manual_seed(0)
    vectors = [torch.randn(5, 2, generator=generator) for _ in range(4)]
    logits = torch.stack(vectors) / 2 @ TABLE.T  # (4, 5, 4)
    largest: list[int] = []
    watched = Readout(
        HALVED.norm, lambda x: largest.append(4 * len(x)) or HALVED.unembed(x), 4
    )  # fmt: skip
    monkeypatch.setattr(logit_lens, "MOST_LOGITS", most)
    readings = read_early(watched, vectors, count=4)
    ordered = logits.softmax(-1).sort(dim=-1, descending=True)
    assert torch.equal(readings.tokens, ordered.indices)
    torch.testing.assert_close(readings.probabilities, ordered.values)
    assert max(largest) <= max(4, most)


def test_more_are_asked_for_than_there_are() -> None:
    assert read_early(HALVED, one([1.0, 0.0]), count=9).tokens.shape == (1, 1, 4)


@pytest.mark.parametrize(("count", "length"), [(0, 1), (-1, 1), (1, 0)])
def test_nothing_to_read_is_an_error(count: int, length: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        read_early(HALVED, [torch.zeros(length, 2)], count=count)


@pytest.mark.parametrize(
    ("likeliest", "wins"),
    [
        ([7, 3, 7, 7], Wins(0, 2)),  # it was ahead, lost it, and came back
        ([1, 2, 3], Wins(2, 2)),
        ([3, 3, 3], Wins(0, 0)),
        ([1, 3, 2, 3], Wins(1, 3)),
        ([5], Wins(0, 0)),
    ],
)
def test_where_the_answer_wins(likeliest: list[int], wins: Wins) -> None:
    assert wins_at(likeliest) == wins


def test_no_rows_have_no_answer() -> None:
    with pytest.raises(ValueError, match="got none"):
        wins_at([])


@pytest.mark.parametrize(
    ("count", "kept"), [(7, [0, 2, 4, 6]), (4, [0, 1, 2, 3]), (10, [0, 3, 6, 9])]
)
def test_a_stream_is_read_after_whole_layers(count: int, kept: list[int]) -> None:
    stream = [torch.full((1,), float(i)) for i in range(count)]
    assert [int(x) for x in after_layers(stream, 3)] == kept


@pytest.mark.parametrize("count", [0, 1, 3, 6])
def test_a_stream_of_other_layers_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match="3 layers"):
        after_layers([torch.zeros(1)] * count, 3)


def test_our_own_stack_is_read_after_each_layer() -> None:
    """Stopping a stack after n layers is reading it early, and is done here with other modules."""
    torch.manual_seed(0)
    options: dict[str, Any] = {"embed_size": 8, "heads": 2, "vocabulary": 11, "longest": 6}
    whole = Encoder(Config(layers=3, **options)).eval()
    ids = torch.tensor([[3, 1, 4, 1, 5]])
    assert whole.embedding.tokens is not None
    table = whole.embedding.tokens.weight
    trace = whole.trace(ids)
    readout = Readout(whole.norm, lambda x: x @ table.T, 11)
    vectors = [x[0] for x in after_layers(trace.encoder_stream, 3)]
    readings = read_early(readout, vectors, count=11)
    for layers in range(4):
        shorter = Encoder(Config(layers=layers, **options)).eval() if layers else None
        if shorter is not None:
            shorter.load_state_dict(whole.state_dict(), strict=False)
        output = whole.norm(whole.embedding(ids)) if shorter is None else shorter(ids)
        expected = (output[0] @ table.T).softmax(-1).sort(dim=-1, descending=True)
        assert torch.equal(readings.tokens[layers], expected.indices)
        torch.testing.assert_close(readings.probabilities[layers], expected.values)
