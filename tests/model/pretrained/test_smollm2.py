"""SmolLM2-135M-Instruct in our own modules, against Transformers' Llama with the same file."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

pytest.importorskip("gguf")
pytest.importorskip("tokenizers")
pytest.importorskip("safetensors")

from model.contributions import AskedLogit
from model.interventions import Extent, Interventions, Pattern, PlacedCut, changes_of
from model.logit_lens import after_layers, read_early
from model.pretrained import packages, smollm2
from model.pretrained.base import (
    ModelTrace,
    ModelUnavailableError,
    PretrainedModel,
    StackSize,
)
from model.pretrained.cache import is_whole
from model.pretrained.smollm2 import load_smollm2
from model.pretrained.stack import StackModel
from tests.matrix import matrix
from tests.model.pretrained.hooked import hooks_on, mean, weighted, zero
from tests.model.subword_models import SMOLLM2, SMOLLM2_FILE, folder_of, opened_before

LAYERS, HEADS, KV_HEADS, HEAD_DIM = 30, 9, 3, 64
MARY = "When Mary and John went to the store, John gave a drink to"
CLOSE = 5e-5
CODE = "def f(x):\n    return [x+1, x==2]  # it's\n\n\tpass\n"
TEXTS = [
    MARY,
    "我喜欢猫。你呢？ 2024年3月14日，3.14159。",
    "🙂 👨‍👩‍👧‍👦 naïve café — 12345 + 67890 = 80235",
    CODE,
    "a",
    CODE * 4,  # where rotary positions turn far
]

# The largest differences from the reference, of numbers up to 60. In float64 throughout they are
# below 3e-13. In float32 scores and logits add many products up, and the reference's rotary angles
# lose digits with the position. A vector of the stream has a few very large numbers, up to 27,000
# in a first token's, where float32 is exact to 0.002: it counts relative to its largest number.
FARTHEST = {
    "queries": 1e-4,
    "keys": 1e-4,
    "values": 1e-4,
    "scores": 2e-4,
    "weights": 5e-5,
    "stream": 1e-5,
    "output": 1e-4,
    "logits": 2e-4,
    "next_logits": 2e-4,
}

# What heads add to the logit of " Mary", and of " Mary" less that of " John", in the reference.
WRITERS = [
    ((29, 1), 2.16773, 1.72952),
    ((23, 0), 1.14338, 0.81804),
    ((28, 1), 1.11259, 0.17322),
    ((23, 3), 0.36748, 2.85534),
    ((29, 0), -1.36331, -1.00706),
    ((24, 4), -1.30998, -1.07086),
    ((1, 5), -0.00794, -0.06360),
]

Quantities = dict[str, list[Tensor]]  # each with a tensor a layer, and the stream's first one


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, kept_models: Path) -> Iterator[Path]:
    """An empty cache directory, as at the first use."""
    folder_of(SMOLLM2)  # skips without it
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder
    with suppress(OSError):  # none was made, or others have made theirs
        (folder / "headlight").rename(kept_models / "headlight")  # for the other tests
    shutil.rmtree(folder)  # half a gigabyte


@pytest.fixture(scope="module")
def first_use(home: Path) -> tuple[StackModel, list[float]]:
    """The model, and the progress that was told."""
    told: list[float] = []
    return load_smollm2(progress=told.append), told


@pytest.fixture(scope="module")
def model(first_use: tuple[StackModel, list[float]]) -> StackModel:
    return first_use[0]


@pytest.fixture(scope="module")
def reference() -> Any:
    folder = folder_of(SMOLLM2)
    transformers = pytest.importorskip("transformers")
    with opened_before(), pytest.MonkeyPatch.context() as patch:
        # It asks for a package that spreads models over devices, and doesn't use it on one.
        patch.setattr(transformers.modeling_utils, "is_accelerate_available", lambda: True)
        return transformers.AutoModelForCausalLM.from_pretrained(
            folder,
            gguf_file=SMOLLM2_FILE,
            attn_implementation="eager",
            dtype=torch.float32,
            local_files_only=True,
        )


def batch(model: StackModel, texts: list[str]) -> tuple[Tensor, list[int]]:
    sentences = [torch.tensor(model.tokenizer.encode(text).ids) for text in texts]
    padded = torch.nn.utils.rnn.pad_sequence(sentences, batch_first=True)
    return padded, list(map(len, sentences))


def ours(model: StackModel, run: ModelTrace) -> Quantities:
    trace = run.trace
    quantities = {
        name: [getattr(attention, name) for attention in trace.encoder_self]
        for name in ("queries", "keys", "values", "scores", "weights")
    }
    return {
        **quantities,
        "stream": list(trace.encoder_stream[::2]),
        "output": [trace.output],
        "logits": [model.logits(trace.output)],
        "next_logits": [run.next_logits],
    }


@torch.inference_mode()
def theirs(reference: Any, ids: Tensor, lengths: list[int]) -> Quantities:
    from transformers.models.llama.modeling_llama import apply_rotary_pos_emb

    kept: dict[str, list[Any]] = {"q_proj": [], "k_proj": [], "v_proj": [], "angles": []}
    decoder = reference.model

    def keep(module: Any, name: str) -> Any:
        place = kept.setdefault(name, [])
        return module.register_forward_hook(lambda module, inputs, output: place.append(output))

    hooks = [
        keep(getattr(layer.self_attn, name), name)
        for layer in decoder.layers
        for name in ("q_proj", "k_proj", "v_proj")
    ]
    hooks += [keep(decoder.rotary_emb, "angles"), keep(decoder.layers[-1], "last")]
    own = torch.arange(ids.shape[1]) < torch.tensor(lengths)[:, None]
    try:
        result = reference(ids, own.long(), output_attentions=True, output_hidden_states=True)
    finally:
        for hook in hooks:
            hook.remove()

    def split(projected: Tensor) -> Tensor:
        return projected.unflatten(-1, (-1, HEAD_DIM)).transpose(1, 2)

    queries, keys = [], []
    for q, k in zip(kept["q_proj"], kept["k_proj"], strict=True):
        q, k = apply_rotary_pos_emb(split(q), split(k), *kept["angles"][0])
        queries.append(q)
        keys.append(k.repeat_interleave(HEADS // KV_HEADS, dim=1))
    return {
        "queries": queries,
        "keys": keys,
        "values": [split(v).repeat_interleave(HEADS // KV_HEADS, dim=1) for v in kept["v_proj"]],
        "scores": [q @ k.transpose(-2, -1) / 8 for q, k in zip(queries, keys, strict=True)],
        "weights": list(result.attentions),
        # Their last one is after the norm.
        "stream": [*result.hidden_states[:-1], *kept["last"]],
        "output": [result.hidden_states[-1]],
        "logits": [result.logits],
        "next_logits": [result.logits[torch.arange(len(lengths)), torch.tensor(lengths) - 1]],
    }


def differences(a: Quantities, b: Quantities, lengths: list[int]) -> dict[str, float]:
    """The largest of each quantity, over what belongs to each sentence and isn't ahead."""
    assert a.keys() == b.keys()
    largest = {}
    for name in a:
        found = []
        for one, other in zip(a[name], b[name], strict=True):
            assert one.shape == other.shape, name
            for sentence, length in enumerate(lengths):
                x, y = one[sentence], other[sentence]
                if name in ("scores", "weights"):
                    seen = torch.ones(length, length, dtype=torch.bool).tril()
                    x, y = x[:, :length, :length][:, seen], y[:, :length, :length][:, seen]
                elif name != "next_logits":
                    x, y = x[..., :length, :], y[..., :length, :]
                difference = (x - y).abs()
                if name == "stream":
                    difference /= y.abs().amax(dim=-1, keepdim=True)
                found.append(difference.max())
        largest[name] = torch.stack(found).max().item()  # NaN if one is
    return largest


