"""Contributions in models of transformers, against hooks on their modules, known by name."""

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from model.contributions import AskedLogit, ContributionsUnavailableError
from model.pretrained import recorder
from model.pretrained.hugging_face_model import HuggingFaceModel
from model.subwords import SubwordTokenizer

pytest.importorskip("transformers")
import transformers  # after the skip

from tests.matrix import matrix
from tests.model.helpers import shaken
from tests.model.pretrained.tiny_families import FAMILIES, GROUPED, KINDS, tiny_of
from tests.model.pretrained.tiny_models import IDS, LENGTHS, TARGET_IDS, TARGET_LENGTHS, word_level

TOKENIZER = SubwordTokenizer(word_level())
# Where the output projections and the final norm are in each.
NAMED: dict[str, tuple[str, str]] = {
    "llama": ("model.layers.{}.self_attn.o_proj", "model.norm"),
    "gpt2": ("transformer.h.{}.attn.c_proj", "transformer.ln_f"),
    "gpt-neox": ("gpt_neox.layers.{}.attention.dense", "gpt_neox.final_layer_norm"),
    "qwen2": ("model.layers.{}.self_attn.o_proj", "model.norm"),
    "mistral": ("model.layers.{}.self_attn.o_proj", "model.norm"),
    "opt": ("model.decoder.layers.{}.self_attn.out_proj", "model.decoder.final_layer_norm"),
    "cohere2": ("model.layers.{}.self_attn.o_proj", "model.norm"),  # with a factor on its logits
}
# Of the others it is checked that all adds up.
OTHERS = [
    "gpt2-inverse", "gpt-bigcode", "llama-yarn", "qwen3", "phi3", "stablelm", "smollm3", "llama4",
    "deepseek",
]  # fmt: skip
NORMS_WITHIN = ["gemma3", "olmo2"]  # what attention gives is normalised before it is added


@cache
def module_of(family: str) -> Any:
    if family != "mistral":
        return tiny_of(family)
    recorder.register()
    config = transformers.MistralConfig(**GROUPED, sliding_window=3)
    torch.manual_seed(0)
    model = transformers.AutoModelForCausalLM.from_config(
        config, attn_implementation=recorder.NAME, dtype=torch.float32
    )
    return shaken(model).eval().requires_grad_(False)


@cache
def wrapped(family: str) -> HuggingFaceModel:
    return HuggingFaceModel(module_of(family), TOKENIZER, family, KINDS.get(family, "decoder"))


@torch.inference_mode()
def by_hooks(family: str, asked: AskedLogit) -> tuple[Tensor, float]:
    """(layers, H) what each head adds, and the logit, from the modules of a model in float64."""
    model = module_of(family)
    attention, final = NAMED[family]
    read: dict[str, Tensor] = {}

    def keeps(name: str) -> Callable[..., None]:
        def keep(module: nn.Module, args: tuple[Any, ...]) -> None:
            read[name] = args[0][asked.sentence, asked.position].double()

        return keep

    layers = model.config.num_hidden_layers
    names = [*(attention.format(layer) for layer in range(layers)), final]
    hooks = [model.get_submodule(n).register_forward_pre_hook(keeps(n)) for n in names]
    own = (torch.arange(6) < torch.tensor(LENGTHS)[:, None]).long()
    logits = model(IDS, attention_mask=own).logits[asked.sentence, asked.position]
    for hook in hooks:
        hook.remove()

    norm, x = model.get_submodule(final), read[final]
    row = model.get_output_embeddings().weight[asked.token].double()
    row = row * getattr(model.config, "logit_scale", 1.0)
    epsilon = getattr(norm, "variance_epsilon", getattr(norm, "eps", 0.0))
    is_centred = isinstance(norm, nn.LayerNorm) or family == "cohere2"
    centred = x - x.mean() if is_centred else x
    direction = row * norm.weight.double() / ((centred**2).mean() + epsilon).sqrt()
    found = []
    for name in names[:-1]:
        weight = model.get_submodule(name).weight.double()  # (E, H * D)
        weight = weight.T if family == "gpt2" else weight  # a Conv1D
        heads = model.config.num_attention_heads
        per_head = weight.unflatten(1, (heads, -1)) * read[name].unflatten(0, (heads, -1))
        given = per_head.sum(-1).T  # (H, E)
        if is_centred:
            given = given - given.mean(-1, keepdim=True)
        found.append(given @ direction)
    return torch.stack(found), float(logits[asked.token])


