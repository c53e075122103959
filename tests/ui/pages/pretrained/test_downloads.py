"""Pretrained's downloads: the trace of every layer, from which the weights can be worked out."""

import io
import json
from dataclasses import fields
from typing import Any

import numpy as np
import pandas as pd
import pytest

from model.attention import AttentionTrace
from tests.ui.conftest import Download
from tests.ui.helpers import change, type_text
from tests.ui.pages.pretrained.helpers import (
    LONG,
    NAMES,
    needs_minilm,
    needs_smollm2,
    open_trained,
    run_model,
    tokens_of,
)

pytestmark = [needs_minilm, needs_smollm2]

TRACE = [field.name for field in fields(AttentionTrace)]
LAYERS = {"minilm": 6, "smollm2": 30}
GAVE = 4502  # SmolLM2's " gave"


def load(data: bytes) -> dict[str, Any]:
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def npz(download: Download, model: str) -> dict[str, Any]:
    name, data = download("download_npz")
    assert name == f"headlight_trace_{model}.npz"
    return load(data)


@pytest.mark.parametrize("model", NAMES)
def test_the_npz_holds_every_layer_and_what_the_model_is(model: str, download: Download) -> None:
    more: dict[str, Any] = {"removed": "3.1", "added": GAVE} if model == "smollm2" else {}
    open_trained(model=NAMES[model], text=LONG, layer=2, words=True, special=False, **more)
    found = npz(download, model)
    head = frozenset({(3, 1)}) if model == "smollm2" else frozenset()
    added = (GAVE,) if model == "smollm2" else ()
    (side,), run = run_model(model, LONG, added=added, removed=head)
    expected = {*TRACE, "mask", "tokens", "stream", "final_output", "ids", "config"}
    assert set(found) == expected | ({"next_logits"} if model == "smollm2" else set())
    for name in TRACE:
        layers = [getattr(layer, name).numpy() for layer in run.trace.encoder_self]
        np.testing.assert_array_equal(found[name], np.stack(layers), err_msg=name)
        assert found[name].dtype == np.float32
        assert found[name].shape[:2] == (LAYERS[model], 1)
    assert found["tokens"].tolist() == [list(side.shown)]
    assert found["ids"].tolist() == [list(side.ids)]
    assert found["stream"].shape[0] == 1 + 2 * LAYERS[model]
    np.testing.assert_array_equal(found["final_output"], run.trace.output.numpy())
    # Of all tokens, though the page merges and hides some.
    allowed = np.ones((1, 1, len(side), len(side)), dtype=bool)
    np.testing.assert_array_equal(found["mask"], allowed if model == "minilm" else np.tril(allowed))
    assert found["head_outputs"][3, 0, 1].any() == (model == "minilm")  # the removed head
    config = json.loads(str(found["config"]))
    about = config.pop("model")
    assert about == {
        "minilm": {"name": "all-MiniLM-L6-v2", "kind": "encoder", "layers": 6, "heads": 12,
                   "embed_size": 384, "longest": 512},
        "smollm2": {"name": "SmolLM2-135M-Instruct", "kind": "decoder", "layers": 30, "heads": 9,
                    "embed_size": 576, "longest": 8192},
    }[model]  # fmt: skip
    assert config == {
        "texts": [LONG],
        "added": list(added),
        "removed": [list(each) for each in head],
        "display": {
            "merge_words": True,
            "show_special": False,
            "show_first": True,
            "renormalise": False,
        },
        "together": False,
        "lengths": [len(side)],
        "divisor": pytest.approx({"minilm": 32, "smollm2": 64}[model] ** 0.5),
    }
    if model == "smollm2":
        assert run.next_logits is not None
        np.testing.assert_array_equal(found["next_logits"], run.next_logits.numpy())