def too_far(found: dict[str, float]) -> dict[str, float]:
    return {name: most for name, most in found.items() if not most <= FARTHEST[name]}


@torch.inference_mode()
def test_its_stream_is_read_early_as_the_references_own_norm_and_head_read_it(
    model: StackModel, reference: Any
) -> None:
    ids, lengths = batch(model, [MARY])
    run = model.run(ids, lengths)
    vectors = [x[0] for x in after_layers(run.trace.encoder_stream, LAYERS)]
    readings = read_early(model.readout(), vectors, count=3)
    result = reference(ids, output_hidden_states=True)
    *early, last = result.hidden_states  # their last one is after the norm
    logits = [reference.lm_head(reference.model.norm(x[0])) for x in early]
    logits.append(reference.lm_head(last[0]))
    expected = torch.stack(logits).softmax(-1)  # (N + 1, L, V)
    assert readings.tokens.shape == (1 + LAYERS, lengths[0], 3)
    torch.testing.assert_close(
        readings.probabilities, expected.gather(-1, readings.tokens), atol=5e-5, rtol=0
    )
    # Of equals to within rounding either may be first.
    torch.testing.assert_close(readings.probabilities, expected.topk(3).values, atol=5e-5, rtol=0)
    answers = expected[-1].argmax(-1)  # (L,)
    assert torch.equal(readings.followed, answers)
    own = expected.gather(-1, answers.expand(1 + LAYERS, -1)[..., None])
    torch.testing.assert_close(readings.followed_probabilities, own[..., 0], atol=5e-5, rtol=0)
    # The last reading is what the model says.
    assert run.next_logits is not None
    said = run.next_logits[0].softmax(-1).topk(3)
    assert torch.equal(readings.tokens[-1, -1], said.indices)
    torch.testing.assert_close(readings.probabilities[-1, -1], said.values, atol=1e-6, rtol=0)


