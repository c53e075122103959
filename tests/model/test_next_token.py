"""The next token: probabilities by hand, the order of equals, and how far a change moves them."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from model.next_token import NextToken, kl_divergence, probabilities_of, top_tokens

# exp gives 1, 4, 2 and 1, which are 1/8, 1/2, 1/4 and 1/8 of their sum.
LOGITS = torch.tensor([0.0, math.log(4), math.log(2), 0.0], dtype=torch.float64)


def test_the_best_tokens_by_hand() -> None:
    best = top_tokens(LOGITS, 3)
    assert [(t.token, t.logit) for t in best] == [(1, math.log(4)), (2, math.log(2)), (0, 0)]
    assert [t.probability for t in best] == pytest.approx([1 / 2, 1 / 4, 1 / 8])
    assert isinstance(best[0], NextToken)


def test_there_are_ten_or_as_many_as_the_vocabulary_has() -> None:
    assert [t.token for t in top_tokens(LOGITS)] == [1, 2, 0, 3]
    assert [t.token for t in top_tokens(torch.arange(50.0))] == list(range(49, 39, -1))


@pytest.mark.parametrize("count", [1, 3, 10, 5000])
def test_of_equals_the_smallest_id_comes_first(count: int) -> None:
    logits = torch.zeros(5000)
    logits[4000] = 1
    expected = [4000, *(i for i in range(5000) if i != 4000)]
    assert [t.token for t in top_tokens(logits, count)] == expected[:count]


def test_a_token_that_cannot_come_has_no_probability() -> None:
    banned = LOGITS.clone()
    banned[1] = -torch.inf
    best = top_tokens(banned)
    assert [t.token for t in best] == [2, 0, 3, 1]
    assert [t.probability for t in best] == pytest.approx([1 / 2, 1 / 4, 1 / 4, 0])
    assert best[-1].logit == -math.inf


@given(st.lists(st.floats(-50, 50, width=32), min_size=1, max_size=40), st.integers(1, 50))
def test_tokens_are_sorted_and_their_probabilities_are_the_softmax(
    numbers: list[float], count: int
) -> None:
    best = top_tokens(torch.tensor(numbers), count)
    order = sorted(range(len(numbers)), key=lambda i: -numbers[i])  # equals keep their order
    assert [t.token for t in best] == order[:count]
    assert [t.logit for t in best] == [numbers[i] for i in order[:count]]
    total = math.fsum(math.exp(n) for n in numbers)
    assert [t.probability for t in best] == pytest.approx(
        [math.exp(t.logit) / total for t in best], rel=1e-9
    )


def test_a_large_vocabularys_probabilities_add_up_to_one() -> None:
    torch.manual_seed(0)
    logits = 3 * torch.randn(128_256)
    everything = probabilities_of(logits, range(len(logits)))
    assert abs(math.fsum(everything) - 1) < 1e-12


def test_huge_logits_do_not_overflow() -> None:
    logits = torch.tensor([1e30, 0.0, 1e30])
    assert [t.probability for t in top_tokens(logits)] == [0.5, 0.5, 0]
    assert kl_divergence(logits, logits) == 0


def test_the_probabilities_of_some_tokens_come_in_their_order() -> None:
    assert probabilities_of(LOGITS, [3, 1, 1]) == pytest.approx([1 / 8, 1 / 2, 1 / 2])
    assert probabilities_of(LOGITS, []) == []
    best = top_tokens(LOGITS)
    assert probabilities_of(LOGITS, [t.token for t in best]) == [t.probability for t in best]


@pytest.mark.parametrize("token", [4, -1])
def test_a_token_outside_the_vocabulary_is_refused(token: int) -> None:
    with pytest.raises(IndexError):
        probabilities_of(LOGITS, [0, token])


def test_the_divergence_by_hand() -> None:
    even = torch.zeros(4)
    # 1/2 log(1/2 · 4) + 1/4 log 1 + 2 · 1/8 log(1/8 · 4): a quarter of log 2.
    assert kl_divergence(LOGITS, even) == pytest.approx(math.log(2) / 4)
    # The other way round: 1/4 (log 2 + log 2 - log 2 - 0), another quarter of it.
    assert kl_divergence(even, LOGITS) == pytest.approx(math.log(2) / 4)
    two, uneven = torch.zeros(2), torch.tensor([math.log(3), 0.0])
    assert kl_divergence(two, uneven) == pytest.approx(math.log(4 / 3) / 2)
    assert kl_divergence(uneven, two) == pytest.approx(
        math.log(2) - math.log(4) + 0.75 * math.log(3)
    )


def test_the_divergence_of_tokens_that_cannot_come() -> None:
    banned = torch.tensor([0.0, 0.0, -torch.inf])
    free = torch.tensor([0.0, 0.0, math.log(2)])
    assert kl_divergence(banned, banned) == 0
    assert kl_divergence(banned, free) == pytest.approx(math.log(2))  # 1/2 each from 1/4 each
    assert kl_divergence(free, banned) == math.inf


@given(
    st.lists(st.tuples(*[st.floats(-20, 20, width=32)] * 2), min_size=1, max_size=20),
    st.floats(-100, 100, width=32),
)
def test_the_divergence_is_never_negative_and_torchs_own(
    pairs: list[tuple[float, float]], shift: float
) -> None:
    before, after = torch.tensor(pairs, dtype=torch.float64).T
    moved = kl_divergence(before, after)
    assert moved >= 0
    expected = torch.nn.functional.kl_div(
        after.log_softmax(0), before.log_softmax(0), reduction="sum", log_target=True
    )
    assert moved == pytest.approx(expected.item(), abs=1e-9)
    # What is added to all logits changes no probability.
    assert kl_divergence(before, before + shift) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    "logits", [torch.zeros(2, 3), torch.zeros(0), torch.full((3,), -torch.inf)]
)
def test_what_is_no_softmax_is_refused(logits: torch.Tensor) -> None:
    shape = str(tuple(logits.shape)).replace("(", r"\(").replace(")", r"\)")
    for call in (
        lambda: top_tokens(logits),
        lambda: probabilities_of(logits, []),
        lambda: kl_divergence(logits, logits),
    ):
        with pytest.raises(ValueError, match=f"finite number among them, got the shape {shape}"):
            call()


def test_no_tokens_and_different_vocabularies_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1, got 0"):
        top_tokens(LOGITS, 0)
    with pytest.raises(ValueError, match=r"\(4,\) and \(3,\)"):
        kl_divergence(LOGITS, torch.zeros(3))
