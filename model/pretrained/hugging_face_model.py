"""A model of transformers, run with its attention recorded."""

import inspect
import threading
from collections.abc import Collection, Sequence
from typing import Any

import torch
from torch import Tensor

from ..contributions import AskedLogit, Contributions, check_decoder
from ..interventions import UNCHANGED, AttentionChange, Changes
from ..logit_lens import Readout
from ..parity import Parity, largest_difference, worst
from ..subwords import SubwordTokenizer
from ..transformer import AttentionKind
from . import recorder
from .answer_heads import class_names, fills_masks
from .base import (
    Head,
    ModelKind,
    ModelTrace,
    NoStartTokenError,
    StackSize,
    changeable_kind,
)
from .equations import equations_of, probe_ids, watching
from .hugging_face_contributions import run_watched, watched_contributions
from .hugging_face_facts import (
    RecordedAttention,
    attention_facts,
    decoder_start,
    longest_sentence,
    token_types,
    vocabulary,
    weights_bytes,
)
from .hugging_face_readout import find_readout
from .hugging_face_run import (
    RecordedRun,
    check_right,
    checked_ids,
    last_places,
    own_tokens,
    recorded_run,
    written,
)
from .recorded_calls import calls_changed, check_lengths, stack_size
from .refusals import ModelRefusedError

PROBE = "The cat sat on the mat."  # what is read at loading, as a page would have it read
READ = 8  # tokens, to see what becomes of the last vector


