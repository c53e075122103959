"""Composition: how strongly a later head reads what an earlier head writes, by their weights.

A head with W_Q, W_K, W_V, (D, E) each, and W_O, (E, D), reads the stream by two maps and writes to
it by one (our shapes: vectors are columns, so that q = W_Q x):

    W_QK = W_Qᵀ W_K, (E, E): the energy of query i and key j is x_iᵀ W_QK x_j
    W_OV = W_O W_V,  (E, E): what is written for each unit of attention to x is W_OV x

An earlier head 1 writes W_OV¹ x. A later head 2 may read it as a part of its query, key or value:

    Q-composition = ‖W_QK²ᵀ W_OV¹‖ / (‖W_QK²‖ ‖W_OV¹‖)
    K-composition = ‖W_QK² W_OV¹‖  / (‖W_QK²‖ ‖W_OV¹‖)
    V-composition = ‖W_OV² W_OV¹‖  / (‖W_OV²‖ ‖W_OV¹‖)

with Frobenius norms: 0 where the later head reads nothing of what the earlier one writes. Random
heads don't have 0. If one of the two is turned at random in the space of the stream, the mean of
the square is exactly 1 / E, whatever the two are; its root, 1/√E, is the floor to compare with.

This is of weights alone, and of no sentence: what is never attended to is never passed on, however
well two heads fit. What stands between is taken as far as it is linear: a norm's scale, and the
centring of LayerNorm, are folded into W_Q, W_K and W_V; its denominator is one number a token,
which the ratio doesn't see. Left out are biases, feed-forwards, and rotary positions, which turn q
and k by their distance: W_QK is that of a token with itself.

Source: Elhage et al. (2021), "A Mathematical Framework for Transformer Circuits", section "Three
Kinds of Composition" and the footnotes that define the ratio and its baseline.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from .attention import SelfAttention, repeat_kv
from .block import TransformerBlock
from .errors import CodedError
from .transformer import Encoder

Into = Literal["q", "k", "v"]  # what of a later head reads an earlier one


class CompositionUnavailableError(CodedError):
    """A model's heads don't read what earlier ones wrote by a linear map; says why."""


@dataclass(frozen=True)
class HeadWeights:
    """The matrices by which one layer's heads read and write; the norm before them folded in."""

    queries: Tensor  # (H, D, E)
    keys: Tensor  # (H, D, E), those of a group repeated for each of its heads
    values: Tensor  # (H, D, E), likewise
    outputs: Tensor  # (H, E, D)


def random_floor(embed_size: int) -> float:
    """Return the root of the mean square composition of heads turned at random: 1/√E."""
    return float(embed_size**-0.5)


def check_pre_norm(encoder: Encoder) -> None:
    """Raise CompositionUnavailableError if a stack's norms stand within its stream (post-norm)."""
    if any(block.norm_order != "pre" for block in encoder.layers):
        raise CompositionUnavailableError(
            "composition.post_norm",
            "Edges between heads aren't defined here: this model's norms stand within the stream "
            "(post-norm), and each changes all that earlier heads have written.",
        )


def head_weights(block: TransformerBlock) -> HeadWeights:
    """Return the matrices of a pre-norm block's heads, its norm's scale and centring folded in."""
    attention = block.attention
    heads, size = attention.heads, attention.head_dim
    outputs = attention.fc_out.weight.detach().reshape(-1, heads, size)  # (E, H, D)

    def read(linear: nn.Linear) -> Tensor:
        return _folded(_by_head(attention, linear), block.norm1)

    return HeadWeights(
        queries=read(attention.queries),
        keys=read(attention.keys),
        values=read(attention.values),
        outputs=outputs.permute(1, 0, 2),
    )


def _by_head(attention: SelfAttention, linear: nn.Linear) -> Tensor:
    """The matrix of each head that makes its queries, keys or values of the stream, (H, D, E)."""
    heads, size = attention.heads, attention.head_dim
    weight = linear.weight.detach()
    if attention.projection == "full":
        return repeat_kv(weight.reshape(1, -1, size, attention.embed_size), heads)[0]
    each = weight.new_zeros(heads, size, heads, size)  # a head reads its own part of the vector
    each[range(heads), :, range(heads)] = weight
    return each.flatten(2)


