"""An attention implementation for transformers that keeps all that it computes.

Transformers lets a model's attention be computed by any function that is registered under a name.
The one here computes it step by step, with the same `attend` as this project's own module, and in a
thread that is recording keeps every step. Nothing is stored on modules, so threads can share a
model.
"""

import importlib
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from ..attention import AttentionTrace, attend, repeat_kv
from ..interventions import AttentionChange
from ..parity import Parity, compare_with_fused, fused
from .base import ModelUnavailableError

NAME = "headlight"  # of the attention implementation, among transformers' own

# What models pass along that changes no number here: a window and packed positions come with the
# mask, the rest is about what to return. Whatever else has a value would be ignored: it is refused.
HARMLESS = frozenset(
    {
        "cache_position",
        "num_items_in_batch",
        "output_attentions",
        "output_hidden_states",
        "output_router_logits",
        "position_ids",
        "return_dict",
        "sliding_window",
        "use_cache",
    }
)


@dataclass(frozen=True)
class RecordedCall:
    """One attention: its trace, and what its numbers were made with."""

    trace: AttentionTrace
    divisor: float  # of the energies
    bias: Tensor | None  # added to them then, broadcastable to (B, H, Q, K)
    allowed: Tensor | None  # True = may attend, broadcastable likewise; None = everywhere
    projection: nn.Module | None = None  # what made the output of the heads, side by side


class Recording:
    """The attentions of one run of a model, in the order in which they are computed.

    Args:
        changes: what is changed by hand, by the number of the call.
        fused: leaves the computing to transformers' own "sdpa", and keeps nothing.
    """

    def __init__(self, changes: Mapping[int, AttentionChange], *, fused: bool = False) -> None:
        self.calls: list[RecordedCall] = []
        self.fused = fused
        self._changes = changes
        self._begun = 0
        self._unprojected: RecordedCall | None = None  # waits for its output projection

    def begin(self) -> AttentionChange | None:
        """Count one call more; what is changed in it."""
        self.check_projected()
        self._begun += 1
        return self._changes.get(self._begun - 1)

    def computed(self, call: RecordedCall) -> None:
        """Take a call whose trace has the heads side by side where its output will be."""
        self._unprojected = call

    def projected(self, x: Tensor, output: Tensor, linear: nn.Module | None = None) -> None:
        """Take what a linear layer made of x, if x is what the last call's heads gave."""
        call = self._unprojected
        if call is None or x.numel() != call.trace.output.numel():
            return
        side_by_side = call.trace.output  # (B, Q, H * D)
        # Equal, not only of one size: a gate or a norm in between would make the trace wrong.
        if not torch.equal(x.reshape(side_by_side.shape), side_by_side):
            return
        # A copy, since what follows in the model may write into it.
        projected = output.reshape(*side_by_side.shape[:2], -1).clone()  # (B, Q, E)
        trace = replace(call.trace, output=projected)
        self.calls.append(replace(call, trace=trace, projection=linear))
        self._unprojected = None

    def check_projected(self) -> None:
        """Raise ModelUnavailableError if no linear layer took what the last call's heads gave."""
        if self._unprojected is not None:
            raise ModelUnavailableError(
                "recorder.no_projection",
                "this architecture isn't supported: what its heads give doesn't go straight into "
                "an output projection",
            )


_active: ContextVar[Recording | None] = ContextVar("recording", default=None)


def current() -> Recording | None:
    """Return what this thread records into at this moment, if it records."""
    return _active.get()


@contextmanager
def recording(
    changes: Mapping[int, AttentionChange] | None = None, *, fused: bool = False
) -> Iterator[Recording]:
    """Record the attentions that this thread computes, as Recording says.

    Raises:
        ModelUnavailableError: if an attention can't be recorded as it is.
    """
    started = Recording(changes or {}, fused=fused)
    token = _active.set(started)
    try:
        yield started
        started.check_projected()
    finally:
        _active.reset(token)


def register() -> None:
    """Make the implementation known to transformers, with its masks; twice does no harm."""
    transformers: Any = importlib.import_module("transformers")
    transformers.AttentionInterface.register(NAME, attention_forward)
    # Without masks of the same name a model gets none at all, and no error either.
    transformers.AttentionMaskInterface.register(NAME, build_mask)


def watch(model: nn.Module) -> list[RemovableHandle]:
    """Let recordings see the model's linear layers, one of which projects the heads' outputs.

    Returns:
        What ends that.
    """
    pytorch_utils: Any = importlib.import_module("transformers.pytorch_utils")
    return [
        module.register_forward_hook(_after_linear)
        for module in model.modules()
        if isinstance(module, (nn.Linear, pytorch_utils.Conv1D))
    ]


def _after_linear(linear: nn.Module, args: tuple[Any, ...], output: Any) -> None:
    active = _active.get()
    if active is not None and args:
        active.projected(args[0], output, linear)