@pytest.mark.parametrize("model", NAMES)
def test_from_the_npz_alone_every_weight_can_be_worked_out(model: str, download: Download) -> None:
    more = {"text2": "A dog."} if model == "minilm" else {}
    open_trained(model=NAMES[model], text=LONG, **more)
    made = npz(download, model)
    divisor = json.loads(str(made["config"]))["divisor"]
    energy = made["queries"].astype(np.float64) @ made["keys"].swapaxes(-1, -2)
    np.testing.assert_allclose(energy, made["energy"], rtol=1e-4, atol=2e-3)
    scores = np.where(made["mask"], energy / divisor, -np.inf)
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = exponentials / exponentials.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(weights, made["weights"], atol=1e-5)
    outputs = made["weights"].astype(np.float64) @ made["values"]
    np.testing.assert_allclose(outputs, made["head_outputs"], rtol=1e-3, atol=1e-4)
    if model == "minilm":
        own = made["ids"] != -1
        assert own.sum(axis=1).tolist() == json.loads(str(made["config"]))["lengths"] == [16, 5]
        assert made["tokens"][1, 5:].tolist() == ["[PAD]"] * 11
        np.testing.assert_array_equal(made["mask"][:, 0, 0], own)


@pytest.mark.parametrize("model", NAMES)
def test_the_csvs_are_of_the_layer_that_is_shown(model: str, download: Download) -> None:
    page = open_trained(model=NAMES[model], text="so it goes", layer=5, stage="energy")
    trace = run_model(model, "so it goes")[1].trace.encoder_self[5]
    name, data = download("download_stage")
    assert name == f"headlight_energy_{model}_layer_5.csv"
    frame = pd.read_csv(io.BytesIO(data))
    np.testing.assert_array_equal(
        frame["energy q·k"].to_numpy().astype(np.float32), trace.energy.numpy().reshape(-1)
    )
    assert list(frame["key_token"].unique()) == tokens_of(model, "so it goes")
    name, data = download("download_trace")
    assert name == f"headlight_trace_{model}_layer_5.csv"
    frame = pd.read_csv(io.BytesIO(data), low_memory=False)
    assert list(frame["field"].unique()) == TRACE
    assert len(frame) == sum(getattr(trace, field).numel() for field in TRACE)
    shown = frame[frame["field"] == "weights"]["value"].to_numpy().astype(np.float32)
    np.testing.assert_array_equal(shown, trace.weights.numpy().reshape(-1))
    change(page, layer=1)
    assert download("download_trace")[0] == f"headlight_trace_{model}_layer_1.csv"


def test_a_stages_csv_is_of_what_is_seen_and_the_traces_of_all_tokens(download: Download) -> None:
    open_trained(text="tokenization", words=True, special=False, rest=True)
    stage = pd.read_csv(io.BytesIO(download("download_stage")[1]))
    assert len(stage) == 12
    assert set(stage["query_token"]) == {"tokenization"}
    assert set(stage["query"]) == set(stage["key"]) == {1}  # in the sentence, after [CLS]
    np.testing.assert_allclose(stage["weight"], 1, atol=1e-6)
    trace = pd.read_csv(io.BytesIO(download("download_trace")[1]), low_memory=False)
    weights = trace[trace["field"] == "weights"]
    assert len(weights) == 12 * 4 * 4
    assert list(weights["key_token"].unique()) == ["[CLS]", "token", "##ization", "[SEP]"]


def test_a_download_after_typing_and_after_another_model_is_of_what_is_shown(
    download: Download,
) -> None:
    page = open_trained(text="one")
    type_text(page, "one two")
    assert load(download("download_npz")[1])["tokens"].tolist() == [
        ["[CLS]", "one", "two", "[SEP]"]
    ]
    page = open_trained(text="one two")
    change(page, model="smollm2")
    assert npz(download, "smollm2")["tokens"].tolist() == [["one", "␣two"]]


@needs_smollm2
def test_the_npz_says_what_was_changed_by_hand(download: Download) -> None:
    changed = {"mean": "3.1", "cut": "2.0.4", "edge": "2.1.0.0.70", "put": "5.0.other"}
    open_trained(model="smollm2", text="so it goes", from_text="as it went", **changed)
    found = npz(download, "smollm2")
    config = json.loads(str(found["config"]))
    assert {key: config[key] for key in changed} == changed
    assert config["from_text"] == "as it went"
    assert found["weights"][4, 0, :, 2, 0].max() == 0
    assert found["weights"][0, 0, 0, 2, 1] == pytest.approx(0.7, abs=1e-6)
