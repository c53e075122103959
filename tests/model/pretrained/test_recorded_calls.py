"""Encoder and decoder of different depth or head count: against transformers under "eager"."""

from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor

pytest.importorskip("transformers")

from model.pretrained.base import ModelUnavailableError, StackSize
from model.pretrained.hugging_face_model import HuggingFaceModel
from model.subwords import SubwordTokenizer
from tests.model.pretrained.tiny_models import (
    IDS,
    LENGTHS,
    TARGET_IDS,
    TARGET_LENGTHS,
    own,
    tiny,
    word_level,
)
from tests.model.pretrained.uneven_models import SIZES, uneven

TOKENIZER = SubwordTokenizer(word_level())
OF_TRANSFORMERS = {
    "encoder_self": "encoder_attentions",
    "decoder_self": "decoder_attentions",
    "cross": "cross_attentions",
}


@cache
def wrapped(name: str) -> HuggingFaceModel:
    return HuggingFaceModel(uneven(name), TOKENIZER, name, "encoder-decoder")


def run(name: str, **options: Any) -> Any:
    return wrapped(name).run(IDS, LENGTHS, TARGET_IDS, TARGET_LENGTHS, **options)


def eager(name: str) -> Any:
    """What transformers itself makes of the same batch."""
    return uneven(name, "eager")(
        input_ids=IDS,
        attention_mask=own(IDS, LENGTHS),
        decoder_input_ids=TARGET_IDS,
        decoder_attention_mask=own(TARGET_IDS, TARGET_LENGTHS),
        output_attentions=True,
        output_hidden_states=True,
        use_cache=False,
    )


def close(a: Tensor, b: Tensor) -> None:
    torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", SIZES)
def test_each_stack_has_its_own_layers_and_heads(name: str) -> None:
    encoder, decoder = (StackSize(*size) for size in SIZES[name])
    assert wrapped(name).sizes == {
        "encoder_self": encoder,
        "decoder_self": decoder,
        "cross": decoder,
    }


@pytest.mark.parametrize("name", SIZES)
def test_every_weight_is_the_one_that_transformers_gives(name: str) -> None:
    trace, wanted = run(name).trace, eager(name)
    for kind, theirs in OF_TRANSFORMERS.items():
        attentions = getattr(trace, kind)
        size = wrapped(name).sizes[kind]  # type: ignore[index]
        assert len(attentions) == size.layers
        for attention, weights in zip(attentions, getattr(wanted, theirs), strict=True):
            assert attention.weights.shape[1] == size.heads
            attends = attention.weights.sum(dim=-1) > 0
            close(attention.weights[attends], weights[attends])
    close(trace.encoder_stream[-1][0], wanted.encoder_hidden_states[-1][0])
    close(trace.decoder_stream[-1][0], wanted.decoder_hidden_states[-1][0])
    assert len(trace.encoder_stream) == 1 + SIZES[name][0][0]
    assert len(trace.decoder_stream) == 1 + SIZES[name][1][0]
    close(run(name).next_logits[0], wanted.logits[0, TARGET_LENGTHS[0] - 1])


@pytest.mark.parametrize("name", SIZES)
def test_the_badge_compares_all_of_it(name: str) -> None:
    parity = wrapped(name).compare(run(name))
    assert parity.largest < 1e-5
    assert parity.output is not None


def test_the_facts_are_a_kinds_own() -> None:
    bart = wrapped("bart")
    of_encoder, of_decoder = (bart.attention(kind, 1) for kind in ("encoder_self", "cross"))
    assert (of_encoder.heads, of_encoder.head_dim, of_encoder.divisor) == (4, 4, 2.0)
    assert (of_decoder.heads, of_decoder.head_dim) == (2, 8)
    assert of_decoder.divisor == pytest.approx(8**0.5)


@pytest.mark.parametrize("name", SIZES)
def test_a_removed_head_is_the_decoders(name: str) -> None:
    (_encoder, (layers, heads)) = SIZES[name]
    last = (layers - 1, heads - 1)
    whole, without = run(name), run(name, removed=[last])
    for layer, attention in enumerate(without.trace.cross):
        zero = [not attention.head_outputs[0, head].any() for head in range(heads)]
        assert zero == [(layer, head) == last for head in range(heads)]
    for kind in ("encoder_self", "decoder_self"):
        for one, other in zip(
            getattr(whole.trace, kind), getattr(without.trace, kind), strict=True
        ):
            assert one.head_outputs.count_nonzero() == other.head_outputs.count_nonzero()
    assert not torch.allclose(whole.next_logits, without.next_logits)
    assert wrapped(name).compare(without).largest < 1e-5


@pytest.mark.parametrize("head", [(2, 0), (0, 2)])  # the encoder has them
def test_only_the_decoders_heads_can_be_removed(head: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="2 layers of 2 heads that can be changed"):
        run("bart", removed=[head])


def test_the_shorter_table_of_positions_decides() -> None:
    assert wrapped("bart").longest == 32
    bert2bert = wrapped("bert2bert")
    assert bert2bert.longest == 20  # the decoder's
    twenty = torch.full((1, 20), 5)
    assert bert2bert.run(twenty, [20], twenty).trace.cross[0].weights.shape == (1, 2, 20, 20)
    with pytest.raises(ValueError, match="20 positions"):
        bert2bert.run(torch.full((1, 21), 5), [21])


def test_layers_of_one_stack_with_different_heads_are_refused_in_words() -> None:
    model = tiny("gpt2")
    attention = model.transformer.h[1].attn
    attention.num_heads, attention.head_dim = 2, 8
    with pytest.raises(ModelUnavailableError) as refused:
        HuggingFaceModel(model, TOKENIZER, "mixed", "decoder")
    assert str(refused.value) == (
        "this architecture isn't supported: the layers of one stack have different numbers of "
        "heads (4, 2), and what is shown of several layers together needs one number"
    )
