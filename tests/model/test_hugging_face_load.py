"""What is loaded by way of transformers, from where, and what the refusals say."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from model.pretrained.base import ModelUnavailableError
from model.pretrained.hugging_face import load
from model.pretrained.hugging_face_model import HuggingFaceModel
from model.subwords import SubwordTokenizer

pytest.importorskip("transformers")
import transformers

from tests.model.tiny_models import (
    IDS,
    KINDS,
    LAYERS,
    LENGTHS,
    NAMES,
    TARGET_IDS,
    TARGET_LENGTHS,
    VOCABULARY,
    config_of,
    inputs_of,
    tiny,
    word_level,
)

GIB = 2**30


def saved(folder: Path, name: str, model: Any = None) -> Path:
    """A folder of a tiny model with its tokeniser."""
    folder = folder / f"my-{name}"
    model = tiny(name) if model is None else model
    if name == "t5":
        model.generation_config.decoder_start_token_id = 0
    model.save_pretrained(folder)
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=word_level(), unk_token="[UNK]", model_max_length=32
    )
    tokenizer.save_pretrained(folder)
    return folder


def bytes_of(name: str) -> int:
    return sum(weight.nbytes for weight in tiny(name).parameters())


def load_folder(folder: Path, most_bytes: int = GIB) -> HuggingFaceModel:
    return load(str(folder), allowed=[str(folder)], most_bytes=most_bytes)


@pytest.mark.parametrize("name", NAMES)
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
    with pytest.raises(ModelUnavailableError, match="my-gpt2: asked enough"):
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


def refused(message: str, name: str, *, allowed: list[str] | None = None, most: int = GIB) -> str:
    with pytest.raises(ModelUnavailableError, match=message) as error:
        load(name, allowed=[name] if allowed is None else allowed, most_bytes=most)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_only_what_is_allowed_is_loaded(tmp_path: Path) -> None:
    folder = saved(tmp_path, "bert")
    refused(
        "isn't among the models that this server may load: a, b", str(folder), allowed=["a", "b"]
    )
    refused("there are none", str(folder), allowed=[])
    refused("isn't among", f"{folder}/../my-bert", allowed=[str(folder)])


def test_a_pickle_is_not_loaded(tmp_path: Path) -> None:
    folder = saved(tmp_path, "bert")
    torch.save(tiny("bert").state_dict(), folder / "pytorch_model.bin")
    load_folder(folder)  # beside the safetensors it does no harm
    (folder / "model.safetensors").unlink()
    refused(r"my-bert: its weights are a pickle \(pytorch_model.bin\).*safetensors", str(folder))
    (folder / "pytorch_model.bin").unlink()
    refused("no weights in its folder", str(folder))


def test_a_checkpoint_of_many_processes_is_not_loaded(tmp_path: Path) -> None:
    folder = saved(tmp_path, "bert")
    (folder / ".metadata").write_bytes(b"a pickle")
    refused("distributed checkpoint", str(folder))


def change_config(folder: Path, **changes: Any) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"auto_map": {"AutoModel": "code.Model"}}, "code of its own.*'auto_map'"),
        ({"quantization_config": {"quant_method": "gptq"}}, "quantised.*'quantization_config'"),
        ({"transformers_weights": "adapter_model.bin"}, "file of its own.*'transformers_weights'"),
        ({"model_type": "no-such-type"}, "my-gpt2: .*no-such-type"),
        ({"n_embd": 17}, "my-gpt2: .* divisible"),
        ({"n_embd": 32}, "28 of its weights haven't the sizes .* among them transformer.h.0.attn"),
        ({"n_embd": "many"}, "my-gpt2: .*'n_embd'"),
        ({"n_layer": LAYERS + 1}, "its file lacks 12 of the weights, among them transformer.h.2"),
    ],
)
def test_a_config_that_does_not_do(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    folder = saved(tmp_path, "gpt2")
    change_config(folder, **changes)
    (folder / "code.py").write_text("raise SystemExit('this ran')")
    refused(message, str(folder))


@pytest.mark.parametrize("file", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_broken_or_missing_file(file: str, tmp_path: Path) -> None:
    folder = saved(tmp_path, "gpt2")
    (folder / file).write_text("{ nonsense")
    refused("my-gpt2: ", str(folder))
    (folder / file).unlink()
    refused("my-gpt2: ", str(folder))


def test_a_name_that_is_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("it asked the network"))
    refused("^nobody/no-such-model: it isn't on this machine", "nobody/no-such-model")


def test_too_large_a_model_is_not_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = saved(tmp_path, "gpt2")
    needed = bytes_of("gpt2")
    assert load_folder(folder, needed).weights_bytes == needed
    monkeypatch.setattr(transformers.AutoModelForCausalLM, "from_pretrained", None)
    change_config(folder, n_embd=64, vocab_size=5000, n_positions=3000)
    refused("its weights take 2.3 MiB, more than the 2.0 MiB", str(folder), most=2**21)
    change_config(folder, n_embd=4096, n_layer=16)
    refused("its weights take 12.1 GiB, more than the 1.0 GiB", str(folder))


def test_a_slow_tokenizer_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = saved(tmp_path, "bert")
    monkeypatch.setattr(transformers.AutoTokenizer, "from_pretrained", lambda *_, **__: object())
    refused(r"tokeniser \(object\) isn't a fast one", str(folder))


def test_attention_that_cannot_be_exchanged_is_refused(tmp_path: Path) -> None:
    config = transformers.FalconConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, vocab_size=VOCABULARY
    )
    folder = saved(tmp_path, "falcon", transformers.FalconForCausalLM(config))
    refused("my-falcon: this architecture isn't supported: .*exchanged", str(folder))


def test_without_transformers_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    refused("transformers isn't installed, or is too old; `make run HF=1` installs it", "any")


def test_importing_it_does_not_import_transformers() -> None:
    program = "import sys, model.pretrained.hugging_face; sys.exit('transformers' in sys.modules)"
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", program], cwd=root, check=False).returncode == 0
