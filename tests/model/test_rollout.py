"""Rollout and the residual stream: two tokens and two layers by hand, and what must hold."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from model.config import PAPER, Config
from model.masks import build_mask
from model.rollout import attention_rollout, stream_norms, stream_similarity
from model.seeded import embed, random_encoder

# Two tokens, two layers of two heads:
#
#              head 0       head 1       their mean   + 1, halved
#     layer 1  1    0       0    1       0.5  0.5     0.75  0.25
#              0.5  0.5     0.5  0.5     0.5  0.5     0.25  0.75
#
#     layer 2  1    0       1    0       1    0       1     0
#              1    0       1    0       1    0       0.5   0.5
#
# R_1 is the first; R_2 = second · first: (0.75, 0.25), and their mean (0.5, 0.5).
LAYER_1 = torch.tensor([[[[1.0, 0.0], [0.5, 0.5]], [[0.0, 1.0], [0.5, 0.5]]]])
LAYER_2 = torch.tensor([[[[1.0, 0.0], [1.0, 0.0]], [[1.0, 0.0], [1.0, 0.0]]]])


def test_two_layers_by_hand() -> None:
    first, second = attention_rollout([LAYER_1, LAYER_2])
    assert first.tolist() == [[[0.75, 0.25], [0.25, 0.75]]]
    assert second.tolist() == [[[0.75, 0.25], [0.5, 0.5]]]
    # The other way round the layers don't commute: (1, 0) and (0.5, 0.5) times the first's rows.
    assert attention_rollout([LAYER_2, LAYER_1])[1].tolist() == [[[0.875, 0.125], [0.625, 0.375]]]


def test_a_row_that_attends_to_nothing_remains_itself() -> None:
    nothing = LAYER_1.clone()
    nothing[:, :, 1] = 0
    first, second = attention_rollout([nothing, nothing])
    assert first.tolist() == [[[0.75, 0.25], [0, 1]]]
    assert second.tolist() == [[[0.5625, 0.4375], [0, 1]]]  # 0.75², and the rest


def test_no_layers_give_no_rollout_and_sentences_do_not_mix() -> None:
    assert attention_rollout([]) == []
    batch = [torch.cat((layer, layer.flip(-1))) for layer in (LAYER_1, LAYER_2)]
    both = attention_rollout(batch)
    assert [r.shape for r in both] == [(2, 2, 2)] * 2
    assert torch.equal(both[1][0], attention_rollout([LAYER_1, LAYER_2])[1][0])
    assert torch.equal(both[1][1], attention_rollout([w[1:] for w in batch])[1][0])


@given(
    seed=st.integers(0, 1000),
    length=st.integers(1, 6),
    heads=st.integers(1, 3),
    layers=st.integers(1, 4),
)
def test_rows_sum_to_one_whatever_is_masked(
    seed: int, length: int, heads: int, layers: int
) -> None:
    torch.manual_seed(seed)
    mask = torch.rand(layers, 2, heads, length, length, dtype=torch.float64) < 0.5
    scores = torch.randn(mask.shape, dtype=torch.float64).masked_fill(~mask, -torch.inf)
    weights = scores.softmax(-1).nan_to_num()
    rolled = attention_rollout(list(weights))
    assert len(rolled) == layers
    for rollout in rolled:
        assert rollout.dtype == torch.float64
        assert (rollout >= 0).all()
        ones = torch.ones(2, length, dtype=torch.float64)
        torch.testing.assert_close(rollout.sum(-1), ones, rtol=0, atol=1e-12)


def test_a_real_stacks_rollout_knows_no_future() -> None:
    module = random_encoder(Config(embed_size=16, heads=4, layers=3, architecture=PAPER))
    trace = module.trace(embed([["a", "b", "c", "d", "e"]], 16, 0), build_mask("causal", [5]))
    rolled = attention_rollout([layer.weights for layer in trace.encoder_self])
    assert len(rolled) == 3
    for rollout in rolled:
        assert rollout.triu(1).count_nonzero() == 0
        assert rollout[0, 0].tolist() == [1, 0, 0, 0, 0]
        assert (rollout.tril() > 0).sum() == 15
    # A token becomes less and less of itself.
    itself = torch.stack([rollout[0].diagonal()[1:] for rollout in rolled])
    assert (itself.diff(dim=0) < 0).all()


def test_norms_by_hand() -> None:
    stream = [
        torch.tensor([[[3.0, 4.0], [0.0, 0.0], [1.0, 0.0]]]),
        torch.tensor([[[5.0, 12.0], [0.0, -2.0], [8.0, 15.0]]]),
    ]
    assert stream_norms(stream).tolist() == [[[5, 0, 1], [13, 2, 17]]]


def test_similarities_by_hand() -> None:
    stream = [
        torch.tensor([[[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 0.0]]]),
        torch.tensor([[[1.0, 1.0], [-2.0, 0.0], [0.0, 3.0], [1.0, 1.0]]]),
        torch.tensor([[[3.0, 4.0], [7.0, 0.0], [0.0, 0.0], [0.0, 0.0]]]),
    ]
    (steps,) = stream_similarity(stream)
    nan = float("nan")  # where there is no direction
    assert steps[0].tolist() == pytest.approx([1, 1, 1, nan], nan_ok=True)  # with itself
    assert steps[1].tolist() == pytest.approx([0.5**0.5, -1, 0, nan], nan_ok=True)
    assert steps[2].tolist() == pytest.approx([0.6, 1, nan, nan], nan_ok=True)


def test_similarities_stay_in_their_range_for_any_length_of_the_vectors() -> None:
    torch.manual_seed(0)
    vectors = torch.randn(1, 500, 64)
    assert stream_similarity([vectors, 3 * vectors]).max() <= 1
    tiny = vectors * 1e-20
    torch.testing.assert_close(stream_similarity([tiny, vectors])[0, 1], torch.ones(500))


def test_a_streams_numbers_are_sentence_by_step_by_token() -> None:
    module = random_encoder(Config(embed_size=16, heads=4, layers=3, architecture=PAPER))
    stream = module.trace(embed([["a", "b"], ["c"]], 16, 0)).encoder_stream
    norms, similarities = stream_norms(stream), stream_similarity(stream)
    assert norms.shape == similarities.shape == (2, 7, 2)
    assert norms[1, 4, 0].item() == pytest.approx(stream[4][1, 0].norm().item())
    cosine = torch.cosine_similarity(stream[4][1, 0], stream[0][1, 0], dim=0)
    assert similarities[1, 4, 0].item() == pytest.approx(cosine.item(), abs=1e-6)
    # A norm without its scale and shift leaves vectors of the root of E.
    torch.testing.assert_close(norms[:, 1:], torch.full((2, 6, 2), 4.0), rtol=1e-4, atol=0)
    assert (similarities.abs() < 1 + 1e-6).all()
