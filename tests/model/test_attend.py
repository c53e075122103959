"""The equation alone: by hand, its properties, PyTorch's kernel, and gradients."""

import doctest
import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from model import attention
from model.attention import SelfAttention, attend, repeat_kv, softmax_over_allowed

EXACT = {"rtol": 0.0, "atol": 1e-12}  # of float64
LN2, LN3, LN5 = math.log(2), math.log(3), math.log(5)


def test_the_example_of_the_module_comes_out_as_it_says() -> None:
    assert doctest.testmod(attention) == doctest.TestResults(failed=0, attempted=5)


def test_a_bias_and_a_mask_by_hand() -> None:
    """Scores that are logarithms of whole numbers, so that weights are fractions."""
    q = torch.tensor([[[[2.0, 0.0], [0.0, 4.0]]]])
    k = torch.tensor([[[[1.0, 0.0], [2.0, 1.0], [0.0, 2.0]]]])
    v = torch.tensor([[[[1.0], [10.0], [100.0]]]])
    # The energies are (2, 4, 0) and (0, 4, 8), and halved (1, 2, 0) and (0, 2, 4).
    bias = torch.tensor([[LN2 - 1, LN3 - 2, LN5], [LN2, LN3 - 2, LN5 - 4]])
    steps = attend(q, k, v, divisor=2.0, bias=bias)
    assert steps.energy.tolist() == [[[[2, 4, 0], [0, 4, 8]]]]
    torch.testing.assert_close(steps.scores[0, 0], torch.tensor([[LN2, LN3, LN5]]).expand(2, 3))
    # 2 + 3 + 5 = 10
    torch.testing.assert_close(steps.weights[0, 0], torch.tensor([[0.2, 0.3, 0.5]]).expand(2, 3))
    torch.testing.assert_close(steps.head_outputs[0, 0], torch.full((2, 1), 0.2 + 3 + 50))

    allowed = torch.tensor([[True, True, False], [False, False, False]])
    masked = attend(q, k, v, divisor=2.0, bias=bias, allowed=allowed)
    assert torch.equal(masked.energy, steps.energy)
    assert masked.scores[0, 0].isinf().tolist() == [[False, False, True], [True, True, True]]
    # 2 + 3 = 5 for the first query; nothing for the second
    torch.testing.assert_close(masked.weights[0, 0, 0], torch.tensor([0.4, 0.6, 0.0]))
    assert masked.weights[0, 0, 1].tolist() == [0, 0, 0]
    torch.testing.assert_close(masked.head_outputs[0, 0], torch.tensor([[0.4 + 6], [0.0]]))


class Case:
    """Tensors in float64, with a bias and a mask of any shapes that broadcast, or none."""

    def __init__(self, seed: int, sizes: tuple[int, int, int, int, int, int], shown: float) -> None:
        batch, heads, queries, keys, size, value_size = sizes
        self.generator = torch.Generator().manual_seed(seed)
        self.q = self.drawn(batch, heads, queries, size)
        self.k = self.drawn(batch, heads, keys, size)
        self.v = self.drawn(batch, heads, keys, value_size)
        self.cells = batch, heads, queries, keys
        self.bias = self.drawn(*self.broadcast()) if seed % 3 else None
        cells = torch.rand(self.broadcast(), generator=self.generator)
        self.allowed = cells < shown if seed % 4 else None

    def drawn(self, *shape: int) -> Tensor:
        return torch.randn(*shape, generator=self.generator, dtype=torch.float64)

    def broadcast(self) -> tuple[int, ...]:
        """The shape of the cells with any of its sizes 1, and any number of the first left out."""
        kept = torch.randint(2, (4,), generator=self.generator).tolist()
        first = int(torch.randint(4, (1,), generator=self.generator))
        return tuple(s if k else 1 for s, k in zip(self.cells, kept, strict=True))[first:]

    def everywhere(self) -> Tensor:
        """Where a query may attend to a key, (B, H, Q, K)."""
        whole = torch.ones(self.cells, dtype=torch.bool)
        return whole if self.allowed is None else self.allowed.expand(self.cells)


