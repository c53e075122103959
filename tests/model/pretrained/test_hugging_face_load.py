"""What is loaded by way of transformers, from where, and what the refusals say."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from model.pretrained.hugging_face import load
from model.pretrained.hugging_face_model import HuggingFaceModel
from model.pretrained.refusals import ModelRefusedError, Refusal
from model.subwords import SubwordTokenizer

pytest.importorskip("transformers")
import transformers

from tests.matrix import matrix
from tests.model.pretrained.tiny_models import (
    IDS,
    KINDS,
    LAYERS,
    LENGTHS,
    NAMES,
    TARGET_IDS,
    TARGET_LENGTHS,
    VOCABULARY,
    change_config,
    config_of,
    inputs_of,
    saved,
    tiny,
)

GIB = 2**30


def bytes_of(name: str) -> int:
    return sum(weight.nbytes for weight in tiny(name).parameters())


def load_folder(folder: Path, most_bytes: int = GIB) -> HuggingFaceModel:
    return load(str(folder), allowed=[str(folder)], most_bytes=most_bytes)


@matrix(2, "name", NAMES)
def test_a_saved_model_is_loaded(name: str, tmp_path: Path) -> None:
    model = load_folder(saved(tmp_path, name))
    assert (model.name, model.kind) == (f"my-{name}", KINDS[name])
    assert isinstance(model.tokenizer, SubwordTokenizer)
    if name != "qwen2":  # transformers makes a BPE of whatever comes with a Qwen
        assert model.tokenizer.encode("w5 w6").ids == (5, 6)
    assert model.decoder_start == (0 if name == "t5" else None)
    targets = (TARGET_IDS, TARGET_LENGTHS) if name == "t5" else ()
    out = tiny(name, "eager")(**inputs_of(name))
    output = (out.decoder_hidden_states if name == "t5" else out.hidden_states)[-1]
    torch.testing.assert_close(
        model.run(IDS, LENGTHS, *targets).trace.output[0], output[0], rtol=1e-5, atol=1e-5
    )


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="only Linux tells what is mapped")
@pytest.mark.parametrize("name", ["bert", "t5"])
def test_a_folder_that_becomes_shorter_meanwhile(name: str, tmp_path: Path) -> None:
    """A process that reads a mapped file which has become shorter is killed without a word."""
    folder = saved(tmp_path, name)
    model = load_folder(folder)
    assert str(folder) not in Path("/proc/self/maps").read_text()
    assert model.weights_bytes


def test_an_encoder_without_its_pooler_is_loaded(tmp_path: Path) -> None:
    """Most are saved from a model that fills gaps, which has none."""
    model = load_folder(saved(tmp_path, "bert", transformers.BertForMaskedLM(config_of("bert"))))
    assert model.kind == "encoder"


@pytest.mark.parametrize(
    ("kind", "build"),
    [
        ("decoder", lambda: transformers.GPT2Model(config_of("gpt2"))),
        ("encoder", lambda: transformers.BertForSequenceClassification(config_of("bert"))),
    ],
)
def test_what_a_model_is_for_is_told_by_its_type_too(
    kind: str, build: Callable[[], Any], tmp_path: Path
) -> None:
    assert load_folder(saved(tmp_path, "another", build())).kind == kind


@pytest.mark.parametrize("download", [False, True])
def test_nothing_that_could_run_is_asked_for(
    download: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = str(saved(tmp_path, "gpt2"))
    asked: dict[str, Any] = {}

    def from_pretrained(*_: Any, **options: Any) -> None:
        asked.update(options)
        raise OSError("asked enough")

    monkeypatch.setattr(transformers.AutoModelForCausalLM, "from_pretrained", from_pretrained)
    with pytest.raises(ModelRefusedError, match="asked enough"):
        load(folder, allowed=[folder], most_bytes=GIB, download=download)
    assert asked["use_safetensors"] is True
    assert asked["trust_remote_code"] is False
    assert asked["local_files_only"] is not download


def test_weights_are_loaded_as_float32(tmp_path: Path) -> None:
    model = load_folder(saved(tmp_path, "llama", tiny("llama").to(torch.bfloat16)))
    assert model.weights_bytes == bytes_of("llama")
    assert model.run(IDS, LENGTHS).trace.output.dtype == torch.float32
    assert torch.get_default_dtype() == torch.float32


def test_a_tokenizer_is_the_models_own(tmp_path: Path) -> None:
    folder = saved(tmp_path, "bert")
    one, two = load_folder(folder), load_folder(folder)
    assert one.tokenizer is not two.tokenizer


def refused(
    code: Refusal,
    message: str | None,  # a part of the reason
    name: str | Path,
    *,
    allowed: list[str] | None = None,
    most: int = GIB,
) -> ModelRefusedError:
    name = str(name)
    with pytest.raises(ModelRefusedError, match=message) as error:
        load(name, allowed=[name] if allowed is None else allowed, most_bytes=most)
    assert error.value.code == code
    assert "\n" not in str(error.value)
    return error.value


def test_only_what_is_allowed_is_loaded(tmp_path: Path) -> None:
    folder = saved(tmp_path, "bert")
    message = "isn't among the models that this server may load: a, b"
    refused("not_offered", message, folder, allowed=["a", "b"])
    refused("not_offered", "there are none", folder, allowed=[])
    refused("not_offered", "isn't among", f"{folder}/../my-bert", allowed=[str(folder)])


def test_a_pickle_is_not_loaded(tmp_path: Path) -> None:
    folder = saved(tmp_path, "bert")
    torch.save(tiny("bert").state_dict(), folder / "pytorch_model.bin")
    load_folder(folder)  # beside the safetensors it does no harm
    (folder / "model.safetensors").unlink()
    refused("pickle", r"a pickle \(pytorch_model.bin\)", folder)
    (folder / "pytorch_model.bin").unlink()
    refused("no_weights", "no weights in its folder", folder)


def test_a_checkpoint_of_many_processes_is_not_loaded(tmp_path: Path) -> None:
    folder = saved(tmp_path, "bert")
    (folder / ".metadata").write_bytes(b"a pickle")
    refused("distributed", "distributed checkpoint", folder)


@matrix(
    5,
    ("changes", "code", "message"),
    [
        ({"auto_map": {"AutoModel": "code.Model"}}, "own_code", "'auto_map'"),
        ({"quantization_config": {"quant_method": "gptq"}}, "quantised", "'quantization_config'"),
        (
            {"transformers_weights": "adapter_model.bin"},
            "own_weights_file",
            "'transformers_weights'",
        ),
        ({"model_type": "no-such-type"}, "unknown_type", "no-such-type"),
        ({"model_type": None}, "unknown_type", "None"),
        ({"n_embd": 17}, "bad_config", "divisible"),
        (
            {"n_embd": 32},
            "wrong_sizes",
            "28 of its weights haven't the sizes .* among them transformer.h.0.attn",
        ),
        ({"n_embd": "many"}, "bad_config", "'n_embd'"),
        ({"n_head": 0}, "bad_config", None),
        ({"n_embd": -16}, "bad_config", None),
        ({"n_layer": 10**9}, "bad_config", "n_layer is 1000000000"),
        ({"vocab_size": 10**13}, "too_large", "its weights take"),
        ({"vocab_size": 10**30}, "bad_config", None),
        (
            {"n_layer": LAYERS + 1},
            "weights_missing",
            "its file lacks 12 of the weights, among them transformer.h.2",
        ),
    ],
)
def test_a_config_that_does_not_do(
    changes: dict[str, Any], code: Refusal, message: str | None, tmp_path: Path
) -> None:
    folder = saved(tmp_path, "gpt2")
    change_config(folder, **changes)
    (folder / "code.py").write_text("raise SystemExit('this ran')")
    refused(code, message, folder)


@pytest.mark.parametrize(
    ("file", "broken", "missing"),
    [
        ("config.json", "bad_config", "no_config"),
        ("tokenizer.json", "no_tokenizer", "no_tokenizer"),
        ("model.safetensors", "bad_weights", "no_weights"),
    ],
)
def test_a_broken_or_missing_file(
    file: str, broken: Refusal, missing: Refusal, tmp_path: Path
) -> None:
    folder = saved(tmp_path, "gpt2")
    (folder / file).write_text("{ nonsense")
    refused(broken, None, folder)
    (folder / file).unlink()
    refused(missing, None, folder)


@pytest.mark.parametrize("name", ["gpt2", "bert", "t5"])
def test_a_tokenizer_that_knows_no_words_is_none(name: str, tmp_path: Path) -> None:
    """Without any file of it, transformers makes one that is empty."""
    folder = saved(tmp_path, name)
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer_config.json").unlink()
    refused("no_tokenizer", "its tokeniser knows no words", folder)


def test_weights_that_end_too_early(tmp_path: Path) -> None:
    folder = saved(tmp_path, "gpt2")
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    refused("bad_weights", None, folder)


def test_what_a_server_may_not_read_or_has_no_memory_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = saved(tmp_path, "gpt2")
    code: Refusal
    for code, error in (
        ("not_readable", PermissionError(13, "Permission denied", str(folder))),
        ("memory", RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to")),
        ("memory", MemoryError()),
        ("bad_weights", RuntimeError("anything else")),
    ):

        def fail(*_: Any, error: Exception = error, **__: Any) -> None:
            try:
                raise error
            except Exception as cause:
                raise OSError(f"transformers says: {cause}") from cause

        monkeypatch.setattr(transformers.AutoModelForCausalLM, "from_pretrained", fail)
        refused(code, "transformers says", folder)


def config_only(folder: Path, config: Any) -> Path:
    config.save_pretrained(folder / "another")
    return folder / "another"


SMALL = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
         "intermediate_size": 16}  # fmt: skip


@pytest.mark.parametrize(
    ("code", "config"),
    [
        ("images", lambda: transformers.ViTConfig(**SMALL)),
        ("images", lambda: transformers.Dinov2Config(**SMALL)),
        ("images", lambda: transformers.ResNetConfig()),
        ("sound", lambda: transformers.Wav2Vec2Config(**SMALL)),
        ("sound", lambda: transformers.WhisperConfig(d_model=16)),
        ("images", lambda: transformers.VideoMAEConfig(**SMALL)),
    ],
)
def test_what_reads_no_text_is_refused_for_what_it_reads(
    code: Refusal, config: Callable[[], Any], tmp_path: Path
) -> None:
    refused(code, "reads", config_only(tmp_path, config()))


def saved_as(folder: Path, model: Any) -> Path:
    return saved(folder, "another", model.requires_grad_(False))


def test_what_reads_images_with_text_is_refused_where_text_alone_will_not_do(
    tmp_path: Path,
) -> None:
    text = {**SMALL, "vocab_size": VOCABULARY, "projection_dim": 8, "eos_token_id": 2}
    vision = {**SMALL, "image_size": 4, "patch_size": 2, "projection_dim": 8}
    clip = transformers.CLIPConfig(text_config=text, vision_config=vision, projection_dim=8)
    refused("images_and_text", None, saved_as(tmp_path, transformers.CLIPModel(clip)))


def test_what_has_no_attention_is_refused_for_that(tmp_path: Path) -> None:
    config = transformers.MambaConfig(
        hidden_size=16, num_hidden_layers=1, vocab_size=VOCABULARY, state_size=4
    )
    refused("no_attention", None, saved_as(tmp_path, transformers.MambaForCausalLM(config)))


def test_attention_that_cannot_be_recorded_is_refused_for_that(tmp_path: Path) -> None:
    config = transformers.BloomConfig(hidden_size=16, n_layer=1, n_head=2, vocab_size=VOCABULARY)
    folder = saved_as(tmp_path, transformers.BloomForCausalLM(config))
    refused("attention", "could record 0", folder)


def test_a_name_that_is_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("it asked the network"))
    refused("not_here", None, "nobody/no-such-model")


def test_too_large_a_model_is_not_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = saved(tmp_path, "gpt2")
    needed = bytes_of("gpt2")
    assert load_folder(folder, needed).weights_bytes == needed
    monkeypatch.setattr(transformers.AutoModelForCausalLM, "from_pretrained", None)
    change_config(folder, n_embd=64, vocab_size=5000, n_positions=3000)
    error = refused("too_large", "take 2.3 MiB, more than the 2.0 MiB", folder, most=2**21)
    assert error.values == {"needed": "2.3 MiB", "most": "2.0 MiB"}
    change_config(folder, n_embd=4096, n_layer=16)
    refused("too_large", "its weights take 12.1 GiB, more than the 1.0 GiB", folder)


def test_a_slow_tokenizer_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = saved(tmp_path, "bert")
    monkeypatch.setattr(transformers.AutoTokenizer, "from_pretrained", lambda *_, **__: object())
    refused("slow_tokenizer", r"tokeniser \(object\) isn't a fast one", folder)


def test_attention_that_cannot_be_exchanged_is_refused(tmp_path: Path) -> None:
    config = transformers.FalconConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, vocab_size=VOCABULARY
    )
    folder = saved(tmp_path, "falcon", transformers.FalconForCausalLM(config))
    refused("attention", "its attention can't be exchanged", folder)


def test_without_transformers_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    refused("not_installed", "transformers isn't installed, or is too old", "any")


@pytest.mark.matrix
def test_importing_it_does_not_import_transformers() -> None:
    program = "import sys, model.pretrained.hugging_face; sys.exit('transformers' in sys.modules)"
    root = Path(__file__).parents[3]
    assert subprocess.run([sys.executable, "-c", program], cwd=root, check=False).returncode == 0