@matrix(5, "family", NAMED)
@pytest.mark.parametrize(("sentence", "position"), [(0, 5), (1, 1)])
def test_each_head_adds_what_hooks_say(family: str, sentence: int, position: int) -> None:
    asked = AskedLogit(token=7, position=position, sentence=sentence)
    model = wrapped(family)
    found = model.contributions(model.run(IDS, LENGTHS), asked)
    heads, logit = by_hooks(family, asked)
    largest = float(heads.abs().max())
    torch.testing.assert_close(found.heads, heads, rtol=0, atol=5e-5 * largest)
    assert found.logit == pytest.approx(logit, abs=1e-5)
    assert found.total == pytest.approx(logit, abs=1e-5)
    assert (found.feed_forwards.abs() > 1e-4).all()


@matrix(5, "family", [*NAMED, *OTHERS])
def test_the_difference_of_two_adds_up(family: str) -> None:
    model = wrapped(family)
    run = model.run(IDS, LENGTHS)
    found = model.contributions(run, AskedLogit(token=7, against=9, position=5))
    assert run.next_logits is not None
    assert found.logit == pytest.approx(float(run.next_logits[0, 7] - run.next_logits[0, 9]))
    assert found.difference < 1e-5
    one, other = (model.contributions(run, AskedLogit(token=token, position=5)) for token in (7, 9))
    torch.testing.assert_close(found.heads, one.heads - other.heads, rtol=0, atol=1e-6)
    assert found.constant == pytest.approx(one.constant - other.constant, abs=1e-6)


def test_a_removed_head_adds_nothing() -> None:
    model = wrapped("llama")
    asked = AskedLogit(token=7, position=5)
    whole = model.contributions(model.run(IDS, LENGTHS), asked)
    found = model.contributions(model.run(IDS, LENGTHS, removed=[(1, 2)]), asked)
    assert found.heads[1, 2] == 0 != whole.heads[1, 2]
    assert found.difference < 1e-5
    torch.testing.assert_close(found.heads[0].sign(), whole.heads[0].sign())


@matrix(1, "family", NORMS_WITHIN)
def test_a_model_that_adds_something_else_is_refused(family: str) -> None:
    model = wrapped(family)
    with pytest.raises(ContributionsUnavailableError, match="isn't added to the stream as it is"):
        model.contributions(model.run(IDS, LENGTHS), AskedLogit(token=7, position=5))


def test_a_model_with_nothing_to_read_is_refused() -> None:
    bert = wrapped("bert")
    with pytest.raises(ContributionsUnavailableError, match="Only the logits of a decoder"):
        bert.contributions(bert.run(IDS, LENGTHS), AskedLogit(token=7, position=5))
    t5 = wrapped("t5")
    run = t5.run(IDS, LENGTHS, TARGET_IDS, TARGET_LENGTHS)
    with pytest.raises(ContributionsUnavailableError, match="Only the logits of a decoder"):
        t5.contributions(run, AskedLogit(token=7, position=1))


def test_logits_that_are_bent_afterwards_are_refused() -> None:
    tiny = tiny_of("llama")

    class Bent(type(tiny)):  # type: ignore[misc]
        def forward(self, *args: Any, **more: Any) -> Any:
            out = super().forward(*args, **more)
            out.logits = 2 * torch.tanh(out.logits / 2)  # as in Gemma 2
            return out

    tiny.__class__ = Bent
    model = HuggingFaceModel(tiny, TOKENIZER, "bent", "decoder")
    with pytest.raises(ContributionsUnavailableError, match="changed afterwards"):
        model.contributions(model.run(IDS, LENGTHS), AskedLogit(token=7, position=5))


def test_every_decoder_is_tried() -> None:
    decoders = {family for family in FAMILIES if KINDS[family] == "decoder"}
    assert decoders <= {*NAMED, *OTHERS, *NORMS_WITHIN}


def test_what_is_watched_is_let_go() -> None:
    model = wrapped("gpt2")
    before = [len(m._forward_hooks) for m in module_of("gpt2").modules()]
    model.contributions(model.run(IDS, LENGTHS), AskedLogit(token=7, position=5))
    assert [len(m._forward_hooks) for m in module_of("gpt2").modules()] == before
    with pytest.raises(IndexError):
        model.contributions(model.run(IDS, LENGTHS), AskedLogit(token=50, position=5))
    assert [len(m._forward_hooks) for m in module_of("gpt2").modules()] == before
