"""Recording leaves a model as it is: its output, its gradients, and everything around it."""

import gc
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode, _get_current_function_mode_stack
from torch.utils.checkpoint import checkpoint
from torch.utils.flop_counter import FlopCounterMode

from model.recording import record
from tests.model.recording.home_made import (
    GPT,
    CrossAttention,
    PatchAttention,
    SoftmaxAttention,
    tokens,
)


def gpt(**options: Any) -> GPT:
    torch.manual_seed(0)
    return GPT(**options).eval()


def nothing_left() -> bool:
    """Whether no mode, hook or stance of a recording is there."""
    modules = torch.nn.modules.module
    stance = torch._dynamo.eval_frame._stance.stance
    hooks = (
        modules._global_forward_hooks,
        modules._global_forward_pre_hooks,
        modules._global_backward_hooks,
        modules._global_backward_pre_hooks,
    )
    return not _get_current_function_mode_stack() and not any(hooks) and stance == "default"


def test_queries_keys_and_steps_of_an_example_worked_out_by_hand() -> None:
    # The query fits the first of two keys: energies 2 and 0, divided by 2; e / (e + 1) is 0.7311.
    query = torch.tensor([[[[2.0, 0.0]]]])
    keys = torch.tensor([[[[1.0, 0.0], [0.0, 1.0]]]])
    values = torch.tensor([[[[10.0], [20.0]]]])
    with record() as recording:
        output = F.scaled_dot_product_attention(query, keys, values, scale=0.5)
    (trace,) = recording.traces
    assert torch.equal(trace.queries, query)
    assert torch.equal(trace.keys, keys)
    assert torch.equal(trace.values, values)
    assert trace.divisor == 2.0
    assert trace.energy.tolist() == [[[[2.0, 0.0]]]]
    assert trace.scores.tolist() == [[[[1.0, 0.0]]]]
    torch.testing.assert_close(trace.weights, torch.tensor([[[[0.731059, 0.268941]]]]))
    torch.testing.assert_close(trace.head_outputs, torch.tensor([[[[12.689414]]]]))
    assert torch.equal(trace.output, output[0])
    assert (trace.name, trace.module, trace.root) == ("", "", "")
    assert trace.title == "scaled_dot_product_attention"
    assert trace.difference is not None
    assert trace.difference < 1e-5
    assert recording.notes == ()


def test_output_is_bit_for_bit_what_it_was() -> None:
    model, x = gpt(), tokens()
    before = model(x)
    with record() as recording:
        meanwhile = model(x)
    assert torch.equal(meanwhile, before)
    assert torch.equal(model(x), before)
    assert len(recording) == 2
    assert recording.notes == ()


@pytest.mark.parametrize("guard", [torch.no_grad, torch.inference_mode])
def test_traces_can_be_used_whatever_the_model_ran_under(guard: Callable[[], Any]) -> None:
    model, x = gpt(), tokens()
    with guard():
        before = model(x)
        with record() as recording:
            assert torch.equal(model(x), before)
    weights = recording.traces[0].weights
    assert not weights.requires_grad
    assert not weights.is_inference()
    (weights * torch.ones(1, requires_grad=True)).sum().backward()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_other_precisions(dtype: torch.dtype) -> None:
    model, x = gpt().to(dtype), tokens()
    before = model(x)
    with record() as recording:
        assert torch.equal(model(x), before)
    for trace in recording:
        assert trace.dtype == dtype
        wide = torch.float64 if dtype == torch.float64 else torch.float32
        assert trace.weights.dtype == trace.queries.dtype == wide
        assert trace.difference is not None
        assert trace.difference <= 4 * torch.finfo(dtype).eps
    assert recording.notes == ()


def test_float64_tells_rounding_from_mistakes() -> None:
    model, x = gpt(), tokens()
    with record(dtype=torch.float64) as recording:
        model(x)
    with record() as in_float32:
        model(x)
    for exact, ordinary in zip(recording, in_float32, strict=True):
        assert exact.weights.dtype == torch.float64
        torch.testing.assert_close(exact.weights.float(), ordinary.weights, rtol=0.0, atol=1e-6)
    assert recording.difference is not None
    assert 0 < recording.difference < 1e-6


def test_refuses_other_types() -> None:
    with pytest.raises(ValueError, match=r"float64.*got torch.float16"), record(dtype=torch.half):
        pass


def test_under_autocast_the_queries_are_those_that_the_kernel_reads() -> None:
    query = torch.randn(1, 2, 4, 8, generator=torch.Generator().manual_seed(0))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        before = F.scaled_dot_product_attention(query, query, query)
        with record() as recording:
            output = F.scaled_dot_product_attention(query, query, query)
        assert torch.is_autocast_enabled("cpu")
    assert torch.equal(output, before)
    (trace,) = recording.traces
    read = query.bfloat16().double()
    exact = (read @ read.transpose(2, 3) / 8**0.5).softmax(-1)
    torch.testing.assert_close(trace.weights, exact.float(), rtol=0.0, atol=1e-6)
    assert torch.equal(trace.queries, query.bfloat16().float())
    assert trace.dtype == torch.bfloat16
    assert trace.difference is not None
    assert trace.difference < 0.02
    assert recording.notes == ()


