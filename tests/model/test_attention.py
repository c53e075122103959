"""What attention computes: an example by hand, its properties, and the trace of it all."""

import dataclasses
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from model.attention import AttentionTrace, Projection, Scale, SelfAttention

PROJECTIONS: list[Projection] = ["shared", "full"]

# An example by hand. Two tokens, E = 4, two heads of size 2 that share one small projection:
#
#     x0 = (1, 0 | 0, 1)      q(a, b) = (a + b, 2b)      k(a, b) = (2a, a - b)
#     x1 = (0, 1 | 1, 1)      v(a, b) = (b, 3a)          divisor = sqrt(4) = 2
#
#                      head 0: (a, b) = (1, 0), (0, 1)      head 1: (a, b) = (0, 1), (1, 1)
#     queries          (1, 0)  (1, 2)                       (1, 2)  (2, 2)
#     keys             (2, 1)  (0, -1)                      (0, -1) (2, 0)
#     values           (0, 3)  (1, 0)                       (1, 0)  (1, 3)
#     energy   q0      1·2+0·1 = 2   1·0-0·1 = 0            1·0-2·1 = -2   1·2+2·0 = 2
#              q1      1·2+2·1 = 4   1·0-2·1 = -2           2·0-2·1 = -2   2·2+2·0 = 4
#     scores   q0       1   0                               -1   1
#     (halved) q1       2  -1                               -1   2
#
# The softmax of two scores depends on their difference d alone: 1 / (1 + e^-d) for the first. The
# differences are 1 and 3, and -2 and -3; and 1 / (1 + e^-d) is, for d = 1, 2, 3:
S1, S2, S3 = 0.731059, 0.880797, 0.952574
#     weights  q0      S1     1 - S1                        1 - S2   S2
#              q1      S3     1 - S3                        1 - S3   S3
#     outputs  q0      (1 - S1, 3 S1)                       (1, 3 S2)
#     of heads q1      (1 - S3, 3 S3)                       (1, 3 S3)
#
# fc_out of the heads side by side (h0, h1, h2, h3): (h0 + h1, h2 - h3 + 1, 2 h3, h0 - 1):
#     output   q0      (1 + 2 S1, 2 - 3 S2, 6 S2, -S1)
#              q1      (1 + 2 S3, 2 - 3 S3, 6 S3, -S3)
X = torch.tensor([[[1.0, 0.0, 0.0, 1.0], [0.0, 1.0, 1.0, 1.0]]])


def by_hand() -> SelfAttention:
    module = SelfAttention(4, 2)
    weights = {
        "queries.weight": [[1, 1], [0, 2]],
        "keys.weight": [[2, 0], [1, -1]],
        "values.weight": [[0, 1], [3, 0]],
        "fc_out.weight": [[1, 1, 0, 0], [0, 0, 1, -1], [0, 0, 0, 2], [1, 0, 0, 0]],
        "fc_out.bias": [0, 1, 0, -1],
    }
    module.load_state_dict({name: torch.tensor(w).float() for name, w in weights.items()})
    return module


def assert_is(tensor: Tensor, expected: list) -> None:
    torch.testing.assert_close(tensor[0], torch.tensor(expected).float(), rtol=0, atol=1e-5)


def test_every_step_of_the_example_by_hand() -> None:
    trace = by_hand().trace(X, X, X)
    assert_is(trace.queries, [[[1, 0], [1, 2]], [[1, 2], [2, 2]]])
    assert_is(trace.keys, [[[2, 1], [0, -1]], [[0, -1], [2, 0]]])
    assert_is(trace.values, [[[0, 3], [1, 0]], [[1, 0], [1, 3]]])
    assert_is(trace.energy, [[[2, 0], [4, -2]], [[-2, 2], [-2, 4]]])
    assert_is(trace.scores, [[[1, 0], [2, -1]], [[-1, 1], [-1, 2]]])
    assert_is(trace.weights, [[[S1, 1 - S1], [S3, 1 - S3]], [[1 - S2, S2], [1 - S3, S3]]])
    assert_is(
        trace.head_outputs, [[[1 - S1, 3 * S1], [1 - S3, 3 * S3]], [[1, 3 * S2], [1, 3 * S3]]]
    )
    assert_is(
        trace.output,
        [[1 + 2 * S1, 2 - 3 * S2, 6 * S2, -S1], [1 + 2 * S3, 2 - 3 * S3, 6 * S3, -S3]],
    )


