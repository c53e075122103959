"""A model of transformers behind our interface: against itself under "eager", and by its masks."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor

from model.attention import Attended, attend
from model.pretrained import recorder
from model.pretrained.base import (
    ModelTrace,
    ModelUnavailableError,
    PretrainedModel,
    StackSize,
)
from model.pretrained.hugging_face_model import HuggingFaceModel
from model.subwords import SubwordTokenizer
from model.transformer import TransformerTrace

pytest.importorskip("transformers")
import transformers  # after the skip

from tests.matrix import matrix
from tests.model.pretrained.tiny_models import (
    DECODERS,
    HEADS,
    IDS,
    KINDS,
    LAYERS,
    LENGTHS,
    NAMES,
    TARGET_IDS,
    TARGET_LENGTHS,
    VOCABULARY,
    WINDOW,
    inputs_of,
    tiny,
    word_level,
)

TOKENIZER = SubwordTokenizer(word_level())


@cache
def wrapped(name: str) -> HuggingFaceModel:
    return HuggingFaceModel(tiny(name), TOKENIZER, name, KINDS[name])


def run(name: str, **options: Any) -> Any:
    model = wrapped(name)
    if name == "t5":
        return model.run(IDS, LENGTHS, TARGET_IDS, TARGET_LENGTHS, **options)
    return model.run(IDS, LENGTHS, **options)


def alone(name: str, sentence: int) -> Any:
    """One sentence by itself, without padding."""
    ids = IDS[sentence : sentence + 1, : LENGTHS[sentence]]
    if name != "t5":
        return wrapped(name).run(ids, [ids.shape[1]])
    target = TARGET_IDS[sentence : sentence + 1, : TARGET_LENGTHS[sentence]]
    return wrapped(name).run(ids, [ids.shape[1]], target)


def close(a: Tensor, b: Tensor) -> None:
    torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5)


@matrix(2, "name", NAMES)
def test_it_is_a_pretrained_model(name: str) -> None:
    model: PretrainedModel = wrapped(name)
    assert (model.name, model.kind) == (name, KINDS[name])
    kinds = ["encoder_self", "decoder_self", "cross"] if name == "t5" else ["encoder_self"]
    assert model.sizes == dict.fromkeys(kinds, StackSize(LAYERS, HEADS))
    assert (model.embed_size, model.vocabulary) == (16, VOCABULARY)
    assert model.longest == (512 if name == "t5" else 32)
    assert model.weights_bytes == 4 * sum(p.numel() for p in tiny(name).parameters())


@pytest.mark.parametrize("name", NAMES)
def test_everything_is_in_its_place(name: str) -> None:
    result = run(name)
    trace: TransformerTrace = result.trace
    eager = tiny(name, "eager")(**inputs_of(name), output_attentions=True)
    kinds = {"encoder_self": "attentions"}
    if name == "t5":
        kinds = {
            "encoder_self": "encoder_attentions",
            "decoder_self": "decoder_attentions",
            "cross": "cross_attentions",
        }
    assert set(result.masks) == set(kinds)
    for kind in ("encoder_self", "decoder_self", "cross"):
        attentions = getattr(trace, kind)
        assert len(attentions) == (LAYERS if kind in kinds else 0)
        for attention, weights in zip(
            attentions, getattr(eager, kinds.get(kind, ""), ()), strict=True
        ):
            attends = attention.weights.sum(dim=-1) > 0
            close(attention.weights[attends], weights[attends])
    both = name == "t5"
    encoder = eager.encoder_hidden_states if both else eager.hidden_states
    assert len(trace.encoder_stream) == LAYERS + 1
    for states, wanted in zip(trace.encoder_stream, encoder, strict=True):
        close(states[0], wanted[0])
    assert trace.encoder_output is trace.encoder_stream[-1]
    if both:
        for states, wanted in zip(trace.decoder_stream, eager.decoder_hidden_states, strict=True):
            close(states[0], wanted[0])
        assert trace.output is trace.decoder_stream[-1]
        close(trace.encoder_output[0], eager.encoder_last_hidden_state[0])
    else:
        assert trace.decoder_stream == ()
        assert trace.output is trace.encoder_output
    if name == "bert":
        close(trace.output[0], eager.last_hidden_state[0])


@pytest.mark.parametrize("name", NAMES)
def test_padding_changes_nothing(name: str) -> None:
    together = run(name)
    for sentence in range(2):
        single = alone(name, sentence)
        for kind in together.masks:
            for one, other in zip(
                getattr(single.trace, kind), getattr(together.trace, kind), strict=True
            ):
                rows, columns = one.weights.shape[2:]
                close(one.weights[0], other.weights[sentence, :, :rows, :columns])
                assert not other.weights[sentence, :, :rows, columns:].any()
        length = single.trace.output.shape[1]
        close(single.trace.output[0], together.trace.output[sentence, :length])
        if together.next_logits is not None:
            close(single.next_logits[0], together.next_logits[sentence])


@pytest.mark.parametrize("name", NAMES)
def test_what_pads_is_of_no_importance(name: str) -> None:
    model, other = wrapped(name), IDS.masked_fill(IDS == 3, 40)
    assert not torch.equal(other, IDS)
    targets = (TARGET_IDS, TARGET_LENGTHS) if name == "t5" else ()
    one, two = model.run(IDS, LENGTHS, *targets), model.run(other, LENGTHS, *targets)
    close(one.trace.output[:, :2], two.trace.output[:, :2])


@pytest.mark.parametrize("name", NAMES)
def test_masks_say_what_may_attend(name: str) -> None:
    masks = run(name).masks
    own = torch.zeros(2, 1, 1, 6, dtype=torch.bool)
    own[0], own[1, ..., :3] = True, True
    square = torch.ones(6, 6, dtype=torch.bool)
    expected = {"encoder_self": own & (square.tril() if name in DECODERS else square)}
    if name == "t5":
        written = torch.zeros(2, 1, 1, 4, dtype=torch.bool)
        written[0], written[1, ..., :2] = True, True
        expected["decoder_self"] = written & torch.ones(4, 4, dtype=torch.bool).tril()
        expected["cross"] = own.expand(2, 1, 4, 6)
    assert masks.keys() == expected.keys()
    for kind, mask in masks.items():
        assert mask is not None
        assert mask.dtype == torch.bool
        assert torch.equal(mask, expected[kind])


def test_each_layer_of_a_window_has_its_own_mask_in_the_scores() -> None:
    result = run("qwen2")
    full, window = (attention.scores[0, 0] for attention in result.trace.encoder_self)
    assert torch.equal(full > -torch.inf, result.masks["encoder_self"][0, 0])
    near = torch.ones(6, 6, dtype=torch.bool).tril().triu(1 - WINDOW)
    assert torch.equal(window > -torch.inf, near)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "bert"])
def test_next_logits_are_the_models_own_after_the_last_token(name: str) -> None:
    logits = run(name).next_logits
    eager = tiny(name, "eager")(**inputs_of(name)).logits
    lengths = TARGET_LENGTHS if name == "t5" else LENGTHS
    close(logits, torch.stack([eager[n, length - 1] for n, length in enumerate(lengths)]))
    if name in DECODERS:  # the output is what the last layer reads, after the final norm
        read = tiny(name).get_output_embeddings()(run(name).trace.output)
        close(logits, torch.stack([read[n, length - 1] for n, length in enumerate(lengths)]))


def test_an_encoder_predicts_nothing() -> None:
    assert run("bert").next_logits is None


def test_an_encoder_decoder_begins_with_its_start_token() -> None:
    model = HuggingFaceModel(tiny("t5"), TOKENIZER, "t5", "encoder-decoder")
    assert wrapped("gpt2").decoder_start is None
    model.decoder_start = 0
    started = model.run(IDS, LENGTHS)
    assert torch.equal(started.inputs["decoder_input_ids"], torch.zeros(2, 1))
    assert started.trace.cross[0].weights.shape == (2, HEADS, 1, 6)
    model.decoder_start = None
    with pytest.raises(ValueError, match="pass target_ids"):
        model.run(IDS, LENGTHS)


@pytest.mark.parametrize("name", NAMES)
def test_a_run_differs_from_torch_by_rounding_alone(name: str) -> None:
    for removed in ([], [(0, 1), (1, 0), (1, 3)]):
        parity = wrapped(name).compare(run(name, removed=removed))
        assert parity.output is not None
        assert 0 < parity.largest < 2e-5


@pytest.mark.parametrize("field", ["weights", "head_outputs", "queries"])
@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_trace_differs(name: str, field: str) -> None:
    result = run(name)
    kind = list(result.masks)[-1]
    first, second = getattr(result.trace, kind)
    wrong = getattr(second, field).clone()
    wrong[0, 2, 1] += 0.5
    trace = replace(result.trace, **{kind: (first, replace(second, **{field: wrong}))})
    assert wrapped(name).compare(replace(result, trace=trace)).largest > 0.01


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_output_differs(name: str) -> None:
    result = run(name)
    trace = replace(result.trace, output=result.trace.output + 0.5)
    assert wrapped(name).compare(replace(result, trace=trace)).output == pytest.approx(
        0.5, abs=1e-3
    )


def test_what_becomes_of_padding_is_not_compared() -> None:
    result = run("bert")
    output = result.trace.output.clone()
    output[1, LENGTHS[1] :] += 0.5
    wrong = replace(result, trace=replace(result.trace, output=output))
    assert wrapped("bert").compare(wrong).largest < 2e-5


def test_only_its_own_runs_are_compared() -> None:
    result = run("bert")
    with pytest.raises(TypeError, match="ModelTrace"):
        wrapped("bert").compare(ModelTrace(result.trace, result.masks, None))


@pytest.mark.parametrize("name", NAMES)
def test_a_removed_head_gives_nothing_and_changes_the_output(name: str) -> None:
    whole, without = run(name), run(name, removed=[(1, 2)])
    assert without.removed == {(1, 2)}
    kind = "cross" if name == "t5" else "encoder_self"
    for other in whole.masks:
        for layer, attention in enumerate(getattr(without.trace, other)):
            gone = [not heads.any() for heads in attention.head_outputs.transpose(0, 1)]
            assert gone == [(other, layer, head) == (kind, 1, 2) for head in range(HEADS)]
    assert (whole.trace.output - without.trace.output).abs().max() > 1e-3


@pytest.mark.parametrize(
    ("name", "scale", "temperature", "head_dim"),
    [
        ("bert", "head_dim", 1, 4),
        ("gpt2", "head_dim", 1, 4),
        ("llama", "head_dim", 1, 4),
        ("qwen2", "head_dim", 1, 4),
        ("t5", "none", 1, 6),
    ],
)
def test_what_its_attention_is_like(
    name: str, scale: str, temperature: float, head_dim: int
) -> None:
    for kind in run(name).masks:
        facts = wrapped(name).attention(kind, LAYERS - 1)
        assert facts.scale == scale
        assert (facts.heads, facts.head_dim, facts.embed_size) == (HEADS, head_dim, 16)
        assert facts.temperature == temperature
        assert facts.divisor == pytest.approx(head_dim**0.5 if scale == "head_dim" else 1)


def test_places_that_are_counted_from_the_paddings_id_on_are_fewer() -> None:
    config = transformers.RobertaConfig(
        hidden_size=16, intermediate_size=24, num_hidden_layers=1, num_attention_heads=2,
        vocab_size=VOCABULARY, max_position_embeddings=34, pad_token_id=1,
    )  # fmt: skip
    model = transformers.AutoModel.from_config(config, attn_implementation=recorder.NAME)
    roberta = HuggingFaceModel(model, TOKENIZER, "roberta", "encoder")
    assert roberta.longest == 32
    ids = torch.full((1, 32), 5)
    assert roberta.compare(roberta.run(ids, [32])).largest < 2e-5


def test_an_unusual_scale_becomes_a_temperature() -> None:
    config = transformers.GraniteConfig(
        hidden_size=16, intermediate_size=24, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=2, vocab_size=VOCABULARY, attention_multiplier=0.2,
    )  # fmt: skip
    auto = transformers.AutoModelForCausalLM
    model = auto.from_config(config, attn_implementation=recorder.NAME, dtype=torch.float32)
    granite = HuggingFaceModel(model, TOKENIZER, "granite", "decoder")
    facts = granite.attention("encoder_self", 0)
    assert (facts.scale, facts.divisor) == ("none", pytest.approx(5))
    attention = granite.run(IDS, LENGTHS).trace.encoder_self[0]
    close(attention.energy[0, :, 5] / facts.divisor, attention.scores[0, :, 5])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((torch.zeros(2, 0, dtype=torch.long), [0, 0]), r"not empty, got the shape \(2, 0\)"),
        ((IDS[0], [6]), r"got the shape \(6,\)"),
        ((IDS + VOCABULARY - 9, LENGTHS), "tokens 0 to 49, and none for ⟨50⟩, ⟨51⟩, ⟨52⟩, ⟨53⟩,"),
        ((IDS - 4, LENGTHS), "none for ⟨-1⟩"),
        ((IDS, [6]), r"2 numbers of at most 6, got \[6\]"),
        ((IDS, [7, 1]), r"got \[7, 1\]"),
        ((torch.ones(1, 33, dtype=torch.long), [33]), "32 positions, got 33"),
    ],
)
def test_what_a_model_cannot_read(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        wrapped("gpt2").run(*arguments)


@pytest.mark.parametrize("head", [(LAYERS, 0), (0, HEADS), (-1, 0), (0, -1)])
def test_a_head_that_is_not_there_cannot_be_removed(head: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="2 layers of 4 heads"):
        run("llama", removed=[head])


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            lambda: transformers.Gemma2Config(
                hidden_size=16, intermediate_size=24, num_hidden_layers=1, num_attention_heads=2,
                num_key_value_heads=2, head_dim=8, vocab_size=VOCABULARY,
            ),
            "'softcap'",
        ),
        (
            lambda: transformers.BloomConfig(hidden_size=16, n_layer=1, n_head=2, vocab_size=50),
            "expected 1 attentions in 1 layers, and could record 0",
        ),
    ],
    ids=["gemma2", "bloom"],
)  # fmt: skip
def test_other_attention_is_refused(config: Callable[[], Any], message: str) -> None:
    recorder.register()
    auto = transformers.AutoModelForCausalLM
    model = auto.from_config(config(), attn_implementation=recorder.NAME)
    with pytest.raises(ModelUnavailableError, match=f"isn't supported: .*{message}"):
        HuggingFaceModel(model, TOKENIZER, "another", "decoder")


def test_numbers_that_are_not_the_models_own_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*tensors: Tensor, divisor: float, **options: Any) -> Attended:
        return attend(*tensors, divisor=2 * divisor, **options)

    monkeypatch.setattr(recorder, "attend", wrong)
    with pytest.raises(ModelUnavailableError, match="gives another output"):
        HuggingFaceModel(tiny("gpt2"), TOKENIZER, "gpt2", "decoder")


@matrix(2, "name", NAMES)
def test_each_heads_part_of_the_output_projection_makes_its_part_of_the_output(name: str) -> None:
    ran = run(name)
    for kind in wrapped(name).sizes:
        for layer, trace in enumerate(getattr(ran.trace, kind)):
            projection = wrapped(name).attention(kind, layer).output_projection
            assert projection is not None
            added = torch.einsum("bhqd,hde->bqe", trace.head_outputs, projection)
            bias = trace.output - added  # one vector for all tokens, or none
            close(bias, bias[:1, :1].expand_as(bias))