@pytest.mark.matrix
def test_the_first_use_tells_how_far_it_is(
    first_use: tuple[StackModel, list[float]], home: Path
) -> None:
    _, told = first_use
    assert (told[0], told[-1]) == (0.0, 1.0)
    assert told == sorted(told)
    assert len(told) > 100
    (folder,) = (home / "headlight").iterdir()  # and nothing is left of making it
    assert {file.name for file in folder.iterdir()} == {
        "SHA256SUMS",
        "tokenizer.json",
        "weights.safetensors",
    }
    assert is_whole(folder)


def test_the_second_use_converts_nothing(
    model: StackModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smollm2, "_convert", lambda *args: pytest.fail("it is there already"))
    told: list[float] = []
    again = load_smollm2(progress=told.append)
    assert told == []
    state = model.encoder.state_dict()
    for name, weight in again.encoder.state_dict().items():
        assert torch.equal(weight, state[name]), name
    assert again.tokenizer.encode(CODE) == model.tokenizer.encode(CODE)


def test_what_it_is(model: StackModel) -> None:
    pretrained: PretrainedModel = model
    assert (pretrained.name, pretrained.kind) == ("SmolLM2-135M-Instruct", "decoder")
    assert pretrained.sizes == {"encoder_self": StackSize(LAYERS, HEADS)}
    assert (pretrained.embed_size, pretrained.vocabulary) == (576, 49_152)
    assert pretrained.without_vector == ()
    assert pretrained.longest == 8192
    assert pretrained.attention("encoder_self", 29).divisor == 8
    assert pretrained.weights_bytes == smollm2.WEIGHTS_BYTES


