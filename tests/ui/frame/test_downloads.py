"""Downloads hold the trace's numbers, and from the .npz alone each of them can be worked out."""

import csv
import io
import json
import math
from dataclasses import fields
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from model.attention import AttentionTrace
from model.config import Architecture, Config
from model.seeded import random_encoder
from tests.defaults import OPENS_WITH, run_of
from tests.matrix import matrix
from tests.ui.conftest import Download
from tests.ui.frame.helpers import load
from tests.ui.helpers import carried, change, link, open_app, type_text
from ui.choices.options import CARRIED, STAGES
from ui.frame.random_source import RandomWeights
from ui.runs import tables
from ui.runs.export import npz_bytes
from ui.runs.run import Run
from ui.runs.tables import stage_csv, trace_csv

TRACE = [field.name for field in fields(AttentionTrace)]
TEXT = 'the cat, "the" dog'
TOKENS = ["the", "cat", ",", '"', "the", '"', "dog"]


def read_csv(data: bytes) -> pd.DataFrame:
    frame: pd.DataFrame = pd.read_csv(io.BytesIO(data), keep_default_na=False, na_values=[""])
    return frame


RUNS: dict[str, dict[str, Any]] = {
    "paper": {"mask": "causal"},
    "tutorial": {"projection": "shared", "scale": "embed_size", "temperature": 0.5},
    "batch": {"mask": "causal_padding", "positions": "sinusoidal", "heads": 4, "embed_size": 32},
    "own": {"scale": "none", "tokenizer": "characters", "seed": 5, "mask": "padding"},
}


def run(name: str) -> Run:
    texts = ("", TEXT, "a b") if name == "batch" else (TEXT,)
    return run_of(*texts, **RUNS[name])