cases = st.builds(
    Case,
    seed=st.integers(0, 1000),
    sizes=st.tuples(*[st.integers(1, most) for most in (3, 4, 6, 6, 5, 5)]),
    shown=st.sampled_from([0.0, 0.4, 0.9]),
)
divisors = st.sampled_from([0.25, 1.0, math.sqrt(3), 40.0])


@given(case=cases, divisor=divisors)
def test_it_equals_the_fused_kernel_under_any_bias_and_mask(case: Case, divisor: float) -> None:
    steps = attend(case.q, case.k, case.v, divisor=divisor, bias=case.bias, allowed=case.allowed)
    added = torch.zeros(case.cells).double() if case.bias is None else case.bias.expand(case.cells)
    added = added.masked_fill(~case.everywhere(), -math.inf)
    fused = F.scaled_dot_product_attention(
        case.q, case.k, case.v, attn_mask=added, scale=1 / divisor
    )
    torch.testing.assert_close(steps.head_outputs, fused, **EXACT)


@given(case=cases, divisor=divisors)
def test_weights_are_shares_and_hidden_keys_have_none(case: Case, divisor: float) -> None:
    steps = attend(case.q, case.k, case.v, divisor=divisor, bias=case.bias, allowed=case.allowed)
    allowed = case.everywhere()
    assert (steps.weights[allowed] >= 0).all()
    assert steps.weights[~allowed].count_nonzero() == 0
    assert torch.equal(steps.scores.isinf(), ~allowed)
    torch.testing.assert_close(steps.weights.sum(-1), allowed.any(-1).double(), **EXACT)


@given(case=cases, divisor=divisors)
def test_what_is_added_to_a_whole_row_changes_no_weight(case: Case, divisor: float) -> None:
    options = {"divisor": divisor, "allowed": case.allowed}
    plain = attend(case.q, case.k, case.v, bias=case.bias, **options)
    row = case.drawn(*case.cells[:3], 1)
    moved = attend(case.q, case.k, case.v, bias=row if case.bias is None else case.bias + row,
                   **options)  # fmt: skip
    torch.testing.assert_close(moved.weights, plain.weights, **EXACT)


@given(case=cases, divisor=divisors)
def test_what_a_hidden_key_and_its_value_are_changes_nothing(case: Case, divisor: float) -> None:
    hidden = ~case.everywhere().any(dim=2)  # (B, H, K) from every query
    k = case.k.masked_fill(hidden[..., None], 7.0)
    v = case.v.masked_fill(hidden[..., None], 7.0)
    options = {"divisor": divisor, "bias": case.bias, "allowed": case.allowed}
    expected = attend(case.q, case.k, case.v, **options)
    torch.testing.assert_close(attend(case.q, k, v, **options)[2:], expected[2:], **EXACT)


def test_a_number_that_is_none_stays_visible() -> None:
    """Only what isn't allowed is zero: a broken input must not look like a masked one."""
    q = torch.tensor([[[[math.nan], [1.0]]]])
    k = v = torch.ones(1, 1, 2, 1)
    allowed = torch.tensor([[True, False], [True, True]])
    weights = attend(q, k, v, divisor=1.0, allowed=allowed).weights[0, 0]
    assert weights[0].isnan().tolist() == [True, False]
    assert weights[1].tolist() == [0.5, 0.5]


