"""Is it right? The largest difference between a trace and PyTorch's own attention."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from model.attention import AttentionTrace, SelfAttention


@dataclass(frozen=True)
class Parity:
    """The largest absolute differences between a trace and PyTorch on the same tensors."""

    head_outputs: float  # against the fused scaled_dot_product_attention
    weights: float  # against the same, and nn.MultiheadAttention where it can express the module
    output: float | None  # against nn.MultiheadAttention; None where it can't

    @property
    def largest(self) -> float:
        """The largest of the differences that were measured."""
        return max(self.head_outputs, self.weights, self.output or 0.0)


@torch.inference_mode()
def compare_with_torch(
    module: SelfAttention, trace: AttentionTrace, x: Tensor, mask: Tensor | None
) -> Parity:
    """Compute the trace of module(x, x, x, mask) again with PyTorch's functions, and compare.

    The fused kernel gets the trace's queries, keys and values, and the same divisor.
    nn.MultiheadAttention's function gets x and the module's own weights; it always projects before
    the split and scales by sqrt(head_dim), so it is asked only about modules that do so.
    """
    if trace.energy.numel() == 0:
        return Parity(0.0, 0.0, 0.0)
    if mask is not None:
        mask = (mask != 0).expand(trace.energy.shape)

    def fused(values: Tensor) -> Tensor:
        return F.scaled_dot_product_attention(
            trace.queries, trace.keys, values, attn_mask=mask, scale=1 / module.divisor
        )

    head_outputs = _largest_difference(fused(trace.values), trace.head_outputs)
    # The fused kernel keeps its weights to itself, but weights · identity are the weights.
    identity = torch.eye(trace.keys.shape[2]).expand(*trace.energy.shape[:2], -1, -1)
    weights_difference = _largest_difference(fused(identity), trace.weights)
    same_formula = (
        module.projection == "full" and module.scale == "head_dim" and module.temperature == 1
    )
    if not same_formula:
        return Parity(head_outputs, weights_difference, None)

    output, weights = _multihead_attention(module, x, mask)
    # A query with nothing to attend to is NaN there and zero here, by design: not compared.
    attends = torch.ones(x.shape[:2], dtype=torch.bool)  # (B, Q)
    if mask is not None:
        attends = mask.any(-1).all(1)
    weights_difference = max(
        weights_difference,
        _largest_difference(
            weights.transpose(1, 2)[attends], trace.weights.transpose(1, 2)[attends]
        ),
    )
    output_difference = _largest_difference(output[attends], trace.output[attends])
    return Parity(head_outputs, weights_difference, output_difference)


def _multihead_attention(
    module: SelfAttention, x: Tensor, mask: Tensor | None
) -> tuple[Tensor, Tensor]:
    """The output (B, L, E) and weights (B, H, L, L) of nn.MultiheadAttention's own function.

    The mask, if any, is boolean and (B, H, L, L).
    """
    blocked = None
    if mask is not None:  # (B * H, Q, K), True = may not attend: the other way round
        blocked = ~mask.flatten(0, 1)
    time_first = x.transpose(0, 1)  # (L, B, E)
    output, weights = F.multi_head_attention_forward(
        time_first,
        time_first,
        time_first,
        embed_dim_to_check=module.embed_size,
        num_heads=module.heads,
        in_proj_weight=None,
        in_proj_bias=None,
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


def _largest_difference(a: Tensor, b: Tensor) -> float:
    # A NaN is as wrong as can be; max() would let it pass, or not, by its place.
    return (a - b).abs().nan_to_num(nan=math.inf).max().item() if a.numel() else 0.0
