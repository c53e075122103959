"""A recorded attention: what the model's attention worked with, and its explicit steps."""

import math
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from ..attention import Attended, attend
from .calls import Call, Function
from .modules import Place, title_of

SLACK = 4  # how often the rounding of one operation may count before a difference is remarkable


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RecordedAttention:
    """One attention of somebody's model; its tensors are copies, without gradients.

    The letters are the package's: B sentences in the batch, H heads, Q queries, K keys, D numbers
    of a head. The steps are computed by the explicit equation, in float32 where the model has half
    precision, and otherwise in the model's own or the requested precision.
    """

    name: str  # dotted path of the innermost module that was running; "" if it is the root
    module: str  # its class; "" where no module was running
    root: str  # the class of the outermost module, where the path begins
    function: Function  # which of PyTorch's was called
    queries: Tensor  # (B, H, Q, D)
    keys: Tensor  # (B, H, K, D), written out for every head that shares them
    values: Tensor  # (B, H, K, D), whose D may be another
    kv_heads: int  # how many of the H heads have keys of their own
    divisor: float  # of the energies: sqrt(D), or 1 / scale
    bias: Tensor | None  # added to the scores (-inf included), broadcastable to (B, H, Q, K)
    allowed: Tensor | None  # True = may attend, broadcastable likewise; None = everywhere
    is_causal: bool  # whether the call said so, instead of giving a mask or beside it
    dropout: float  # of the weights; what is shown are the weights before it
    empty_rows: Literal["zeros", "nan"]  # what a query gets that may attend to nothing
    query_shape: tuple[int, ...]  # of the queries, or of what they were projected from
    dtype: torch.dtype  # of what the model got
    output: Tensor  # (B, Q, E) what the model got: all heads side by side, projected by
    # nn.MultiheadAttention, or not by scaled_dot_product_attention
    difference: float | None  # the largest between what the model got and the explicit steps: of
    # output, and of weights where the model asked for them; None where it can't be compared
    unchecked: str  # why it can't be; "" where it could
    rounding: float  # the largest difference that the rounding of dtype explains
    kept: Attended | None  # the steps; None if they are computed anew at each access

    @property
    def energy(self) -> Tensor:
        """Return q·k, before scaling and masking, (B, H, Q, K)."""
        return self.steps.energy

    @property
    def scores(self) -> Tensor:
        """Return what softmax sees: scaled, biased and -inf where masked, (B, H, Q, K)."""
        return self.steps.scores

    @property
    def weights(self) -> Tensor:
        """Return the softmax of the scores, before dropout, (B, H, Q, K)."""
        return self.steps.weights

    @property
    def head_outputs(self) -> Tensor:
        """Return weights · values, before dropout, (B, H, Q, D)."""
        return self.steps.head_outputs

    @property
    def steps(self) -> Attended:
        """Return all steps at once, which computes them once where they aren't kept."""
        if self.kept is not None:
            return self.kept
        return explicit_steps(self)

    @property
    def title(self) -> str:
        """Return the path with the root's class in front, such as "GPT.blocks.0.attention"."""
        return title_of(self.root, self.name) or self.function

    def __repr__(self) -> str:
        size = "×".join(map(str, (*self.queries.shape[:3], self.keys.shape[2])))
        checked = "not compared" if self.difference is None else f"difference {self.difference:.1e}"
        return f"{self.title}  {size}  {checked}"


@dataclass(frozen=True)
class Got:
    """What a model got of a call."""

    output: Tensor  # (B, Q, E) all heads side by side, or what a projection made of them
    weights: Tensor | None = None  # (B, H, Q, K), or (B, 1, Q, K) if their mean
    projection: tuple[Tensor, Tensor | None] | None = None  # weight (E, H·D) and bias (E,)


def explicit_steps(of: Call | RecordedAttention) -> Attended:
    """Return the steps of a call whose tensors have the precision to compute in."""
    bias, allowed = of.bias, of.allowed
    if allowed is not None and of.empty_rows == "nan":
        bias = torch.where(allowed, 0.0 if bias is None else bias, -math.inf).to(of.queries)
        allowed = None
    return attend(of.queries, of.keys, of.values, divisor=of.divisor, bias=bias, allowed=allowed)


