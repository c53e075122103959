"""Patching: A into A, all of A into B, and against hooks on models of transformers."""

import math
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor

pytest.importorskip("tokenizers")
pytest.importorskip("transformers")

import transformers

from model.config import LLAMA, TUTORIAL, Config
from model.errors import CodedValueError
from model.interventions import AttentionChange, Changes, VectorPatch
from model.patching import Answers, Cell, PatchedPair, answer, patch_heads, patch_positions
from model.pretrained.base import PretrainedModel
from model.pretrained.hugging_face_model import HuggingFaceModel
from model.pretrained.smollm2 import load_smollm2
from model.pretrained.stack import StackModel
from model.subwords import SubwordTokenizer
from model.transformer import Encoder
from tests.model.helpers import shaken
from tests.model.pretrained.hooked import Edit, hooks_on
from tests.model.pretrained.tiny_models import HEADS, VOCABULARY, tiny, word_level
from tests.model.subword_models import SMOLLM2, folder_of

CLOSE = 5e-5
A, B, SHORT = [5, 6, 7, 8, 9, 10], [5, 6, 17, 8, 19, 10], [5, 26, 10]
MARY = "When Mary and John went to the store, John gave a drink to"
JOHN = "When Mary and John went to the store, Mary gave a drink to"


@cache
def stack(*, attention_only: bool = False) -> StackModel:
    """A small Llama of ours, or one without feed-forwards, with random weights."""
    architecture = LLAMA
    if attention_only:
        architecture = replace(LLAMA, attention_only=True)
    config = Config(
        embed_size=16,
        heads=HEADS,
        kv_heads=2,
        layers=3,
        vocabulary=VOCABULARY,
        architecture=architecture,
    )
    torch.manual_seed(0)
    encoder = shaken(Encoder(config)).requires_grad_(False).eval()
    return StackModel("small", "decoder", config, encoder, SubwordTokenizer(word_level()))


def pair_of(model: PretrainedModel, a: list[int], b: list[int]) -> PatchedPair:
    runs = [model.run(torch.tensor([ids]), [len(ids)]) for ids in (a, b)]
    return PatchedPair(model, torch.tensor([b]), *runs)


def cells(batches: Iterable[tuple[Cell, ...]]) -> dict[tuple[int, int], float]:
    return {(layer, place): difference for batch in batches for layer, place, difference in batch}


def test_the_measure_is_the_part_of_the_way_from_b_to_a() -> None:
    answers = Answers(a_token=1, b_token=2, a=3.0, b=-1.0)
    assert answers.difference(torch.tensor([[9.0, 4.0, 1.0], [0.0, 0.0, 5.0]])).tolist() == [3, -5]
    parts = [answers.recovered(d) for d in (-1.0, 3.0, 1.0, 5.0, -2.0)]
    assert parts == [0.0, 1.0, 0.5, 1.5, -0.25]


def test_with_the_same_answer_it_is_that_logit() -> None:
    answers = Answers(a_token=1, b_token=1, a=4.0, b=2.0)
    assert answers.are_same
    assert answers.difference(torch.tensor([7.0, 3.5, 1.0])) == 3.5
    assert answers.recovered(3.5) == 0.75


@pytest.mark.parametrize("apart", [0.0, 1e-4])
def test_nothing_comes_back_where_nothing_is_missing(apart: float) -> None:
    assert Answers(1, 2, 3.0, 3.0 + apart).recovered(5.0) is None


@pytest.mark.parametrize("attention_only", [False, True])
@pytest.mark.parametrize("ids", [A, B])
def test_a_into_a_changes_nothing(ids: list[int], *, attention_only: bool) -> None:
    pair = pair_of(stack(attention_only=attention_only), ids, ids)
    for found in (cells(patch_heads(pair)), cells(patch_positions(pair))):
        assert set(found.values()) == {pair.answers.b}
    assert pair.answers.a == pair.answers.b


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_what_is_put_in_unchanged_gives_the_same_bits_when_it_is_computed(layer: int) -> None:
    pair = pair_of(stack(), A, A)
    outputs = {
        head: pair.a.trace.encoder_self[layer].head_outputs[:, head] for head in range(HEADS)
    }
    vectors = VectorPatch(pair.a.trace.encoder_stream[2 * layer])
    for changes in (
        Changes({layer: AttentionChange(outputs=outputs)}),
        Changes(vectors={layer: vectors}),
    ):
        computed = answer(pair, 1, changes, layer)[0]
        assert pair.a.next_logits is not None
        assert torch.equal(computed, pair.a.next_logits[0])


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_the_whole_stream_of_a_gives_all_of_a(layer: int) -> None:
    pair = pair_of(stack(), A, B)
    assert pair.answers.are_apart
    changes = Changes(vectors={layer: VectorPatch(pair.a.trace.encoder_stream[2 * layer])})
    difference = pair.answers.difference(answer(pair, 1, changes, layer))[0].item()
    assert pair.answers.recovered(difference) == pytest.approx(1.0, abs=CLOSE)


