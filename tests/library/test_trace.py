"""`trace`: every step of the attention of models of transformers, which stay as they were."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from tests.library.tiny import FAMILIES, tiny_model, tiny_tokenizer

TEXT = "the cat sat on a mat"
TOKENS = tuple(TEXT.split())
TARGET = "it was tired"


@pytest.fixture(autouse=True)
def _registered_names() -> Iterator[None]:
    """Leave transformers' table of attentions as it is, which other tests use too."""
    from transformers import AttentionInterface, AttentionMaskInterface

    tables = [cls._global_mapping for cls in (AttentionInterface, AttentionMaskInterface)]
    before = [dict(table) for table in tables]
    yield
    for table, entries in zip(tables, before, strict=True):
        table.clear()
        table.update(entries)


def state(model: Any) -> list[Any]:
    """What must not change: modes, hooks, settings, names of attributes and weights' gradients."""
    return [
        model.config._attn_implementation,
        [
            (m.training, list(m._forward_hooks.items()), list(m._forward_pre_hooks.items()))
            for m in model.modules()
        ],
        [sorted(vars(module)) for module in model.modules()],
        [(weight.requires_grad, weight.grad) for weight in model.parameters()],
    ]


def traced(headlight: Any, family: str, model: Any) -> Any:
    target = TARGET if model.config.is_encoder_decoder else None
    return headlight.trace(model, TEXT, tiny_tokenizer(), target=target)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_weights_are_those_that_the_model_gives(headlight: Any, family: str) -> None:
    """Transformers' own "eager" attention returns its weights: that is the reference."""
    model = tiny_model(family).eval()
    found = traced(headlight, family, model)
    model.set_attn_implementation("eager")
    ids = torch.tensor([tiny_tokenizer()(TEXT)["input_ids"]])
    inputs = {"input_ids": ids}
    if model.config.is_encoder_decoder:
        start = model.config.decoder_start_token_id
        written = tiny_tokenizer()(TARGET)["input_ids"]
        inputs["decoder_input_ids"] = torch.tensor([[start, *written]])
    with torch.no_grad():
        out = model(**inputs, output_attentions=True)
    if model.config.is_encoder_decoder:
        expected = (*out.encoder_attentions, *out.decoder_attentions, *out.cross_attentions)
        assert found.decoder_tokens[1:] == tuple(TARGET.split())
        assert found.encoder_tokens == TOKENS
    else:
        expected = out.attentions
        is_encoder = family.startswith("bert")
        assert (found.encoder_tokens, found.decoder_tokens) == (
            (TOKENS, ()) if is_encoder else ((), TOKENS)
        )
        assert len(found.encoder_attention if is_encoder else found.decoder_attention) == 2
    assert found.tokens == TOKENS
    assert len(found.traces) == len(expected)
    for trace, weights in zip(found.traces, expected, strict=True):
        torch.testing.assert_close(trace.weights, weights, rtol=0, atol=1e-6)
        torch.testing.assert_close(trace.scores.softmax(dim=-1), trace.weights, rtol=0, atol=1e-6)
    assert found.difference < 1e-5


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("training", [True, False])
def test_the_model_is_left_as_it_was(headlight: Any, family: str, training: bool) -> None:
    model = tiny_model(family).train(training)
    next(iter(model.children())).train(not training)
    before = state(model)
    traced(headlight, family, model)
    assert state(model) == before
    # Hidden states can be asked for as ever.
    model.eval()
    ids = torch.tensor([tiny_tokenizer()(TEXT)["input_ids"]])
    inputs = {"decoder_input_ids": ids} if model.config.is_encoder_decoder else {}
    out = model(input_ids=ids, **inputs, output_hidden_states=True)
    states = getattr(out, "hidden_states", None) or out.encoder_hidden_states
    assert len(states) == 3


def test_the_model_is_left_as_it_was_after_an_error(headlight: Any) -> None:
    model = tiny_model("bert").train()
    before = state(model)
    with pytest.raises(ValueError, match=r"BertModel can't read these 50 tokens; .*positions"):
        headlight.trace(model, "cat " * 50, tiny_tokenizer())
    assert state(model) == before


@pytest.mark.parametrize("implementation", ["eager", "sdpa"])
def test_the_attention_that_the_model_had_is_compared_and_kept(
    headlight: Any, implementation: str
) -> None:
    model = tiny_model("llama", attn_implementation=implementation)
    found = traced(headlight, "llama", model)
    assert model.config._attn_implementation == implementation
    assert found.difference < 1e-5
    with torch.no_grad():
        ids = torch.tensor([tiny_tokenizer()(TEXT)["input_ids"]])
        own = model.eval()(ids, output_hidden_states=True).hidden_states[-1]
    torch.testing.assert_close(found.output, own, rtol=0, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64], ids=str)