def build_mask(**arguments: Any) -> Tensor | None:
    """Return one forward pass's mask, as the "eager" implementation gets it, but never None.

    It is added to the scores: 0 where a query may attend, the smallest number elsewhere. A model
    may add to it, which would spoil a boolean one without a word.
    """
    masking: Any = importlib.import_module("transformers.masking_utils")
    active = _active.get()
    if active is not None and active.fused:
        fused: Tensor | None = masking.sdpa_mask(**arguments)
        return fused
    mask: Tensor = masking.eager_mask(**{**arguments, "allow_is_bidirectional_skip": False})
    return mask


def attention_forward(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    is_causal: bool | None = None,
    position_bias: Tensor | None = None,
    **others: Any,
) -> tuple[Tensor, Tensor | None]:
    """Compute one attention, as transformers asks for it, and record it if something records.

    Args:
        module: whose attention it is.
        query: (B, H, Q, D), rotated where positions are rotary.
        key: (B, H, K, D), rotated likewise, or fewer heads that divide H.
        value: (B, H, K, D) or fewer heads likewise.
        attention_mask: boolean, True = may attend, or added to the scores.
        dropout: must be 0.
        scaling: of the energies; None is 1 / sqrt(D).
        is_causal: hides the future where there is no mask; None asks the module.
        position_bias: added to the scores.
        others: what a model passes to all implementations.

    Returns:
        (B, Q, H, D) the heads' outputs, and (B, H, Q, K) the weights.

    Raises:
        ModelUnavailableError: if an argument asks for what isn't computed here.
    """
    _check_nothing_else({"dropout": dropout, **others})
    active = _active.get()
    change = None if active is None else active.begin()
    if active is not None and active.fused and not (change is not None and change.changes_rows):
        sdpa: Any = importlib.import_module("transformers.integrations.sdpa_attention")
        heads: Tensor = sdpa.sdpa_attention_forward(
            module,
            query,
            key,
            value,
            attention_mask,
            scaling=scaling,
            is_causal=is_causal,
            position_bias=position_bias,
        )[0]
        return heads if change is None else change.give(heads.transpose(1, 2)).transpose(1, 2), None

    if is_causal is None:
        is_causal = getattr(module, "is_causal", True)  # as transformers' own "sdpa" asks
    bias, allowed = _split_mask(attention_mask)
    if attention_mask is None and is_causal and query.shape[2] > 1:
        allowed = torch.ones(
            query.shape[2], key.shape[2], dtype=torch.bool, device=query.device
        ).tril()
    if position_bias is not None:
        bias = position_bias if bias is None else bias + position_bias
    divisor = math.sqrt(query.shape[-1]) if scaling is None else 1 / float(scaling)
    key, value = repeat_kv(key, query.shape[1]), repeat_kv(value, query.shape[1])  # (B, H, K, D)
    if active is not None and active.fused:
        _, head_outputs = fused(
            query, key, value, divisor=divisor, bias=bias, allowed=allowed, change=change
        )
        return head_outputs.transpose(1, 2).contiguous(), None
    compute = attend if change is None else change.attend
    steps = compute(query, key, value, divisor=divisor, bias=bias, allowed=allowed)
    side_by_side = steps.head_outputs.transpose(1, 2)  # (B, Q, H, D)
    if active is not None:
        trace = AttentionTrace(
            queries=query,
            keys=key,
            values=value,
            **steps._asdict(),
            output=side_by_side.flatten(2),  # (B, Q, H * D), until it is projected
        )
        active.computed(RecordedCall(trace, divisor, bias, allowed))
    # A copy in any case, since what follows in the model may write into it.
    return side_by_side.clone(memory_format=torch.contiguous_format), steps.weights


def _split_mask(mask: Tensor | None) -> tuple[Tensor | None, Tensor | None]:
    """Return what a mask adds to the scores, if anything, and where it lets a query attend."""
    if mask is None:
        return None, None
    if mask.dtype == torch.bool:
        return None, mask
    # A model may have added its bias to the smallest number, which then isn't quite that.
    allowed = mask > torch.finfo(mask.dtype).min / 2
    added = mask.masked_fill(~allowed, 0.0)
    return (added if added.any() else None), allowed


def _check_nothing_else(arguments: Mapping[str, Any]) -> None:
    """Raise ModelUnavailableError if an argument has a value that would have to be used."""
    for name, value in arguments.items():
        # By identity first: a tensor has no truth of its own.
        empty = value is None or value is False or (isinstance(value, float | int) and not value)
        if name not in HARMLESS and not empty:
            raise ModelUnavailableError(
                "recorder.unknown_argument",
                "this architecture isn't supported: its attention uses {name!r}, which isn't "
                "shown, and the numbers would be wrong without it",
                name=name,
            )


def compare_call(
    call: RecordedCall, trace: AttentionTrace, change: AttentionChange | None = None
) -> Parity:
    """Compute a trace again with PyTorch's fused kernel, and compare.

    Args:
        call: has the divisor, the bias and the mask.
        trace: what is compared: usually the call's own.
        change: what was changed by hand.
    """
    if trace.energy.numel() == 0:
        return Parity(0.0, 0.0, None)
    return compare_with_fused(
        trace, divisor=call.divisor, bias=call.bias, allowed=call.allowed, change=change
    )
