"""Models of transformers as they are loaded, against the weights that they give when asked."""

from typing import Any

import pytest
import torch

from model.recording import record

transformers: Any = pytest.importorskip("transformers")

SMALL = {
    "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4,
    "vocab_size": 60, "max_position_embeddings": 32, "pad_token_id": 3,
}  # fmt: skip
GPT2 = {
    "n_embd": 16, "n_layer": 2, "n_head": 4, "n_positions": 32, "vocab_size": 60,
    "attn_pdrop": 0.1,
}  # fmt: skip
FAMILIES = {
    "Bert": SMALL,
    "GPT2": GPT2,
    "Llama": {**SMALL, "num_key_value_heads": 2},
    "ViT": {**SMALL, "image_size": 8, "patch_size": 4},
}


def model_and_inputs(family: str) -> tuple[Any, dict[str, torch.Tensor]]:
    torch.manual_seed(0)
    config = getattr(transformers, f"{family}Config")(**FAMILIES[family])
    config._attn_implementation = "sdpa"
    model = getattr(transformers, f"{family}Model")(config).eval()
    if family == "ViT":
        return model, {"pixel_values": torch.randn(2, 3, 8, 8)}
    ids = torch.randint(4, 60, (2, 6))
    if family == "Llama":  # which writes the shared heads out itself when there is a mask
        return model, {"input_ids": ids}
    mask = torch.ones_like(ids)
    mask[0, 4:] = 0
    return model, {"input_ids": ids, "attention_mask": mask}


@pytest.mark.parametrize("family", FAMILIES)
@torch.no_grad()
def test_weights_are_those_of_the_eager_implementation(family: str) -> None:
    model, inputs = model_and_inputs(family)
    before = model(**inputs).last_hidden_state
    with record() as recording:
        output = model(**inputs).last_hidden_state
    assert torch.equal(output, before)
    assert recording.notes == ()
    assert len(recording) == 2
    assert ".0." in recording[0].name
    assert ".1." in recording[1].name
    model.set_attn_implementation("eager")
    given = model(**inputs, output_attentions=True).attentions
    for trace, weights in zip(recording, given, strict=True):
        rows = inputs["attention_mask"].bool() if "attention_mask" in inputs else slice(None)
        torch.testing.assert_close(
            trace.weights.transpose(1, 2)[rows], weights.transpose(1, 2)[rows], rtol=0, atol=1e-6
        )
        assert trace.kv_heads == (2 if family == "Llama" else 4)


@torch.no_grad()
def test_generation_with_its_cache() -> None:
    model, inputs = model_and_inputs("GPT2")
    with record() as recording:
        cache = model(inputs["input_ids"], use_cache=True).past_key_values
        model(inputs["input_ids"][:, :1], past_key_values=cache)
    assert [tuple(trace.weights.shape) for trace in recording] == [
        (2, 4, 6, 6), (2, 4, 6, 6), (2, 4, 1, 7), (2, 4, 1, 7),
    ]  # fmt: skip
    assert torch.equal(recording[2].keys[:, :, :6], recording[0].keys)


@torch.no_grad()
def test_a_model_with_attention_of_its_own_is_said_to_be_unseen() -> None:
    config = transformers.T5Config(
        d_model=16, d_kv=4, d_ff=24, num_layers=2, num_heads=4, vocab_size=60
    )
    config._attn_implementation = "eager"
    model = transformers.T5EncoderModel(config).eval()
    with record() as recording:
        model(torch.tensor([[5, 6, 7]]))
    assert recording.traces == ()
    assert "softmax was seen (2 calls)" in recording.notes[0]
    assert 'attn_implementation="sdpa"' in recording.notes[0]
