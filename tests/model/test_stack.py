"""Trained weights in our own modules: here random ones, of a stack that is small enough to read."""

import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

pytest.importorskip("tokenizers")

from tokenizers import Tokenizer, models

from model.config import BERT, LLAMA, Config
from model.pretrained.base import ModelKind, PretrainedModel, StackSize
from model.pretrained.stack import StackModel, load_encoder
from model.seeded import random_encoder
from model.subwords import SubwordTokenizer
from tests.model.helpers import shaken, tensors

VOCABULARY = 20
CONFIGS: dict[ModelKind, Config] = {
    "encoder": Config(
        embed_size=8,
        heads=2,
        layers=3,
        vocabulary=VOCABULARY,
        longest=10,
        dropout=0.5,  # while it is trained
        architecture=BERT,
    ),
    "decoder": Config(
        embed_size=16,
        heads=4,
        kv_heads=2,
        layers=3,
        vocabulary=VOCABULARY,
        longest=10,
        architecture=LLAMA,
    ),
}
KINDS = list(CONFIGS)
IDS = torch.tensor([[5, 6, 7, 8], [9, 10, 0, 0], [11, 12, 13, 0]])
LENGTHS = [4, 2, 3]
each_kind = pytest.mark.parametrize("kind", KINDS)


def weights_of(kind: ModelKind) -> dict[str, Tensor]:
    return shaken(random_encoder(CONFIGS[kind], seed=3)).state_dict()


def stack(kind: ModelKind) -> StackModel:
    pieces = {f"w{token}": token for token in range(VOCABULARY)}
    tokenizer = SubwordTokenizer(Tokenizer(models.WordLevel(pieces, unk_token="w0")))
    encoder = load_encoder(CONFIGS[kind], weights_of(kind))
    return StackModel("Tiny", kind, CONFIGS[kind], encoder, tokenizer)


def precise_stack(kind: ModelKind) -> StackModel:
    """In float64: how a processor rounds, and in which order it adds, is no difference then."""
    model = stack(kind)
    model.encoder.double()
    return model


def test_an_encoder_s_mask_is_its_padding() -> None:
    model = stack("encoder")
    assert model.run(IDS[:1], [4]).masks == {"encoder_self": None}
    assert model.run(IDS, LENGTHS).masks["encoder_self"].tolist() == [
        [[[True, True, True, True]]],
        [[[True, True, False, False]]],
        [[[True, True, True, False]]],
    ]


def test_a_decoder_s_mask_is_causal_too() -> None:
    model = stack("decoder")
    tril = [[True, False, False], [True, True, False], [True, True, True]]
    assert model.run(IDS[2:, :3], [3]).masks["encoder_self"].tolist() == [[tril]]
    padded = model.run(IDS[1:, :3], [2, 3]).masks["encoder_self"]
    assert padded.tolist() == [
        [[[True, False, False], [True, True, False], [True, True, False]]],
        [tril],
    ]


@each_kind
def test_the_mask_is_what_the_model_saw(kind: ModelKind) -> None:
    run = stack(kind).run(IDS, LENGTHS)
    assert len(run.trace.encoder_self) == 3
    for attention in run.trace.encoder_self:
        allowed = run.masks["encoder_self"].expand(attention.weights.shape)
        assert (attention.weights[allowed] > 0).all()
        assert (attention.weights[~allowed] == 0).all()
        assert (attention.scores[~allowed] == -math.inf).all()


@each_kind
def test_a_sentence_is_the_same_alone_and_among_others(kind: ModelKind) -> None:
    model = precise_stack(kind)
    together, others = model.run(IDS, LENGTHS), model.run(IDS.masked_fill(IDS == 0, 19), LENGTHS)
    for sentence, length in enumerate(LENGTHS):
        alone = model.run(IDS[sentence : sentence + 1, :length], [length])
        for run in (together, others):
            torch.testing.assert_close(
                run.trace.output[sentence, :length], alone.trace.output[0], rtol=0, atol=1e-10
            )