@pytest.mark.matrix
def test_the_sizes_are_the_reference_s(reference: Any) -> None:
    theirs, ours = reference.config, smollm2.CONFIG
    assert theirs.num_key_value_heads == ours.kv_heads == KV_HEADS
    assert theirs.intermediate_size == ours.hidden_size
    assert theirs.max_position_embeddings == ours.longest
    assert theirs.vocab_size == ours.vocabulary
    assert theirs.rms_norm_eps == pytest.approx(ours.architecture.norm_eps, rel=1e-6)
    assert theirs.rope_parameters["rope_theta"] == ours.architecture.rotary_base


@pytest.mark.matrix
def test_the_weights_are_the_reference_s(model: StackModel, reference: Any) -> None:
    names = {
        "model.": "",
        "embed_tokens": "embedding.tokens",
        "self_attn.q_proj": "attention.queries",
        "self_attn.k_proj": "attention.keys",
        "self_attn.v_proj": "attention.values",
        "self_attn.o_proj": "attention.fc_out",
        "input_layernorm": "norm1",
        "post_attention_layernorm": "norm2",
        "mlp.gate_proj": "feed_forward.gate",
        "mlp.up_proj": "feed_forward.up",
        "mlp.down_proj": "feed_forward.down",
    }
    found = model.encoder.state_dict()
    table = found["embedding.tokens.weight"]
    for name, weight in reference.state_dict().items():
        if name == "lm_head.weight":
            assert torch.equal(table, weight)
            continue
        for their, our in names.items():
            name = name.replace(their, our)
        assert torch.equal(found.pop(name), weight), name
    assert found == {}


@pytest.mark.matrix
@pytest.mark.parametrize("text", TEXTS)
def test_everything_is_the_reference_s(model: StackModel, reference: Any, text: str) -> None:
    ids, lengths = batch(model, [text])
    run = model.run(ids, lengths)
    found = differences(ours(model, run), theirs(reference, ids, lengths), lengths)
    assert too_far(found) == {}
    assert len(run.trace.encoder_self) == LAYERS
    assert len(run.trace.encoder_stream) == 1 + 2 * LAYERS


@pytest.mark.matrix
def test_sentences_of_different_lengths(model: StackModel, reference: Any) -> None:
    ids, lengths = batch(model, TEXTS[:5])
    assert len(set(lengths)) == 5
    run = model.run(ids, lengths)
    found = differences(ours(model, run), theirs(reference, ids, lengths), lengths)
    assert too_far(found) == {}


def test_the_future_and_padding_get_no_weight(model: StackModel) -> None:
    ids, lengths = batch(model, TEXTS[:5])
    run = model.run(ids, lengths)
    ahead = torch.ones(ids.shape[1], ids.shape[1], dtype=torch.bool).triu(1)
    for attention in run.trace.encoder_self:
        assert (attention.weights[..., ahead] == 0).all()
        assert (attention.scores[..., ahead] == -torch.inf).all()
        for sentence, length in enumerate(lengths):
            assert (attention.weights[sentence, ..., length:] == 0).all()
        sums = attention.weights.sum(dim=-1)
        torch.testing.assert_close(sums, torch.ones_like(sums), rtol=0, atol=2e-6)


def test_what_follows_mary_is_what_transformers_gave(model: StackModel) -> None:
    """Its numbers, written down: to load the reference takes longer than all that is above."""
    ids, lengths = batch(model, [MARY])
    assert ids.tolist() == [
        [2427, 5099, 284, 2322, 3514, 288, 260, 4249, 28, 2322, 4502, 253, 5968, 288]
    ]
    run = model.run(ids, lengths)
    likeliest = run.next_logits[0].topk(5)
    assert likeliest.indices.tolist() == [5099, 260, 650, 253, 874]
    theirs = torch.tensor([11.0370, 7.2816, 5.9437, 5.8783, 5.7334])
    torch.testing.assert_close(likeliest.values, theirs, rtol=0, atol=3e-4)
    last = {
        (0, 0): [0.01471, 0.03741, 0.02335, 0.06513, 0.10039, 0.00854, 0.23228],
        (17, 0): [0.6406, 0.01583, 0.02323, 0.06438, 0.00951, 0.01492, 0.00686],
        (29, 8): [0.79394, 0.04119, 0.01426, 0.06006, 0.0005, 0.00232, 0.00134],
    }
    for (layer, head), weights in last.items():
        found = run.trace.encoder_self[layer].weights[0, head, -1, :7]
        torch.testing.assert_close(found, torch.tensor(weights), rtol=0, atol=5e-5)


