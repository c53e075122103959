"""Positions inside attention: rotary turns queries and keys, ALiBi lowers distant scores."""

import math
from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from model.attention import Projection, SelfAttention
from model.positions import alibi_bias, alibi_slopes, rotate
from tests.matrix import matrix

PROJECTIONS: list[Projection] = ["shared", "full"]
EXACT = {"rtol": 0.0, "atol": 1e-12}  # float64


def test_two_dimensions_by_hand() -> None:
    # D = 2: one pair, turned by m · 10000^0 = m radians. (1, 0) becomes (cos m, sin m), and
    # (0, 1) becomes (-sin m, cos m).
    # m = 1: cos 0.540302, sin 0.841471; m = 2: cos -0.416147, sin 0.909297.
    expected = [[1.0, 0.0], [0.540302, 0.841471], [-0.416147, 0.909297]]
    ones = torch.tensor([1.0, 0.0]).expand(3, 2)
    torch.testing.assert_close(rotate(ones), torch.tensor(expected), rtol=0, atol=1e-6)
    expected = [[0.0, 1.0], [-0.841471, 0.540302], [-0.909297, -0.416147]]
    torch.testing.assert_close(rotate(ones.flip(-1)), torch.tensor(expected), rtol=0, atol=1e-6)


def test_four_dimensions_by_hand() -> None:
    # D = 4: neighbours are a pair. The first is turned by m, the second by m · 10000^(-2/4) =
    # m / 100: cos 0.01 = 0.99995, sin 0.01 = 0.0099998; cos 0.02 = 0.9998, sin 0.02 = 0.0199987.
    x = torch.tensor([2.0, 0.0, 0.0, 3.0]).expand(3, 4)
    expected = [
        [2.0, 0.0, 0.0, 3.0],
        [2 * 0.540302, 2 * 0.841471, -3 * 0.0099998, 3 * 0.99995],
        [2 * -0.416147, 2 * 0.909297, -3 * 0.0199987, 3 * 0.9998],
    ]
    torch.testing.assert_close(rotate(x), torch.tensor(expected), rtol=0, atol=3e-6)


def test_another_base_turns_the_second_pair_by_another_angle() -> None:
    # base 4, D = 4: the second pair is turned by m · 4^(-1/2) = m / 2.
    x = torch.tensor([0.0, 0.0, 1.0, 0.0], dtype=torch.float64).expand(3, 4)
    expected = [[0, 0, math.cos(m / 2), math.sin(m / 2)] for m in range(3)]
    torch.testing.assert_close(
        rotate(x, base=4.0), torch.tensor(expected, dtype=torch.float64), **EXACT
    )


def test_the_angle_of_a_late_position_is_exact() -> None:
    """In single precision 511 radians would be off in the fifth digit."""
    x = torch.tensor([1.0, 0.0]).expand(512, 2)
    for position in (100, 511):
        expected = [math.cos(position), math.sin(position)]
        assert rotate(x)[position].tolist() == pytest.approx(expected, abs=1e-7)


vectors = st.integers(0, 1000).map(
    lambda seed: torch.randn(
        2, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)
    )
)


@given(vectors=vectors, m=st.integers(0, 40), n=st.integers(0, 40), shift=st.integers(1, 40))
def test_a_product_depends_on_the_distance_alone(
    vectors: Tensor, m: int, n: int, shift: int
) -> None:
    q, k = (rotate(vector.expand(81, 6)) for vector in vectors)  # at each position
    torch.testing.assert_close(q[m] @ k[n], q[m + shift] @ k[n + shift], **EXACT)


def test_a_product_does_depend_on_the_distance() -> None:
    torch.manual_seed(0)
    x = torch.randn(1, 6, dtype=torch.float64).expand(10, 6)
    products = rotate(x) @ rotate(x).T
    assert products.diagonal(1)[0] < products.diagonal(0)[0] - 0.01
    torch.testing.assert_close(products, products.T)  # of one vector with itself
    q, k = torch.tensor([[1.0, 0.0]]).expand(3, 2), torch.tensor([[0.0, 1.0]]).expand(3, 2)
    products = rotate(q) @ rotate(k).T  # sin(m - n): before and after are not the same
    assert products[2, 1].item() == pytest.approx(math.sin(1), abs=1e-6)
    assert products[1, 2].item() == pytest.approx(-math.sin(1), abs=1e-6)


