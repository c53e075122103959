"""Is it right? The largest difference between a trace and PyTorch's own attention."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from .attention import AttentionTrace, SelfAttention
from .interventions import UNCHANGED, AttentionChange, Changes
from .transformer import (
    AttentionKind,
    Encoder,
    Transformer,
    TransformerTrace,
    attention_of,
    stack_of,
)


@dataclass(frozen=True)
class Parity:
    """The largest absolute differences between a trace and PyTorch on the same tensors."""

    head_outputs: float  # against the fused scaled_dot_product_attention
    weights: float  # against the same, and nn.MultiheadAttention where it can express the module
    output: float | None  # of the module, or of the whole model; None where nothing can give it
    output_against: Literal["multihead", "sdpa"] = "multihead"  # nn.MultiheadAttention, or a whole
    # model run again with transformers' "sdpa" attention

    @property
    def largest(self) -> float:
        """The largest of the differences that were measured."""
        return max(self.head_outputs, self.weights, self.output or 0.0)


def worst(parities: Iterable[Parity]) -> Parity:
    """Return the largest differences of several attentions; outputs count where compared."""
    head_outputs, weights, outputs = 0.0, 0.0, []
    for parity in parities:
        head_outputs = max(head_outputs, parity.head_outputs)
        weights = max(weights, parity.weights)
        outputs += [] if parity.output is None else [parity.output]
    return Parity(head_outputs, weights, max(outputs, default=None))


@torch.inference_mode()
def compare_with_torch(
    module: SelfAttention,
    trace: AttentionTrace,
    query: Tensor,
    keys: Tensor,
    mask: Tensor | None,
    change: AttentionChange | None = None,
) -> Parity:
    """Compute the trace of module(keys, keys, query, mask) again with PyTorch, and compare.

    The fused kernel gets the trace's queries, keys and values, and the same divisor and bias.
    nn.MultiheadAttention's function gets the inputs and the module's own weights; it always
    projects before the split, scales by sqrt(head_dim) and knows no positions and no grouped
    heads, so it is asked only about modules that do the same.

    Args:
        module: the attention.
        trace: what it computed.
        query: (B, Q, E) what the queries were made of.
        keys: (B, K, E) what keys and values were made of.
        mask: as the module got it.
        change: what was changed by hand. nn.MultiheadAttention can be told of edges that are cut;
            where weights or outputs were put in, it isn't asked.
    """
    if trace.energy.numel() == 0:
        return Parity(0.0, 0.0, 0.0)
    allowed = None if mask is None else mask.bool()
    parity = compare_with_fused(
        trace,
        divisor=module.divisor,
        bias=module.score_bias(*trace.energy.shape[2:]),
        allowed=allowed,
        change=change,
    )
    if not _is_multihead_attention(module):
        return parity
    if change is not None and (change.changes_weights or change.changes_outputs):
        return parity

    allowed = None if allowed is None else allowed.expand(trace.energy.shape)
    if change is not None:
        allowed = change.allow(allowed, tuple(trace.energy.shape))
    output, weights = _multihead_attention(module, query, keys, allowed)
    # A query with nothing to attend to is NaN there and zero here, by design: not compared.
    attends = torch.ones(query.shape[:2], dtype=torch.bool)  # (B, Q)
    if allowed is not None:
        attends = allowed.any(-1).all(1)
    weights_difference = max(
        parity.weights,
        largest_difference(
            weights.transpose(1, 2)[attends], trace.weights.transpose(1, 2)[attends]
        ),
    )
    output_difference = largest_difference(output[attends], trace.output[attends])
    return Parity(parity.head_outputs, weights_difference, output_difference)


def compare_with_fused(
    trace: AttentionTrace,
    *,
    divisor: float,
    bias: Tensor | None = None,
    allowed: Tensor | None = None,
    change: AttentionChange | None = None,
) -> Parity:
    """Compute a trace's weights and head outputs again with scaled_dot_product_attention.

    Args:
        trace: with at least one energy.
        divisor: as attend got it, and so are bias and allowed.
        bias: see divisor.
        allowed: see divisor.
        change: what was changed by hand: what was put in is put in here too.
    """
    weights, head_outputs = fused(
        trace.queries,
        trace.keys,
        trace.values,
        divisor=divisor,
        bias=bias,
        allowed=allowed,
        change=change,
    )
    return Parity(
        largest_difference(head_outputs, trace.head_outputs),
        largest_difference(weights, trace.weights),
        None,
    )


def fused(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    *,
    divisor: float,
    bias: Tensor | None = None,
    allowed: Tensor | None = None,
    change: AttentionChange | None = None,
) -> tuple[Tensor, Tensor]:
    """Return weights (B, H, Q, K) and head outputs (B, H, Q, D) by scaled_dot_product_attention.

    Arguments as attend has them, and what is changed by hand.
    """
    shape = (*q.shape[:3], k.shape[2])
    if change is not None:
        allowed = change.allow(allowed, shape)
    # One argument is both: booleans, or what is added to the scores.
    both = allowed if bias is None else bias
    if bias is not None and allowed is not None:
        both = torch.where(allowed, bias, -math.inf)
    if both is not None:
        both = both.expand(shape)

    def attended(values: Tensor) -> Tensor:
        return F.scaled_dot_product_attention(q, k, values, attn_mask=both, scale=1 / divisor)

    head_outputs = attended(v)
    # The fused kernel keeps its weights to itself, but weights · identity are the weights.
    weights = attended(torch.eye(shape[3]).to(v).expand(*shape[:2], -1, -1))
    if change is not None:
        if change.changes_weights:
            weights = change.weigh(weights, allowed)
            head_outputs = torch.einsum("bhqk,bhkd->bhqd", weights, v)
        head_outputs = change.give(head_outputs)
    return weights, head_outputs


def compare_model(
    model: Encoder | Transformer,
    trace: TransformerTrace,
    masks: Mapping[AttentionKind, Tensor | None],
    changes: Changes = UNCHANGED,
) -> Iterator[Parity]:
    """Compare every attention of a model with PyTorch's, from the very input that it had.

    Args:
        model: the model.
        trace: what it computed.
        masks: for each kind of attention that there is, as the model got it.
        changes: what was changed by hand in an encoder.
    """
    for kind, mask in masks.items():
        encoding = kind == "encoder_self"
        stream = trace.encoder_stream if encoding else trace.decoder_stream
        attentions = getattr(trace, kind)
        sublayers = (len(stream) - 1) // len(attentions)  # of a layer
        place = int(kind == "cross")
        for layer, attention in enumerate(attentions):
            block = stack_of(model, kind).layers[layer]
            query = stream[layer * sublayers + place]
            if block.norm_order == "pre":
                norm = block.norm2 if kind == "cross" else block.norm1
                query = norm(query)  # type: ignore[operator]  # a Module's attributes have no type
            keys = trace.encoder_output if kind == "cross" else query
            assert keys is not None  # cross-attention reads an encoder's output
            module = attention_of(model, kind, layer)
            change = changes.attentions.get(layer)
            yield compare_with_torch(module, attention, query, keys, mask, change)


def _is_multihead_attention(module: SelfAttention) -> bool:
    """Whether nn.MultiheadAttention can express the module."""
    return (
        module.projection == "full"
        and module.scale == "head_dim"
        and module.temperature == 1
        and module.positions not in ("rotary", "alibi")
        and module.kv_heads == module.heads
    )


def _multihead_attention(
    module: SelfAttention, query: Tensor, keys: Tensor, mask: Tensor | None
) -> tuple[Tensor, Tensor]:
    """The output (B, Q, E) and weights (B, H, Q, K) of nn.MultiheadAttention's own function.

    The mask, if any, is boolean and (B, H, Q, K).
    """
    blocked = None
    if mask is not None:  # (B * H, Q, K), True = may not attend: the other way round
        blocked = ~mask.flatten(0, 1)
    biases = None
    if module.queries.bias is not None:
        biases = torch.cat((module.queries.bias, module.keys.bias, module.values.bias))
    time_first = keys.transpose(0, 1)  # (K, B, E)
    output, weights = F.multi_head_attention_forward(
        query.transpose(0, 1),
        time_first,
        time_first,
        embed_dim_to_check=module.embed_size,
        num_heads=module.heads,
        in_proj_weight=None,
        in_proj_bias=biases,
        bias_k=None,
        bias_v=None,
        add_zero_attn=False,
        dropout_p=0.0,
        out_proj_weight=module.fc_out.weight,
        out_proj_bias=module.fc_out.bias,
        training=False,
        need_weights=True,
        attn_mask=blocked,
        use_separate_proj_weight=True,
        q_proj_weight=module.queries.weight,
        k_proj_weight=module.keys.weight,
        v_proj_weight=module.values.weight,
        average_attn_weights=False,
    )
    assert weights is not None  # need_weights=True
    return output.transpose(0, 1), weights


def largest_difference(a: Tensor, b: Tensor) -> float:
    """Return the largest absolute difference of two equally shaped tensors; 0 if they are empty."""
    # A NaN is as wrong as can be; max() would let it pass, or not, by its place.
    return (a - b).abs().nan_to_num(nan=math.inf).max().item() if a.numel() else 0.0