def test_it_goes_on_with_mary(model: StackModel) -> None:
    ids, lengths = batch(model, [MARY, "Hi"])
    assert lengths == [14, 1]
    for run in (model.run(ids[:1], [14]), model.run(ids, lengths)):
        following = run.next_logits[0].argmax().item()
        assert model.tokenizer.decode([following]) == " Mary"


@pytest.mark.matrix
def test_a_removed_head_is_as_if_the_reference_had_not_listened(
    model: StackModel, reference: Any
) -> None:
    layer, head = 12, 4
    ids, lengths = batch(model, [MARY])
    whole, run = model.run(ids, lengths), model.run(ids, lengths, removed=[(layer, head)])
    assert run.removed == {(layer, head)}
    assert (whole.next_logits - run.next_logits).abs().max() > 1e-2
    for before in range(layer):
        one, other = whole.trace.encoder_self[before], run.trace.encoder_self[before]
        assert torch.equal(one.output, other.output)
    assert not torch.equal(
        whole.trace.encoder_self[layer].output, run.trace.encoder_self[layer].output
    )

    columns = slice(HEAD_DIM * head, HEAD_DIM * (head + 1))
    weight = reference.model.layers[layer].self_attn.o_proj.weight.detach()
    kept = weight[:, columns].clone()
    try:
        weight[:, columns] = 0
        wanted = theirs(reference, ids, lengths)
    finally:
        weight[:, columns] = kept
    assert too_far(differences(ours(model, run), wanted, lengths)) == {}


@pytest.mark.matrix
@pytest.mark.parametrize(
    ("named", "hook"),
    [
        (
            Interventions(cuts=(PlacedCut(13, 2, 9, 4), PlacedCut(13, 4, 20))),
            lambda hooks: (hooks.cut(9, 0, 4, 13, 2), hooks.cut(20, 0, None, 13, 4)),
        ),
        (
            Interventions(cuts=(PlacedCut(13, 2),)),
            lambda hooks: [hooks.cut(layer, 0, None, 13, 2) for layer in range(LAYERS)],
        ),
        (
            Interventions(removed=((12, 4),), averaged=((18, 6),)),
            lambda hooks: (hooks.edit(12, zero(4)), hooks.edit(18, mean(6, [14]))),
        ),
        (
            Interventions(patterns=(Pattern(12, 4, "uniform"),)),
            lambda hooks: hooks.edit(
                12, weighted(4, 0, torch.ones(14, 14).tril() / torch.arange(1.0, 15)[:, None])
            ),
        ),
    ],
)
def test_interventions_are_what_hooks_on_the_reference_make(
    model: StackModel, reference: Any, named: Interventions, hook: Any
) -> None:
    ids, lengths = batch(model, [MARY])
    before = model.run(ids, lengths)
    changes = changes_of(named, Extent(LAYERS, HEADS, (14,), (14,)))
    run = model.run(ids, lengths, changes=changes, before=before)
    with torch.no_grad(), hooks_on(reference, "llama", HEADS) as hooks:
        hook(hooks)
        wanted = reference(ids).logits[0, -1]
    assert (wanted - before.next_logits[0]).abs().max() > 1e-2
    torch.testing.assert_close(run.next_logits[0].softmax(0), wanted.softmax(0), rtol=0, atol=CLOSE)
    assert (run.next_logits[0] - wanted).abs().max() < CLOSE * wanted.abs().max()
    assert model.compare(run).largest <= 1e-5


