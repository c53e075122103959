"""all-MiniLM-L6-v2 in our own modules, against Transformers' BERT with the same file."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

pytest.importorskip("tokenizers")
pytest.importorskip("safetensors")

from safetensors.torch import load_file, save_file

from model.pretrained import minilm, packages
from model.pretrained.base import (
    ModelTrace,
    ModelUnavailableError,
    PretrainedModel,
    StackSize,
)
from model.pretrained.minilm import load_minilm
from model.pretrained.stack import StackModel
from tests.matrix import matrix
from tests.model.subword_models import MINILM, folder_of

ROOT = Path(__file__).parents[3]
LAYERS, HEADS, HEAD_DIM = 6, 12, 32
FARTHEST = 5e-5  # from the reference; the numbers are between -43 and 43
CODE = "def f(x):\n    return [x+1, x==2]  # it's\n\n\tpass\n"
TEXTS = [
    "The animal didn't cross the street because it was too tired.",
    "我喜欢猫。你呢？ 2024年3月14日，3.14159。",
    "🙂 👨‍👩‍👧‍👦 naïve café — 12345 + 67890 = 80235",
    CODE,
    "",
    CODE * 12,
]

Quantities = dict[str, list[Tensor]]  # each with a tensor a layer, and the streams' first one


@pytest.fixture(scope="module")
def model() -> StackModel:
    folder_of(MINILM)  # skips without it
    return load_minilm()


@pytest.fixture(scope="module")
def reference() -> Any:
    folder = folder_of(MINILM) / "model"
    transformers = pytest.importorskip("transformers")
    return transformers.BertModel.from_pretrained(
        folder, attn_implementation="eager", dtype=torch.float32, local_files_only=True
    )


def batch(model: StackModel, texts: list[str], longest: int = 512) -> tuple[Tensor, list[int]]:
    sentences = [torch.tensor(model.tokenizer.encode(text, longest).ids) for text in texts]
    padded = torch.nn.utils.rnn.pad_sequence(sentences, batch_first=True)
    return padded, list(map(len, sentences))


def ours(run: ModelTrace) -> Quantities:
    trace = run.trace
    quantities = {
        name: [getattr(attention, name) for attention in trace.encoder_self]
        for name in ("queries", "keys", "values", "scores", "weights")
    }
    return {**quantities, "stream": list(trace.encoder_stream[::2]), "output": [trace.output]}


@torch.inference_mode()
def theirs(reference: Any, ids: Tensor, lengths: list[int]) -> Quantities:
    projected: dict[str, list[Tensor]] = {"query": [], "key": [], "value": []}
    hooks = [
        getattr(layer.attention.self, name).register_forward_hook(
            lambda module, inputs, output, kept=kept: kept.append(
                output.unflatten(-1, (HEADS, HEAD_DIM)).transpose(1, 2)
            )
        )
        for layer in reference.encoder.layer
        for name, kept in projected.items()
    ]
    own = torch.arange(ids.shape[1]) < torch.tensor(lengths)[:, None]
    try:
        result = reference(ids, own.long(), output_attentions=True, output_hidden_states=True)
    finally:
        for hook in hooks:
            hook.remove()
    pairs = zip(projected["query"], projected["key"], strict=True)
    return {
        "queries": projected["query"],
        "keys": projected["key"],
        "values": projected["value"],
        "scores": [q @ k.transpose(-2, -1) / 32**0.5 for q, k in pairs],
        "weights": list(result.attentions),
        "stream": list(result.hidden_states),
        "output": [result.last_hidden_state],
    }


def differences(a: Quantities, b: Quantities, lengths: list[int]) -> dict[str, float]:
    """The largest of each quantity, over what belongs to each sentence."""
    assert a.keys() == b.keys()
    largest = {}
    for name in a:
        keys = slice(None)
        found = []
        for one, other in zip(a[name], b[name], strict=True):
            assert one.shape == other.shape, name
            for sentence, length in enumerate(lengths):
                if name in ("scores", "weights"):
                    keys = slice(length)
                place = (sentence, ..., slice(length), keys)
                found.append((one[place] - other[place]).abs().max())
        largest[name] = torch.stack(found).max().item()  # NaN if one is
    return largest


def too_far(found: dict[str, float]) -> dict[str, float]:
    return {name: most for name, most in found.items() if not most <= FARTHEST}


@matrix(3, "text", TEXTS)
def test_everything_is_the_reference_s(model: StackModel, reference: Any, text: str) -> None:
    ids, lengths = batch(model, [text])
    run = model.run(ids, lengths)
    assert run.masks == {"encoder_self": None}
    found = differences(ours(run), theirs(reference, ids, lengths), lengths)
    assert too_far(found) == {}
    assert len(run.trace.encoder_self) == LAYERS
    assert len(run.trace.encoder_stream) == 1 + 2 * LAYERS


def test_sentences_of_different_lengths(model: StackModel, reference: Any) -> None:
    ids, lengths = batch(model, TEXTS[:5])
    assert len(set(lengths)) > 3
    run = model.run(ids, lengths)
    assert too_far(differences(ours(run), theirs(reference, ids, lengths), lengths)) == {}


def test_padding_gets_no_weight(model: StackModel) -> None:
    ids, lengths = batch(model, TEXTS[:5])
    run = model.run(ids, lengths)
    for attention in run.trace.encoder_self:
        sums = attention.weights.sum(dim=-1)
        torch.testing.assert_close(sums, torch.ones_like(sums), rtol=0, atol=2e-6)
        for sentence, length in enumerate(lengths):
            assert (attention.weights[sentence, ..., length:] == 0).all()
            assert (attention.scores[sentence, ..., length:] == -torch.inf).all()
            assert (attention.weights[sentence, ..., :length] > 0).all()


def test_what_pads_is_of_no_importance(model: StackModel) -> None:
    ids, lengths = batch(model, TEXTS[:5])
    other = ids.clone()
    for sentence, length in enumerate(lengths):
        other[sentence, length:] = 2003
    assert not torch.equal(ids, other)
    one, two = model.run(ids, lengths), model.run(other, lengths)
    assert set(differences(ours(one), ours(two), lengths).values()) == {0.0}


def test_the_weights_are_the_reference_s(model: StackModel, reference: Any) -> None:
    wanted = {
        name: weight
        for name, weight in reference.state_dict().items()
        if not name.startswith("pooler.")
    }
    found = model.encoder.state_dict()
    first_sentence = wanted.pop("embeddings.token_type_embeddings.weight")[0]
    positions = wanted.pop("embeddings.position_embeddings.weight") + first_sentence
    assert torch.equal(found.pop("embedding.positions"), positions)
    names = {
        "embeddings.word_embeddings": "embedding.tokens",
        "embeddings.LayerNorm": "embedding.norm",
        "encoder.layer": "layers",
        "attention.self.query": "attention.queries",
        "attention.self.key": "attention.keys",
        "attention.self.value": "attention.values",
        "attention.output.dense": "attention.fc_out",
        "attention.output.LayerNorm": "norm1",
        "intermediate.dense": "feed_forward.0",
        "output.dense": "feed_forward.2",
        "output.LayerNorm": "norm2",
    }
    for name, weight in wanted.items():
        for their, our in names.items():
            name = name.replace(their, our)
        assert torch.equal(found.pop(name), weight), name
    assert found == {}


def test_what_it_is(model: StackModel) -> None:
    pretrained: PretrainedModel = model
    assert (pretrained.name, pretrained.kind) == ("all-MiniLM-L6-v2", "encoder")
    assert pretrained.sizes == {"encoder_self": StackSize(LAYERS, HEADS)}
    assert (pretrained.embed_size, pretrained.vocabulary) == (384, 30_522)
    assert pretrained.without_vector == ()
    assert pretrained.longest == 512
    assert pretrained.attention("encoder_self", 5).divisor == 32**0.5
    # All but the pooler, and the vectors of a first and a second sentence.
    assert pretrained.weights_bytes == 4 * (22_713_216 - 385 * 384 - 2 * 384)
    assert model.run(*batch(model, ["Hi"])).next_logits is None


def test_a_text_that_is_cut(model: StackModel, reference: Any) -> None:
    subwords = model.tokenizer.encode("two words " * 400, model.longest)
    assert (len(subwords), subwords.left_out) == (512, 800 - 510)
    ids = torch.tensor([subwords.ids])
    run = model.run(ids, [512])
    assert too_far(differences(ours(run), theirs(reference, ids, [512]), [512])) == {}


def test_a_text_that_is_too_long(model: StackModel) -> None:
    with pytest.raises(ValueError, match="at most 512 tokens, got a sentence of 513"):
        model.run(torch.zeros(1, 513, dtype=torch.int64), [513])


@pytest.mark.parametrize("removed", [(), [(2, 7)], [(0, 0), (0, 11), (5, 3)]])
def test_pytorch_s_own_attention_agrees(model: StackModel, removed: list[tuple[int, int]]) -> None:
    for texts in (TEXTS[:1], TEXTS[:5]):
        ids, lengths = batch(model, texts)
        run = model.run(ids, lengths, removed=removed)
        assert run.removed == set(removed)
        parity = model.compare(run)
        assert 0 < parity.largest <= 1e-5
        assert parity.output is not None  # of layers whose heads are all there


def test_a_removed_head_is_as_if_the_reference_had_not_listened(
    model: StackModel, reference: Any
) -> None:
    layer, head = 2, 7
    ids, lengths = batch(model, TEXTS[:1])
    whole, run = model.run(ids, lengths), model.run(ids, lengths, removed=[(layer, head)])
    assert differences(ours(whole), ours(run), lengths)["output"] > 1e-2
    dense = reference.encoder.layer[layer].attention.output.dense.weight
    kept = dense.detach().clone()
    try:
        with torch.no_grad():
            dense[:, HEAD_DIM * head : HEAD_DIM * (head + 1)] = 0
        wanted = theirs(reference, ids, lengths)
    finally:
        with torch.no_grad():
            dense.copy_(kept)
    assert too_far(differences(ours(run), wanted, lengths)) == {}


def test_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "find_spec", lambda package: None)
    with pytest.raises(ModelUnavailableError, match=r"all-MiniLM-L6-v2 isn't .*`make run`"):
        load_minilm()


def test_it_is_larger_than_allowed() -> None:
    size = (folder_of(MINILM) / "model" / "model.safetensors").stat().st_size
    with pytest.raises(ModelUnavailableError, match=r"needs 87 MB .* allows 86 MB"):
        load_minilm(86 * 2**20)
    with pytest.raises(ModelUnavailableError):
        load_minilm(size - 1)
    assert load_minilm(size).sizes["encoder_self"].layers == LAYERS


def cut(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1])


def without_a_weight(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    del weights["encoder.layer.5.output.dense.bias"]
    save_file(weights, folder / "model.safetensors")


def with_a_weight_of_another_shape(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    weights["embeddings.word_embeddings.weight"] = torch.zeros(30_521, 384)
    save_file(weights, folder / "model.safetensors")


DAMAGES: dict[str, Callable[[Path], object]] = {
    "cut": cut,
    "garbage": lambda folder: (folder / "model.safetensors").write_bytes(b"garbage" * 100),
    "empty": lambda folder: (folder / "model.safetensors").write_bytes(b""),
    "missing": lambda folder: (folder / "model.safetensors").unlink(),
    "without a weight": without_a_weight,
    "with a weight of another shape": with_a_weight_of_another_shape,
    "garbage for a tokeniser": lambda folder: (folder / "tokenizer.json").write_text("{}"),
    "no tokeniser": lambda folder: (folder / "tokenizer.json").unlink(),
}


@matrix(3, "damage", DAMAGES)
def test_it_is_damaged(damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("model.safetensors", "tokenizer.json"):
        shutil.copy(folder_of(MINILM) / "model" / name, tmp_path)
    monkeypatch.setattr(minilm, "model_folder", lambda: tmp_path)
    load_minilm()
    DAMAGES[damage](tmp_path)
    said = r"(?s)can't be read: .*\. Install it again\."
    with pytest.raises(ModelUnavailableError, match=said) as raised:
        load_minilm()
    assert str(tmp_path) not in str(raised.value)  # where the files are is the owner's business
    (tmp_path / "model.safetensors").unlink(missing_ok=True)  # not to be kept by pytest


CUT = """
import os, sys
from pathlib import Path
import torch
from model.pretrained import minilm
minilm.model_folder = lambda: Path(sys.argv[1])
model = minilm.load_minilm()
vectors, _tokenizer = minilm.load_word_embeddings()
os.truncate(Path(sys.argv[1]) / "model.safetensors", 0)
run = model.run(torch.tensor([[101, 1996, 4937, 102]]), [4])
print(f"{run.trace.output[0, 0].norm():.4f} {vectors.norm():.2f}")
"""


@pytest.mark.matrix
def test_its_file_may_become_shorter_meanwhile(model: StackModel, tmp_path: Path) -> None:
    """A process that reads a mapped file which has become shorter is killed without a word."""
    shutil.copytree(folder_of(MINILM) / "model", tmp_path, dirs_exist_ok=True)
    command = [sys.executable, "-c", CUT, str(tmp_path)]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert told.returncode == 0, told.stderr
    first = model.run(torch.tensor([[101, 1996, 4937, 102]]), [4]).trace.output[0, 0].norm()
    table = load_file(folder_of(MINILM) / "model" / "model.safetensors")[minilm.WORD_EMBEDDINGS]
    assert told.stdout.split() == [f"{first:.4f}", f"{table.norm():.2f}"]
    (tmp_path / "model.safetensors").unlink()  # not to be kept by pytest


@matrix(2, "layer", range(LAYERS))
def test_the_weights_of_one_layer_are_those_of_a_whole_run(model: StackModel, layer: int) -> None:
    ids = torch.tensor([[101, 1996, 4111, 102], [101, 102, 0, 0]])
    weights = model.weights_of(ids, [4, 2], layer)
    assert torch.equal(weights, model.run(ids, [4, 2]).trace.encoder_self[layer].weights)
    assert weights.shape == (2, HEADS, 4, 4)
    assert not weights[1, :, :, 2:].any()
