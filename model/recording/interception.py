"""Seeing the calls of attention while a model runs, without touching the model.

A TorchFunctionMode is asked before any of PyTorch's functions runs, in its own thread alone, and
however the model came by the function. It leaves every call as it is; so the model computes what it
always computes. Afterwards the same attention is computed explicitly, from copies.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from types import FrameType
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import _disable_current_modes

from .calls import Call, causal_variant, four_dimensional, sdpa_call
from .modules import ModuleNames
from .multihead import Arguments, bind, multihead_call
from .plain_code import no_compiled_code, would_be_fused
from .recording import Recording, Seen
from .trace import Got, make_trace, side_by_side

SDPA = (
    F.scaled_dot_product_attention,
    # Those that exported models call.
    torch.ops.aten.scaled_dot_product_attention,
    torch.ops.aten.scaled_dot_product_attention.default,
)


@contextmanager
def record(*, dtype: torch.dtype | None = None, keep_steps: bool = True) -> Iterator[Recording]:
    """Record the attentions that this thread computes within the block.

    The model's output is bit for bit what it is otherwise, and so are its gradients, except that
    PyTorch's fused layers (nn.TransformerEncoder in evaluation) and compiled code are run by their
    plain code, which `Recording.notes` then says. While anybody records, compiled code runs as
    plain code in the whole process. Nothing of it is left behind, also after an exception. What
    gradient checkpointing computes once more in a backward pass isn't seen a second time. The first
    block of a process takes a second longer, for the import of PyTorch's compiler.

    Args:
        dtype: torch.float32 or torch.float64, to compute the explicit steps in, of what the model
            has in its own precision; by default float32 for half precision, otherwise the model's.
            A difference that is rounding gets no larger in float64.
        keep_steps: keeps energy, scores, weights and the heads' outputs of each attention, about
            3 × B × H × Q × K numbers: 1.8 GB for twelve layers of twelve heads at 1,024 tokens.
            Otherwise they are computed anew at each access, from queries, keys and values.

    Raises:
        ValueError: if dtype is another.
        RuntimeError: within code that is compiled; record around the call of it.
    """
    if dtype not in (None, torch.float32, torch.float64):
        raise ValueError(f"expected torch.float32, torch.float64 or None as dtype, got {dtype}")
    seen = Seen()
    with no_compiled_code(), Interception(seen, dtype, keep_steps):
        yield Recording(seen)


class Interception(TorchFunctionMode):
    """Lets every function run, and records those that are attention; see record."""

    def __init__(self, seen: Seen, dtype: torch.dtype | None, keep_steps: bool) -> None:
        super().__init__()
        self._seen = seen
        self._dtype = dtype
        self._keep_steps = keep_steps
        self._names = ModuleNames(seen.scripted)

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Run one of PyTorch's functions as if nobody were here, and look at what it was."""
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        if func is F.multi_head_attention_forward or func in SDPA:
            self._take(func, args, kwargs, result, sys._getframe(1))
        else:
            self._seen.add_other(getattr(func, "__name__", ""))
        return result

    def _take(
        self,
        func: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        result: Any,
        frame: FrameType,
    ) -> None:
        """Record a call; whatever is wrong with it must not be the model's problem."""
        tensors = [x for x in (*args, *kwargs.values()) if isinstance(x, Tensor)]
        if reason := why_not(tensors):
            self._seen.unrecorded[reason] += 1
            return
        place = self._names.place(frame)
        given: Arguments | None = None
        is_fused = False
        if func is F.multi_head_attention_forward:
            given = bind(args, kwargs)
            is_fused = would_be_fused(
                place.modules[:1], given["query"], given["key"], given["value"]
            )
        try:
            with apart_from_model(tensors[0].device.type) as autocast_dtype:
                copies = Copies(autocast_dtype, self._dtype)
                call, got = (
                    read_sdpa(args, kwargs, result, copies)
                    if given is None
                    else read_multihead(given, result, copies)
                )
                trace = make_trace(call, got, place, keep_steps=self._keep_steps)
        except Exception as error:
            self._seen.unrecorded[f"{type(error).__name__} at {place.title}: {error}"] += 1
            return
        self._seen.add(trace, is_fused=is_fused, is_compiled=place.is_compiled)


