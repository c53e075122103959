"""A into B on Compare with decoders that transformers runs: heads, and why no positions."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

pytest.importorskip("transformers")

from model.interventions import AttentionChange, Changes
from tests.model.pretrained.tiny_models import HEADS, LAYERS, saved
from tests.patience import LONG
from tests.ui.helpers import checked, control, link, numbers, open_app
from ui.jobs.patching_job import forget_patchings, patching_of
from ui.link.side import Side
from ui.pages.pretrained.page import PAGE as PRETRAINED
from ui.runs.model_store import model_of

CHART = "patching_chart"
TEXTS = {"a": "w5 w6 w7 w8", "b": "w5 w9 w7 w33"}
IDS = {"a": [5, 6, 7, 8], "b": [5, 9, 7, 33]}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    root = tmp_path_factory.mktemp("patched")
    return [saved(root, name) for name in ("gpt2", "bert")]


@pytest.fixture(autouse=True)
def offered(folders: list[Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("HEADLIGHT_MODELS", ",".join(map(str, folders)))
    monkeypatch.delenv("HEADLIGHT_DOWNLOAD", raising=False)
    forget_patchings(lambda key: True)
    yield
    forget_patchings(lambda key: True)


def opened(model: str = "my-gpt2", **more: object) -> AppTest:
    sides = {
        letter: Side.of(PRETRAINED, {"model": model, "text": text}).text
        for letter, text in TEXTS.items()
    }
    return open_app(link(**sides, view="patching", **more), path="compare")


def test_heads_are_patched() -> None:
    page = opened()
    next(each for each in page.button if each.key == "patch_start").click()
    checked(page.run())
    model = model_of("my-gpt2")
    job = patching_of((model, (TEXTS["a"], ()), (TEXTS["b"], ()), "heads"))
    assert job is not None
    assert job.wait(LONG)
    (drawn,) = numbers(checked(page.run()), CHART)
    assert drawn.shape == (LAYERS, HEADS)
    ids = {letter: torch.tensor([of]) for letter, of in IDS.items()}
    a, b = (model.run(each, [4]) for each in ids.values())
    output = a.trace.encoder_self[1].head_outputs[:, 2]
    changes = Changes({1: AttentionChange(outputs={2: output})})
    patched = model.run(ids["b"], [4], changes=changes)
    logits = [each.next_logits[0] for each in (a, b, patched) if each.next_logits is not None]
    of_a, of_b = (int(each.argmax()) for each in logits[:2])
    d = [(each[of_a] - each[of_b]).item() for each in logits]
    assert of_a != of_b
    assert drawn[1, 2] == pytest.approx((d[2] - d[1]) / (d[0] - d[1]), abs=5e-5)
    assert np.isfinite(drawn).all()


def test_positions_say_why_not() -> None:
    assert [box.value for box in opened(patch="positions").info] == [
        "my-gpt2 is known by its attentions alone: heads can be patched, and the vectors between "
        "its layers can't."
    ]


def test_an_encoder_has_no_answer_to_bring_back() -> None:
    page = opened("my-bert")
    assert "A into B" not in control(page, "view").options
