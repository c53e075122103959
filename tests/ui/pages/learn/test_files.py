"""What Learn gives as files holds its numbers, and weights come back from a file as they were."""

import io
import json
import tomllib
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load, save
from streamlit.testing.v1 import AppTest

from model.tasks import TASKS
from model.training.learner import load_learner
from model.training.plan import Plan
from model.training.trainer import Snapshot
from model.training.weights_file import LARGEST_FILE, read_weights, write_weights
from tests.matrix import matrix
from tests.ui.conftest import Download
from tests.ui.helpers import APP, change, checked, header, notices, open_popovers, send, value
from tests.ui.pages.learn.helpers import (
    CHART,
    SMALL,
    answers,
    buttons,
    errors,
    heatmaps,
    open_learn,
    open_trained,
    plan_of,
    press,
    read,
    snapshots_of,
    tile_names,
    trainings,
)
from ui.link.plan_text import plan_text
from ui.pages.learn import weights as weights_controls


def upload(page: AppTest, data: bytes, name: str = "weights.safetensors") -> AppTest:
    (uploader,) = open_popovers(page).file_uploader
    uploader.set_value((name, data, "application/octet-stream"))
    return checked(page.run())


def last(plan: Plan) -> Snapshot:
    return snapshots_of(plan)[-1]


def small(**changes: Any) -> Plan:
    return Plan(**{"task": "reverse", **SMALL, "learning_rate": 2e-3, **changes})


# Weights


def test_downloaded_weights_come_back_as_they_were(download: Download) -> None:
    page = open_trained(task="shift", heads=2, positions="alibi")
    plan = plan_of(page)
    name, data = download("download_weights")
    assert name == "headlight_shift_step_30.safetensors"
    assert read_weights(data) == (plan, last(plan))
    assert data == write_weights(plan, last(plan))
    again = open_learn()
    upload(again, data)
    assert plan_of(again) == plan
    assert "**weights from a file**, 30 steps from seed 0: shift, 1 layer × 2 heads" in header(
        again
    )
    assert answers(again) == answers(page)
    np.testing.assert_array_equal(heatmaps(again), heatmaps(page))
    (training,) = trainings(again).values()
    assert training.snapshots == (last(plan),)
    assert buttons(again) == {"Train": False, "Reset": True, "Keep this run": True}
    assert notices(again) == errors(again) == []
    press(again, "reset")
    assert "not trained yet" in header(again)
    assert plan_of(again) == plan


def test_the_weights_of_the_snapshot_that_is_shown_are_downloaded(download: Download) -> None:
    page = open_trained()
    plan = plan_of(page)
    send(page, "chart_clicks", "frame", {"chart": CHART, "frame": 4})
    snapshot = snapshots_of(plan)[4]
    name, data = download("download_weights")
    assert name == f"headlight_reverse_step_{snapshot.step}.safetensors"
    assert read_weights(data) == (plan, snapshot)
    name, told = download("download_configuration")
    assert name == f"headlight_reverse_step_{snapshot.step}.json"
    config = json.loads(told)
    assert Plan(**config["plan"]) == plan
    assert config["snapshot"] == {
        key: getattr(snapshot, key) for key in ("step", "loss", "accuracy")
    }
    assert config["symbols"] == list(plan.learnt.symbols)
    upload(page, data)  # of the same plan as what was trained here
    assert f"**weights from a file**, {snapshot.step} steps from seed 0" in header(page)
    np.testing.assert_array_equal(heatmaps(page), read(plan, snapshot)[0])


def test_untrained_weights_are_a_file_as_well(download: Download) -> None:
    page = open_learn(**SMALL)
    name, data = download("download_weights")
    assert name == "headlight_reverse_step_0.safetensors"
    again = open_learn()
    upload(again, data)
    assert "**weights from a file**, 0 steps from seed 0" in header(again)
    assert plan_of(again) == plan_of(page)
    np.testing.assert_array_equal(heatmaps(again), heatmaps(page))


def test_a_character_model_brings_its_text(download: Download) -> None:
    text = "the quick brown fox jumps over the lazy dog. " * 6
    plan = Plan(task="characters", embed_size=16, steps=5, corpus=text)
    page = open_learn()
    upload(page, write_weights(plan, last(plan)))
    assert plan_of(page) == plan
    assert open_popovers(page).text_area[0].value == text
    assert "5 steps" in header(page)
    np.testing.assert_array_equal(heatmaps(page), read(plan, last(plan))[0])


def test_weights_that_are_loaded_are_compared_with_nothing_and_tell_no_story() -> None:
    page = open_trained()
    press(page, "keep")
    plan = small(seed=7)
    upload(page, write_weights(plan, last(plan)))
    assert tile_names(page) == ["Head 0"]
    assert "kept" not in page.query_params
    assert value(page, "story") is None
    change(page, seed=0)  # what was trained before is still there
    assert "weights trained here**, 30 steps from seed 0" in header(page)


def test_loaded_weights_can_be_kept_and_compared() -> None:
    page = open_learn()
    plan = small(seed=7)
    upload(page, write_weights(plan, last(plan)))
    press(page, "keep")
    assert page.query_params["kept"] == plan_text(plan)
    change(page, heads=2)
    assert tile_names(page) == ["Head 0", "Head 1", "kept: Head 0"]
    np.testing.assert_array_equal(heatmaps(page)[2:], read(plan, last(plan))[0])