def test_a_decoder_predicts_after_each_sentence_s_last_token() -> None:
    model = precise_stack("decoder")
    table = weights_of("decoder")["embedding.tokens.weight"].double()
    run = model.run(IDS, LENGTHS)
    assert run.next_logits.shape == (3, VOCABULARY)
    for sentence, length in enumerate(LENGTHS):
        expected = table @ run.trace.output[sentence, length - 1]
        torch.testing.assert_close(run.next_logits[sentence], expected, rtol=0, atol=1e-10)
        # By itself the sentence ends there.
        alone = model.run(IDS[sentence : sentence + 1, :length], [length])
        torch.testing.assert_close(
            run.next_logits[sentence], alone.next_logits[0], rtol=0, atol=1e-10
        )
    logits = model.logits(run.trace.output)
    assert logits.shape == (3, 4, VOCABULARY)
    torch.testing.assert_close(logits, run.trace.output @ table.T, rtol=0, atol=1e-10)


def test_an_encoder_predicts_nothing() -> None:
    assert stack("encoder").run(IDS, LENGTHS).next_logits is None


@each_kind
def test_a_text_without_tokens(kind: ModelKind) -> None:
    run = stack(kind).run(torch.zeros(1, 0, dtype=torch.int64), [0])
    assert run.trace.output.shape == (1, 0, CONFIGS[kind].embed_size)
    assert run.next_logits is None


@each_kind
def test_it_reads_no_target(kind: ModelKind) -> None:
    with pytest.raises(ValueError, match="Tiny has no decoder that could read a target"):
        stack(kind).run(IDS, LENGTHS, IDS, LENGTHS)


@each_kind
def test_more_tokens_than_it_has_positions_for(kind: ModelKind) -> None:
    model = stack(kind)
    assert model.run(torch.zeros(1, 10, dtype=torch.int64), [10]).trace.output.shape[1] == 10
    with pytest.raises(ValueError, match="Tiny takes at most 10 tokens, got a sentence of 11"):
        model.run(torch.zeros(1, 11, dtype=torch.int64), [11])


@each_kind
def test_removed_heads(kind: ModelKind) -> None:
    model = stack(kind)
    whole, run = model.run(IDS, LENGTHS), model.run(IDS, LENGTHS, removed=[(1, 0), (1, 0)])
    assert whole.removed == frozenset()
    assert run.removed == frozenset({(1, 0)})
    before, at, after = zip(whole.trace.encoder_self, run.trace.encoder_self, strict=True)
    assert torch.equal(before[0].output, before[1].output)
    assert torch.equal(at[0].head_outputs[:, 1:], at[1].head_outputs[:, 1:])
    assert at[0].head_outputs[:, 0].any()
    assert not at[1].head_outputs[:, 0].any()
    assert (after[0].queries - after[1].queries).abs().max() > 1e-2
    if kind == "decoder":
        assert (whole.next_logits - run.next_logits).abs().max(dim=1).values.min() > 1e-2


@each_kind
@pytest.mark.parametrize("lengths", [[4, 4, 4], LENGTHS])
@pytest.mark.parametrize("removed", [(), [(0, 1), (2, 0)]])
def test_pytorch_s_own_attention_agrees(
    kind: ModelKind, lengths: list[int], removed: list[tuple[int, int]]
) -> None:
    model = stack(kind)
    run = model.run(IDS, lengths, removed=removed)
    parity = model.compare(run)
    assert parity.largest < 1e-5
    assert (parity.output is None) == (kind == "decoder")  # PyTorch's module has no rotation

    wrong = run.trace.encoder_self[1].weights.clone()
    wrong[0, 1, 3, 0] += 0.25
    layers = list(run.trace.encoder_self)
    layers[1] = replace(layers[1], weights=wrong)
    tampered = replace(run, trace=replace(run.trace, encoder_self=tuple(layers)))
    assert model.compare(tampered).weights == pytest.approx(0.25, abs=1e-5)