@given(vectors=vectors, base=st.sampled_from([10.0, 10_000.0, 500_000.0]))
def test_norms_and_the_first_position_stay(vectors: Tensor, base: float) -> None:
    x = vectors[0].expand(2, 9, 6)
    turned = rotate(x, base)
    torch.testing.assert_close(turned.norm(dim=-1), x.norm(dim=-1), **EXACT)
    assert torch.equal(turned[:, 0], x[:, 0])
    assert torch.equal(turned[0], turned[1])  # a batch turns alike
    assert (turned[:, 1:] - x[:, 1:]).abs().amax(-1).min() > 1e-4


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 4), (2, 5, 3, 4), (2, 0, 4)])
def test_shape_and_precision_stay(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    turned = rotate(torch.zeros(shape, dtype=dtype))
    assert (turned.shape, turned.dtype) == (shape, dtype)


def test_an_odd_size_cannot_be_turned() -> None:
    with pytest.raises(ValueError, match="pairs of numbers") as caught:
        rotate(torch.zeros(2, 5))
    assert str(caught.value) == "rotary positions turn pairs of numbers; got vectors of 5"


def test_angles_first_asked_for_under_inference_can_be_trained_with() -> None:
    x = torch.randn(13, 14, requires_grad=True)  # a size that nobody else asks for
    with torch.inference_mode():
        rotate(x.detach())
    rotate(x).square().sum().backward()
    torch.testing.assert_close(x.grad, 2 * x.detach())  # a rotation keeps squares


@pytest.mark.parametrize("projection", PROJECTIONS)
def test_one_repeated_token_has_one_energy_per_distance(projection: Projection) -> None:
    torch.manual_seed(0)
    module = SelfAttention(12, 3, projection=projection, positions="rotary").double()
    x = torch.randn(1, 1, 12, dtype=torch.float64).expand(1, 7, 12)
    energy = module.trace(x, x, x).energy[0]  # (H, 7, 7)
    for head in energy:
        for distance in range(-6, 7):
            along = head.diagonal(distance)
            torch.testing.assert_close(along, along[:1].expand_as(along), **EXACT)
        assert head[0].unique().numel() == 7  # but distances differ
    still = SelfAttention(12, 3, projection=projection).double()
    still.load_state_dict(module.state_dict())
    plain = still.trace(x, x, x).energy[0]
    assert (plain - plain[:, :1, :1]).abs().max() < 1e-12
    torch.testing.assert_close(energy.diagonal(dim1=1, dim2=2), plain.diagonal(dim1=1, dim2=2))


def test_queries_and_keys_are_turned_after_the_projection_and_values_never() -> None:
    torch.manual_seed(0)
    still = SelfAttention(8, 2, projection="full", bias=True).double()
    turning = SelfAttention(
        8, 2, projection="full", bias=True, positions="rotary", rotary_base=50.0
    ).double()
    turning.load_state_dict(still.state_dict())
    x, query = torch.randn(2, 5, 8).double(), torch.randn(2, 3, 8).double()
    plain, turned = still.trace(x, x, query), turning.trace(x, x, query)
    assert torch.equal(turned.queries, rotate(plain.queries, 50.0))
    assert torch.equal(turned.keys, rotate(plain.keys, 50.0))
    assert torch.equal(turned.values, plain.values)
    torch.testing.assert_close(turned.energy, turned.queries @ turned.keys.mT, **EXACT)


def test_the_slopes_of_eight_heads_are_halves_of_one_another() -> None:
    assert alibi_slopes(8).tolist() == [
        1 / 2,
        1 / 4,
        1 / 8,
        1 / 16,
        1 / 32,
        1 / 64,
        1 / 128,
        1 / 256,
    ]


@pytest.mark.parametrize(
    ("heads", "exponents"),
    [
        (1, [8]),
        (2, [4, 8]),
        (3, [4, 8, 2]),  # two, and the first of four heads' 2, 4, 6, 8
        (4, [2, 4, 6, 8]),
        (6, [2, 4, 6, 8, 1, 3]),  # four, and every other of eight
        (12, [1, 2, 3, 4, 5, 6, 7, 8, 0.5, 1.5, 2.5, 3.5]),  # eight, and every other of sixteen
        (16, [i / 2 for i in range(1, 17)]),
    ],
)
def test_slopes_are_those_of_the_authors_code(heads: int, exponents: list[float]) -> None:
    assert alibi_slopes(heads).tolist() == pytest.approx([2**-e for e in exponents], rel=1e-6)


def test_a_bias_by_hand() -> None:
    # Two heads: slopes 2^-4 = 0.0625 and 2^-8 = 0.00390625.
    distance = torch.tensor([[0, 1, 2, 3], [1, 0, 1, 2]])
    bias = alibi_bias(2, 2, 4)
    assert torch.equal(bias, torch.stack([-0.0625 * distance, -0.00390625 * distance]))


@matrix(1, "scale", ["embed_size", "head_dim", "none"])
@matrix(2, ("queries", "keys"), [(6, 6), (3, 6), (6, 2)])
@pytest.mark.parametrize("projection", PROJECTIONS)
def test_scores_are_lowered_by_the_slope_a_step(
    projection: Projection, queries: int, keys: int, scale: str
) -> None:
    torch.manual_seed(0)
    module = SelfAttention(
        16,
        8,
        projection=projection,
        scale=scale,  # type: ignore[arg-type]
        positions="alibi",
        temperature=2.0,
    ).double()
    x, query = torch.randn(2, keys, 16).double(), torch.randn(2, queries, 16).double()
    trace = module.trace(x, x, query)
    lowered = trace.scores - trace.energy / module.divisor
    for head in range(8):
        for i in range(queries):
            for j in range(keys):
                expected = torch.full((2,), -(0.5 ** (head + 1)) * abs(i - j)).double()
                torch.testing.assert_close(lowered[:, head, i, j], expected, **EXACT)
    torch.testing.assert_close(trace.weights, trace.scores.softmax(-1), **EXACT)


def test_without_a_causal_mask_both_sides_are_lowered_alike() -> None:
    bias = alibi_bias(5, 7, 7)
    assert torch.equal(bias, bias.mT)
    assert (bias.diagonal(dim1=1, dim2=2) == 0).all()
    assert (bias.diagonal(3, dim1=1, dim2=2) < 0).all()


def test_a_mask_hides_whatever_the_bias() -> None:
    torch.manual_seed(0)
    module = SelfAttention(8, 2, positions="alibi")
    x, causal = torch.randn(1, 5, 8), torch.ones(5, 5).tril()
    masked, bare = module.trace(x, x, x, causal), module.trace(x, x, x)
    assert torch.equal(masked.scores == -math.inf, (causal == 0).expand(1, 2, 5, 5))
    seen = causal.bool().expand(1, 2, 5, 5)
    assert torch.equal(masked.scores[seen], bare.scores[seen])


def test_a_trace_does_not_write_into_the_shared_bias() -> None:
    before = alibi_bias(2, 5, 5).clone()
    x = torch.randn(1, 5, 8)
    SelfAttention(8, 2, positions="alibi").trace(x, x, x, torch.ones(5, 5).tril())
    assert torch.equal(alibi_bias(2, 5, 5), before)


@pytest.mark.parametrize("positions", ["none", "sinusoidal", "learned"])
def test_what_adds_to_the_input_means_nothing_to_attention(positions: str) -> None:
    torch.manual_seed(0)
    x = torch.randn(1, 5, 8)
    plain = SelfAttention(8, 2)
    other = SelfAttention(8, 2, positions=positions)  # type: ignore[arg-type]
    other.load_state_dict(plain.state_dict())
    assert torch.equal(other(x, x, x), plain(x, x, x))


def test_halves_pair_a_number_with_that_half_a_vector_on() -> None:
    x = torch.tensor([[0.0, 0.0, 0.0, 0.0], [1.0, 2.0, 3.0, 4.0]])
    # Position 1: (1, 3) is turned by 1, (2, 4) by 16^(-2/4) = 1/4.
    c, s, c4, s4 = math.cos(1), math.sin(1), math.cos(0.25), math.sin(0.25)
    expected = [c - 3 * s, 2 * c4 - 4 * s4, s + 3 * c, 2 * s4 + 4 * c4]
    assert rotate(x, 16.0, "halves")[1].tolist() == pytest.approx(expected, abs=1e-6)


@given(size=st.integers(1, 6), seed=st.integers(0, 99))
def test_the_two_pairings_differ_by_an_order_of_the_numbers_alone(size: int, seed: int) -> None:
    x = torch.randn(5, 2 * size, generator=torch.Generator().manual_seed(seed))
    halves = [*range(0, 2 * size, 2), *range(1, 2 * size, 2)]  # where each neighbour goes
    assert torch.equal(rotate(x)[:, halves], rotate(x[:, halves], pairs="halves"))


def test_attention_hands_its_pairing_on() -> None:
    x = torch.randn(1, 4, 8, generator=torch.Generator().manual_seed(0))
    make = partial(SelfAttention, 8, 2, projection="full", positions="rotary")
    halves, neighbours = make(rotary_pairs="halves"), make()
    neighbours.load_state_dict(halves.state_dict())
    plain = partial(SelfAttention, 8, 2, projection="full")()
    plain.load_state_dict(halves.state_dict())
    with torch.no_grad():
        queries = plain.trace(x, x, x).queries
        assert torch.equal(halves.trace(x, x, x).queries, rotate(queries, pairs="halves"))
        assert torch.equal(neighbours.trace(x, x, x).queries, rotate(queries))