def damaged() -> dict[str, bytes]:
    """Files that Headlight wouldn't write."""
    plan = small()
    good = write_weights(plan, last(plan))
    weights = load(good)
    name = next(iter(weights))
    nan = {**weights, name: weights[name] * float("nan")}
    told = {"headlight": json.dumps({"version": 1})}
    markup = {"headlight": json.dumps({"version": 1, "**b** <img src=x> `c`": 0})}
    return {
        "nothing": b"",
        "text": b"<script>alert(1)</script>",
        "half": good[: len(good) // 2],
        "pickle": b"\x80\x04cos\nsystem\n(S'true'\ntR.",
        "huge": (2**60).to_bytes(8, "little") + b"{}",
        "somebody else's": save(weights),
        "no plan": save(weights, told),
        "markup": save(weights, markup),
        "not numbers": save(nan, {"headlight": metadata(good)}),
        "another model's": save({"a": torch.zeros(3)}, {"headlight": metadata(good)}),
    }


def metadata(data: bytes) -> str:
    size = int.from_bytes(data[:8], "little")
    text: str = json.loads(data[8 : 8 + size])["__metadata__"]["headlight"]
    return text


@matrix(3, "kind", damaged())
def test_a_file_that_is_not_ours_is_told_and_nothing_is_lost(kind: str) -> None:
    page = open_trained()
    before, shown = dict(page.query_params), header(page)
    press(page, "keep")
    upload(page, damaged()[kind], "**my** <b>file</b>.safetensors")
    (message,) = errors(page)
    assert message.startswith(r"\*\*my\*\* \<b\>file\</b\>.safetensors can't be loaded: ")
    assert "<img" not in message.replace(r"\<img", "")
    assert header(page) == shown
    assert plan_of(page) == small()
    assert {**before, "kept": plan_text(small())} == page.query_params
    assert list(trainings(page)) == [small()]
    upload(page, write_weights(small(seed=7), last(small(seed=7))))
    assert errors(page) == []
    assert "from seed 7" in header(page)


def test_a_file_can_be_loaded_where_nothing_can_be_trained() -> None:
    page = open_learn(layers=4, embed_size=128)
    assert errors(page)
    upload(page, write_weights(small(), last(small())))
    assert errors(page) == []
    assert "30 steps" in header(page)


# The trace


@matrix(3, "task", TASKS)
def test_from_the_npz_alone_every_number_can_be_worked_out(task: str, download: Download) -> None:
    page = open_trained(task=task, heads=2, layers=2, steps=3)
    name, data = download("download_npz")
    assert name == f"headlight_trace_{task}.npz"
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        found = {key: file[key] for key in file.files}
    config = json.loads(str(found["config"]))
    plan = Plan(**config["plan"])
    assert plan == plan_of(page)
    assert config["snapshot"]["step"] == 3
    typed = tuple(config["typed"])
    assert typed == plan.learnt.split(plan.learnt.probe)
    example = plan.learnt.example(typed)
    learner = load_learner(plan, last(plan).weights)
    weights = {key: torch.from_numpy(found[key]) for key in learner.state_dict()}
    learner.take(weights)
    made = learner.read(example)
    np.testing.assert_allclose(found["logits"], made.logits.numpy(), rtol=1e-5, atol=1e-6)
    several = len(made.masks) > 1
    for kind in made.masks:
        prefix = f"{kind}_" if several else ""
        traces = getattr(made.trace, kind)
        for field in ("queries", "keys", "energy", "scores", "weights", "head_outputs"):
            expected = np.stack([getattr(trace, field).numpy() for trace in traces])
            assert found[prefix + field].shape == expected.shape == (2, 1, *expected.shape[2:])
            np.testing.assert_allclose(found[prefix + field], expected, rtol=1e-5, atol=1e-6)
        queries, keys = found[f"{prefix}weights"].shape[-2:]
        assert found[f"{prefix}mask"].shape == (1, 1, queries, keys)
        zero = found[f"{prefix}weights"] == 0
        assert zero[np.broadcast_to(~found[f"{prefix}mask"], zero.shape)].all()
    tokens = found["source_tokens"] if several else found["tokens"]
    assert tokens.tolist() == [list(example.source or example.inputs)]


def test_the_tables_are_of_what_is_shown(download: Download) -> None:
    page = open_trained(task="shift", heads=2, layers=2, layer=1, view="numbers", stage="weights")
    plan = plan_of(page)
    for key, name in (
        ("download_stage", "headlight_weights_shift_layer_1.csv"),
        ("download_trace", "headlight_trace_shift_layer_1.csv"),
    ):
        found, data = download(key)
        assert found == name
        assert data.count(b"\n") > 100
    weights = np.nan_to_num(read(plan, last(plan))[0][2:])
    _name, data = download("download_stage")
    rows = [line.split(",") for line in data.decode().splitlines()]
    column = [float(row[-1]) for row in rows[1:]]
    np.testing.assert_allclose(column, weights.ravel(), rtol=1e-6)


def test_the_uploader_says_how_much_the_server_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = tomllib.loads((APP.parent / ".streamlit" / "config.toml").read_text())
    page = open_learn()
    (uploader,) = open_popovers(page).file_uploader
    assert uploader.proto.max_upload_size_mb == LARGEST_FILE // 2**20 == 5
    assert settings["server"]["maxUploadSize"] > 5
    monkeypatch.setattr(weights_controls, "largest_file", lambda: 2 * 2**20)
    (uploader,) = open_popovers(page.run()).file_uploader
    assert uploader.proto.max_upload_size_mb == 2
