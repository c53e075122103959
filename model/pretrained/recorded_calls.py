"""The recorded attentions of a run, in the order of their computing, as stacks of layers."""

from collections.abc import Mapping, Sequence

from torch import Tensor

from ..interventions import AttentionChange, Changes
from ..transformer import AttentionKind
from .base import ModelKind, ModelUnavailableError, StackSize, changeable_kind
from .recorder import RecordedCall


def calls_by_kind(
    calls: Sequence[RecordedCall], layers: int, decoder_layers: int
) -> dict[AttentionKind, tuple[RecordedCall, ...]]:
    """Return the calls of an encoder's layers, then of a decoder's, each self and cross.

    Args:
        calls: of one run.
        layers: of the encoder, or of a model that has one stack.
        decoder_layers: of a decoder that reads an encoder's output; 0 if there is none.

    Raises:
        ModelUnavailableError: if there are more calls than that, or fewer.
    """
    if not layers or len(calls) != layers + 2 * decoder_layers:
        raise ModelUnavailableError(
            "recorder.other_count",
            "this architecture isn't supported: expected {wanted} attentions in {layers} layers, "
            "and could record {got}",
            wanted=layers + 2 * decoder_layers,
            layers=layers + decoder_layers,
            got=len(calls),
        )
    by_kind: dict[AttentionKind, tuple[RecordedCall, ...]] = {"encoder_self": tuple(calls[:layers])}
    if decoder_layers:
        by_kind["decoder_self"] = tuple(calls[layers::2])
        by_kind["cross"] = tuple(calls[layers + 1 :: 2])
    return by_kind


def stack_size(calls: Sequence[RecordedCall]) -> StackSize:
    """Return how many layers and heads a kind of attention has.

    Args:
        calls: one a layer.

    Raises:
        ModelUnavailableError: if its layers have different numbers of heads.
    """
    heads = [call.trace.queries.shape[1] for call in calls]
    if len(set(heads)) > 1:
        raise ModelUnavailableError(
            "recorder.uneven_heads",
            "this architecture isn't supported: the layers of one stack have different numbers of "
            "heads ({heads}), and what is shown of several layers together needs one number",
            heads=tuple(heads),
        )
    return StackSize(len(calls), heads[0])


def check_lengths(
    calls: Mapping[AttentionKind, Sequence[RecordedCall]], *, source: int, target: int
) -> None:
    """Raise ModelUnavailableError unless every attention is one of all tokens to all tokens.

    Args:
        calls: of a run, by kind.
        source: how many tokens the encoder, or the only stack, has read.
        target: how many a decoder beside it has read.
    """
    lengths: dict[AttentionKind, tuple[int, int]] = {
        "encoder_self": (source, source),
        "decoder_self": (target, target),
        "cross": (target, source),
    }
    for kind, of_kind in calls.items():
        got = {tuple(call.trace.energy.shape[2:]) for call in of_kind}
        if got != {lengths[kind]}:
            raise ModelUnavailableError(
                "recorder.not_all_to_all",
                "this architecture isn't supported: its attention isn't one of all tokens to all "
                "tokens; expected {wanted} queries and keys, got {got}",
                wanted=str(lengths[kind]),
                got=str(sorted(got)),
            )


def union_of_masks(masks: Sequence[Tensor | None]) -> Tensor | None:
    """Return where at least one of the masks lets attend; None if one of them does everywhere."""
    union: Tensor | None = None
    for mask in masks:
        if mask is None:
            return None
        union = mask if union is None else union | mask
    return union


def calls_changed(
    changes: Changes, name: str, kind: ModelKind, sizes: Mapping[AttentionKind, StackSize]
) -> dict[int, AttentionChange]:
    """Return what is changed, by the number of the call that computes it.

    Raises:
        ValueError: if the model has no such heads.
    """
    calls: dict[int, AttentionChange] = {}
    size, both = sizes[changeable_kind(kind)], kind == "encoder-decoder"
    for layer, change in changes.attentions.items():
        for head in (*change.removed, *change.averaged, *change.outputs):
            if not (0 <= layer < size.layers and 0 <= head < size.heads):
                raise ValueError(
                    f"{name} has {size.layers} layers of {size.heads} heads that can be changed, "
                    f"counted from 0; got layer {layer}, head {head}"
                )
        # An encoder-decoder computes the encoder's layers, then self and cross layer by layer.
        before = sizes["encoder_self"].layers if both else 0
        calls[before + 2 * layer + 1 if both else layer] = change
    return calls
