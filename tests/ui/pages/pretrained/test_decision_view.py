"""Decision: what owners' encoders with a head answer, before and after something is changed."""

from pathlib import Path

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

pytest.importorskip("transformers")

from model.interventions import AttentionChange, Changes
from tests.model.pretrained.tiny_models import saved_with_head
from tests.ui.helpers import array, chart, control, notices
from tests.ui.pages.pretrained.helpers import (
    captions,
    loaded,
    markdown,
    messages,
    needs_minilm,
    open_trained,
)
from ui.runs import model_store as models

pytestmark = needs_minilm
CLASSES = {0: "bad", 1: "so so", 2: "<b>good</b>"}
IDS = [5, 6, 4, 8, 4]
TEXT = "w5 w6 w4 w8 w4"  # w4 is the mask


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    made = []
    for name, auto, options in (
        ("fills", "AutoModelForMaskedLM", {}),
        ("decides", "AutoModelForSequenceClassification", {"num_labels": 3, "id2label": CLASSES}),
    ):
        _, path = saved_with_head(tmp_path_factory.mktemp(name), auto, **options)
        made.append(path.rename(path.with_name(name)))
    return made


@pytest.fixture(autouse=True)
def offered(folders: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADLIGHT_MODELS", ",".join(map(str, folders)))
    monkeypatch.delenv("HEADLIGHT_DOWNLOAD", raising=False)
    if models._models is not None:
        for name in ("fills", "decides"):
            models._models.pop(name, None)


def probabilities(name: str, removed: bool = False) -> torch.Tensor:
    """What the model itself says, of the first mask or of the classes."""
    changes = Changes({1: AttentionChange(removed=(2,))} if removed else {})
    run = loaded(name).run(torch.tensor([IDS]), [len(IDS)], changes=changes)
    logits = run.mask_logits[0][0] if name == "fills" else run.class_logits
    assert logits is not None
    return logits.flatten().double().softmax(0)


def bars(page: AppTest) -> list[np.ndarray]:
    return [array(trace["x"]) for trace in chart(page, "next_chart")["data"]]


def opened(name: str, **more: object) -> AppTest:
    return open_trained(model=name, text=TEXT, view="decision", **more)


@pytest.mark.parametrize("name", ["fills", "decides"])
def test_its_answers_are_the_models(name: str) -> None:
    page = opened(name)
    assert notices(page) == []
    wanted = probabilities(name).sort(descending=True).values[:10]
    np.testing.assert_allclose(bars(page)[0], 100 * wanted, rtol=1e-4)
    said = "Of several masks, this is the first; the model fills all at once."
    assert (said in captions(page)) == (name == "fills")


@pytest.mark.parametrize("view", ["decision", "causes"])
@pytest.mark.parametrize("name", ["fills", "decides"])
def test_a_removed_head_changes_the_answer(name: str, view: str) -> None:
    page = open_trained(model=name, text=TEXT, view=view, removed="1.2")
    before, after = probabilities(name), probabilities(name, removed=True)
    best = int(before.argmax())
    said = markdown(page, "Without 1·2")
    assert f"{before[best]:.1%}" in said
    assert f"{after[best]:.1%}" in said
    now, earlier = bars(page)
    order = after.sort(descending=True).indices[: len(now)]
    np.testing.assert_allclose(now, 100 * after[order], rtol=1e-4)
    np.testing.assert_allclose(earlier, 100 * before[order], rtol=1e-4)


def test_a_class_is_called_as_it_is_called() -> None:
    page = opened("decides")
    text = str(chart(page, "next_chart")["layout"])
    assert "&lt;b&gt;good" in text
    assert "<b>good" not in text


def test_without_a_mask_it_says_how_to_ask() -> None:
    page = open_trained(model="fills", text="w5 w6", view="decision")
    assert messages(page) == ["This model fills gaps: type ` w4 ` in place of a word."]


def test_a_model_without_such_a_head_says_so_and_has_no_such_view() -> None:
    page = open_trained(model="MiniLM", text="The cat sat.", view="decision")
    assert notices(page) == ["all-MiniLM-L6-v2 has no view “decision”; showing “similarity”."]
    page = open_trained(model="MiniLM", text="The cat sat.", view="causes", removed="2.3")
    assert markdown(page, "This model brings no head that answers")
    assert "decision" not in control(page, "view").options