def test_a_causal_mask_leaves_the_examples_first_token_itself_alone() -> None:
    mask = torch.tensor([[True, False], [True, True]])
    trace = by_hand().trace(X, X, X, mask)
    assert_is(trace.energy, [[[2, 0], [4, -2]], [[-2, 2], [-2, 4]]])  # as without the mask
    assert_is(trace.scores, [[[1, -math.inf], [2, -1]], [[-1, -math.inf], [-1, 2]]])
    assert_is(trace.weights, [[[1, 0], [S3, 1 - S3]], [[1, 0], [1 - S3, S3]]])
    assert_is(trace.head_outputs, [[[0, 3], [1 - S3, 3 * S3]], [[1, 0], [1, 3 * S3]]])
    # q0: (h0, h1, h2, h3) = (0, 3, 1, 0)
    assert_is(trace.output, [[3, 2, 0, -1], [1 + 2 * S3, 2 - 3 * S3, 6 * S3, -S3]])


@pytest.mark.parametrize("projection", PROJECTIONS)
@pytest.mark.parametrize(("batch", "queries", "keys"), [(1, 1, 1), (2, 3, 5), (3, 4, 2), (2, 4, 0)])
def test_the_traces_fields_have_the_shapes_of_the_design(
    projection: Projection, batch: int, queries: int, keys: int
) -> None:
    embed_size, heads, head_dim = 12, 4, 3
    x = torch.randn(batch, keys, embed_size)
    query = torch.randn(batch, queries, embed_size)
    trace = SelfAttention(embed_size, heads, projection=projection).trace(x, x, query)
    assert {name: tuple(value.shape) for name, value in vars(trace).items()} == {
        "queries": (batch, heads, queries, head_dim),
        "keys": (batch, heads, keys, head_dim),
        "values": (batch, heads, keys, head_dim),
        "energy": (batch, heads, queries, keys),
        "scores": (batch, heads, queries, keys),
        "weights": (batch, heads, queries, keys),
        "head_outputs": (batch, heads, queries, head_dim),
        "output": (batch, queries, embed_size),
    }


def test_a_trace_cannot_be_changed() -> None:
    trace = by_hand().trace(X, X, X)
    with pytest.raises(dataclasses.FrozenInstanceError):
        trace.weights = trace.energy  # type: ignore[misc]
    assert AttentionTrace.__dataclass_params__.frozen


@pytest.mark.parametrize(
    ("scale", "temperature", "divisor"),
    [
        ("embed_size", 1.0, 8.0),
        ("head_dim", 1.0, 4.0),
        ("none", 1.0, 1.0),
        ("embed_size", 0.5, 4.0),
        ("head_dim", 3.0, 12.0),
        ("none", 2.0, 2.0),
    ],
)
def test_energies_are_divided_by_the_root_of_the_chosen_size_times_the_temperature(
    scale: Scale, temperature: float, divisor: float
) -> None:
    module = SelfAttention(64, 4, scale=scale, temperature=temperature)  # D = 16
    x = torch.randn(1, 3, 64)
    trace = module.trace(x, x, x)
    assert module.divisor == divisor
    torch.testing.assert_close(trace.scores * divisor, trace.energy)


def test_the_tutorials_formulation_is_the_default() -> None:
    module = SelfAttention(64, 4)
    assert (module.projection, module.scale, module.temperature) == ("shared", "embed_size", 1.0)
    assert module.queries.weight.shape == (16, 16)
    assert SelfAttention(64, 4, projection="full").queries.weight.shape == (64, 64)