@pytest.mark.parametrize("name", RUNS)
def test_the_npz_holds_the_trace_its_tokens_and_its_configuration(name: str) -> None:
    made = run(name)
    found = load(npz_bytes(made, RandomWeights().contents(made)))
    for field in TRACE:
        np.testing.assert_array_equal(found[field], getattr(made.attention().trace, field).numpy())
        assert found[field].dtype == np.float32
    assert found["tokens"].shape == (len(made.source.lengths), made.source.length)
    assert found["tokens"].tolist() == [list(tokens) for tokens in made.source.tokens]
    config = json.loads(str(found["config"]))
    texts = ["", TEXT, "a b"] if name == "batch" else [TEXT]
    lengths = list(made.source.lengths)
    divisor = made.attention().facts.divisor
    model = config.pop("model")
    assert config == OPENS_WITH | RUNS[name] | {
        "texts": texts, "divisor": divisor, "lengths": lengths,
    }  # fmt: skip
    # From the file alone the model can be built again.
    architecture = Architecture(**model.pop("architecture"))
    again = random_encoder(Config(**model, architecture=architecture), config["seed"])
    for weight, values in again.state_dict().items():
        np.testing.assert_array_equal(found[weight], values.numpy(), err_msg=weight)
    trace = again.trace(torch.from_numpy(found["inputs"]), torch.from_numpy(found["mask"]))
    np.testing.assert_allclose(
        trace.encoder_self[0].weights.numpy(), found["weights"], rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("name", RUNS)
def test_from_the_npz_alone_every_number_can_be_worked_out(name: str) -> None:
    computed = run(name)
    made = load(npz_bytes(computed, RandomWeights().contents(computed)))
    config = json.loads(str(made["config"]))
    heads = config["heads"]
    batch, length, embed_size = made["inputs"].shape
    head_dim = embed_size // heads
    double = {
        key: value.astype(np.float64) if value.dtype == np.float32 else value
        for key, value in made.items()
    }

    def close(name: str, values: np.ndarray) -> None:
        np.testing.assert_allclose(values, made[name], rtol=1e-5, atol=1e-5, err_msg=name)

    x = double["inputs"]
    if config["positions"] == "sinusoidal":
        angle = np.arange(length)[:, None] / 10000 ** (np.arange(0, embed_size, 2) / embed_size)
        x = x + np.stack([np.sin(angle), np.cos(angle)], axis=-1).reshape(length, embed_size)
    np.testing.assert_allclose(x, made["stream"][0], rtol=1e-5, atol=1e-5)
    split = x.reshape(batch, length, heads, head_dim)
    for name in ("queries", "keys", "values"):
        weight = double[f"layers.0.attention.{name}.weight"]
        if config["projection"] == "full":
            projected = (x @ weight.T).reshape(batch, length, heads, head_dim)
        else:
            projected = split @ weight.T
        close(name, projected.swapaxes(1, 2))

    size = {"head_dim": head_dim, "embed_size": embed_size, "none": 1}[config["scale"]]
    assert config["divisor"] == pytest.approx(math.sqrt(size) * config["temperature"])
    energy = double["queries"] @ double["keys"].swapaxes(-1, -2)
    close("energy", energy)
    scores = np.where(made["mask"], energy / config["divisor"], -np.inf)
    close("scores", scores)
    largest = np.max(scores, axis=-1, keepdims=True)
    exponentials = np.exp(scores - np.where(np.isfinite(largest), largest, 0))
    total = exponentials.sum(axis=-1, keepdims=True)
    weights = np.divide(exponentials, total, out=np.zeros_like(exponentials), where=total > 0)
    close("weights", weights)
    outputs = weights @ double["values"]
    close("head_outputs", outputs)
    side_by_side = outputs.swapaxes(1, 2).reshape(batch, length, embed_size)
    fc_out = "layers.0.attention.fc_out"
    close("output", side_by_side @ double[f"{fc_out}.weight"].T + double[f"{fc_out}.bias"])


def test_an_empty_page_has_downloads_without_numbers() -> None:
    empty = run_of("")
    found = load(npz_bytes(empty, RandomWeights().contents(empty)))
    assert found["tokens"].shape == (1, 0)
    assert found["weights"].shape == (1, 8, 0, 0)
    assert trace_csv(empty.attention()).decode().split() == [
        "field,head,query,query_token,dimension,key,key_token,value"
    ]


@pytest.fixture(params=[50_000, 7])
def pieces(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table is written in one go, or a few rows at a time."""
    monkeypatch.setattr(tables, "PIECE", request.param)


@pytest.mark.usefixtures("pieces")
@matrix(2, "stage", STAGES)
def test_a_stages_csv_holds_its_numbers(stage: str) -> None:
    made = run("paper")
    found = read_csv(stage_csv(made.attention(), stage))
    names = ["queries", "keys", "values"] if stage == "qkv" else [stage]
    trace = made.attention().trace
    if stage in CARRIED:
        matrix = made.facts("encoder_self", 0).fc_out.weight.numpy()
        expected = carried(stage, trace.weights[0].numpy(), trace.values[0].numpy(), matrix)
        expected = expected.reshape(-1)
    else:
        expected = np.concatenate([getattr(trace, n)[0].numpy().reshape(-1) for n in names])
    word = {"qkv": "value", "energy": "energy q·k", "scores": "score", "weights": "weight",
            "weighted_values": "weight × length of V",
            "projected_values": "weight × length of V·W_O",
            "head_outputs": "head output", "output": "output"}[stage]  # fmt: skip
    rtol = 1e-5 if stage in CARRIED else 0.0
    np.testing.assert_allclose(found[word].to_numpy().astype(np.float32), expected, rtol=rtol)
    tokens = found["query_token" if stage != "qkv" else "key_token"].dropna().unique()
    assert list(tokens) == ["the", "cat", ",", '"', "dog"]


@pytest.mark.usefixtures("pieces")
def test_the_traces_csv_holds_every_field_with_its_places() -> None:
    made = run("batch")
    found = read_csv(trace_csv(made.attention(sentence=1)))
    assert list(found["field"].unique()) == TRACE
    assert set(found.columns) == {
        "field", "head", "query", "query_token", "key", "key_token", "dimension", "value",
    }  # fmt: skip
    axes = {
        "queries": ["head", "query", "dimension"], "head_outputs": ["head", "query", "dimension"],
        "keys": ["head", "key", "dimension"], "values": ["head", "key", "dimension"],
        "energy": ["head", "query", "key"], "scores": ["head", "query", "key"],
        "weights": ["head", "query", "key"], "output": ["query", "dimension"],
    }  # fmt: skip
    for field in TRACE:
        rows = found[found["field"] == field]
        values = getattr(made.attention().trace, field)[1].numpy()
        places = tuple(rows[axis].to_numpy().astype(int) for axis in axes[field])
        assert len(rows) == values.size
        np.testing.assert_array_equal(rows["value"].to_numpy().astype(np.float32), values[places])
        others = {"head", "query", "key", "dimension"} - set(axes[field])
        assert rows[list(others)].isna().all(axis=None)
        for who in {"query", "key"} & set(axes[field]):
            said = [TOKENS[i] for i in rows[who].astype(int)]
            assert list(rows[f"{who}_token"]) == said


def test_places_in_the_traces_csv_are_whole_numbers() -> None:
    text = trace_csv(run("paper").attention()).decode()
    row = next(csv.DictReader(io.StringIO(text)))
    assert (row["field"], row["head"], row["query"], row["dimension"]) == ("queries", "0", "0", "0")


SHOWN: dict[str, Any] = {"seed": 7, "heads": 2, "mask": "causal"}


def test_the_npz_on_the_page_is_of_what_the_page_shows(download: Download) -> None:
    open_app(link(text="one two", **SHOWN))
    name, data = download("download_npz")
    assert name == "headlight_trace_2_heads.npz"
    found = load(data)
    assert found["tokens"].tolist() == [["one", "two"]]
    np.testing.assert_array_equal(
        found["weights"], run_of("one two", **SHOWN).attention().trace.weights.numpy()
    )


def test_the_stages_csv_on_the_page_is_of_the_sentence_shown(download: Download) -> None:
    open_app(link(text="one two", text2="three", sentence=2, stage="energy", **SHOWN))
    name, data = download("download_stage")
    assert name == "headlight_energy_2_heads.csv"
    energy = run_of("one two", "three", **SHOWN).attention(sentence=1).field("energy")
    np.testing.assert_array_equal(
        read_csv(data)["energy q·k"].to_numpy().astype(np.float32), energy.reshape(-1)
    )


def test_the_traces_csv_on_the_page_is_of_what_the_page_shows(download: Download) -> None:
    page = open_app()
    change(page, text="one two", **SHOWN)
    name, data = download("download_trace")
    assert name == "headlight_trace_2_heads.csv"
    found = read_csv(data)
    weights = found[found["field"] == "weights"]["value"].to_numpy().astype(np.float32)
    expected = run_of("one two", **SHOWN).attention().field("weights")
    np.testing.assert_array_equal(weights, expected.reshape(-1))


def test_a_download_after_typing_is_of_what_was_typed(download: Download) -> None:
    page = open_app("text=one")
    type_text(page, "one two")
    assert load(download("download_npz")[1])["tokens"].tolist() == [["one", "two"]]
    change(page, text="three")
    assert load(download("download_npz")[1])["tokens"].tolist() == [["three"]]


def test_two_peoples_downloads_are_their_own(download: Download) -> None:
    open_app("text=mine")
    mine = download("download_npz")[1]
    open_app("text=theirs")
    theirs = download("download_npz")[1]
    assert load(mine)["tokens"].tolist() == [["mine"]]
    assert load(theirs)["tokens"].tolist() == [["theirs"]]


@pytest.mark.parametrize("key", ["download_stage", "download_trace"])
def test_no_cell_of_a_csv_is_a_formula(key: str, download: Download) -> None:
    open_app(link(text="=1+1 -2 @x + a", heads=2, embed_size=8))
    table = read_csv(download(key)[1])
    tokens = ["'=", "1", "'+", "1", "'-", "2", "'@", "x", "'+", "a"]
    weights = table[table["field"] == "weights"] if "field" in table else table
    assert list(weights["query_token"].astype(str)[::10])[:10] == tokens
    assert list(weights["key_token"].astype(str)[:10]) == tokens


def test_the_csvs_of_several_layers_are_of_the_layer_that_is_shown(download: Download) -> None:
    page = open_app(link(text="one two", layers=3, layer=2, stage="energy", **SHOWN))
    made = run_of("one two", layers=3, **SHOWN)
    name, data = download("download_stage")
    assert name == "headlight_energy_layer_2_2_heads.csv"
    energy = made.trace.encoder_self[2].energy[0].numpy()
    shown = read_csv(data)["energy q·k"].to_numpy().astype(np.float32)
    np.testing.assert_array_equal(shown, energy.reshape(-1))
    change(page, layer=1)
    name, data = download("download_trace")
    assert name == "headlight_trace_layer_1_2_heads.csv"
    found = read_csv(data)
    weights = found[found["field"] == "weights"]["value"].to_numpy().astype(np.float32)
    expected = made.trace.encoder_self[1].weights[0].numpy()
    np.testing.assert_array_equal(weights, expected.reshape(-1))
    name, data = download("download_npz")
    assert name == "headlight_trace_3_layers_2_heads.npz"
    assert load(data)["weights"].shape == (3, 1, 2, 2, 2)
