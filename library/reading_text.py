"""From a text to what a model of transformers is called with, and back to readable tokens."""

import inspect
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from .arrays import check_sentence
from .model.pretrained.hugging_face_facts import decoder_start
from .tokens import pretty

UNREADABLE = "\N{REPLACEMENT CHARACTER}"


def inputs_of(
    model: nn.Module, text: str | Mapping[str, Tensor], tokenizer: Any, target: str | None
) -> dict[str, Any]:
    """Return what a model is called with to read a text, on its device.

    Raises:
        TypeError: if the text is neither a text nor what a tokenizer makes of one.
        ValueError: if it has no tokens, or there is no first token for an encoder-decoder.
    """
    device = next((weight.device for weight in model.parameters()), torch.device("cpu"))
    if isinstance(text, str):
        given: Mapping[str, Any] = tokenizer(text, return_tensors="pt")
    elif isinstance(text, Mapping) and isinstance(text.get("input_ids"), Tensor):
        given = text
    else:
        raise TypeError(
            "text must be a text, or what the tokenizer made of one with return_tensors='pt'; "
            f"got {type(text).__name__}"
        )
    if not given["input_ids"].numel():
        raise ValueError("text must have one token at least, got none")
    known = inspect.signature(model.forward).parameters
    inputs = {
        name: value.to(device)
        for name, value in given.items()
        if isinstance(value, Tensor) and name in known
    }
    if getattr(model.config, "is_encoder_decoder", False):
        if "decoder_input_ids" not in inputs:
            inputs["decoder_input_ids"] = _target_ids(model, inputs, tokenizer, target).to(device)
    elif target is not None:
        raise ValueError(f"{type(model).__name__} has no decoder beside an encoder: pass no target")
    return {**inputs, **({"use_cache": False} if "use_cache" in known else {})}


def _target_ids(
    model: nn.Module, inputs: Mapping[str, Any], tokenizer: Any, target: str | None
) -> Tensor:
    """What a decoder has read: its start token, and the target without the token that ends it."""
    start = decoder_start(model)
    if start is None:
        raise ValueError(
            f"{type(model).__name__} names no token that a target begins with: pass "
            "decoder_input_ids with what the tokenizer made of the text"
        )
    ids: list[int] = []
    if target is not None:
        ids = list(tokenizer(text_target=target)["input_ids"])
        end = getattr(tokenizer, "eos_token_id", None)
        ids = ids[:-1] if ids and ids[-1] == end else ids
    batch = inputs["input_ids"].shape[0]
    return torch.tensor([[start, *ids]] * batch)


def shown_tokens(tokenizer: Any, ids: Tensor, sentence: int) -> tuple[str, ...]:
    """Return the tokens of one sentence as people read them.

    Args:
        tokenizer: the model's.
        ids: (B, L).
        sentence: which of them.
    """
    check_sentence(sentence, len(ids))
    listed = ids[sentence].tolist()
    pieces = tokenizer.convert_ids_to_tokens(listed)
    return tuple(
        _shown(tokenizer, token, str(piece)) for token, piece in zip(listed, pieces, strict=True)
    )


def _shown(tokenizer: Any, token: int, piece: str) -> str:
    shown = pretty(piece)
    if shown.replace("␣", "").isascii():
        return shown
    # Byte-level vocabularies write é as Ã©; and a part of a character is none.
    text = str(tokenizer.decode([token]))
    if not text.strip() or UNREADABLE in text:
        return shown
    return "␣" * (len(text) - len(text.lstrip(" "))) + text.lstrip(" ")
