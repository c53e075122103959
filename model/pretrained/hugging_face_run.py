"""A run of a model of transformers: what it was called with, and what was recorded of it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..interventions import Changes
from ..parity import Parity
from ..transformer import AttentionKind, TransformerTrace
from .answer_heads import mask_logits
from .base import (
    ModelTrace,
    ModelUnavailableError,
    PretrainedModel,
    TokensWithoutVectorsError,
)
from .recorded_calls import calls_by_kind, union_of_masks
from .recorder import RecordedCall

WRONG = 1e-3  # of the output's largest number; rounding alone stays far below


@dataclass(frozen=True, kw_only=True)
class RecordedRun(ModelTrace):
    """A ModelTrace, and what is needed to compute it again."""

    inputs: Mapping[str, Any]  # what the model was called with
    calls: Mapping[AttentionKind, tuple[RecordedCall, ...]]  # one a layer


def recorded_run(
    out: Any,
    calls: Sequence[RecordedCall],
    inputs: Mapping[str, Any],
    changes: Changes,
    model: PretrainedModel,
) -> RecordedRun:
    """Put everything of a run in its place.

    Args:
        out: what the model returned, with its hidden states.
        calls: that were recorded, in their order.
        inputs: what the model was called with.
        changes: what was changed by hand.
        model: that ran.

    Raises:
        ModelUnavailableError: if there is another number of attentions than the layers have.
    """
    both, own = model.kind == "encoder-decoder", inputs["attention_mask"]
    encoder = tuple((out.encoder_hidden_states if both else out.hidden_states) or ())
    decoder = tuple(out.decoder_hidden_states or () if both else ())
    by_kind = calls_by_kind(calls, *(max(len(states) - 1, 0) for states in (encoder, decoder)))
    traces = {of_kind: tuple(call.trace for call in of) for of_kind, of in by_kind.items()}
    next_logits = None
    if model.kind != "encoder":
        last = last_places(inputs)
        kept = inputs.get("logits_to_keep", ())
        if out.logits.shape[1] == len(kept):
            last = torch.searchsorted(kept, last)
        next_logits = out.logits[torch.arange(len(last)), last]
    return RecordedRun(
        trace=TransformerTrace(
            encoder_self=traces["encoder_self"],
            decoder_self=traces.get("decoder_self", ()),
            cross=traces.get("cross", ()),
            encoder_stream=encoder,
            decoder_stream=decoder,
            encoder_output=encoder[-1],
            output=decoder[-1] if both else encoder[-1],
        ),
        masks={
            of_kind: union_of_masks([call.allowed for call in of])
            for of_kind, of in by_kind.items()
        },
        next_logits=next_logits,
        inputs=inputs,
        calls=by_kind,
        changes=changes,
        mask_logits=()
        if model.mask_token is None
        else mask_logits(out.logits, inputs["input_ids"], own, model.mask_token),
        class_logits=out.logits if model.class_names else None,
    )


def own_tokens(ids: Tensor, lengths: Collection[int]) -> Tensor:
    """Return 1 for the sentences' own tokens, 0 for padding, (B, L).

    Raises:
        ValueError: if the lengths aren't those of such sentences.
    """
    if len(lengths) != len(ids) or not all(0 <= n <= ids.shape[1] for n in lengths):
        raise ValueError(
            f"lengths must be {len(ids)} numbers of at most {ids.shape[1]}, got {list(lengths)}"
        )
    return (torch.arange(ids.shape[1]) < torch.tensor(list(lengths))[:, None]).long()


def written(inputs: Mapping[str, Any]) -> Tensor:
    """Return 1 for the own tokens of what the last stack got, (B, L or T)."""
    own: Tensor = inputs.get("decoder_attention_mask", inputs["attention_mask"])
    return own


def last_places(inputs: Mapping[str, Any]) -> Tensor:
    """Return the place of each sentence's last token, (B,)."""
    return (written(inputs).sum(dim=1) - 1).clamp(min=0)


def check_right(parity: Parity, run: RecordedRun) -> None:
    """Raise ModelUnavailableError unless the recorded numbers are the model's own."""
    difference, largest = parity.output or 0.0, run.trace.output.abs().max().item()
    # Not `>`, which NaN would pass.
    if not difference <= WRONG * max(1.0, largest):
        raise ModelUnavailableError(
            "recorder.other_output",
            "this architecture isn't supported: its own attention gives another output, with a "
            "difference of {difference:.2g} in numbers up to {largest:.2g}",
            difference=difference,
            largest=largest,
        )


def checked_ids(model: PretrainedModel, ids: Tensor) -> Tensor:
    """Return the ids, if they are a batch of the model's tokens.

    Raises:
        TokensWithoutVectorsError: if the model's table ends before some of them.
        ValueError: if they are none, or too many.
    """
    if ids.dim() != 2 or not ids.numel():
        raise ValueError(
            f"ids must be (batch, length) and not empty, got the shape {tuple(ids.shape)}"
        )
    if ids.shape[1] > model.longest:
        raise ValueError(f"{model.name} has {model.longest} positions, got {ids.shape[1]} tokens")
    every = sorted(set(ids.flatten().tolist()))
    beyond = [token for token in every if not 0 <= token < model.vocabulary]
    if beyond:
        shown = [model.tokenizer.shown(token) for token in beyond]
        raise TokensWithoutVectorsError(model.name, shown, model.vocabulary)
    return ids
