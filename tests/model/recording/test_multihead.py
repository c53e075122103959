"""nn.MultiheadAttention with all that it can be asked for, against the weights that it gives."""

import itertools
import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.recording import RecordedAttention, record
from tests.matrix import matrix

LENGTH, KEYS, SIZE, HEADS, BATCH = 4, 5, 12, 3, 2


def shaken(module: nn.Module) -> nn.Module:
    """Give every weight its own number, biases too, which PyTorch begins with zeros."""
    generator = torch.Generator().manual_seed(0)
    for parameter in module.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator) / 2
    return module.eval()


def inputs(module: nn.MultiheadAttention, batched: bool = True) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    sizes = ((LENGTH, SIZE), (KEYS, module.kdim or SIZE), (KEYS, module.vdim or SIZE))
    made = []
    for length, size in sizes:
        shape = (BATCH, length, size) if module.batch_first else (length, BATCH, size)
        made.append(torch.randn(shape if batched else (length, size), generator=generator))
    return made[0], made[1], made[2]


def recorded(module: nn.MultiheadAttention, *args: Any, **kwargs: Any) -> RecordedAttention:
    """The trace of a call, whose output and weights are those without recording."""
    before = module(*args, **kwargs)
    with record() as recording:
        output, weights = module(*args, **kwargs)
    assert torch.equal(output, before[0])
    assert weights is None if before[1] is None else torch.equal(weights, before[1])
    assert recording.notes == ()
    (trace,) = recording.traces
    assert trace.function == "multi_head_attention_forward"
    own = output if output.dim() == 2 or module.batch_first else output.transpose(0, 1)
    assert torch.equal(trace.output, own.reshape(trace.output.shape))
    return trace


def check(trace: RecordedAttention, module: nn.MultiheadAttention, *args: Any, **kwargs: Any):
    """The recorded weights are those that the module gives when it is asked for them."""
    kwargs |= {"need_weights": True, "average_attn_weights": False}
    _, weights = module(*args, **kwargs)
    torch.testing.assert_close(
        trace.weights, weights.reshape(trace.weights.shape), rtol=0.0, atol=1e-6
    )
    assert trace.difference is not None
    assert trace.difference < 1e-5


OPTIONS = {
    "batch_first": (False, True),
    "bias": (False, True),
    "add_bias_kv": (False, True),
    "add_zero_attn": (False, True),
    "other_sizes": (False, True),
    "batched": (False, True),
    "asked": ((True, True), (True, False), (False, True)),  # need_weights, average_attn_weights
    "mask": (None, "boolean", "numbers", "of each head"),
    "padding": (None, "boolean", "numbers"),
}
CASES = [dict(zip(OPTIONS, case, strict=True)) for case in itertools.product(*OPTIONS.values())][
    ::7
]


def masks(case: dict[str, Any]) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(2)
    given = {}
    if case["mask"]:
        batch = BATCH if case["batched"] else 1
        shape = (batch * HEADS,) if case["mask"] == "of each head" else ()
        mask = torch.randn(*shape, LENGTH, KEYS, generator=generator)
        given["attn_mask"] = mask if case["mask"] == "numbers" else mask > 0.5
    if case["padding"]:
        padding = torch.zeros(BATCH, KEYS)
        padding[0, -2:] = -math.inf if case["padding"] == "boolean" else -1.5
        padding = padding if case["batched"] else padding[0]
        given["key_padding_mask"] = padding < -1 if case["padding"] == "boolean" else padding
    if len({mask.dtype for mask in given.values()}) > 1:  # PyTorch wants both of one kind
        given["key_padding_mask"] = torch.zeros_like(padding) + padding.nan_to_num(neginf=-9.0)
        given["attn_mask"] = torch.zeros(given["attn_mask"].shape).masked_fill(
            given["attn_mask"] > 0, -math.inf
        )
    return given


@matrix(12, "case", CASES, ids=lambda case: "-".join(str(value) for value in case.values()))
def test_all_that_it_can_be_asked_for(case: dict[str, Any]) -> None:
    module = nn.MultiheadAttention(
        SIZE,
        HEADS,
        bias=case["bias"],
        add_bias_kv=case["add_bias_kv"],
        add_zero_attn=case["add_zero_attn"],
        kdim=7 if case["other_sizes"] else None,
        vdim=5 if case["other_sizes"] else None,
        batch_first=case["batch_first"],
    )
    shaken(module)
    query, key, value = inputs(module, case["batched"])
    if not case["other_sizes"]:
        value = key
    need_weights, average = case["asked"]
    asked = {"need_weights": need_weights, "average_attn_weights": average, **masks(case)}
    trace = recorded(module, query, key, value, **asked)
    added = case["add_bias_kv"] + case["add_zero_attn"]
    batch = BATCH if case["batched"] else 1
    assert tuple(trace.weights.shape) == (batch, HEADS, LENGTH, KEYS + added)
    check(trace, module, query, key, value, **masks(case))