def test_a_model_is_used_in_its_own_precision(headlight: Any, dtype: torch.dtype) -> None:
    found = traced(headlight, "llama", tiny_model("llama").to(dtype))
    assert found.traces[0].weights.dtype == dtype
    assert found.difference < 64 * torch.finfo(dtype).eps * 10
    assert headlight.show(found).notes == ()


def test_attention_that_the_recorder_gets_wrong_is_refused(
    headlight: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from headlight.model.pretrained import recorder

    real = recorder.attend
    monkeypatch.setattr(
        recorder, "attend", lambda *args, divisor, **kw: real(*args, divisor=divisor * 9, **kw)
    )
    model = tiny_model("bert")
    torch.nn.init.normal_(model.encoder.layer[0].attention.self.query.weight, std=3)
    torch.nn.init.normal_(model.encoder.layer[0].attention.self.key.weight, std=3)
    with pytest.raises(ValueError, match="its output differs by"):
        traced(headlight, "bert", model)


def test_what_is_no_model_of_transformers_is_refused(headlight: Any) -> None:
    with pytest.raises(TypeError, match=r"got Linear; headlight.record\(\) records any"):
        headlight.trace(torch.nn.Linear(2, 2), TEXT, tiny_tokenizer())
    with pytest.raises(TypeError, match="text must be a text, or what the tokenizer made"):
        headlight.trace(tiny_model("bert"), ["a", "list"], tiny_tokenizer())
    with pytest.raises(ValueError, match="at least, got none"):
        headlight.trace(tiny_model("bert"), "", tiny_tokenizer())
    with pytest.raises(ValueError, match="BertModel has no decoder beside an encoder"):
        headlight.trace(tiny_model("bert"), TEXT, tiny_tokenizer(), target=TARGET)


def test_a_model_whose_attention_is_its_own_is_sent_to_record(headlight: Any) -> None:
    model = tiny_model("bert")

    class Own(torch.nn.Module):
        """Attention that asks transformers for nothing."""

        def forward(self, x: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
            return torch.nn.functional.scaled_dot_product_attention(x, x, x), None

    for layer in model.encoder.layer:
        layer.attention.self = Own()
    with pytest.raises(ValueError, match=r"could record 0\. headlight.record\(\) may see"):
        headlight.trace(model, TEXT, tiny_tokenizer())


def test_a_batch_that_was_made_elsewhere_is_read(headlight: Any) -> None:
    tokenizer = tiny_tokenizer()
    batch = tokenizer(["the cat sat", "it was"], padding=True, return_tensors="pt")
    found = headlight.trace(tiny_model("bert"), batch, tokenizer, sentence=1)
    assert found.tokens == ("it", "was", "[PAD]")
    page = headlight.show(found, sentence=1)
    weights = np.stack([trace.z for trace in page.figure("heads").data])
    assert np.isnan(weights[:, :, 2]).all()  # padding is masked
    np.testing.assert_allclose(weights[:, :, :2].sum(axis=2), 1, atol=1e-6)


def test_a_traced_text_is_shown_with_its_tokens_and_its_check(headlight: Any) -> None:
    page = headlight.show(traced(headlight, "t5", tiny_model("t5")))
    assert "Cross-attention, 2 layers of 4 heads, 4 queries × 6 keys" in repr(page)
    cross = page.figure("heads", kind=2)
    assert list(cross.layout.xaxis.ticktext)[-6:] == list(TOKENS)
    assert len(page.figure("head", kind=1, layer=1, head=3).data) == 7
    assert "e-0" in page._content.difference
    alone = headlight.show(traced(headlight, "gpt2", tiny_model("gpt2")))
    assert repr(alone) == "<AttentionPage: 2 layers of 4 heads, 6 queries × 6 keys>"


def test_an_output_of_transformers_is_shown(headlight: Any) -> None:
    model = tiny_model("bart", attn_implementation="eager").eval()
    ids = torch.tensor([tiny_tokenizer()(TEXT)["input_ids"]])
    out = model(input_ids=ids, decoder_input_ids=ids[:, :2], output_attentions=True)
    page = headlight.show(out, encoder_tokens=TOKENS, decoder_tokens=["a", "b"])
    np.testing.assert_array_equal(
        page.figure("heads", kind=2, layer=1).data[3].z,
        out.cross_attentions[1][0, 3].detach().numpy(),
    )
    bert = tiny_model("bert").eval()
    with pytest.raises(TypeError, match="call the model with output_attentions=True"):
        headlight.show(bert(input_ids=ids), TOKENS)
