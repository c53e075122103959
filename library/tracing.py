"""`trace`: a model of transformers reads a text, and every step of its attention is kept."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from .model.attention import AttentionTrace
from .model.parity import largest_difference
from .model.pretrained import recorder
from .model.pretrained.base import ModelUnavailableError
from .model.pretrained.recorded_calls import calls_by_kind
from .model.pretrained.recorder import RecordedCall
from .model.reasons import one_line
from .reading_text import inputs_of, shown_tokens

WRONG = 1e-3  # of the output's largest number; float32's rounding alone stays far below
HOOKED = "_output_capturing_hooks_installed"
ROUNDINGS = 64  # how many of half precision's may come together


@dataclass(frozen=True, kw_only=True)
class TracedText:
    """All attentions of a model that has read a text; `show` shows it.

    A model with one stack has either encoder_attention or, where no token attends to later ones,
    decoder_attention. Letters: B sentences in the batch (1 for a text), L layers, S tokens that the
    encoder read, T that the decoder read.
    """

    encoder_tokens: tuple[str, ...]  # S
    decoder_tokens: tuple[str, ...]  # T
    encoder_attention: tuple[AttentionTrace, ...]  # L, Q = K = S
    decoder_attention: tuple[AttentionTrace, ...]  # L, Q = K = T
    cross_attention: tuple[AttentionTrace, ...]  # L, Q = T, K = S
    output: Tensor  # (B, S or T, E) the last layer's
    difference: float  # the largest from the model as it is, and from PyTorch's fused attention
    about: str

    @property
    def tokens(self) -> tuple[str, ...]:
        """Return what the only stack has read, or the encoder."""
        return self.encoder_tokens or self.decoder_tokens

    @property
    def traces(self) -> tuple[AttentionTrace, ...]:
        """Return all attentions: the encoder's, then the decoder's, then cross-attention."""
        return self.encoder_attention + self.decoder_attention + self.cross_attention


def trace(
    model: nn.Module,
    text: str | Mapping[str, Tensor],
    tokenizer: Any,
    *,
    target: str | None = None,
    sentence: int = 0,
) -> TracedText:
    """Let a model of transformers read a text, and return every step of its attention.

    The model is used as it is, on its device and in its precision, and left as it was: its
    attention implementation, its hooks, whether it trains. It runs twice: as it is, and with an
    attention that keeps its steps; the outputs are compared.

    Args:
        model: an encoder, a decoder or both, with any head.
        text: what it reads; or what its tokenizer made of it, for pairs and batches.
        tokenizer: the model's.
        target: what an encoder-decoder has written so far; None for its start token alone.
        sentence: whose tokens are returned, where `text` is a batch.

    Raises:
        ImportError: if transformers isn't installed, or is too old.
        TypeError: if it isn't such a model or such a text.
        ValueError: if its attention can't be recorded as it is; `record` may see it.
    """
    _check_transformers()
    model = getattr(model, "_orig_mod", model)  # what torch.compile has wrapped
    if not isinstance(model, nn.Module) or not hasattr(model, "config"):
        raise TypeError(
            f"model must be one of transformers, got {type(model).__name__}; headlight.record() "
            "records any PyTorch model"
        )
    inputs = inputs_of(model, text, tokenizer, target)
    with _left_as_it_was(model), torch.no_grad():
        own = _run_as_it_is(model, inputs)
        try:
            with _recorded_attention(model), recorder.recording() as recording:
                out = _run(model, inputs)
            states = _states(out)
            calls = calls_by_kind(recording.calls, *(max(len(s) - 1, 0) for s in states))
        except (ModelUnavailableError, KeyError) as error:
            raise ValueError(
                f"{type(model).__name__}: {error}. headlight.record() may see its attention"
            ) from error
        difference = _compared(own, out, inputs)
        every = [call for of_kind in calls.values() for call in of_kind]
        for call in every:
            parity = recorder.compare_call(call, call.trace)
            difference = max(difference, parity.head_outputs, parity.weights)
    encoder = _traces(calls["encoder_self"])
    tokens = shown_tokens(tokenizer, inputs["input_ids"], sentence)
    about = f"{type(model).__name__}, with the weights that it was given."
    if "cross" in calls:
        target_tokens = shown_tokens(tokenizer, inputs["decoder_input_ids"], sentence)
        return TracedText(
            encoder_tokens=tokens,
            decoder_tokens=target_tokens,
            encoder_attention=encoder,
            decoder_attention=_traces(calls["decoder_self"]),
            cross_attention=_traces(calls["cross"]),
            output=states[1][-1],
            difference=difference,
            about=about,
        )
    hides = all(_hides_future(call) for call in every)
    return TracedText(
        encoder_tokens=() if hides else tokens,
        decoder_tokens=tokens if hides else (),
        encoder_attention=() if hides else encoder,
        decoder_attention=encoder if hides else (),
        cross_attention=(),
        output=states[0][-1],
        difference=difference,
        about=about,
    )


def _check_transformers() -> None:
    try:
        recorder.register()
    except (ImportError, AttributeError) as error:
        raise ImportError(
            "headlight.trace needs transformers 4.53 or newer: pip install -U transformers"
        ) from error


@contextmanager
def _left_as_it_was(model: nn.Module) -> Iterator[None]:
    """Let a model evaluate; afterwards each module has the mode and the hooks that it had.

    The first time that transformers is asked for a model's hidden states it puts hooks of its own
    on it, and notes that it did.
    """
    before = [
        (module, module.training, [dict(hooks) for hooks in _hooks(module)], HOOKED in vars(module))
        for module in model.modules()
    ]
    model.eval()
    try:
        yield
    finally:
        for module, training, every, was_hooked in before:
            module.training = training
            for hooks, had in zip(_hooks(module), every, strict=True):
                for key in [key for key in hooks if key not in had]:
                    del hooks[key]
            if not was_hooked and HOOKED in vars(module):
                delattr(module, HOOKED)


def _hooks(module: nn.Module) -> list[dict[int, Any]]:
    names = ("_forward_hooks", "_forward_hooks_with_kwargs", "_forward_hooks_always_called")
    return [getattr(module, name) for name in names]


@contextmanager
def _recorded_attention(model: nn.Module) -> Iterator[None]:
    """Let a model use the recorder's attention meanwhile."""
    name = "_attn_implementation_internal"
    before = [(config, config.__dict__.get(name)) for config in _configs(model)]
    handles = recorder.watch(model)
    try:
        for config, _ in before:
            setattr(config, name, recorder.NAME)
        yield
    finally:
        for config, implementation in before:
            setattr(config, name, implementation)
        for handle in handles:
            handle.remove()