def test_queries_keys_and_values_by_hand() -> None:
    module = nn.MultiheadAttention(4, 2, batch_first=True)
    shaken(module)
    x = torch.randn(1, 3, 4, generator=torch.Generator().manual_seed(0))
    trace = recorded(module, x, x, x)
    for place, own in enumerate((trace.queries, trace.keys, trace.values)):
        rows = module.in_proj_weight[4 * place : 4 * place + 4]
        made = x[0] @ rows.T + module.in_proj_bias[4 * place : 4 * place + 4]  # (3, 4)
        for head in range(2):
            torch.testing.assert_close(own[0, head], made[:, 2 * head : 2 * head + 2])
    assert trace.divisor == math.sqrt(2)
    assert trace.kv_heads == 2


def test_causal_by_a_hint() -> None:
    module = nn.MultiheadAttention(SIZE, HEADS, batch_first=True)
    shaken(module)
    x = torch.randn(BATCH, LENGTH, SIZE)
    mask = nn.Transformer.generate_square_subsequent_mask(LENGTH)
    for need_weights in (False, True):
        trace = recorded(module, x, x, x, attn_mask=mask, is_causal=True, need_weights=need_weights)
        assert trace.is_causal
        assert trace.bias is None
        assert torch.equal(trace.allowed[0, 0], torch.ones(LENGTH, LENGTH).tril().bool())
        check(trace, module, x, x, x, attn_mask=mask)


@pytest.mark.parametrize("need_weights", [False, True])
def test_a_query_without_keys_gets_what_the_module_gives(need_weights: bool) -> None:
    module = nn.MultiheadAttention(SIZE, HEADS, batch_first=True)
    shaken(module)
    x = torch.randn(1, 2, SIZE)
    mask = torch.tensor([[True, True], [False, False]])  # True = may not
    with record() as recording:
        output, weights = module(x, x, x, attn_mask=mask, need_weights=need_weights)
    (trace,) = recording.traces
    assert trace.allowed[0, 0].tolist() == [[False, False], [True, True]]
    assert trace.difference is not None
    assert trace.difference < 1e-5
    if need_weights:
        assert weights[0, 0].isnan().all()
        assert trace.weights[0, :, 0].isnan().all()
    else:
        assert trace.weights[0, :, 0].eq(0).all()
        torch.testing.assert_close(output[0, 0], module.out_proj.bias)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_other_precisions(dtype: torch.dtype) -> None:
    module = nn.MultiheadAttention(SIZE, HEADS, batch_first=True).to(dtype)
    x = torch.randn(BATCH, LENGTH, SIZE).to(dtype)
    trace = recorded(module, x, x, x)
    assert trace.dtype == dtype
    assert trace.difference is not None
    assert trace.difference < 8 * torch.finfo(dtype).eps


@pytest.mark.parametrize("need_weights", [False, True])
def test_dropout(need_weights: bool) -> None:
    module = nn.MultiheadAttention(SIZE, HEADS, dropout=0.4, batch_first=True)
    x = torch.randn(BATCH, LENGTH, SIZE)
    torch.manual_seed(0)
    before = module(x, x, x, need_weights=need_weights)[0]
    torch.manual_seed(0)
    with record() as recording:
        assert torch.equal(module(x, x, x, need_weights=need_weights)[0], before)
    (trace,) = recording.traces
    assert (trace.dropout, trace.difference) == (0.4, None)
    assert "0.4" in trace.unchecked
    check(recorded(module.eval(), x, x, x), module, x, x, x)
    torch.testing.assert_close(trace.weights.sum(-1), torch.ones(BATCH, HEADS, LENGTH))


def test_the_function_by_itself_with_static_keys() -> None:
    x = torch.randn(LENGTH, BATCH, SIZE)
    static = torch.randn(BATCH * HEADS, 6, SIZE // HEADS)
    arguments: tuple[Any, ...] = (
        x, x, x, SIZE, HEADS, torch.randn(3 * SIZE, SIZE), None, None, None, False, 0.0,
        torch.randn(SIZE, SIZE), None,
    )  # fmt: skip
    with record() as recording:
        _, weights = F.multi_head_attention_forward(
            *arguments, static_k=static, static_v=static, average_attn_weights=False
        )
    (trace,) = recording.traces
    assert torch.equal(trace.keys, static.view(BATCH, HEADS, 6, -1))
    torch.testing.assert_close(trace.weights, weights, rtol=0.0, atol=1e-6)
    assert trace.title == "multi_head_attention_forward"


def test_the_function_by_itself_with_boolean_masks() -> None:
    x = torch.randn(3, 1, 4)
    arguments: tuple[Any, ...] = (
        x, x, x, 4, 2, torch.randn(12, 4), None, None, None, False, 0.0, torch.randn(4, 4), None,
    )  # fmt: skip
    blocked = torch.tensor([[False, True, False], [False, False, False], [True, False, False]])
    padding = torch.tensor([[False, False, True]])
    with record() as recording:
        F.multi_head_attention_forward(*arguments, attn_mask=blocked, key_padding_mask=padding)
    expected = [[True, False, False], [True, True, False], [False, True, False]]
    for head in range(2):
        assert (recording[0].weights[0, head] > 0).tolist() == expected
    assert recording.notes == ()


def test_nothing_written_into_its_weights_later_changes_the_trace() -> None:
    module = nn.MultiheadAttention(SIZE, HEADS)
    x = torch.randn(LENGTH, BATCH, SIZE)
    with record() as recording:
        output = module(x, x, x)[0]
    before = output.detach().clone().transpose(0, 1)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
        output.zero_()
    assert torch.equal(recording[0].output, before)
    assert recording[0].queries.any()
