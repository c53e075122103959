"""Activation patching: what of one sentence's run brings its answer back, put into another's.

The output of a head, or the residual stream at a position, is taken from the run on a sentence A
and put into the run on a sentence B, from where B's run goes on as it would. What is measured is
how much of A's answer that brings back.

Sources: Meng et al. (2022), "Locating and Editing Factual Associations in GPT", section 2 (causal
tracing); Wang et al. (2023), "Interpretability in the Wild"; Zhang & Nanda (2024), "Towards Best
Practices of Activation Patching in Language Models", on the measure; Heimersheim & Nanda (2024),
"How to Use and Interpret Activation Patching", on what it doesn't show. Letters as in the package.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from .errors import CodedValueError
from .interventions import AttentionChange, Changes, VectorPatch
from .pretrained.base import ModelTrace, PretrainedModel
from .pretrained.stack import StackModel

NO_DIFFERENCE = 1e-3  # between A's and B's answers: a part of less than that is rounding
AT_ONCE = 160  # tokens of the runs that are computed together: keeps memory and waiting small


class Cell(NamedTuple):
    """One patched run."""

    layer: int
    place: int  # a head, or a position
    difference: float  # d of the patched run: see Answers


Cells = Generator[tuple[Cell, ...]]  # as many as are computed at once, then the next


@dataclass(frozen=True)
class Answers:
    """What is measured of a run, and what it is in A's and in B's.

    d(run) = logit(a_token) - logit(b_token), after the last token; logit(a_token) alone if both
    sentences have the same answer.

    Attributes:
        a_token: the likeliest token after A.
        b_token: the likeliest token after B.
        a: d of A's run.
        b: d of B's run.
    """

    a_token: int
    b_token: int
    a: float
    b: float

    @property
    def are_same(self) -> bool:
        """Whether both sentences have the same likeliest next token."""
        return self.a_token == self.b_token

    @property
    def are_apart(self) -> bool:
        """Whether there is a difference that could be recovered."""
        return abs(self.a - self.b) > NO_DIFFERENCE

    def difference(self, logits: Tensor) -> Tensor:
        """Return d of runs, (...,), from their logits after the last token, (..., V)."""
        of_a = logits[..., self.a_token]
        return of_a if self.are_same else of_a - logits[..., self.b_token]

    def recovered(self, difference: float) -> float | None:
        """Return how much of A's answer a patched run has: 0 as in B, 1 as in A.

        recovered = (d(patched) - d(B)) / (d(A) - d(B)). It can be below 0 and above 1.

        Returns:
            None if A's and B's answers are too close to one another to tell.
        """
        return (difference - self.b) / (self.a - self.b) if self.are_apart else None


@dataclass(frozen=True)
class PatchedPair:
    """Two sentences that a decoder has read: from A something is taken, and put into B.

    Attributes:
        model: a decoder.
        ids: (1, L) B's tokens.
        a: A's run alone, with nothing changed.
        b: B's run alone, likewise.
    """

    model: PretrainedModel
    ids: Tensor
    a: ModelTrace
    b: ModelTrace

    def __post_init__(self) -> None:
        if self.model.kind != "decoder" or self.a.next_logits is None or self.b.next_logits is None:
            raise ValueError(f"only decoders are patched, and {self.model.name} is none")
        if any(run.trace.output.shape[0] != 1 for run in (self.a, self.b)):
            raise ValueError("expected two runs of one sentence each")

    @cached_property
    def answers(self) -> Answers:
        """What is measured."""
        of_a, of_b = (_next_logits(run) for run in (self.a, self.b))
        found = Answers(int(of_a.argmax()), int(of_b.argmax()), 0.0, 0.0)
        a, b = (found.difference(logits).item() for logits in (of_a, of_b))
        return replace(found, a=a, b=b)

    @property
    def length(self) -> int:
        """How many tokens B has."""
        return self.ids.shape[1]

    @property
    def have_one_length(self) -> bool:
        """Whether A has as many tokens, so that each position has a partner."""
        return self.a.trace.output.shape[1] == self.length

    @property
    def knows_streams(self) -> bool:
        """Whether the vectors between the model's layers can be replaced."""
        return isinstance(self.model, StackModel)

    @property
    def layers(self) -> int:
        """How many layers the model has."""
        return self.model.sizes["encoder_self"].layers

    @property
    def heads(self) -> int:
        """How many heads each of them has."""
        return self.model.sizes["encoder_self"].heads


def _next_logits(run: ModelTrace) -> Tensor:
    assert run.next_logits is not None  # a decoder's
    return run.next_logits[0]


def patch_heads(pair: PatchedPair) -> Cells:
    """Put each head's output of A into B: one head a run, last layers first.

    At all positions, if A and B have as many tokens; else at the last token alone, the one that
    answers. Yields as many heads of a layer as are computed at once.
    """
    for layer in reversed(range(pair.layers)):
        given, own = (run.trace.encoder_self[layer].head_outputs[0] for run in (pair.a, pair.b))
        put = given
        if not pair.have_one_length:
            put = torch.full_like(own, torch.nan)  # (H, Q, D)
            put[:, -1] = given[:, -1]
        yield from _patched(pair, layer, put, own, _head_changes)


