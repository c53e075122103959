"""What the parts of a model of transformers add to a logit, found by watching it run.

No module is known by its name. The final norm is the module whose output the output layer reads;
a layer's output projection is the one that took what its heads gave, side by side; and its
feed-forward is what made the rest of what the layer added. Where numbers say otherwise, the model
is refused: a sum that adds up because its last part is whatever is missing would prove nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from ..contributions import (
    AskedLogit,
    Contributions,
    ContributionsUnavailableError,
    Readout,
    StreamParts,
    contributions,
    hold_norm,
    projected_heads,
    readout_of,
)
from .base import ModelTrace
from .hugging_face_run import RecordedRun
from .recorder import RecordedCall

ROUNDING = 1e-5  # of the stream's largest number: float32 keeps seven digits
CLOSE = 1e-4  # of the largest of the numbers themselves


@dataclass(frozen=True)
class Step:
    """A module's call, as far as it is about one position."""

    module: nn.Module
    read: Tensor | None  # (...,) of that position; None where it reads something else
    given: Tensor | None


@dataclass
class Watched:
    """The modules' calls of one run, in the order in which they end."""

    shape: tuple[int, int]  # B, L
    asked: AskedLogit
    steps: list[Step] = field(default_factory=list)
    out: Any = None  # what the model returned

    def after(self, module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
        """Keep a call that has ended; a forward hook."""
        self.steps.append(Step(module, self.row(args), self.row(output)))

    def row(self, x: Any) -> Tensor | None:
        """Return a copy of the position's part of what a module reads or gives."""
        if isinstance(x, tuple | list) and x:
            x = x[0]
        if not isinstance(x, Tensor) or not x.is_floating_point():
            return None
        (batch, length), sentence, position = self.shape, self.asked.sentence, self.asked.position
        if x.dim() == 3 and x.shape[:2] == (batch, length):
            return x[sentence, position].clone()
        if x.dim() == 3 and x.shape[:2] == (batch, 1):  # that position alone was asked for
            return x[sentence, 0].clone()
        if x.dim() == 2 and len(x) == batch * length:  # as experts read it
            return x[sentence * length + position].clone()
        return None

    def last(self, is_it: Callable[[Step], bool]) -> Step:
        """Return the last step that is it.

        Raises:
            ContributionsUnavailableError: if none is.
        """
        for step in reversed(self.steps):
            if is_it(step):
                return step
        raise ContributionsUnavailableError(
            "contributions.not_seen",
            "This model's logits can't be taken apart: some of its modules couldn't be watched.",
        )


@torch.inference_mode()
def run_watched(model: Any, run: ModelTrace, asked: AskedLogit) -> Watched:
    """Run a model of transformers once more, and keep what each module did at one position.

    Args:
        model: which runs in no other thread meanwhile.
        run: of it.
        asked: at which position of which sentence.

    Raises:
        TypeError: if the run isn't one of HuggingFaceModel.
    """
    if not isinstance(run, RecordedRun):
        raise TypeError(f"expected what this model's run returned, got {type(run).__name__}")
    inputs = {**run.inputs}
    if "logits_to_keep" in inputs:
        inputs["logits_to_keep"] = torch.tensor([asked.position])
    batch, length = inputs["input_ids"].shape
    seen = Watched((batch, length), asked)
    hooks = [module.register_forward_hook(seen.after) for module in model.modules()]
    try:
        seen.out = model(**inputs)
    finally:
        for hook in hooks:
            hook.remove()
    return seen


@torch.inference_mode()
def watched_contributions(
    model: Any,
    run: ModelTrace,
    calls: Sequence[RecordedCall],
    seen: Watched,
    asked: AskedLogit,
) -> Contributions:
    """Return what each part of a decoder adds to a logit.

    Args:
        model: of transformers.
        run: of it, that this is about.
        calls: that were recorded when it was repeated.
        seen: what was watched then.
        asked: which logit.

    Raises:
        ContributionsUnavailableError: if the numbers say that it isn't such a sum.
    """
    sentence, position = asked.sentence, asked.position
    readout = model.get_output_embeddings()
    read = seen.last(lambda step: step.module is readout).read  # (E,)
    last, norm = _final_norm(seen, read)
    output, logits = run.trace.output[sentence, position], seen.row(seen.out.logits)
    if read is None or logits is None or not _equal(read, output, CLOSE):
        raise ContributionsUnavailableError(
            "contributions.other_run",
            "This run's logits can't be taken apart: run again, the model gave other numbers.",
        )
    stream = [*(x[sentence, position] for x in seen.out.hidden_states[:-1]), last]
    parts = _parts(calls, stream, seen)
    return contributions(
        parts, hold_norm(norm, last), _scaled_readout(readout, read, logits, asked)
    )


def _final_norm(seen: Watched, read: Tensor | None) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
    """Return the last vector of the stream, and the module that turned it into what is read."""
    for step in seen.steps:
        is_leaf = next(step.module.children(), None) is None
        if not is_leaf or read is None or step.read is None or step.given is None:
            continue
        if torch.equal(step.given, read) and step.read.shape == read.shape:
            return step.read, step.module
    raise ContributionsUnavailableError(
        "contributions.no_norm",
        "This model's logits can't be taken apart: no norm was found whose output its output "
        "layer reads.",
    )


def _parts(calls: Sequence[RecordedCall], stream: Sequence[Tensor], seen: Watched) -> StreamParts:
    """Return what was added up to the last of these vectors, (E,) each, one before each layer."""
    sentence, position = seen.asked.sentence, seen.asked.position
    heads, biases, feed_forwards = [], [], []
    for call, before, after in zip(calls, stream[:-1], stream[1:], strict=True):
        head_outputs = call.trace.head_outputs[sentence, :, position]  # (H, D)
        output = call.trace.output[sentence, position]  # (E,)
        given, bias = projected_heads(_projection(seen, head_outputs, output), head_outputs)
        rest = after - before - output  # (E,)
        _check_rest(rest, max(before.abs().max(), after.abs().max()), seen)
        heads.append(given)
        biases.append(bias)
        feed_forwards.append(rest)
    return StreamParts(
        torch.stack(heads), torch.stack(biases), torch.stack(feed_forwards), stream[0]
    )


def _projection(seen: Watched, head_outputs: Tensor, output: Tensor) -> nn.Module:
    """Return the module that made this output of what the heads gave."""
    side_by_side = head_outputs.flatten()

    def is_projection(step: Step) -> bool:
        return (
            step.read is not None
            and step.given is not None
            and torch.equal(step.read.flatten(), side_by_side)
            and torch.equal(step.given, output)
        )

    return seen.last(is_projection).module


def _check_rest(rest: Tensor, largest: Tensor, seen: Watched) -> None:
    """Raise unless what a layer adds beside its attention is what one of its modules gave.

    It isn't where the attention's output is scaled or normalised before it is added.
    """
    rounding = ROUNDING * float(largest)
    if rest.abs().max() <= rounding:
        return
    for step in seen.steps:
        if step.given is not None and _equal(step.given, rest, CLOSE, rounding):
            return
    raise ContributionsUnavailableError(
        "contributions.not_added",
        "This model's logits can't be taken apart: what its attention gives isn't added to the "
        "stream as it is.",
    )


def _scaled_readout(layer: Any, read: Tensor, logits: Tensor, asked: AskedLogit) -> Readout:
    """Return what makes the logits of what is read, some models' constant factor included."""
    weight, bias = getattr(layer, "weight", None), getattr(layer, "bias", None)
    if not isinstance(weight, Tensor) or weight.shape != (len(logits), len(read)):
        raise _unavailable_other_logits()
    made = weight @ read + (0.0 if bias is None else bias)  # (V,)
    factor = (logits.double() @ made.double()) / (made.double() @ made.double())
    if not _equal(factor.float() * made, logits, CLOSE):
        raise _unavailable_other_logits()
    plain = readout_of(weight, bias, logits, asked)
    if abs(float(factor) - 1) < CLOSE:
        return plain
    return Readout(plain.row * factor, plain.bias * float(factor), plain.logit)


def _equal(a: Tensor, b: Tensor, close: float, rounding: float = 0.0) -> bool:
    """Whether two vectors are the same, but for rounding."""
    if a.shape != b.shape:
        return False
    return bool((a - b).abs().max() <= rounding + close * b.abs().max())


def _unavailable_other_logits() -> ContributionsUnavailableError:
    return ContributionsUnavailableError(
        "contributions.other_logits",
        "This model's logits can't be taken apart: what its output layer gives is changed "
        "afterwards, and not by a constant factor.",
    )
