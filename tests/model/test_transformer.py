"""Stacks: what a trace holds, and that each step of the stream is what it claims to be."""

from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from model.config import BERT, LLAMA, PAPER, TUTORIAL, Architecture, Config
from model.positions import sinusoidal_positions
from model.transformer import Decoder, Embedding, Encoder, Transformer, TransformerTrace
from tests.matrix import matrix
from tests.model.helpers import shaken, tensors

FAMILIES = {
    "tutorial": TUTORIAL,
    "paper": PAPER,
    "bert": BERT,
    "llama": LLAMA,
    "alibi": replace(PAPER, positions="alibi", norm_order="pre"),
}
EXACT = {"rtol": 0.0, "atol": 1e-12}  # float64
SIZE, HEADS, LAYERS, S, T = 8, 2, 3, 5, 4


def config(architecture: Architecture = TUTORIAL, **sizes: Any) -> Config:
    given = {"embed_size": SIZE, "heads": HEADS, "layers": LAYERS, "architecture": architecture}
    return Config(**{**given, **sizes})


def built(
    kind: type, architecture: Architecture = TUTORIAL, **sizes: Any
) -> Encoder | Decoder | Transformer:
    torch.manual_seed(0)
    return shaken(kind(config(architecture, **sizes)).double())


def sentences() -> tuple[Tensor, Tensor]:
    torch.manual_seed(1)
    return torch.randn(2, S, SIZE).double(), torch.randn(2, T, SIZE).double()


def calls(kind: type) -> tuple[Tensor, ...]:
    """The inputs and masks that a kind of stack takes."""
    source, target = sentences()
    causal = torch.ones(T, T).tril()
    padding = (torch.arange(S) < torch.tensor([[5], [3]]))[:, None, None]
    if kind is Encoder:
        return source, padding
    if kind is Decoder:
        return target, source, causal, padding
    return source, target, padding, causal


def shapes(trace: TransformerTrace) -> dict[str, Any]:
    """Of each field; of each attention the weights' and the output's."""

    def of(value: Any) -> Any:
        if value is None:
            return None
        if isinstance(value, Tensor):
            return tuple(value.shape)
        if isinstance(value, tuple):
            return [of(item) for item in value]
        return of(value.weights), of(value.output)

    return {name: of(value) for name, value in vars(trace).items()}


STREAM, TARGET_STREAM = [(2, S, SIZE)] * 7, [(2, T, SIZE)] * 10  # 1 + 2 · 3, and 1 + 3 · 3
SELF = [((2, HEADS, S, S), (2, S, SIZE))] * LAYERS
TARGET_SELF = [((2, HEADS, T, T), (2, T, SIZE))] * LAYERS
CROSS = [((2, HEADS, T, S), (2, T, SIZE))] * LAYERS
SHAPES = {
    Encoder: {
        "encoder_self": SELF,
        "decoder_self": [],
        "cross": [],
        "encoder_stream": STREAM,
        "decoder_stream": [],
        "encoder_output": (2, S, SIZE),
        "output": (2, S, SIZE),
    },
    Decoder: {
        "encoder_self": [],
        "decoder_self": TARGET_SELF,
        "cross": CROSS,
        "encoder_stream": [],
        "decoder_stream": TARGET_STREAM,
        "encoder_output": None,
        "output": (2, T, SIZE),
    },
    Transformer: {
        "encoder_self": SELF,
        "decoder_self": TARGET_SELF,
        "cross": CROSS,
        "encoder_stream": STREAM,
        "decoder_stream": TARGET_STREAM,
        "encoder_output": (2, S, SIZE),
        "output": (2, T, SIZE),
    },
}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", SHAPES)
def test_a_traces_fields_have_their_shapes_and_what_is_not_there_is_empty(
    kind: type, family: str
) -> None:
    assert shapes(built(kind, FAMILIES[family]).trace(*calls(kind))) == SHAPES[kind]


@matrix(2, "family", FAMILIES)
@matrix(2, "kind", SHAPES)
def test_forward_is_the_traces_output(kind: type, family: str) -> None:
    module = built(kind, FAMILIES[family], dropout=0.3)
    torch.manual_seed(2)  # dropout, too, strikes the same
    output = module(*calls(kind))
    torch.manual_seed(2)
    assert torch.equal(output, module.trace(*calls(kind)).output)
    module.eval()
    assert torch.equal(module(*calls(kind)), module.trace(*calls(kind)).output)
    assert not torch.equal(module(*calls(kind)), output)


@pytest.mark.parametrize("kind", SHAPES)
def test_a_trace_under_inference_holds_no_graph(kind: type) -> None:
    module = built(kind, PAPER)
    assert any(tensor.requires_grad for tensor in tensors(module.trace(*calls(kind))))
    with torch.inference_mode():
        traced = list(tensors(module.trace(*calls(kind))))
    assert len(traced) > 8 * LAYERS
    for tensor in traced:
        assert tensor.grad_fn is None
        assert not tensor.requires_grad
    with pytest.raises(FrozenInstanceError):
        module.trace(*calls(kind)).output = None