@each_kind
def test_what_it_is(kind: ModelKind) -> None:
    model: PretrainedModel = stack(kind)
    config = CONFIGS[kind]
    assert (model.name, model.kind, model.longest) == ("Tiny", kind, 10)
    assert model.sizes == {"encoder_self": StackSize(layers=3, heads=config.heads)}
    assert model.embed_size == config.embed_size
    assert model.decoder_start is None
    assert model.attention("encoder_self", 2).head_dim == 4
    # The encoder: tokens, positions, norm; Q, K, V, out; two norms; feed-forward of 32.
    block = 4 * (64 + 8) + 4 * 8 + (8 * 32 + 32) + (32 * 8 + 8)
    parameters = 20 * 8 + 10 * 8 + 2 * 8 + 3 * block
    if kind == "decoder":  # tokens; Q and out, K and V of half as many heads; norms; 3 matrices
        block = 2 * 16 * 16 + 2 * 8 * 16 + 2 * 16 + 3 * 16 * 64
        parameters = 20 * 16 + 16 + 3 * block
    assert model.weights_bytes == 4 * parameters


@each_kind
def test_it_is_not_being_trained(kind: ModelKind) -> None:
    model = stack(kind)
    one, two = model.run(IDS, LENGTHS), model.run(IDS, LENGTHS)
    assert torch.equal(one.trace.output, two.trace.output)  # no dropout
    assert not any(tensor.requires_grad for tensor in tensors(one.trace))


@each_kind
def test_weights_are_not_copied(kind: ModelKind) -> None:
    weights = weights_of(kind)
    names = set(weights)
    loaded = load_encoder(CONFIGS[kind], weights).state_dict()
    assert set(loaded) == set(weights) == names
    for name, weight in loaded.items():
        assert weight.data_ptr() == weights[name].data_ptr(), name
        assert torch.equal(weight, weights_of(kind)[name]), name


@each_kind
@pytest.mark.parametrize("name", ["embedding.tokens.weight", "layers.2.attention.keys.weight"])
def test_weights_that_are_not_the_module_s(kind: ModelKind, name: str) -> None:
    weights = weights_of(kind)
    wrong = weights.pop(name)
    with pytest.raises(RuntimeError, match=rf'Missing key.* "{name}"'):
        load_encoder(CONFIGS[kind], weights)
    with pytest.raises(RuntimeError, match=rf"size mismatch for {name}"):
        load_encoder(CONFIGS[kind], {**weights, name: wrong[:-1]})
    with pytest.raises(RuntimeError, match=r'Unexpected key.* "other"'):
        load_encoder(CONFIGS[kind], {**weights, name: wrong, "other": wrong})


# The weights are made without a table of tokens, whose making is what would import so much.
LOADS = """
import sys
from dataclasses import replace
import torch
from model.config import BERT, Config
from model.pretrained.stack import load_encoder
from model.transformer import Encoder

config = Config(embed_size=8, heads=2, vocabulary=20, architecture=BERT)
weights = Encoder(replace(config, vocabulary=None)).state_dict()
before = set(sys.modules)
load_encoder(config, {**weights, "embedding.tokens.weight": torch.zeros(20, 8)})
print(*sorted(set(sys.modules) - before))
print("torch._dynamo" in sys.modules, "transformers" in sys.modules, "gguf" in sys.modules)
"""


@pytest.mark.matrix
def test_loading_imports_nothing_heavy() -> None:
    """A compiler that loading doesn't need would take seconds of an app's start."""
    result = subprocess.run(
        [sys.executable, "-c", LOADS],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    imported, heavy = result.stdout.splitlines()
    assert heavy == "False False False"
    assert len(imported.split()) < 10, imported
