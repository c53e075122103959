"""Models that can't be used: a sentence in place, nothing to choose that isn't there, a log."""

import logging
import re
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

pytest.importorskip("transformers")
import transformers

from model.pretrained.base import ModelUnavailableError
from model.pretrained.refusals import REFUSALS, ModelRefusedError
from tests.model.pretrained.tiny_models import VOCABULARY, change_config, saved
from tests.ui.helpers import change, control, notices, open_app, value
from tests.ui.pages.pretrained.helpers import messages, needs_minilm, open_trained
from ui.runs import model_store as models
from ui.text.refusals import SENTENCES, describe_refusal

pytestmark = needs_minilm

SMALL = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
         "intermediate_size": 16}  # fmt: skip


@pytest.fixture(autouse=True)
def nothing_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    models._refused.clear()
    monkeypatch.setattr(models, "_unusable", {})
    for name in ("my-gpt2", "my-mamba", "my-vit"):
        models._kept().pop(name, None)


@pytest.fixture
def vit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a model that reads images, offered."""
    folder = tmp_path / "my-vit"
    transformers.ViTConfig(**SMALL).save_pretrained(folder)
    monkeypatch.setenv("HEADLIGHT_MODELS", str(folder))
    return folder


def widgets(page: AppTest) -> list[str | None]:
    """All that can be chosen or pressed."""
    every = (*page.text_input, *page.number_input, *page.segmented_control, *page.select_slider,
             *page.slider, *page.selectbox, *page.toggle, *page.button)  # fmt: skip
    return [widget.key for widget in every]


READS_IMAGES = "my-vit reads images. Here sentences are read, so there is nothing to show."


def test_what_reads_images_is_told_and_there_is_nothing_else_to_choose(vit: Path) -> None:
    page = open_trained(model="my-vit", text="so it goes", view="numbers", layer=2, head=1)
    assert messages(page) == [READS_IMAGES]
    assert widgets(page) == ["text", "lang", "model", "present_button"]
    assert not page.get("download_button")
    assert not page.get("plotly_chart")
    assert str(vit.parent) not in str(page.main)
    assert control(page, "text").value == "so it goes"


def test_what_was_chosen_comes_back_with_a_model_that_has_it(vit: Path) -> None:
    page = open_trained(
        model="my-vit", text="so it goes", view="numbers", layer=2, text2="and so on", words=True
    )
    change(page, text="so it went")
    kept = {"view": "numbers", "layer": "2", "text2": "and so on", "words": "true"}
    for key, written in kept.items():
        assert page.query_params[key] == written, key
    change(page, model="minilm")
    assert messages(page) == []
    assert notices(page) == []
    assert {key: value(page, key) for key in kept} == {
        "view": "numbers", "layer": 2, "text2": "and so on", "words": True,
    }  # fmt: skip
    assert control(page, "text").value == "so it went"


def test_a_refused_model_takes_nothing_from_the_page_before(vit: Path) -> None:
    page = open_trained(text="so it goes", view="numbers", layer=2)
    change(page, model="my-vit")
    assert widgets(page) == ["text", "lang", "model", "present_button"]
    change(page, model="minilm")
    assert (value(page, "view"), value(page, "layer")) == ("numbers", 2)


def test_the_reason_is_logged_once_with_the_models_name(
    vit: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="ui.runs.model_store"):
        for _ in range(2):
            open_trained(model="my-vit", text="so it goes")
            models._refused.clear()  # as after a minute
    name = "ui.runs.model_store"
    said = [record.getMessage() for record in caplog.records if record.name == name]
    assert said == [
        "The model my-vit can't be used: ViTModel reads image (pixel_values)",
    ]


def test_a_side_that_cannot_be_used_has_no_controls_and_hides_the_view_bar(vit: Path) -> None:
    link = "a=pretrained%3Fmodel%3Dmy-vit&b=explore%3Fheads%3D2&view=numbers&side=a"
    page = open_app(link, path="compare")
    assert messages(page) == [f"**A**: {READS_IMAGES}"]
    assert {"view", "head", "stage", "a_layer", "a_kind", "a_text2"}.isdisjoint(widgets(page))
    assert {"a_model", "a_text", "a_page"} <= set(widgets(page))
    assert page.query_params["view"] == "numbers"
    page = open_app(link.replace("side=a", "side=b"), path="compare")
    assert "b_heads" in widgets(page)


# What is said, and what never is.


@pytest.mark.parametrize("code", REFUSALS)
def test_every_refusal_is_a_sentence(code: Any) -> None:
    error = ModelRefusedError(
        "KeyError: /srv/secret/folder",
        code,
        {"needed": "2 GiB", "most": "1 GiB", "tokens": "[BEGIN]"},
    )
    said = describe_refusal(error, "my-model")
    assert "my-model" in said
    assert said.endswith(".")
    assert "{" not in said
    assert "/srv" not in said
    assert set(SENTENCES) == set(REFUSALS)


def test_a_models_name_is_no_markup() -> None:
    assert describe_refusal(ModelRefusedError("", "images"), "**b**/[x](y)").startswith(
        r"\*\*b\*\*/[x]\(y) reads images."
    )


def test_what_a_bundled_model_says_is_said_as_it_is() -> None:
    error = ModelUnavailableError("gone", "Run `make run`.")
    assert describe_refusal(error, "minilm") == "Run `make run`."


def broken(folder: Path, how: str) -> None:
    file = folder / "model.safetensors"
    match how:
        case "truncated":
            file.write_bytes(file.read_bytes()[:-100])
        case "no tokeniser":
            (folder / "tokenizer.json").unlink()
            (folder / "tokenizer_config.json").unlink()
        case "no config":
            (folder / "config.json").unlink()
        case "nonsense":
            (folder / "config.json").write_text("{ nonsense")
        case "too many layers":
            change_config(folder, n_layer=10**9)
        case "heads that don't divide":
            change_config(folder, n_head=3)
        case "no such type":
            change_config(folder, model_type="no-such-type")


PYTHON = re.compile(r"Error|Exception|object has no|Traceback|[a-z]+_[a-z]+_|None|'\w+'|/tmp")


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("truncated", "The weights of {} can't be read: the file is damaged or incomplete."),
        ("no tokeniser", "{} has no tokeniser that can be read, so no sentence can be split"),
        ("no config", "The folder of {} holds no model: there is no config.json in it."),
        ("nonsense", "The config.json of {} is damaged, or describes no model that can be."),
        ("too many layers", "The config.json of {} is damaged, or describes no model that can be."),
        ("heads that don't divide", "The config.json of {} is damaged, or describes no model"),
        ("no such type", "{} is of a kind that this server's version of transformers doesn't know"),
    ],
)
def test_nothing_of_python_is_on_the_screen(
    how: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = saved(tmp_path, "gpt2")
    broken(folder, how)
    monkeypatch.setenv("HEADLIGHT_MODELS", str(folder))
    page = open_trained(model="my-gpt2", text="w5 w6")
    (told,) = messages(page)
    assert told.startswith(said.format("my-gpt2"))
    assert not PYTHON.search(told)
    assert widgets(page) == ["text", "lang", "model", "present_button"]


def test_a_model_without_attention_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = transformers.MambaConfig(
        hidden_size=16, num_hidden_layers=1, vocab_size=VOCABULARY, state_size=4
    )
    folder = saved(tmp_path, "mamba", transformers.MambaForCausalLM(config))
    monkeypatch.setenv("HEADLIGHT_MODELS", str(folder))
    (told,) = messages(open_trained(model="my-mamba", text="w5 w6"))
    assert told == (
        "my-mamba reads a text without attention, as state-space models do: there is nothing to "
        "show."
    )