def test_all_heads_of_a_model_of_heads_alone_give_all_of_a_but_for_what_the_words_add() -> None:
    """In one layer of attention alone, the last vector is the word's plus what the heads wrote."""
    pair = pair_of(stack(attention_only=True), A, [*B[:-1], A[-1]])
    changes = Changes(
        {
            layer: AttentionChange(outputs=dict(enumerate(trace.head_outputs.unbind(1))))
            for layer, trace in enumerate(pair.a.trace.encoder_self)
        }
    )
    difference = pair.answers.difference(answer(pair, 1, changes, 0))[0].item()
    assert pair.answers.recovered(difference) == pytest.approx(1.0, abs=CLOSE)


def test_last_layers_come_first_and_every_cell_once() -> None:
    pair = pair_of(stack(), A, B)
    found = [(layer, head) for batch in patch_heads(pair) for layer, head, _ in batch]
    assert sorted(found) == [(layer, head) for layer in range(3) for head in range(HEADS)]
    assert [layer for layer, _ in found] == sorted((layer for layer, _ in found), reverse=True)


def test_runs_together_are_what_each_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = pair_of(stack(), A, B)
    together = cells(patch_heads(pair)), cells(patch_positions(pair))
    monkeypatch.setattr("model.patching.AT_ONCE", 1)
    alone = cells(patch_heads(pair)), cells(patch_positions(pair))
    for several, each in zip(together, alone, strict=True):
        assert several == pytest.approx(each, abs=1e-5)


def test_before_the_first_other_word_nothing_is_to_be_put_in() -> None:
    pair = pair_of(stack(), A, B)  # they differ from the third word on
    found = cells(patch_positions(pair))
    assert {found[layer, place] for layer in range(3) for place in (0, 1)} == {pair.answers.b}
    assert all(found[0, place] != pair.answers.b for place in (2, 4))


def test_with_other_lengths_heads_are_patched_at_the_last_word_alone() -> None:
    pair = pair_of(stack(), SHORT, B)
    found = cells(patch_heads(pair))
    put = torch.full((1, len(B), 4), math.nan)
    put[0, -1] = pair.a.trace.encoder_self[1].head_outputs[0, 2, -1]
    changes = Changes({1: AttentionChange(outputs={2: put})})
    run = stack().run(pair.ids, [len(B)], changes=changes)
    assert run.next_logits is not None
    wanted = pair.answers.difference(run.next_logits[0]).item()
    assert wanted != pair.answers.b
    assert found[1, 2] == pytest.approx(wanted, abs=1e-5)


def test_with_other_lengths_positions_are_refused() -> None:
    with pytest.raises(CodedValueError, match="A has 3 tokens and B has 6"):
        next(patch_positions(pair_of(stack(), SHORT, B)))


def test_only_decoders_are_patched() -> None:
    config = Config(
        embed_size=16, heads=HEADS, layers=1, vocabulary=VOCABULARY, architecture=TUTORIAL
    )
    encoder = StackModel(
        "small", "encoder", config, Encoder(config).eval(), SubwordTokenizer(word_level())
    )
    with pytest.raises(ValueError, match="only decoders are patched"):
        pair_of(encoder, A, B)


def put_in(head: int, given: Tensor, at: slice = slice(None)) -> Edit:
    """Give another run's output of a head, (Q, D), at some positions."""

    def edit(outputs: Tensor, values: Tensor) -> Tensor:
        outputs[0, at, head] = given[at]
        return outputs

    return edit


@pytest.mark.parametrize("name", ["llama", "gpt2"])
def test_heads_of_other_decoders_are_what_hooks_make(name: str) -> None:
    model = HuggingFaceModel(tiny(name), SubwordTokenizer(word_level()), name, "decoder")
    pair = pair_of(model, A, B)
    found = cells(patch_heads(pair))
    eager = tiny(name, "eager")
    for layer, head in [(0, 1), (1, 0), (1, 3)]:
        with torch.no_grad(), hooks_on(eager, name, HEADS) as hooks:
            given = outputs_of(eager, name, layer, A)
            hooks.edit(layer, put_in(head, given[:, head]))
            logits = eager(pair.ids).logits[0, -1]
        wanted = pair.answers.difference(logits).item()
        assert wanted != pytest.approx(pair.answers.b, abs=1e-3)
        assert found[layer, head] == pytest.approx(wanted, abs=CLOSE)
    with pytest.raises(CodedValueError, match="known by its attentions alone"):
        next(patch_positions(pair))