def _folded(weights: Tensor, norm: nn.Module) -> Tensor:
    """What (..., E) matrices make of the stream through a norm, but for its denominator."""
    scale = norm.weight
    if isinstance(scale, Tensor):
        weights = weights * scale.detach()
    if isinstance(norm, nn.LayerNorm):  # W (x - mean x) = (W - the mean of its rows) x
        weights = weights - weights.mean(-1, keepdim=True)
    return weights


@torch.no_grad()
def composition_scores(encoder: Encoder) -> dict[Into, Tensor]:
    """Return the Q-, K- and V-composition of each pair of heads; see the module's docstring.

    An (E, E) matrix of rank D is never made: for L = Q R with orthonormal columns in Q,
    ‖L X‖ = ‖R X‖, so that each pair costs a product of (D, E) and (E, D).

    Args:
        encoder: a pre-norm stack.

    Returns:
        (layers, H, layers, H) each, 0 to 1: the earlier layer and head, then the later ones; 0
        where the second isn't in a later layer, and where a head's matrix is 0.

    Raises:
        CompositionUnavailableError: if the stack is post-norm.
    """
    check_pre_norm(encoder)
    every = [head_weights(block) for block in encoder.layers]  # type: ignore[arg-type]  # a ModuleList forgets
    written = [_writer(each) for each in every]  # (H, E, D)
    layers, heads = len(every), every[0].queries.shape[0] if every else 0
    scores: dict[Into, Tensor] = {
        into: torch.zeros(layers, heads, layers, heads) for into in ("q", "k", "v")
    }
    for later in range(layers):
        for into, read in _readers(every[later]).items():
            for earlier in range(later):
                scores[into][earlier, :, later] = _products(read, written[earlier])
    return scores


@torch.no_grad()
def composition_into(encoder: Encoder, layer: int, head: int) -> dict[Into, Tensor]:
    """Return the composition of one head with each earlier one, as composition_scores has it.

    Args:
        encoder: a pre-norm stack.
        layer: the later head's.
        head: of that layer.

    Returns:
        (layer, H) each.

    Raises:
        CompositionUnavailableError: if the stack is post-norm.
    """
    check_pre_norm(encoder)
    *earlier, own = [head_weights(block) for block in encoder.layers[: layer + 1]]  # type: ignore[arg-type]
    written = [_writer(each) for each in earlier]
    scores: dict[Into, Tensor] = {}
    for into, read in _readers(own).items():
        one = read[head : head + 1]
        rows = [_products(one, each)[:, 0] for each in written]
        scores[into] = torch.stack(rows) if rows else torch.zeros(0, len(read))
    return scores


def _writer(weights: HeadWeights) -> Tensor:
    """Stand in for each W_OV on the right of a product: (H, E, D), of norm 1."""
    return _unit(weights.outputs @ _triangle(weights.values).mT)


def _readers(weights: HeadWeights) -> dict[Into, Tensor]:
    """Stand in for each W_QKᵀ, W_QK and W_OV on the left of a product: (H, D, E), of norm 1."""
    return {
        "q": _unit(_triangle(weights.keys) @ weights.queries),
        "k": _unit(_triangle(weights.queries) @ weights.keys),
        "v": _unit(_triangle(weights.outputs.mT) @ weights.values),
    }


def _products(read: Tensor, written: Tensor) -> Tensor:
    """The norm of each pair's product, (H earlier, H later): of a (D, D) matrix."""
    products = torch.einsum("hde,gef->ghdf", read, written)
    norms: Tensor = products.flatten(2).norm(dim=-1)
    return norms


def _triangle(rows: Tensor) -> Tensor:
    """R of (..., D, E) rows, (..., D, D): rowsᵀ = Q R, so that ‖rowsᵀ X‖ = ‖R X‖."""
    triangle: Tensor = torch.linalg.qr(rows.mT, mode="r").R
    return triangle


def _unit(matrices: Tensor) -> Tensor:
    """Matrices brought to the Frobenius norm 1; zeros stay."""
    norms = matrices.flatten(-2).norm(dim=-1)[..., None, None]
    unit: Tensor = matrices / norms.where(norms > 0, torch.ones_like(norms))
    return unit