def make_trace(call: Call, got: Got, place: Place, *, keep_steps: bool) -> RecordedAttention:
    """Compute a call's steps and compare them with what the model got.

    Args:
        call: with tensors of its own, in the precision to compute in.
        got: from the model.
        place: where it was computed.
        keep_steps: whether the trace keeps them.
    """
    steps = explicit_steps(call)
    output = side_by_side(steps.head_outputs)  # (B, Q, H·D)
    difference: float | None = None
    rounding = rounding_of(call, steps, got)
    unchecked = ""
    if call.dropout:
        unchecked = f"dropout ({call.dropout:g}) had changed the weights that the output came from"
    elif not math.isfinite(rounding):
        unchecked = "there are numbers that aren't finite, of which kernels make different things"
    else:
        if got.projection is not None:
            weight, bias = (None if x is None else x.to(output) for x in got.projection)
            assert weight is not None
            output = F.linear(output, weight, bias)
        difference = largest(got.output, output)
        if got.weights is not None:
            heads = got.weights.shape[1]
            own = steps.weights if heads == call.queries.shape[1] else steps.weights.mean(1, True)
            difference = max(difference, largest(got.weights, own))
    return RecordedAttention(
        name=place.name,
        module=place.module,
        root=place.root,
        function=call.function,
        queries=call.queries,
        keys=call.keys,
        values=call.values,
        kv_heads=call.kv_heads,
        divisor=call.divisor,
        bias=call.bias,
        allowed=call.allowed,
        is_causal=call.is_causal,
        dropout=call.dropout,
        empty_rows=call.empty_rows,
        query_shape=call.query_shape,
        dtype=got.output.dtype,
        output=got.output,
        difference=difference,
        unchecked=unchecked,
        rounding=rounding,
        kept=steps if keep_steps else None,
    )


def side_by_side(x: Tensor) -> Tensor:
    """Return heads (B, H, Q, D) as (B, Q, H·D)."""
    return x.transpose(1, 2).flatten(2)


def largest(got: Tensor, own: Tensor) -> float:
    """Return the largest difference; where both are NaN, or the same infinity, there is none."""
    if got.numel() == 0:
        return 0.0
    got = got.to(own)
    difference = torch.where((got == own) | (got.isnan() & own.isnan()), 0.0, (got - own).abs())
    return float(difference.nan_to_num(nan=math.inf).max())


def rounding_of(call: Call, steps: Attended, got: Got) -> float:
    """Return an upper estimate of the difference that rounding alone makes.

    An error in a score is a relative error in the weights, and an output is no larger than the
    largest value. A score is rounded as the model's numbers are, and the sum that q·k is by a share
    of |q| |k|: kernels sum in float32 at least. Where queries and keys were projected once more,
    they may differ by their own rounding too.
    """
    if steps.energy.numel() == 0:
        return 0.0
    q, k = (x.norm(dim=-1).max().item() for x in (call.queries, call.keys))
    per_energy = 1 / abs(call.divisor) if call.divisor else 0.0
    score = steps.energy.abs().max().item() * per_energy
    if call.bias is not None:  # but for the large negative numbers that mask
        score += call.bias.amax(-1).clamp(min=0).max().item()
    size = call.values.abs().max().item() if call.values.numel() else 0.0
    if got.projection is not None:
        weight, bias = got.projection
        size *= weight.abs().sum(1).max().item()
        size += 0.0 if bias is None else bias.abs().max().item()
    if got.weights is not None:
        size = max(size, 1.0)
    eps = epsilon(got.output)
    is_wider = got.projection is None and got.output.dtype.itemsize < torch.float32.itemsize
    of_sums = torch.finfo(torch.float32).eps if is_wider else eps
    return float(SLACK * size * (eps * (1 + score) + of_sums * q * k * per_energy))


def epsilon(x: Tensor) -> float:
    """Return the rounding of x's type; of products, if hardware may round these more coarsely."""
    eps = torch.finfo(x.dtype).eps
    if x.dtype == torch.float32 and torch.get_float32_matmul_precision() != "highest":
        # "high" is TensorFloat-32 and "medium" bfloat16, see torch.set_float32_matmul_precision.
        eps = 2**-10 if torch.get_float32_matmul_precision() == "high" else 2**-7
    return eps
