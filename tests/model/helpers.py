"""What the tests of blocks and stacks share: weights, masks, and PyTorch's names for things."""

from collections.abc import Iterator
from dataclasses import is_dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from model.config import Activation, Architecture, NormOrder
from model.masks import Mask, build_mask, encode_cells

Module = TypeVar("Module", bound=nn.Module)

TORCHS_NAMES = {
    "self_attn": "attention",
    "multihead_attn": "cross_attention",
    "out_proj": "fc_out",
    "linear1": "feed_forward.0",
    "linear2": "feed_forward.2",
}


def shaken(module: Module, seed: int = 0) -> Module:
    """The module with a random number added to each bias, norm and weight.

    As they begin, biases are 0 and norms 1, and a module that forgets them computes the same.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.add_(0.3 * noise.to(parameter))
    return module


def in_our_names(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The state_dict of a layer or stack of torch.nn under our names, each projection by itself."""
    ours = {}
    for path, tensor in state.items():
        *parents, name = [TORCHS_NAMES.get(part, part) for part in path.split(".")]
        if name.startswith("in_proj_"):  # queries, keys and values are stacked in one matrix
            for linear, part in zip(("queries", "keys", "values"), tensor.chunk(3), strict=True):
                ours[".".join([*parents, linear, name.removeprefix("in_proj_")])] = part
        else:
            ours[".".join([*parents, name])] = tensor
    return ours


def torchs_architecture(norm_order: NormOrder, activation: Activation) -> Architecture:
    """What a layer of torch.nn computes, and a stack that ends in a norm."""
    return Architecture(
        projection="full",
        scale="head_dim",
        attention_bias=True,
        norm_order=norm_order,
        activation=activation,
        final_norm=True,
    )


def tensors(value: Any) -> Iterator[Tensor]:
    """Every tensor of a trace."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from tensors(item)
    elif is_dataclass(value):
        yield from tensors(tuple(vars(value).values()))


def random_cells(size: int, seed: int, *, causal: bool = False) -> str:
    """A painted mask, as text; also rows in which nothing may be attended to."""
    allowed = np.random.default_rng(seed).random((size, size)) < 0.6
    return encode_cells(np.tril(allowed) if causal else allowed)


CAUSAL: list[Mask] = ["causal", "causal_padding", "window", "prefix", "strided", "custom"]


def causal_mask_named(kind: Mask, length: int, span: int, seed: int = 0) -> Tensor:
    """A mask (1, 1, L, L) of one sentence in which nobody looks ahead, but at a prefix.

    With "causal_padding" the last token is padding, of a sentence as long as another.
    """
    cells = random_cells(length, seed, causal=True)
    mask = build_mask(kind, [length, max(length - 1, 1)], span=span, cells=cells)
    assert mask is not None
    return mask[-1:] if kind == "causal_padding" else mask[:1]
