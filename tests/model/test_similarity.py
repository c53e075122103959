"""Two sentences' likeness: two tokens by hand, and shares that add up for any vectors."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from model.similarity import best_matches, contributions, cosines, mean_pool, similarity

# The means are (2, 0) and (3, 4), of the lengths 2 and 5; their product is 6.
A = torch.tensor([[1.0, 0.0], [3.0, 0.0]])
B = torch.tensor([[0.0, 4.0], [3.0, 4.0], [6.0, 4.0]])
ZERO = torch.zeros(2, 2)


def test_two_sentences_by_hand() -> None:
    assert mean_pool(A).tolist() == [2, 0]
    assert mean_pool(B).tolist() == [3, 4]
    assert similarity(A, B) == pytest.approx(6 / 10)
    # The products of the tokens over 2 · 3 · 2 · 5.
    expected = [[0, 3 / 60, 6 / 60], [0, 9 / 60, 18 / 60]]
    shares = contributions(A, B)
    assert shares.tolist() == [pytest.approx(row) for row in expected]
    assert shares.sum().item() == pytest.approx(6 / 10)


def test_the_angles_of_tokens_by_hand() -> None:
    row = [0, 3 / 5, 6 / math.sqrt(52)]
    assert cosines(A, B).tolist() == [pytest.approx(row)] * 2


def test_the_same_sentence_is_as_alike_as_can_be_and_its_opposite_as_unlike() -> None:
    assert similarity(B, B) == pytest.approx(1)
    assert similarity(B, -7 * B) == pytest.approx(-1)
    assert similarity(A, torch.tensor([[0.0, 1.0]])) == 0


def test_vectors_of_zeros_are_like_nothing_and_nothing_is_nan() -> None:
    opposite = torch.tensor([[1.0, 2.0], [-1.0, -2.0]])  # their mean is zero, they are not
    for nothing in (ZERO, opposite):
        assert similarity(nothing, B) == similarity(B, nothing) == similarity(nothing, nothing) == 0
        assert contributions(nothing, B).tolist() == [[0, 0, 0]] * 2
        assert contributions(B, nothing).tolist() == [[0, 0]] * 3
    assert cosines(ZERO, B).tolist() == [[0, 0, 0]] * 2
    assert cosines(opposite, opposite).tolist() == [
        pytest.approx([1, -1]),
        pytest.approx([-1, 1]),
    ]


def sentences(seed: int, first: int, second: int, size: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    a = torch.randn(first, size, generator=generator)
    return a, torch.randn(second, size, generator=generator)


sizes = {
    "seed": st.integers(0, 1000),
    "first": st.integers(1, 6),
    "second": st.integers(1, 6),
    "size": st.integers(1, 8),
}


@given(**sizes)
def test_the_pairs_add_up_to_the_similarity(seed: int, first: int, second: int, size: int) -> None:
    a, b = sentences(seed, first, second, size)
    shares = contributions(a, b)
    assert shares.shape == (first, second)
    assert shares.dtype == torch.float64
    assert shares.sum().item() == pytest.approx(similarity(a, b), abs=1e-6)
    expected = torch.cosine_similarity(a.double().mean(0), b.double().mean(0), dim=0)
    assert similarity(a, b) == pytest.approx(expected.item(), abs=1e-12)
    # Each token's share is its product with the other's mean.
    rows = shares.sum(1) * len(a) * mean_pool(a).norm()
    torch.testing.assert_close(rows, a.double() @ mean_pool(b) / mean_pool(b).norm())


@given(**sizes)
def test_neither_order_nor_length_of_the_vectors_matters(
    seed: int, first: int, second: int, size: int
) -> None:
    a, b = sentences(seed, first, second, size)
    assert similarity(a, b) == pytest.approx(similarity(b, a), abs=1e-12)
    assert similarity(1e-30 * a, 1e30 * b) == pytest.approx(similarity(a, b), abs=1e-5)
    torch.testing.assert_close(contributions(a, b), contributions(b, a).T)
    torch.testing.assert_close(cosines(a, b), cosines(b, a).T)
    torch.testing.assert_close(contributions(4 * a, b), contributions(a, b))
    assert -1 <= similarity(a, b) <= 1
    assert cosines(a, b).abs().max() <= 1


@given(**sizes)
def test_angles_of_tokens_are_those_of_sentences_of_one_token(
    seed: int, first: int, second: int, size: int
) -> None:
    a, b = sentences(seed, first, second, size)
    every = cosines(a, b)
    for i in range(first):
        for j in range(second):
            alone = similarity(a[i : i + 1], b[j : j + 1])
            assert every[i, j].item() == pytest.approx(alone, abs=1e-12)


def test_rounding_does_not_leave_the_range() -> None:
    torch.manual_seed(0)
    vectors = torch.randn(400, 64)
    assert cosines(vectors, vectors).max() <= 1
    assert max(similarity(sentence, sentence) for sentence in vectors.split(5)) <= 1
    assert min(similarity(sentence, -sentence) for sentence in vectors.split(5)) >= -1


def test_the_best_matches_by_hand() -> None:
    matrix = torch.tensor([[0.25, 0.75, 0.5], [-1.0, -2.0, -3.0], [0.5, 0.5, 0.25]])
    assert best_matches(matrix) == [(0, 1, 0.75), (1, 0, -1), (2, 0, 0.5)]
    assert best_matches(matrix.T) == [(0, 2, 0.5), (1, 0, 0.75), (2, 0, 0.5)]
    assert best_matches(torch.zeros(0, 3)) == []


@pytest.mark.parametrize("shape", [(0, 4), (4,), (1, 2, 4)])
def test_what_is_no_sentence_is_refused(shape: tuple[int, ...]) -> None:
    wrong, right = torch.ones(shape), torch.ones(2, 4)
    message = rf"\({', *'.join(map(str, shape))},?\)"
    with pytest.raises(ValueError, match=f"got the shape {message}"):
        mean_pool(wrong)
    for function in (similarity, contributions, cosines):
        for pair in ((wrong, right), (right, wrong)):
            with pytest.raises(ValueError, match=f"got the shapes .*{message}"):
                function(*pair)


def test_vectors_of_two_sizes_are_refused() -> None:
    for function in (similarity, contributions, cosines):
        with pytest.raises(ValueError, match=r"\(2, 4\) and \(2, 5\)"):
            function(torch.ones(2, 4), torch.ones(2, 5))


@pytest.mark.parametrize("shape", [(3, 0), (3,)])
def test_without_columns_there_is_no_match(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"got the shape \(3,"):
        best_matches(torch.ones(shape))