@pytest.mark.parametrize("family", FAMILIES)
def test_an_encoders_layers_take_up_the_stream_one_after_the_other(family: str) -> None:
    module = built(Encoder, FAMILIES[family])
    x, mask = calls(Encoder)
    trace = module.trace(x, mask)
    stream = trace.encoder_stream
    torch.testing.assert_close(stream[0], module.embedding(x), **EXACT)
    for layer, block in enumerate(module.layers):
        before, between, after = stream[2 * layer : 2 * layer + 3]
        again = block.trace(before, before, before, mask)
        torch.testing.assert_close(again.stream, (before, between, after), **EXACT)
        torch.testing.assert_close(vars(again.self_attention), vars(trace.encoder_self[layer]))
        # The second sub-layer, from what the first left.
        if block.norm_order == "post":
            expected = block.norm2(between + block.feed_forward(between))
        else:
            expected = between + block.feed_forward(block.norm2(between))
        torch.testing.assert_close(after, expected, **EXACT)
    torch.testing.assert_close(trace.output, module.norm(stream[-1]), **EXACT)
    assert torch.equal(trace.encoder_output, trace.output)
    assert isinstance(module.norm, nn.RMSNorm if family == "llama" else nn.Identity)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_decoders_layers_see_the_encoders_output_each(family: str) -> None:
    module = built(Transformer, FAMILIES[family])
    source, target, padding, causal = calls(Transformer)
    trace = module.trace(source, target, padding, causal)
    encoded = module.encoder(source, padding)
    stream = trace.decoder_stream
    torch.testing.assert_close(stream[0], module.decoder.embedding(target), **EXACT)
    for layer, block in enumerate(module.decoder.layers):
        again = block.trace(stream[3 * layer], encoded, causal, padding)
        torch.testing.assert_close(again.stream, stream[3 * layer : 3 * layer + 4], **EXACT)
        cross = trace.cross[layer]
        torch.testing.assert_close(vars(again.self_attention), vars(trace.decoder_self[layer]))
        torch.testing.assert_close(vars(again.cross_attention), vars(cross))
        if FAMILIES[family].projection == "full":  # from the output, normed where there is a norm
            expected = block.cross_attention.keys(encoded)
            torch.testing.assert_close(cross.keys.transpose(1, 2).flatten(2), expected, **EXACT)
    torch.testing.assert_close(trace.output, module.decoder.norm(stream[-1]), **EXACT)
    alone = module.encoder.trace(source, padding)
    torch.testing.assert_close(trace.encoder_stream, alone.encoder_stream, **EXACT)
    torch.testing.assert_close(trace.encoder_output, encoded, **EXACT)
    torch.testing.assert_close(trace.output, module.decoder(target, encoded, causal, padding))


def test_an_embedding_norms_the_sum_and_then_drops_out() -> None:
    architecture = replace(BERT, positions="sinusoidal")
    module = shaken(Embedding(config(architecture, dropout=0.4)).double())
    x, _ = sentences()
    norm = nn.LayerNorm(SIZE, eps=1e-12).double()
    norm.load_state_dict(module.norm.state_dict())
    expected = norm(x + sinusoidal_positions(S, SIZE))
    torch.manual_seed(0)
    dropped = module(x)
    kept = dropped != 0
    assert 0.2 < kept.double().mean() < 0.9
    torch.testing.assert_close(dropped[kept], expected[kept] / 0.6, **EXACT)
    torch.testing.assert_close(module.eval()(x), expected, **EXACT)


def test_ids_are_looked_up_and_vectors_pass_as_they_are() -> None:
    module = built(Encoder, PAPER, vocabulary=7)
    ids = torch.tensor([[3, 6, 0, 3], [1, 1, 2, 5]])
    vectors = module.embedding.tokens.weight[ids]
    assert torch.equal(module(ids), module(vectors))
    torch.testing.assert_close(
        module.trace(ids).encoder_stream[0], vectors + sinusoidal_positions(4, SIZE)
    )
    both = built(Transformer, PAPER, vocabulary=7)
    assert not torch.equal(
        both.encoder.embedding.tokens.weight, both.decoder.embedding.tokens.weight
    )
    assert both(ids, ids[:, :3]).shape == (2, 3, SIZE)


@pytest.mark.parametrize("shape", [(2, 5), (2, 5, 7), (5,), (1, 2, 5, 8)])
def test_an_input_that_is_neither_is_told_what_was_expected(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="the input must be") as caught:
        built(Encoder)(torch.zeros(shape))
    assert str(caught.value) == f"the input must be (batch, length, 8) vectors, got {shape}"
    if len(shape) != 2:
        with pytest.raises(ValueError, match="the input must be") as caught:
            built(Encoder, vocabulary=7)(torch.zeros(shape))
        assert str(caught.value) == (
            f"the input must be (batch, length) ids or (batch, length, 8) vectors, got {shape}"
        )


@pytest.mark.parametrize("kind", SHAPES)
def test_sizes_that_attention_cannot_have_are_its_errors(kind: type) -> None:
    with pytest.raises(ValueError, match="kv_heads must divide heads"):
        built(kind, PAPER, heads=4, kv_heads=3)
    with pytest.raises(ValueError, match="head_dim must be even"):
        built(kind, LLAMA, embed_size=6)
    with pytest.raises(ValueError, match="temperature must be a positive number"):
        built(kind, temperature=0.0)


def test_sizes_reach_every_layer() -> None:
    module = built(
        Transformer, LLAMA, heads=4, kv_heads=2, temperature=2.0, forward_expansion=2, dropout=0.25
    )
    blocks = [*module.encoder.layers, *module.decoder.layers]
    assert len(blocks) == 2 * LAYERS
    for block in blocks:
        assert (block.attention.heads, block.attention.kv_heads) == (4, 2)
        assert block.attention.temperature == 2
        assert block.feed_forward.up.out_features == 16
        assert block.dropout.p == 0.25
    for block in module.decoder.layers:
        assert (block.cross_attention.kv_heads, block.cross_attention.temperature) == (2, 2)


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("family", FAMILIES)
def test_an_empty_sentence_goes_through(kind: type, family: str) -> None:
    empty = torch.zeros(1, 0, SIZE).double()
    module = built(kind, FAMILIES[family])
    inputs = (empty,) if kind is Encoder else (empty, empty)
    assert module(*inputs).shape == (1, 0, SIZE)