@pytest.mark.parametrize("removed", [(), [(0, 8), (17, 0), (29, 3)]])
def test_pytorch_s_own_attention_agrees(model: StackModel, removed: list[tuple[int, int]]) -> None:
    for texts in (TEXTS[:1], TEXTS[:5]):
        ids, lengths = batch(model, texts)
        parity = model.compare(model.run(ids, lengths, removed=removed))
        assert 0 < parity.largest <= 1e-5
        assert parity.output is None  # PyTorch's module has no rotation


@pytest.mark.matrix
def test_damaged_weights_are_made_anew(
    model: StackModel, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(home, tmp_path, dirs_exist_ok=True)  # the model may still read its own
    (folder,) = (tmp_path / "headlight").iterdir()
    with (folder / "weights.safetensors").open("r+b") as opened:
        opened.seek(-1001, os.SEEK_END)
        byte = opened.read(1)
        opened.seek(-1001, os.SEEK_END)
        opened.write(bytes([byte[0] ^ 0x40]))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    told: list[float] = []
    with opened_before():
        again = load_smollm2(progress=told.append)
    assert told[-1] == 1.0
    assert is_whole(folder)
    ids, lengths = batch(model, [MARY])
    assert torch.equal(again.run(ids, lengths).next_logits, model.run(ids, lengths).next_logits)
    shutil.rmtree(tmp_path)  # half a gigabyte


def test_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "find_spec", lambda package: None)
    with pytest.raises(ModelUnavailableError, match=r"SmolLM2-135M-Instruct isn't .*`make run`"):
        load_smollm2()


def test_it_is_larger_than_allowed() -> None:
    folder_of(SMOLLM2)
    with pytest.raises(ModelUnavailableError, match=r"needs 513 MB .* allows 512 MB"):
        load_smollm2(512 * 2**20)
    with pytest.raises(ModelUnavailableError):
        load_smollm2(smollm2.WEIGHTS_BYTES - 1)


DAMAGES: dict[str, Callable[[Path], bytes | None]] = {
    "missing": lambda file: None,
    "empty": lambda file: b"",
    "garbage": lambda file: b"garbage " * 1000,
    "cut in its facts": lambda file: file.read_bytes()[:1000],
    "cut in its weights": lambda file: file.read_bytes()[:50_000_000],
}


