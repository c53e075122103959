"""How a model of transformers reads the last vector of its stream, as one run of it shows.

Models give their final norm and what they do to logits all kinds of names, so nothing is taken from
names. A run is watched: which module made the last vector of what the last layer gave, and what the
output embedding read and made. Whatever doesn't then give the model's own logits is refused.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ..logit_lens import NotReadableError, Readout

ROUNDING = 1e-4  # of the largest number; float32 rounds to about 1e-6


@dataclass(frozen=True)
class _Call:
    module: nn.Module
    x: Tensor
    output: Tensor


@torch.inference_mode()
def find_readout(model: Any, inputs: Mapping[str, Any]) -> Readout:
    """Return how a model reads the last vector of its stream.

    Args:
        model: of transformers.
        inputs: what it is called with on one sentence, hidden states among them.

    Raises:
        NotReadableError: if there is more in between than a norm and an output embedding.
    """
    head = model.get_output_embeddings()
    if head is None:
        raise NotReadableError(
            "lens.no_output_embedding", "it names no output embedding that could read its stream"
        )
    # Of all positions: else the output embedding reads another tensor than the norm has made.
    calls, out = _watched(model, {n: x for n, x in inputs.items() if n != "logits_to_keep"})
    heads = [call for call in calls if call.module is head]
    both = "decoder_input_ids" in inputs
    last = (out.decoder_hidden_states if both else out.hidden_states)[-1]  # (1, L, E)
    before = _ratio(heads[-1].x, last) if heads else None
    after = _ratio(out.logits, heads[-1].output) if heads else None
    if before is None or after is None:
        raise NotReadableError(
            "lens.other_logits",
            "there is more between its last vector and its logits than its output embedding and "
            "a constant factor",
        )
    norm = _final_norm(calls, last, _layers(model))

    def unembed(vectors: Tensor) -> Tensor:
        logits: Tensor = head(vectors * before if before != 1 else vectors)
        return logits * after if after != 1 else logits

    return Readout(norm, unembed, out.logits.shape[-1], ends_normed=True)


def _watched(model: nn.Module, inputs: Mapping[str, Any]) -> tuple[list[_Call], Any]:
    """Return the calls of modules in the order in which they ended, and what the model returned."""
    calls: list[_Call] = []

    def keep(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> None:
        read = [each for each in (*args, *kwargs.values()) if isinstance(each, Tensor)]
        made = output[0] if isinstance(output, tuple) and output else output
        if read and isinstance(made, Tensor) and made.is_floating_point():
            # Copies, since what follows in the model may write into them.
            calls.append(_Call(module, read[0].clone(), made.clone()))

    handles = [module.register_forward_hook(keep, with_kwargs=True) for module in model.modules()]
    try:
        return calls, model(**inputs)
    finally:
        for handle in handles:
            handle.remove()


def _layers(model: nn.Module) -> list[nn.Module]:
    """Return what stands in lists of modules: layers, above all."""
    lists = (module for module in model.modules() if isinstance(module, nn.ModuleList))
    return [layer for modules in lists for layer in modules]


def _final_norm(
    calls: Sequence[_Call], last: Tensor, layers: Sequence[nn.Module]
) -> Callable[[Tensor], Tensor]:
    """Return what makes the last vector of what the last layer gave; nothing, if that is it.

    Raises:
        NotReadableError: if no module does.
    """
    outermost, within = {id(each) for each in layers}, set[int]()
    for layer in layers:
        within |= {id(module) for module in layer.modules()}
    given = [
        call.output
        for call in calls
        if id(call.module) in outermost and call.output.shape == last.shape
    ]
    if given and _same(given[-1], last):
        return lambda x: x
    for call in calls if given else ():
        if (
            id(call.module) not in within
            and _same(call.output, last)
            and _same(call.x, given[-1])
            # By itself, of one position as well as of all: that is what it is to be used for.
            and _same(call.module(call.x[:, -1:]), last[:, -1:])
        ):
            return _of_vectors(call.module)
    raise NotReadableError(
        "lens.no_final_norm",
        "what lies between its last layer and its last vector isn't a norm alone",
    )


def _of_vectors(module: nn.Module) -> Callable[[Tensor], Tensor]:
    def norm(x: Tensor) -> Tensor:
        normed: Tensor = module(x[None])[0]
        return normed

    return norm


def _ratio(numbers: Tensor, others: Tensor) -> float | None:
    """Return the factor that makes the others the numbers; None if there is none."""
    if numbers.shape != others.shape or not others.any():
        return None
    if _same(numbers, others):
        return 1.0
    factor = float((numbers * others).sum() / (others * others).sum())
    return factor if factor > 0 and _same(numbers, others * factor) else None


def _same(a: Any, b: Tensor) -> bool:
    """Whether two tensors are equal but for rounding."""
    if not isinstance(a, Tensor) or a.shape != b.shape:
        return False
    return bool((a - b).abs().max() <= ROUNDING * b.abs().max())