@given(seed=st.integers(0, 500), q=st.integers(1, 6), k=st.integers(1, 6), heads=st.integers(1, 3))
def test_rows_sum_to_one_and_a_masked_weight_is_zero(seed: int, q: int, k: int, heads: int) -> None:
    torch.manual_seed(seed)
    module = SelfAttention(heads * 2, heads)
    x, query = torch.randn(2, k, heads * 2), torch.randn(2, q, heads * 2)
    mask = torch.rand(2, heads, q, k) < 0.5
    trace = module.trace(x, x, query, mask)
    expected = mask.any(-1).float()  # one, but zero where nothing may be attended to
    torch.testing.assert_close(trace.weights.sum(-1), expected, rtol=0, atol=1e-6)
    assert (trace.weights[~mask] == 0).all()
    assert (trace.weights[mask] > 0).all()
    assert torch.equal(trace.scores == -math.inf, ~mask)
    assert torch.equal(trace.energy, module.trace(x, x, query).energy)


@pytest.mark.parametrize("projection", PROJECTIONS)
@pytest.mark.parametrize("changed", [1, 2, 4])
def test_with_a_causal_mask_the_future_does_not_matter(
    changed: int, projection: Projection
) -> None:
    torch.manual_seed(0)
    module = SelfAttention(8, 2, projection=projection).double()
    x = torch.randn(1, 5, 8, dtype=torch.float64)
    other = x.clone()
    other[:, changed] += 1
    causal = torch.ones(5, 5).tril()

    def difference(mask: Tensor | None) -> Tensor:
        return (module(x, x, x, mask) - module(other, other, other, mask)).abs().amax((0, 2))

    assert difference(causal)[:changed].max() < 1e-14
    assert difference(causal)[changed:].min() > 1e-6
    assert difference(None).min() > 1e-6  # without the mask, everybody notices


@pytest.mark.parametrize("projection", PROJECTIONS)
def test_without_a_mask_order_means_nothing(projection: Projection) -> None:
    torch.manual_seed(0)
    module = SelfAttention(12, 3, projection=projection).double()
    x, query = torch.randn(2, 6, 12).double(), torch.randn(2, 4, 12).double()
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    trace, shuffled = module.trace(x, x, x), module.trace(*[x[:, order]] * 3)
    close = {"rtol": 0, "atol": 1e-13}
    torch.testing.assert_close(shuffled.output, trace.output[:, order], **close)
    torch.testing.assert_close(shuffled.weights, trace.weights[:, :, order][..., order], **close)
    # In cross attention only the keys are shuffled: the output stays.
    cross = module(x, x, query), module(x[:, order], x[:, order], query)
    torch.testing.assert_close(*cross, **close)
    assert (trace.output - trace.output[:, order]).abs().max() > 0.01


def test_a_low_temperature_sharpens_and_a_high_one_flattens() -> None:
    torch.manual_seed(0)
    x = 2 * torch.randn(1, 5, 8)
    reference = SelfAttention(8, 2)

    def weights_at(temperature: float) -> Tensor:
        module = SelfAttention(8, 2, temperature=temperature)
        module.load_state_dict(reference.state_dict())
        return module.trace(x, x, x).weights

    weights = {t: weights_at(t) for t in (1e-4, 0.5, 1.0, 2.0, 1e6)}
    entropy = [-(w * (w + 1e-30).log()).sum(-1).mean().item() for w in weights.values()]
    assert entropy == sorted(entropy)
    assert len(set(entropy)) == 5
    largest = torch.nn.functional.one_hot(weights[1.0].argmax(-1), 5).float()
    torch.testing.assert_close(weights[1e-4], largest, rtol=0, atol=1e-4)
    torch.testing.assert_close(weights[1e6], torch.full((1, 2, 5, 5), 0.2), rtol=0, atol=1e-4)
