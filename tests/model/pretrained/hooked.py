"""Interventions made with hooks on models of transformers, as a reader would make them there."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn

Edit = Callable[[Tensor, Tensor], Tensor]  # (B, Q, H, D) outputs and (B, K, H, D) values -> outputs

# By the name of a small model: an attention, its output projection, what its values come from.
PLACES = {
    "bert": ("encoder.layer.{}.attention.self", "encoder.layer.{}.attention.output.dense", "value"),
    "gpt2": ("transformer.h.{}.attn", "transformer.h.{}.attn.c_proj", "c_attn"),
    "llama": ("model.layers.{}.self_attn", "model.layers.{}.self_attn.o_proj", "v_proj"),
    "qwen2": ("model.layers.{}.self_attn", "model.layers.{}.self_attn.o_proj", "v_proj"),
    "t5": (
        "decoder.block.{}.layer.1.EncDecAttention",
        "decoder.block.{}.layer.1.EncDecAttention.o",
        "v",
    ),
}


class Hooks:
    """Hooks on the attentions of a model that is run with transformers' "eager"."""

    def __init__(self, model: nn.Module, name: str, heads: int, stack: ExitStack) -> None:
        self._model, self._places, self._heads, self._stack = model, PLACES[name], heads, stack

    def cut(self, layer: int, sentence: int, head: int | None, query: int, key: int) -> None:
        """Let a query not look at a key, by a mask of its own for each head."""
        attention = self._model.get_submodule(self._places[0].format(layer))
        names = [n for n in inspect.signature(attention.forward).parameters if "mask" in n]

        def with_mask(_: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            bound = inspect.signature(attention.forward).bind(*args, **kwargs)
            mask: Tensor = bound.arguments[names[0]]
            mask = mask.expand(-1, self._heads, -1, -1).clone()
            where = slice(None) if head is None else head
            mask[sentence, where, query, key] = torch.finfo(mask.dtype).min
            bound.arguments[names[0]] = mask
            return bound.args, bound.kwargs

        self._keep(attention.register_forward_pre_hook(with_mask, with_kwargs=True))

    def edit(self, layer: int, edit: Edit) -> None:
        """Change what the heads give, before the output projection reads it."""
        attention, projection, values = (place.format(layer) for place in self._places)
        seen: list[Tensor] = []

        def keep_values(_: Any, __: Any, output: Tensor) -> None:
            seen[:] = [output.chunk(3, dim=-1)[2] if values == "c_attn" else output]

        def with_heads(_: Any, args: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
            outputs = args[0].unflatten(-1, (self._heads, -1))
            made = seen[0].unflatten(-1, (-1, outputs.shape[-1]))
            made = made.repeat_interleave(self._heads // made.shape[2], dim=2)
            return (edit(outputs.clone(), made).flatten(2), *args[1:])

        module = self._model.get_submodule(attention).get_submodule(values)
        self._keep(module.register_forward_hook(keep_values))
        self._keep(self._model.get_submodule(projection).register_forward_pre_hook(with_heads))

    def _keep(self, handle: Any) -> None:
        self._stack.callback(handle.remove)


@contextmanager
def hooks_on(model: nn.Module, name: str, heads: int) -> Iterator[Hooks]:
    """Put hooks on a model, and take them away at the end."""
    with ExitStack() as stack:
        yield Hooks(model, name, heads, stack)


def zero(head: int) -> Edit:
    """Give nothing, in all sentences."""

    def edit(outputs: Tensor, values: Tensor) -> Tensor:
        outputs[:, :, head] = 0
        return outputs

    return edit


def mean(head: int, lengths: list[int]) -> Edit:
    """Give the mean over each sentence's own tokens."""

    def edit(outputs: Tensor, values: Tensor) -> Tensor:
        for row, length in zip(outputs, lengths, strict=True):
            row[:, head] = row[:length, head].mean(0)
        return outputs

    return edit


def weighted(head: int, sentence: int, weights: Tensor) -> Edit:
    """Give the values by these weights, (Q, K), in one sentence."""

    def edit(outputs: Tensor, values: Tensor) -> Tensor:
        outputs[sentence, :, head] = weights @ values[sentence, :, head]
        return outputs

    return edit