def gradients(model: nn.Module, x: Tensor) -> list[Tensor]:
    model.zero_grad()
    model(x).sum().backward()
    return [p.grad.clone() for p in model.parameters() if p.grad is not None]


@pytest.mark.parametrize("autocast", [False, True])
def test_gradients_are_what_they_were(autocast: bool) -> None:
    model, x = gpt().train(), tokens()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
        before = gradients(model, x)
        with record():
            meanwhile = gradients(model, x)
    assert len(before) == len(list(model.parameters()))
    assert all(map(torch.equal, meanwhile, before))


def test_gradients_of_multihead_attention_under_autocast() -> None:
    torch.manual_seed(0)
    model, x = nn.MultiheadAttention(8, 2), torch.randn(3, 2, 8)
    found = []
    for recorded in (False, True):
        model.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            if recorded:
                with record():
                    output = model(x, x, x)[0]
            else:
                output = model(x, x, x)[0]
        output.float().sum().backward()  # after the block
        found.append([p.grad.clone() for p in model.parameters()])
    assert all(map(torch.equal, *found))


def test_backward_after_the_block() -> None:
    model, x = gpt().train(), tokens()
    before = gradients(model, x)
    model.zero_grad()
    with record() as recording:
        loss = model(x).sum()
    loss.backward()
    assert all(map(torch.equal, [p.grad for p in model.parameters()], before))
    assert not any(trace.queries.requires_grad for trace in recording)


@pytest.mark.parametrize("backward", [Tensor.backward, torch.autograd.backward])
@pytest.mark.parametrize("reentrant", [False, True])
def test_checkpointing_is_recorded_once(
    reentrant: bool, backward: Callable[[Tensor], None]
) -> None:
    torch.manual_seed(0)
    model, x = PatchAttention(), torch.randn(2, 5, 12, requires_grad=True)
    with record() as recording:
        backward(checkpoint(model, x, use_reentrant=reentrant).sum())
    assert len(recording) == 1
    assert recording.notes == ()
    again, x.grad = x.grad, None
    checkpoint(model, x, use_reentrant=reentrant).sum().backward()
    assert torch.equal(again, x.grad)


def test_dropout_is_left_alone_and_its_weights_are_those_before() -> None:
    model, x = gpt(dropout=0.5).train(), tokens()
    torch.manual_seed(3)
    before = model(x)
    torch.manual_seed(3)
    with record() as recording:
        meanwhile = model(x)
    assert torch.equal(meanwhile, before)
    for trace in recording:
        assert trace.dropout == 0.5
        torch.testing.assert_close(trace.weights.sum(-1), torch.ones(2, 4, 6))
        assert trace.difference is None
        assert trace.unchecked.startswith("dropout (0.5)")
    assert recording.difference is None


def test_what_a_model_writes_into_its_tensors_later_changes_no_trace() -> None:
    cache = torch.ones(1, 1, 3, 2)
    mask = torch.ones(3, 3, dtype=torch.bool)
    with record() as recording:
        output = F.scaled_dot_product_attention(cache, cache, cache, mask)
        cache.zero_()
        mask.zero_()
        output.zero_()
    (trace,) = recording.traces
    assert torch.equal(trace.keys, torch.ones(1, 1, 3, 2))
    assert torch.equal(trace.output, torch.ones(1, 3, 2))
    assert trace.allowed is not None
    assert trace.allowed.all()


def test_steps_that_are_not_kept_are_computed_again() -> None:
    model, x = gpt(), tokens()
    with record(keep_steps=False) as lean, record() as full:
        model(x)
    for one, other in zip(lean, full, strict=True):
        assert one.kept is None
        for name in ("energy", "scores", "weights", "head_outputs", "output"):
            assert torch.equal(getattr(one, name), getattr(other, name))


def test_nothing_is_left_behind() -> None:
    model, x = gpt(), tokens()
    with record():
        model(x)
    assert nothing_left()
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def test_an_exception_passes_and_leaves_nothing_behind() -> None:
    model = gpt()
    recording = None

    def fail() -> None:
        nonlocal recording
        with record() as recording:
            model(tokens())
            model(torch.tensor([[99]]))

    with pytest.raises(IndexError):
        fail()
    assert nothing_left()
    assert recording is not None
    assert len(recording) == 2


def test_a_wrong_call_fails_as_it_always_does() -> None:
    x = torch.ones(1, 1, 2, 2)
    with pytest.raises(RuntimeError) as without:
        F.scaled_dot_product_attention(x, x, x, torch.ones(7, 7))
    with pytest.raises(RuntimeError) as within, record() as recording:
        F.scaled_dot_product_attention(x, x, x, torch.ones(7, 7))
    assert str(within.value) == str(without.value)
    assert recording.traces == ()