class HuggingFaceModel:
    """A PretrainedModel by way of transformers.

    Streams hold the embedded input and the vectors after each layer, 1 + layers of them: what lies
    between a layer's attention and its feed-forward part isn't kept. The last of them, which is
    also the output, comes after the final norm if the model has one.

    Where layers have different masks (windows), each trace's scores have its own layer's; a run's
    `masks` say what at least one of the layers lets attend.

    Args:
        model: of transformers, with the recorder's attention implementation, in float32.
        tokenizer: the model's.
        name: the model's.
        kind: the model's.
        mask_token: the id with which its tokeniser hides a word, if it has one.

    Raises:
        ModelUnavailableError: if its attention can't be recorded, or the numbers aren't right.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: SubwordTokenizer,
        name: str,
        kind: ModelKind,
        mask_token: int | None = None,
    ) -> None:
        self.name = name
        self.kind = kind
        self.tokenizer = tokenizer
        self.weights_bytes = weights_bytes(model)
        self.longest = longest_sentence(model)
        self._both = kind == "encoder-decoder"
        self.decoder_start = decoder_start(model) if self._both else None
        self.mask_token = mask_token if fills_masks(model) else None
        self.class_names = class_names(model)
        self._model = model.eval().requires_grad_(False)
        self._keeps_logits = "logits_to_keep" in inspect.signature(model.forward).parameters
        self._token_types = token_types(model)
        self.vocabulary = vocabulary(model)
        self.without_vector = tokenizer.beyond(self.vocabulary)
        self._readout: Readout | None = None
        self._lock = threading.Lock()  # rotary tables may grow while a model runs
        recorder.watch(model)
        self.sizes: dict[AttentionKind, StackSize] = {}  # until a first run tells
        first = self._first_run()
        self.sizes = {kind: stack_size(calls) for kind, calls in first.calls.items()}
        self.embed_size = first.trace.output.shape[-1]
        self._facts = self._probed()
        check_right(self.compare(first), first)
        self._check_reads()

    def run(
        self,
        ids: Tensor,
        lengths: Sequence[int],
        target_ids: Tensor | None = None,
        target_lengths: Sequence[int] = (),
        *,
        removed: Collection[Head] = (),
        changes: Changes = UNCHANGED,
        before: ModelTrace | None = None,
        token_types: Tensor | None = None,
    ) -> RecordedRun:
        """Run the model and keep everything on the way.

        Args:
            ids: (B, L) token ids, padded at the end with any id.
            lengths: how many of each sentence's tokens are its own.
            target_ids: (B, T) what an encoder-decoder has written so far, `decoder_start` first;
                None for that alone.
            target_lengths: how many of these are the sentence's own; none for all.
            removed: heads whose output is set to zero, of the changeable kind.
            changes: what else is changed by hand in that kind: attentions alone, since what
                stands between a model's layers isn't known.
            before: isn't used: everything is computed again.
            token_types: (B, L) which sentence of a pair each token is of; left out where the model
                knows no such types. None for 0.

        Raises:
            TokensWithoutVectorsError: if the model's table ends before some of the tokens.
            NoStartTokenError: if there are no target_ids, and the model names no first one.
            ValueError: if the model has no such heads, lengths don't fit, or residual vectors are
                to be put in.
        """
        inputs = self._inputs(ids, lengths, target_ids, target_lengths)
        if token_types is not None and token_types.max() < self._token_types:
            inputs["token_type_ids"] = token_types
        changes = changes.removing(removed)
        calls = self._calls_of(changes)
        with self._lock, torch.inference_mode(), recorder.recording(calls) as recording:
            out = self._model(**inputs)
        return recorded_run(out, recording.calls, inputs, changes, self)

    def reads(self, token: int) -> bool:
        """Whether it is a token of the tokeniser's that the model has a vector for."""
        return token < self.vocabulary and self.tokenizer.has(token)

    def attention(self, kind: AttentionKind, layer: int) -> RecordedAttention:
        """Return what that attention is like.

        A bias on its scores, such as T5's, is not among it: it is scores - energy / divisor.
        """
        return self._facts[kind][layer]

    def readout(self) -> Readout:
        """Return how a decoder reads the last vector of its stream; see find_readout."""
        if self._readout is None:
            ids = torch.arange(min(READ, self.longest))[None] % self.vocabulary
            inputs = self._inputs(ids, [ids.shape[1]], ids if self._both else None, ())
            with self._lock:
                self._readout = find_readout(self._model, inputs)
        return self._readout

    @torch.inference_mode()
    def compare(self, run: ModelTrace) -> Parity:
        """Return the largest differences from PyTorch's own attention.

        Heads and weights are computed again by the fused kernel from each trace's queries, keys
        and values; the output by running the model again with transformers' own "sdpa", and
        compared at the sentences' own tokens.

        Raises:
            TypeError: if it isn't a run of `run`.
        """
        if not isinstance(run, RecordedRun):
            raise TypeError(f"expected what this model's run returned, got {type(run).__name__}")
        parities = []
        for kind, calls in run.calls.items():
            is_changed = kind == changeable_kind(self.kind)
            traces = getattr(run.trace, kind)
            for layer, (call, trace) in enumerate(zip(calls, traces, strict=True)):
                change = run.changes.attentions.get(layer) if is_changed else None
                parities.append(recorder.compare_call(call, trace, change))
        calls_of = self._calls_of(run.changes)
        with self._lock, recorder.recording(calls_of, fused=True):
            out = self._model(**run.inputs)
        output = (out.decoder_hidden_states if self._both else out.hidden_states)[-1]
        own = written(run.inputs) != 0
        difference = largest_difference(output[own], run.trace.output[own])
        attentions = worst(parities)
        return Parity(attentions.head_outputs, attentions.weights, difference, "sdpa")

    def contributions(self, run: ModelTrace, asked: AskedLogit) -> Contributions:
        """Return what each part adds to a logit, as PretrainedModel says; it runs once more.

        Raises:
            TypeError: if it isn't a run of `run`.
        """
        check_decoder(self.kind)
        with self._lock, recorder.recording(self._calls_of(run.changes)) as recording:
            seen = run_watched(self._model, run, asked)
        return watched_contributions(self._model, run, recording.calls, seen, asked)

    def _first_run(self) -> RecordedRun:
        """A run on a few tokens, to see what the attention is like."""
        ids = torch.arange(10).view(2, 5) % self.vocabulary
        target_ids = ids[:, :3] if self._both else None
        run = self.run(ids, [5, 4], target_ids, [3, 2] if self._both else [])
        check_lengths(run.calls, source=5, target=3)
        return run

    def _probed(self) -> dict[AttentionKind, tuple[RecordedAttention, ...]]:
        """Find what each attention is like, by a run on different tokens at many positions."""
        ids = probe_ids(self.vocabulary, self.longest, self.weights_bytes // 4)
        lengths = [ids.shape[1]] * len(ids)
        with watching(self._model) as before:
            run = self.run(ids, lengths, ids.flip(0) if self._both else None)
        return {
            kind: tuple(
                attention_facts(
                    call,
                    equations_of(
                        call,
                        before[id(call)],
                        run.trace.encoder_output if kind == "cross" else None,
                    ),
                )
                for call in calls
            )
            for kind, calls in run.calls.items()
        }

    def _check_reads(self) -> None:
        """Raise ModelRefusedError unless a text goes all the way that a page takes it."""
        around = self.tokenizer.encode("")
        beyond = [
            shown
            for token, shown in zip(around.ids, around.shown, strict=True)
            if token >= self.vocabulary
        ]
        if beyond:
            raise ModelRefusedError(
                f"its tokeniser puts {', '.join(beyond)} around each text, and its table of "
                f"{self.vocabulary} token vectors has none for that",
                "outer_tokens",
                {"tokens": ", ".join(beyond)},
            )
        read = self.tokenizer.encode(PROBE, self.longest).ids
        ids = torch.tensor([[token for token in read if token < self.vocabulary] or [0]])
        has_no_start = self._both and self.decoder_start is None
        self.run(ids, [ids.shape[1]], ids[:, :1] if has_no_start else None)

    def _calls_of(self, changes: Changes) -> dict[int, AttentionChange]:
        """What is changed, by the number of the call that computes it."""
        if changes.vectors:
            raise ValueError(f"{self.name} is known by its attentions alone, not by its layers")
        return calls_changed(changes, self.name, self.kind, self.sizes) if changes else {}

    def _inputs(
        self,
        ids: Tensor,
        lengths: Sequence[int],
        target_ids: Tensor | None,
        target_lengths: Sequence[int],
    ) -> dict[str, Any]:
        """Return what the model is called with."""
        inputs: dict[str, Any] = {"output_hidden_states": True, "return_dict": True}
        inputs["input_ids"] = checked_ids(self, ids)
        inputs["attention_mask"] = own_tokens(ids, lengths)
        if self._both:
            if target_ids is None:
                if self.decoder_start is None:
                    raise NoStartTokenError(self.name)
                target_ids = torch.full((len(ids), 1), self.decoder_start)
            inputs["decoder_input_ids"] = checked_ids(self, target_ids)
            inputs["decoder_attention_mask"] = own_tokens(
                target_ids, target_lengths or [target_ids.shape[1]] * len(target_ids)
            )
        if self.kind != "encoder":
            inputs["use_cache"] = False
        if self._keeps_logits:  # only where they are wanted: a vocabulary is large
            inputs["logits_to_keep"] = torch.unique(last_places(inputs))
        return inputs