def outputs_of(eager: Any, name: str, layer: int, ids: list[int]) -> Tensor:
    """(Q, H, D): what the heads of a layer give, taken with a hook."""
    seen: list[Tensor] = []

    def take(outputs: Tensor, values: Tensor) -> Tensor:
        seen.append(outputs[0].clone())
        return outputs

    heads = eager.config.num_attention_heads
    with torch.no_grad(), hooks_on(eager, name, heads) as hooks:
        hooks.edit(layer, take)
        eager(torch.tensor([ids]))
    return seen[0]


@pytest.fixture(scope="module")
def smollm2() -> StackModel:
    folder_of(SMOLLM2)  # skips without it
    return load_smollm2()


@pytest.fixture(scope="module")
def reference(smollm2: StackModel) -> Any:
    """Transformers' Llama with the same weights, which are tested against the file elsewhere."""
    ours = smollm2.encoder.state_dict()
    config = transformers.LlamaConfig(
        hidden_size=576, intermediate_size=1536, num_hidden_layers=30, num_attention_heads=9,
        num_key_value_heads=3, vocab_size=49_152, max_position_embeddings=8192,
        rms_norm_eps=1e-5, rope_theta=100_000.0, tie_word_embeddings=True,
        attn_implementation="eager",
    )  # fmt: skip
    with torch.device("meta"):
        model = transformers.LlamaForCausalLM(config)
    names = {
        "norm1": "input_layernorm", "norm2": "post_attention_layernorm",
        "attention.queries": "self_attn.q_proj", "attention.keys": "self_attn.k_proj",
        "attention.values": "self_attn.v_proj", "attention.fc_out": "self_attn.o_proj",
        "feed_forward.gate": "mlp.gate_proj", "feed_forward.up": "mlp.up_proj",
        "feed_forward.down": "mlp.down_proj",
    }  # fmt: skip
    theirs = {
        f"model.layers.{layer}.{their}.weight": ours[f"layers.{layer}.{our}.weight"]
        for layer in range(30)
        for our, their in names.items()
    }
    tokens = ours["embedding.tokens.weight"]
    theirs |= {"model.norm.weight": ours["norm.weight"], "model.embed_tokens.weight": tokens}
    model.load_state_dict({**theirs, "lm_head.weight": tokens}, assign=True)
    model.model.rotary_emb = type(model.model.rotary_emb)(config)  # it has no weights to load
    return model.eval()


def read(model: StackModel, text: str) -> list[int]:
    return list(model.tokenizer.encode(text).ids)


def test_heads_of_smollm2_are_what_hooks_make(smollm2: StackModel, reference: Any) -> None:
    ids = [read(smollm2, text) for text in (MARY, JOHN)]
    pair = pair_of(smollm2, *ids)
    answers = pair.answers
    for layer in (29, 23):  # the others take long
        found = {}
        for batch in patch_heads(pair):
            if batch[0].layer == layer:
                found |= cells([batch])
            if batch[0].layer < layer:
                break
        given = outputs_of(reference, "llama", layer, ids[0])
        for head in (0, 1, 3):
            with torch.no_grad(), hooks_on(reference, "llama", 9) as hooks:
                hooks.edit(layer, put_in(head, given[:, head]))
                wanted = answers.recovered(
                    answers.difference(reference(pair.ids).logits[0, -1]).item()
                )
            assert answers.recovered(found[layer, head]) == pytest.approx(wanted, abs=CLOSE)
    assert answers.recovered(found[23, 3]) == pytest.approx(0.584, abs=0.001)


def test_positions_of_smollm2_are_what_hooks_make(smollm2: StackModel, reference: Any) -> None:
    ids = [read(smollm2, text) for text in (MARY, JOHN)]
    pair = pair_of(smollm2, *ids)
    answers, layer = pair.answers, 24
    found = {}
    for batch in patch_positions(pair):
        if batch[0].layer == layer:
            found |= cells([batch])
        if batch[0].layer < layer:
            break
    with torch.no_grad():
        given = reference(torch.tensor([ids[0]]), output_hidden_states=True).hidden_states[layer]
    for position in (9, 13):

        def put(_: Any, args: tuple[Tensor, ...], at: int = position) -> tuple[Tensor, ...]:
            x = args[0].clone()
            x[0, at] = given[0, at]
            return (x, *args[1:])

        hook = reference.model.layers[layer].register_forward_pre_hook(put)
        with torch.no_grad():
            wanted = answers.recovered(answers.difference(reference(pair.ids).logits[0, -1]).item())
        hook.remove()
        assert answers.recovered(found[layer, position]) == pytest.approx(wanted, abs=CLOSE)


def test_all_of_a_into_b_is_a_in_smollm2(smollm2: StackModel) -> None:
    pair = pair_of(smollm2, *(read(smollm2, text) for text in (MARY, JOHN)))
    changes = Changes(vectors={0: VectorPatch(pair.a.trace.encoder_stream[0])})
    difference = pair.answers.difference(answer(pair, 1, changes, 0))[0].item()
    assert pair.answers.recovered(difference) == pytest.approx(1.0, abs=CLOSE)