def _configs(model: nn.Module) -> list[Any]:
    """Every configuration that one of a model's modules reads, each once."""
    found: dict[int, Any] = {}
    waiting = [config for module in model.modules() if (config := getattr(module, "config", None))]
    while waiting:
        config = waiting.pop()
        if id(config) in found or not hasattr(config, "_attn_implementation"):
            continue
        found[id(config)] = config
        waiting += [getattr(config, name, None) for name in getattr(config, "sub_configs", ())]
    return list(found.values())


def _run(model: nn.Module, inputs: Mapping[str, Any]) -> Any:
    return model(**inputs, output_hidden_states=True, return_dict=True)


def _run_as_it_is(model: nn.Module, inputs: Mapping[str, Any]) -> Any:
    try:
        return _run(model, inputs)
    except (IndexError, RuntimeError) as error:
        read = inputs["input_ids"].shape[-1]
        raise ValueError(
            f"{type(model).__name__} can't read these {read} tokens; perhaps they are more than it "
            f"has positions, or some have no vectors: {one_line(error)}"
        ) from error


def _states(out: Any) -> tuple[Sequence[Tensor], Sequence[Tensor]]:
    """The vectors after each layer, of the only stack or the encoder, and of the decoder."""
    encoder = getattr(out, "encoder_hidden_states", None)
    if encoder is not None:
        return encoder, out.decoder_hidden_states or ()
    return getattr(out, "hidden_states", None) or (), ()


def _compared(own: Any, recorded: Any, inputs: Mapping[str, Any]) -> float:
    """Return the largest difference of the outputs, at tokens that aren't padding.

    Raises:
        ValueError: if it is more than rounding explains.
    """
    differences = []
    masks = (inputs.get("attention_mask"), inputs.get("decoder_attention_mask"))
    for mine, theirs, mask in zip(_states(recorded), _states(own), masks, strict=True):
        if not theirs:
            continue
        read = slice(None) if mask is None else mask.bool()
        x, y = mine[-1][read].float(), theirs[-1][read].float()
        difference = largest_difference(x, y)
        largest = y.abs().max().item()
        allowed = max(WRONG, ROUNDINGS * torch.finfo(theirs[-1].dtype).eps)
        if not difference <= allowed * max(1.0, largest):  # not `>`, which NaN would pass
            raise ValueError(
                f"its attention can't be recorded as it is: with the recorded one its output "
                f"differs by {difference:.2g}, in numbers up to {largest:.2g}"
            )
        differences.append(difference)
    return max(differences, default=0.0)


def _traces(calls: Sequence[RecordedCall]) -> tuple[AttentionTrace, ...]:
    return tuple(call.trace for call in calls)


def _hides_future(call: RecordedCall) -> bool:
    """Whether no query attends to a later key."""
    weights = call.trace.weights
    return weights.shape[-1] > 1 and not weights.triu(1).any()
