"""Which equations hold for a model's queries, keys and values, as one run of it shows.

A model's configuration doesn't tell what happens between its projections and its attention: norms,
rotations and scalings of their own, not the same in all layers. So nothing is taken from names. A
run is watched: what each linear layer read and made, and what reached the attention after it. An
equation is kept where these numbers satisfy it; elsewhere there is none.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..projections import PROJECTED, Projected, ProjectionEquation
from . import recorder
from .recorder import RecordedCall

ROUNDING = 1e-4  # of the largest number; float32 rounds to about 1e-6
SENTENCES = 3  # of a probe: a rotation is told from anything else by tokens at one position
SHORTEST, LONGEST = 8, 128  # tokens of each
WORK = 4e9  # multiplications that a probe may take: a tenth of a second, or the shortest sentences

Equations = Mapping[Projected, ProjectionEquation | None]


@dataclass(frozen=True)
class LinearCall:
    """The input and output of a module with one matrix, and the input of the one around it."""

    module: nn.Module
    x: Tensor  # (..., I)
    output: Tensor  # (..., O)
    given: tuple[Tensor, ...]

    @cached_property
    def is_linear(self) -> bool:
        """Whether the output is x W + b, for a matrix that is stored either way round."""
        weight: Tensor = self.module.weight  # type: ignore[assignment]  # watch saw a matrix
        bias: Tensor | None = getattr(self.module, "bias", None)
        sizes = (self.output.shape[-1], self.x.shape[-1])
        for matrix in (weight, weight.T):
            if matrix.shape == sizes and _equal(F.linear(self.x, matrix, bias), self.output):
                return True
        return False

    @cached_property
    def reads_what_is_given(self) -> bool:
        """Whether it reads what the module around it was given, and not something made of it."""
        return any(_same(self.x, each) for each in self.given)


def probe_ids(vocabulary: int, longest: int, weights: int) -> Tensor:
    """Return token ids (B, L) for a probe: different tokens at each position.

    Args:
        vocabulary: how many tokens there are.
        longest: how many positions the model has.
        weights: how many weights it has: the larger it is, the shorter the sentences.
    """
    length = min(longest, max(SHORTEST, min(LONGEST, int(WORK / (SENTENCES * weights)))))
    generator = torch.Generator().manual_seed(0)
    return torch.randint(vocabulary, (SENTENCES, length), generator=generator)


@contextmanager
def watching(model: nn.Module) -> Iterator[Mapping[int, Sequence[LinearCall]]]:
    """Watch the linear layers of a model in one recorded run, as long as this context lasts.

    Yields:
        for the id of each RecordedCall, the linear layers that ran since the attention before it.
        Filled by the run.
    """
    watched = _Watched()
    handles = []
    for module in model.modules():
        handles.append(module.register_forward_pre_hook(watched.enter, with_kwargs=True))
        handles.append(module.register_forward_hook(watched.leave))
    try:
        yield watched.before
    finally:
        for handle in handles:
            handle.remove()


class _Watched:
    def __init__(self) -> None:
        self.before: dict[int, list[LinearCall]] = {}
        self._recent: list[LinearCall] = []
        self._given: list[tuple[Tensor, ...]] = []  # to each of the modules that are running

    def enter(self, _: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        given = (*args, *kwargs.values())
        self._given.append(tuple(x for x in given if isinstance(x, Tensor)))

    def leave(self, module: nn.Module, _: tuple[Any, ...], output: Any) -> None:
        read = self._given.pop()
        active = recorder.current()
        if active is not None and active.calls and id(active.calls[-1]) not in self.before:
            # This was the output projection. The recorder's own hook ran before this one.
            self.before[id(active.calls[-1])] = self._recent
            self._recent = []
            return
        weight = getattr(module, "weight", None)
        if not (isinstance(weight, Tensor) and weight.dim() == 2 and len(read) == 1):
            return
        (x,) = read
        if x.is_floating_point() and isinstance(output, Tensor) and self._given:
            # Copies, since what follows in the model may write into them.
            call = LinearCall(module, x.clone(), output.clone(), self._given[-1])
            self._recent.append(call)


def equations_of(
    call: RecordedCall, before: Sequence[LinearCall], encoder_output: Tensor | None = None
) -> Equations:
    """Return the equations that hold for a call's queries, keys and values; None for others.

    X is the same in all of them, and what the attention module was given.

    Args:
        call: the attention.
        before: the linear layers that ran since the attention before it.
        encoder_output: (B, K, E) for cross-attention: what X has to be for keys and values.
    """
    found: dict[Projected, tuple[ProjectionEquation, Tensor] | None] = {
        name: _find(getattr(call.trace, name), before) for name in PROJECTED
    }
    if encoder_output is not None:
        read: dict[Projected, Tensor | None] = {"keys": encoder_output, "values": encoder_output}
    else:
        x = next((each[1] for each in reversed(found.values()) if each is not None), None)
        read = dict.fromkeys(PROJECTED, x)
    equations: dict[Projected, ProjectionEquation | None] = {}
    for name, each in found.items():
        wanted = read.get(name)
        fits = each is not None and (wanted is None or _same(each[1], wanted))
        equations[name] = each[0] if fits and each is not None else None
    return equations


def kv_heads_of(call: RecordedCall) -> int:
    """Return how many different heads of keys and values there are; neighbours share them."""
    counts = {
        1 + int((x[:, 1:] != x[:, :-1]).any(dim=3).any(dim=2).any(dim=0).sum())
        for x in (call.trace.keys, call.trace.values)
    }
    return counts.pop() if len(counts) == 1 else call.trace.keys.shape[1]


def _find(
    projected: Tensor, before: Sequence[LinearCall]
) -> tuple[ProjectionEquation, Tensor] | None:
    """The equation of (B, H, L, D) queries, keys or values, and the X (B, L, E) in it."""
    batch, _, length, size = projected.shape
    for linear in before:
        fits = linear.output.numel() == batch * length * linear.output.shape[-1]
        if not fits or linear.output.shape[-1] % size or not linear.reads_what_is_given:
            continue
        blocks = linear.output.reshape(batch, length, -1, size).transpose(1, 2)  # (B, N, L, D)
        places = _nearest(projected, blocks)
        held = _relation(projected.double(), blocks[:, places].double())
        if held is None or not linear.is_linear:
            continue
        factor, rotated = held
        order = sorted(set(places))
        equation = ProjectionEquation(
            groups=tuple(order.index(place) for place in places),
            has_bias=getattr(linear.module, "bias", None) is not None,
            factor=factor,
            rotated=rotated,
        )
        return equation, linear.x.reshape(batch, length, -1)
    return None


def _nearest(projected: Tensor, blocks: Tensor) -> list[int]:
    """For each head, which block has vectors of the same lengths, or of proportional ones."""
    heads, others = (
        F.normalize(x.transpose(0, 1).flatten(1, 2).norm(dim=-1), dim=-1)
        for x in (projected, blocks)
    )  # (H, B * L) and (N, B * L)
    nearest: list[int] = (heads @ others.T).argmax(dim=1).tolist()
    return nearest


def _relation(q: Tensor, p: Tensor) -> tuple[float, int] | None:
    """The factor, and how many numbers are turned, where q is p times a factor and turned.

    Both are (B, H, L, D); p is of the projection, q of what reached the attention.
    """
    if not (p.isfinite().all() and q.isfinite().all()):
        return None
    lengths, wanted = p.norm(dim=-1), q.norm(dim=-1)
    whole = lengths.square().sum()
    factor = math.sqrt((wanted.square().sum() / whole).item()) if whole > 0 else 1.0
    if math.isclose(factor, 1.0, abs_tol=ROUNDING / 10):
        factor = 1.0
    if not factor or not _equal(
        factor * lengths, wanted
    ):  # soon told of a norm, which is the usual case
        return None
    if _equal(factor * p, q):
        return factor, 0
    size = q.shape[-1]
    for rotated in range(2, size + 1, 2):
        for kept, turned in (
            (slice(rotated, size), slice(0, rotated)),
            (slice(0, size - rotated), slice(size - rotated, size)),
        ):
            rest = _equal(factor * p[..., kept], q[..., kept], q)
            if rest and _is_turned(q[..., turned], factor * p[..., turned]):
                return factor, rotated
    return None


def _is_turned(q: Tensor, p: Tensor) -> bool:
    """Whether q is p with pairs of numbers turned, by the position alone; not at the first."""
    size = q.shape[-1]
    for first, second in (
        (slice(0, size // 2), slice(size // 2, size)),  # halves
        (slice(0, size, 2), slice(1, size, 2)),  # neighbours
    ):
        before, after = (torch.complex(x[..., first], x[..., second]) for x in (p, q))
        lengths = before.abs().square().sum(dim=(0, 1))  # (L, D/2)
        turn = (before.conj() * after).sum(dim=(0, 1)) / lengths.clamp(min=1e-300)
        turn = turn / turn.abs().clamp(min=1e-300)
        turn[0] = 1.0
        if _equal(torch.view_as_real(turn * before), torch.view_as_real(after), q):
            return True
    return False


def _equal(a: Tensor, b: Tensor, of: Tensor | None = None) -> bool:
    """Whether two tensors differ by rounding alone, beside the largest number of b or `of`."""
    if not b.numel():
        return True
    largest = (b if of is None else of).abs().max()
    return bool((a - b).abs().max() <= ROUNDING * largest)


def _same(a: Tensor, b: Tensor) -> bool:
    """Whether two tensors have the same numbers, in whatever batch."""
    return (
        a.shape[-1:] == b.shape[-1:]
        and a.numel() == b.numel()
        and torch.equal(a.reshape(-1), b.reshape(-1))
    )