@pytest.mark.parametrize(
    "damage",
    [
        *(damage for damage in DAMAGES if damage != "cut in its weights"),
        pytest.param("cut in its weights", marks=pytest.mark.matrix),  # it takes seconds
    ],
)
def test_its_file_is_damaged(damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = DAMAGES[damage](folder_of(SMOLLM2) / SMOLLM2_FILE)
    if content is not None:
        (tmp_path / SMOLLM2_FILE).write_bytes(content)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(smollm2, "package_folder", lambda package, model: tmp_path)
    said = r"(?s)can't be read: .*\. Install it again\."
    with pytest.raises(ModelUnavailableError, match=said) as raised:
        load_smollm2()
    assert str(tmp_path) not in str(raised.value)  # where the files are is the owner's business
    assert list(tmp_path.glob("cache/headlight/*")) == []
    (tmp_path / SMOLLM2_FILE).unlink(missing_ok=True)  # not to be kept by pytest


@matrix(1, "room", [1000, 300_000, 20_000_000])
def test_there_is_no_room_to_keep_it(
    room: int, model: StackModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the tokeniser fits, or not even that, it is used all the same, and nothing is left."""
    resource = pytest.importorskip("resource")
    weights, tokenizer = model.encoder.state_dict(), model.tokenizer._tokenizer
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("gguf.GGUFReader", lambda source: source)
    monkeypatch.setattr("model.pretrained.gguf_tokenizer.read_gguf_tokenizer", lambda _: tokenizer)
    monkeypatch.setattr(smollm2, "our_weights", lambda reader, progress: dict(weights))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
    try:
        again = load_smollm2()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    ids, lengths = batch(model, [MARY])
    assert again.tokenizer.encode(MARY).ids == tuple(ids[0].tolist())
    assert torch.equal(again.run(ids, lengths).next_logits, model.run(ids, lengths).next_logits)
    assert list(tmp_path.glob("cache/headlight/*")) == []


@pytest.mark.matrix
@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="only Linux tells what is mapped")
def test_what_is_kept_may_become_shorter_meanwhile(model: StackModel, home: Path) -> None:
    """A process that reads a mapped file which has become shorter is killed."""
    told: list[float] = []
    again = load_smollm2(progress=told.append)
    assert told == []  # it comes from what is kept
    assert str(home) not in Path("/proc/self/maps").read_text()
    ids, lengths = batch(model, [MARY])
    assert torch.equal(again.run(ids, lengths).next_logits, model.run(ids, lengths).next_logits)


@torch.inference_mode()
def heads_by_hooks(reference: Any, ids: Tensor, token: int, against: int | None) -> Tensor:
    """(layers, H): what each head adds to a logit of the reference's, its norm held, in float64."""
    decoder, read = reference.model, []
    modules = [*(layer.self_attn.o_proj for layer in decoder.layers), decoder.norm]
    hooks = [
        module.register_forward_pre_hook(lambda _, args: read.append(args[0][0, -1].double()))
        for module in modules
    ]
    reference(ids)
    for hook in hooks:
        hook.remove()
    *heads, x = read
    row = reference.lm_head.weight[token].double()
    if against is not None:
        row = row - reference.lm_head.weight[against]
    denominator = ((x**2).mean() + decoder.norm.variance_epsilon).sqrt()
    direction = row * decoder.norm.weight.double() / denominator  # (E,)
    weights = [layer.self_attn.o_proj.weight.double() for layer in decoder.layers]  # (E, H * D)
    return torch.stack(
        [
            ((direction @ weight) * z).unflatten(0, (HEADS, HEAD_DIM)).sum(-1)
            for weight, z in zip(weights, heads, strict=True)
        ]
    )


@pytest.mark.matrix
@pytest.mark.parametrize("against", [None, 2322])  # " John"
def test_each_head_adds_what_hooks_on_the_reference_say(
    model: StackModel, reference: Any, against: int | None
) -> None:
    ids, lengths = batch(model, [MARY])
    asked = AskedLogit(token=5099, against=against, position=lengths[0] - 1)
    found = model.contributions(model.run(ids, lengths), asked).heads
    expected = heads_by_hooks(reference, ids, 5099, against)
    largest = float(expected.abs().max())
    torch.testing.assert_close(found, expected, rtol=0, atol=5e-5 * largest)


def test_all_that_writes_mary_adds_up_to_her_logit(model: StackModel) -> None:
    ids, lengths = batch(model, [MARY])
    run = model.run(ids, lengths)
    assert run.next_logits is not None
    asked = AskedLogit(token=5099, position=13)
    mary = model.contributions(run, asked)
    assert mary.heads.shape == (LAYERS, HEADS)
    assert mary.logit == pytest.approx(float(run.next_logits[0, 5099]), abs=1e-5)
    assert mary.difference < 1e-5 * mary.logit
    assert (mary.constant, float(mary.attention_biases.abs().max())) == (0.0, 0.0)
    against = model.contributions(run, replace(asked, against=2322))
    assert against.difference < 1e-5 * against.logit
    # Written down, since loading the reference takes long; the test above computes them.
    for (layer, head), of_mary, of_both in WRITERS:
        assert float(mary.heads[layer, head]) == pytest.approx(of_mary, abs=2e-4)
        assert float(against.heads[layer, head]) == pytest.approx(of_both, abs=2e-4)
    first = model.contributions(run, AskedLogit(token=5099, position=0))
    assert first.difference < 1e-3 * abs(first.logit)