def why_not(tensors: list[Tensor]) -> str:
    """Return why a call of these tensors can't be recorded; "" if it can."""
    if torch._C._get_tracing_state() is not None or torch.compiler.is_compiling():
        return "the model was being traced or exported"
    for x in tensors:
        if torch._C._functorch.is_functorch_wrapped_tensor(x):
            return "it was inside a transformation of torch.func (such as vmap or grad)"
        if x.is_nested:
            return "nested tensors have no common number of tokens"
        if x.is_meta:
            return "tensors on the meta device have no numbers"
        if hasattr(x, "__tensor_flatten__") or hasattr(x, "fake_mode"):  # made of others; of none
            return f"tensors of {type(x).__name__} aren't ordinary ones"
    return ""


@contextmanager
def apart_from_model(device: str) -> Iterator[torch.dtype | None]:
    """Compute what follows without the model's noticing, and as nothing around it demands.

    Neither autocast nor other people's modes, such as a FLOP counter, take part. There are no
    gradients as long as all tensors are detached.

    Yields:
        What autocast would have made of floating-point numbers; None if it is off.
    """
    is_cast = torch.is_autocast_enabled(device)
    with ExitStack() as stack:
        stack.enter_context(torch._C.DisableTorchFunction())
        if torch._C._len_torch_dispatch_stack():
            stack.enter_context(_disable_current_modes())
        stack.enter_context(torch.inference_mode(False))
        dtype = torch.get_autocast_dtype(device) if is_cast else None
        if is_cast:
            stack.enter_context(torch.autocast(device, enabled=False))
        yield dtype


class Copies:
    """Makes copies as the explicit computation needs them.

    Args:
        autocast_dtype: see apart_from_model.
        dtype: that is asked for; see record.
    """

    def __init__(self, autocast_dtype: torch.dtype | None, dtype: torch.dtype | None) -> None:
        self._autocast_dtype = autocast_dtype
        self._dtype = dtype

    def as_read(self, x: Any) -> Any:
        """Return an argument as the model's own computation reads it, in the precision to use."""
        if not isinstance(x, Tensor) or causal_variant(x) or not x.is_floating_point():
            return x
        x = x.detach()
        if self._autocast_dtype is not None and x.dtype != torch.float64:
            x = x.to(self._autocast_dtype)
        return x if self._dtype is None else x.to(self._dtype)

    def of_call(self, call: Call) -> Call:
        """Return a call whose tensors nobody else can write into, in the precision to use."""

        def copy(x: Tensor) -> Tensor:
            dtype = self._dtype or torch.promote_types(x.dtype, torch.float32)
            return x.to(dtype, copy=True)

        return replace(
            call,
            queries=copy(call.queries),
            keys=copy(call.keys),
            values=copy(call.values),
            bias=None if call.bias is None else copy(call.bias),
            allowed=None if call.allowed is None else call.allowed.clone(),
        )


def read_sdpa(
    args: tuple[Any, ...], kwargs: Mapping[str, Any], result: Tensor, copies: Copies
) -> tuple[Call, Got]:
    """Return a call of F.scaled_dot_product_attention, and its result."""
    read = [copies.as_read(x) for x in args]
    call = sdpa_call(*read, **{name: copies.as_read(x) for name, x in kwargs.items()})
    by_head = four_dimensional(result.detach(), result.shape[:-2])  # (B, H, Q, D)
    return copies.of_call(call), Got(side_by_side(by_head).clone())


def read_multihead(
    given: Arguments, result: tuple[Tensor, Tensor | None], copies: Copies
) -> tuple[Call, Got]:
    """Return a call of F.multi_head_attention_forward, and its results."""
    read = {name: copies.as_read(x) for name, x in given.items()}
    call = copies.of_call(multihead_call(read))
    output, weights = (None if x is None else x.detach() for x in result)
    assert output is not None
    output = output if output.dim() == 3 else output.unsqueeze(1)  # (Q, B, E)
    if weights is not None:
        heads = 1 if given["average_attn_weights"] else given["num_heads"]
        weights = weights.reshape(output.shape[1], heads, *weights.shape[-2:])
    projection = (read["out_proj_weight"], read["out_proj_bias"])
    return call, Got(output.transpose(0, 1).clone(), weights, projection)