def patch_positions(pair: PatchedPair) -> Cells:
    """Put what a layer of A reads at one position into B: one position a run, last layers first.

    Yields as many positions of a layer as are computed at once.

    Raises:
        CodedValueError: if A and B have other numbers of tokens, or the vectors between the model's
            layers aren't known.
    """
    check_positions(pair)
    a_layer = (len(pair.b.trace.encoder_stream) - 1) // max(1, pair.layers)
    for layer in reversed(range(pair.layers)):
        given, own = (run.trace.encoder_stream[layer * a_layer][0] for run in (pair.a, pair.b))
        put = given[:, None]  # (L, 1, E): of each position its vector alone
        yield from _patched(pair, layer, put, own[:, None], _position_changes)


def check_positions(pair: PatchedPair) -> None:
    """Raise CodedValueError unless single positions can be patched."""
    if not pair.knows_streams:
        raise CodedValueError(
            "patching.no_streams",
            "{model} is known by its attentions alone: heads can be patched, and the vectors "
            "between its layers can't",
            model=pair.model.name,
        )
    if not pair.have_one_length:
        raise CodedValueError(
            "patching.other_length",
            "A has {a} tokens and B has {b}: positions can be patched only where both have as many",
            a=pair.a.trace.output.shape[1],
            b=pair.length,
        )


_ChangesOf = Callable[[int, Sequence[int], Tensor, int], Changes]


def _head_changes(layer: int, heads: Sequence[int], put: Tensor, length: int) -> Changes:
    """One head's output in each run of a batch; put is (H, Q, D)."""
    outputs = {}
    for row, head in enumerate(heads):
        outputs[head] = torch.full((len(heads), *put.shape[1:]), torch.nan)  # (B, Q, D)
        outputs[head][row] = put[head]
    return Changes({layer: AttentionChange(outputs=outputs)})


def _position_changes(layer: int, positions: Sequence[int], put: Tensor, length: int) -> Changes:
    """One position's vector in each run of a batch; put is (L, 1, E)."""
    vectors = torch.full((len(positions), length, put.shape[-1]), torch.nan)  # (B, L, E)
    for row, position in enumerate(positions):
        vectors[row, position] = put[position, 0]
    return Changes(vectors={layer: VectorPatch(vectors)})


def _patched(
    pair: PatchedPair, layer: int, put: Tensor, own: Tensor, changes_of: _ChangesOf
) -> Cells:
    """The cells of a layer, some at a time.

    Args:
        pair: what is patched.
        layer: where.
        put: (places, ...) what is put in, NaN where it stays.
        own: (places, ...) what stands there in B.
        changes_of: makes of some places what a batch of runs is told, one place a run.
    """
    stays = put.isnan() | (put == own)
    # What is the same already, to the bit, changes nothing: tokens before the first other one.
    changed = [place for place in range(len(put)) if not stays[place].all()]
    if same := sorted(set(range(len(put))) - set(changed)):
        yield tuple(Cell(layer, place, pair.answers.b) for place in same)
    at_once = max(1, AT_ONCE // pair.length)
    for begins in range(0, len(changed), at_once):
        places = changed[begins : begins + at_once]
        changes = changes_of(layer, places, put, pair.length)
        answered = pair.answers.difference(answer(pair, len(places), changes, layer)).tolist()
        yield tuple(Cell(layer, place, d) for place, d in zip(places, answered, strict=True))


@torch.inference_mode()
def answer(pair: PatchedPair, runs: int, changes: Changes, layer: int) -> Tensor:
    """Return the logits after the last token of so many runs of B, (runs, V).

    Args:
        pair: what is patched.
        runs: how many.
        changes: what is changed in them, each sentence of which stands for a run.
        layer: the first in which anything is.
    """
    model = pair.model
    if not isinstance(model, StackModel):
        ids = pair.ids.expand(runs, -1)
        logits = model.run(ids, [pair.length] * runs, changes=changes).next_logits
        assert logits is not None  # likewise
        return logits
    # As Encoder.trace does, from B's stream at that layer; but only the stream of the layer that is
    # computed is kept, since a trace of so many runs would be large.
    encoder, mask = model.encoder, pair.b.masks["encoder_self"]
    a_layer = (len(pair.b.trace.encoder_stream) - 1) // len(encoder.layers)
    x = pair.b.trace.encoder_stream[layer * a_layer].expand(runs, -1, -1)  # (B, L, E)
    for at in range(layer, len(encoder.layers)):
        x = changes.patched(at, x)
        block, change = encoder.layers[at], changes.attentions.get(at)
        x = block.trace(x, x, x, mask, change).output  # type: ignore[operator]  # a ModuleList forgets
    return model.logits(encoder.norm(changes.patched(len(encoder.layers), x)[:, -1]))