def test_gradients_are_those_of_small_differences_also_in_rows_of_nothing() -> None:
    case = Case(seed=1, sizes=(2, 2, 3, 4, 3, 2), shown=1.0)
    allowed = torch.rand(2, 2, 3, 4, generator=case.generator) < 0.6
    allowed[0, :, 1] = False
    inputs = [x.requires_grad_() for x in (case.q, case.k, case.v, case.drawn(2, 1, 3, 4))]

    def outputs(q: Tensor, k: Tensor, v: Tensor, bias: Tensor) -> tuple[Tensor, ...]:
        steps = attend(q, k, v, divisor=1.5, bias=bias, allowed=allowed)
        return steps.weights, steps.head_outputs

    assert torch.autograd.gradcheck(outputs, inputs)
    sum(x.square().sum() for x in outputs(*inputs)).backward()
    assert inputs[0].grad[0, :, 1].count_nonzero() == 0  # nothing to attend to
    assert inputs[3].grad[0, :, 1].count_nonzero() == 0
    assert all(x.grad.isfinite().all() and x.grad.count_nonzero() for x in inputs)


def test_a_softmax_over_nothing_is_nothing() -> None:
    scores = torch.tensor([[-math.inf, -math.inf], [0.0, -math.inf]])
    allowed = torch.tensor([[False, False], [True, False]])
    assert softmax_over_allowed(scores, allowed).tolist() == [[0, 0], [1, 0]]
    assert softmax_over_allowed(scores, None)[0].isnan().all()  # nobody said that it is hidden


@pytest.mark.parametrize(("groups", "expected"), [(1, [0, 0, 0, 0]), (2, [0, 0, 1, 1]),
                                                  (4, [0, 1, 2, 3])])  # fmt: skip
def test_each_key_and_value_head_serves_queries_in_a_row(groups: int, expected: list[int]) -> None:
    x = torch.randn(2, groups, 3, 5)
    assert torch.equal(repeat_kv(x, 4), x[:, expected])


@pytest.mark.parametrize("positions", ["none", "rotary", "alibi"])
@pytest.mark.parametrize("projection", ["shared", "full"])
def test_the_module_traces_what_attend_computes(projection: str, positions: str) -> None:
    torch.manual_seed(0)
    module = SelfAttention(8, 2, projection=projection, positions=positions)  # type: ignore[arg-type]
    x, query = torch.randn(2, 5, 8), torch.randn(2, 3, 8)
    mask = torch.rand(2, 1, 3, 5) < 0.6
    trace = module.trace(x, x, query, mask)
    # ALiBi's slopes of two heads are 2^-4 and 2^-8.
    distance = (torch.arange(3)[:, None] - torch.arange(5)).abs()
    bias = -torch.tensor([2.0**-4, 2.0**-8])[:, None, None] * distance
    steps = attend(
        trace.queries,
        trace.keys,
        trace.values,
        divisor=math.sqrt(8),
        bias=bias if positions == "alibi" else None,
        allowed=mask,
    )
    for name, expected in steps._asdict().items():
        assert torch.equal(getattr(trace, name), expected), name


@pytest.mark.parametrize("projection", ["shared", "full"])
def test_hooks_on_the_projections_fire_and_what_they_return_counts(projection: str) -> None:
    torch.manual_seed(0)
    module = SelfAttention(8, 2, projection=projection)  # type: ignore[arg-type]
    x = torch.randn(1, 3, 8)
    plain = module.trace(x, x, x)
    fired = []
    for name in ("values", "keys", "queries", "fc_out"):
        layer = module.get_submodule(name)
        layer.register_forward_pre_hook(lambda *_, name=name: fired.append(name))
    module.values.register_forward_hook(lambda *call: 2 * call[2])
    module.fc_out.register_forward_hook(lambda *call: call[2] + 1)
    hooked = module.trace(x, x, x)
    assert sorted(fired) == ["fc_out", "keys", "queries", "values"]
    assert torch.equal(hooked.values, 2 * plain.values)
    assert torch.equal(hooked.head_outputs, 2 * plain.head_outputs)
    torch.testing.assert_close(
        hooked.output, module.fc_out(2 * plain.head_outputs.transpose(1, 2).flatten(2))
    )
