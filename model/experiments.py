"""Two experiments on an encoder: does its mask leak, and does the order of the words matter?"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import Tensor

from .transformer import Encoder, TransformerTrace


def leak_test(
    model: Encoder, x: Tensor, replacement: Tensor, changed: Sequence[int], mask: Tensor | None
) -> Tensor:
    """Change one token at a time, and measure how far every vector moves.

    What a mask hides can't matter: if token j may not be seen from position i, through any layer,
    position i doesn't move at all.

    Args:
        model: the encoder.
        x: (L, E) token vectors, before positions are added.
        replacement: (E,) the vector that takes a token's place.
        changed: the positions to change, C of them.
        mask: broadcastable to (1, H, L, L), True = may attend.

    Returns:
        (C, layers + 1, L): the length of the difference at each position, at the input and after
        each layer; exactly 0 where nothing arrives.
    """
    # The unchanged sentence runs in a batch of the same shape and layout, so that each row is
    # computed by the very same instructions: a difference is then never a rounding error.
    before = x.repeat(len(changed), 1, 1)  # (C, L, E)
    after = before.clone()
    for row, position in zip(after, changed, strict=True):
        row[position] = replacement
    streams = [model.trace(batch, mask).encoder_stream for batch in (before, after)]
    sublayers = (len(streams[0]) - 1) // len(model.layers)  # of a layer
    ends = (stream[::sublayers] for stream in streams)
    return torch.stack([(b - a).norm(dim=-1) for a, b in zip(*ends, strict=True)], dim=1)


@dataclass(frozen=True)
class OrderTest:
    """The outputs of a sentence and of its shuffled self, all in float64."""

    order: tuple[int, ...]  # position i of the shuffled sentence holds token order[i]
    trace: TransformerTrace  # of the sentence as it was
    outputs: Tensor  # (L, E) its outputs
    shuffled: Tensor  # (L, E) of the shuffled sentence
    restored: Tensor  # (L, E) the shuffled sentence's outputs, put back in order
    largest_difference: float  # between the two; equal tokens may stand for each other


def order_test(model: Encoder, x: Tensor, order: Sequence[int]) -> OrderTest:
    """Shuffle the tokens and see whether the same outputs come out, shuffled.

    Without positions and mask, attention is permutation equivariant: they do. (A causal mask is a
    sense of order by itself, so there is none here.) They differ by what rounding leaves, which
    sharp softmaxes enlarge layer by layer: in float32 up to what people can see. So all is computed
    in float64, with copies of the weights.

    Args:
        model: the encoder, of any floating type; it stays as it is.
        x: (L, E) token vectors, before positions are added.
        order: a permutation of 0..L-1.

    Raises:
        ValueError: if order isn't one.
    """
    if sorted(order) != list(range(len(x))):
        raise ValueError(f"order must be a permutation of 0..{len(x) - 1}, got {list(order)}")
    model, x = deepcopy(model).double(), x.double()
    index = torch.tensor(order, dtype=torch.long)
    trace = model.trace(x[None])
    outputs, shuffled = trace.output[0], model(x[index][None])[0]
    restored = shuffled[index.argsort()]
    if not order:
        return OrderTest((), trace, outputs, shuffled, restored, 0.0)
    # Of two equal tokens nobody can say which is which: each output is compared with the nearest
    # of its token's.
    equal = (x[:, None] == x[None]).all(-1)  # (L, L)
    differences = (outputs[:, None] - restored[None]).abs().amax(-1)  # (L, L)
    nearest = differences.masked_fill(~equal, torch.inf).amin(-1)  # (L,)
    return OrderTest(tuple(order), trace, outputs, shuffled, restored, nearest.max().item())