def test_what_cannot_be_recorded_is_not_the_model_s_problem(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise torch.OutOfMemoryError("no memory")

    monkeypatch.setattr("model.recording.interception.make_trace", fail)
    model, x = gpt(), tokens()
    before = model(x)
    with record() as recording:
        assert torch.equal(model(x), before)
    assert "1 call not recorded: OutOfMemoryError at GPT.blocks.1.attention: no memory." in (
        recording.notes
    )


def test_the_model_is_not_kept_alive() -> None:
    model = gpt()
    alive = weakref.ref(model)
    with record() as recording:
        model(tokens())
    del model
    gc.collect()
    assert alive() is None
    assert len(recording) == 2


def test_nested_recordings_each_see_what_runs_within_them() -> None:
    model, x = gpt(), tokens()
    before = model(x)
    with record() as outer:
        model(x)
        with record() as inner:
            assert torch.equal(model(x), before)
        assert len(inner) == 2
        cross = CrossAttention()
        cross(torch.randn(1, 2, 12), torch.randn(1, 3, 12))
    assert len(inner) == 2
    assert len(outer) == 5
    assert outer.notes == inner.notes == ()
    assert nothing_left()


def test_other_threads_are_not_recorded() -> None:
    model, x = gpt(), tokens()
    with record() as recording:
        thread = threading.Thread(target=model, args=(x,))
        thread.start()
        thread.join()
    assert recording.traces == ()


def test_threads_record_their_own_and_may_end_in_any_order() -> None:
    entered, may_end = threading.Barrier(2, timeout=60), threading.Event()
    found: dict[str, int] = {}

    def run(name: str, times: int, ends_first: bool) -> None:
        model = gpt()
        with record() as recording:
            entered.wait()
            for _ in range(times):
                model(tokens())
            if not ends_first:
                assert may_end.wait(60)
        found[name] = len(recording)
        may_end.set()

    threads = [
        threading.Thread(target=run, args=("first", 1, True)),
        threading.Thread(target=run, args=("second", 3, False)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {"first": 2, "second": 6}
    assert nothing_left()


def test_other_modes_count_only_what_the_model_does() -> None:
    model, x = gpt(), tokens()
    with FlopCounterMode(display=False) as alone:
        model(x)
    with FlopCounterMode(display=False) as beside, record() as recording:
        model(x)
    assert beside.get_total_flops() == alone.get_total_flops() > 0
    assert len(recording) == 2


def test_other_people_s_function_modes_see_only_what_the_model_does() -> None:
    class Listing(TorchFunctionMode):
        def __init__(self) -> None:
            super().__init__()
            self.names: list[str] = []

        def __torch_function__(self, func, types, args=(), kwargs=None):
            self.names.append(func.__name__)
            return func(*args, **(kwargs or {}))

    model, x = PatchAttention(), torch.randn(2, 5, 12)
    with Listing() as alone:
        model(x)
    with Listing() as beside, record() as recording:
        model(x)
    seen = {"linear", "scaled_dot_product_attention", "softmax", "matmul", "where"}
    assert [name for name in beside.names if name in seen] == [
        "linear",
        "scaled_dot_product_attention",
    ]
    assert [name for name in alone.names if name in seen] == [
        "linear",
        "scaled_dot_product_attention",
    ]
    assert len(recording) == 1


def test_transformations_of_functions_are_not_recorded() -> None:
    x = torch.randn(3, 1, 2, 4)
    with record() as recording:
        torch.func.vmap(lambda y: F.scaled_dot_product_attention(y, y, y))(x)
    assert recording.traces == ()
    assert recording.notes[0].startswith("1 call not recorded: it was inside a transformation")


@pytest.mark.filterwarnings(
    "ignore:`torch.jit:DeprecationWarning", "ignore::torch.jit.TracerWarning"
)
def test_a_trace_of_the_model_has_nothing_of_the_recording() -> None:
    model, x = PatchAttention().eval(), torch.randn(2, 5, 12)
    alone = torch.jit.trace(model, x)
    with record() as recording:
        within = torch.jit.trace(model, x, check_trace=False)
    assert [node.kind() for node in within.graph.nodes()] == [
        node.kind() for node in alone.graph.nodes()
    ]
    assert recording.traces == ()
    assert "traced or exported" in recording.notes[0]


def test_an_exported_model_is_recorded() -> None:
    model, x = PatchAttention().eval(), torch.randn(2, 5, 12)
    exported = torch.export.export(model, (x,)).module()
    before = exported(x)
    with record() as recording, record() as plain:
        assert torch.equal(exported(x), before)
        model(x)
    assert len(recording) == 2
    assert torch.equal(recording[0].weights, plain[1].weights)


def test_exporting_while_recording() -> None:
    model, x = PatchAttention().eval(), torch.randn(2, 5, 12)
    with record() as recording:
        exported = torch.export.export(model, (x,)).module()
    assert recording.traces == ()
    assert torch.equal(exported(x), model(x))


def test_attention_in_code_of_its_own_is_hinted_at() -> None:
    with record() as recording:
        SoftmaxAttention()(torch.randn(1, 3, 4))
    assert recording.traces == ()
    assert "softmax was seen (1 call)" in recording.notes[0]
    assert 'attn_implementation="sdpa"' in recording.notes[0]
