"""Reading the streams of transformers' models early, with what a run shows to be their own way."""

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor, nn

pytest.importorskip("transformers")

from model.logit_lens import NotReadableError, after_layers, read_early
from model.pretrained.hugging_face_model import HuggingFaceModel
from model.subwords import SubwordTokenizer
from tests.matrix import matrix
from tests.model.pretrained.tiny_families import FAMILIES, KINDS, tiny_of
from tests.model.pretrained.tiny_models import IDS, VOCABULARY, word_level

TOKENIZER = SubwordTokenizer(word_level())
WRITING = [name for name in FAMILIES if KINDS[name] != "encoder"]
LENGTH = IDS.shape[1]

# What each family calls its final norm; those that aren't named have what Llama has.
NORMS: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("gpt2", "gpt2-inverse", "gpt-bigcode"), lambda model: model.transformer.ln_f),
    "gpt-neox": lambda model: model.gpt_neox.final_layer_norm,
    "opt": lambda model: model.model.decoder.final_layer_norm,
    "t5": lambda model: model.decoder.final_layer_norm,
    **dict.fromkeys(("bart", "marian"), lambda model: nn.Identity()),  # a norm ends each layer
}


@cache
def wrapped(family: str) -> HuggingFaceModel:
    return HuggingFaceModel(tiny_of(family), TOKENIZER, family, KINDS[family])


def run_of(model: HuggingFaceModel) -> tuple[Any, list[Tensor]]:
    """A run on one sentence, and its stream of (L, E) vectors."""
    both = model.kind == "encoder-decoder"
    target = (IDS[:1], [LENGTH]) if both else ()
    run = model.run(IDS[:1], [LENGTH], *target)
    stream = run.trace.decoder_stream if both else run.trace.encoder_stream
    return run, [x[0] for x in after_layers(stream, 2)]


@torch.inference_mode()
def expected(family: str) -> Tensor:
    """(N + 1, L, V) probabilities, by the model's modules as its own code names them."""
    model = tiny_of(family)
    inputs = {"input_ids": IDS[:1], "output_hidden_states": True}
    if KINDS[family] == "encoder-decoder":
        inputs |= {"decoder_input_ids": IDS[:1]}
    out = model(**inputs)
    *early, _last = out.get("decoder_hidden_states") or out.hidden_states
    norm = NORMS.get(family, lambda model: model.model.norm)(model)
    scale = 16**-0.5 if family == "t5" else 1.0  # its table is shared, and was made for that
    logits = [model.get_output_embeddings()(scale * norm(x)) for x in early]
    if family == "cohere2":
        logits = [x * model.config.logit_scale for x in logits]
    return torch.cat([*logits, out.logits]).softmax(-1)


@matrix(4, "family", ["llama", *(f for f in WRITING if f not in ("llama", "gpt2")), "gpt2"])
def test_a_stream_is_read_as_the_models_own_modules_read_it(family: str) -> None:
    model = wrapped(family)
    _run, vectors = run_of(model)
    readings = read_early(model.readout(), vectors, count=VOCABULARY)
    found = torch.zeros_like(readings.probabilities).scatter(
        -1, readings.tokens, readings.probabilities
    )
    torch.testing.assert_close(found, expected(family), atol=5e-5, rtol=0)


@matrix(3, "family", WRITING)
def test_the_last_reading_is_what_the_model_says(family: str) -> None:
    model = wrapped(family)
    run, vectors = run_of(model)
    readings = read_early(model.readout(), vectors, count=5)
    said = run.next_logits[0].softmax(-1).topk(5)
    assert torch.equal(readings.tokens[-1, -1], said.indices)
    torch.testing.assert_close(readings.probabilities[-1, -1], said.values, atol=1e-6, rtol=0)


def test_it_is_looked_for_once() -> None:
    model = wrapped("llama")
    assert model.readout() is model.readout()


def test_looking_for_it_leaves_no_hooks_and_no_numbers_behind() -> None:
    model = HuggingFaceModel(tiny_of("llama"), TOKENIZER, "llama", "decoder")
    hooks = [len(module._forward_hooks) for module in model._model.modules()]
    before = model.run(IDS[:1], [LENGTH]).trace.output
    model.readout()
    assert [len(module._forward_hooks) for module in model._model.modules()] == hooks
    assert torch.equal(model.run(IDS[:1], [LENGTH]).trace.output, before)


def refused(change: Callable[[Any], None], family: str = "llama") -> str:
    """Why a changed model can't be read early."""
    changed = tiny_of(family)
    change(changed)
    model = HuggingFaceModel(changed, TOKENIZER, family, KINDS[family])
    with pytest.raises(NotReadableError) as caught:
        model.readout()
    return caught.value.text.code


def test_without_an_output_embedding_nothing_is_read() -> None:
    assert refused(lambda model: None, "bert") == "lens.no_output_embedding"


def test_logits_that_something_bends_are_refused() -> None:
    def bend(model: Any) -> None:
        def bent(_model: Any, _inputs: Any, out: Any) -> None:
            out.logits = out.logits.tanh()

        model.register_forward_hook(bent)

    assert refused(bend) == "lens.other_logits"


def test_vectors_that_something_changes_before_the_output_embedding_are_refused() -> None:
    def turn(model: Any) -> None:
        model.lm_head.register_forward_pre_hook(lambda _m, x: (x[0].roll(1, dims=-1),))

    assert refused(turn) == "lens.other_logits"


def test_a_norm_with_something_before_it_is_refused() -> None:
    def shift(model: Any) -> None:
        model.model.norm.register_forward_pre_hook(lambda _m, x: (x[0].roll(1, dims=-1),))

    assert refused(shift) == "lens.no_final_norm"


def test_a_norm_that_looks_at_other_positions_is_refused() -> None:
    class OverTokens(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x - x.mean(dim=1, keepdim=True)

    def replace(model: Any) -> None:
        model.model.norm = OverTokens()

    assert refused(replace) == "lens.no_final_norm"
