"""Models that the server's owner offers besides: chosen by name, shown as the bundled ones are."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

pytest.importorskip("transformers")

from model.pretrained.base import ModelTrace
from tests.model.pretrained.tiny_models import saved
from tests.ui.helpers import change, chart, control, header, labels, notices, numbers, strip, value
from tests.ui.pages.pretrained.helpers import (
    button,
    captions,
    markdown,
    messages,
    needs_minilm,
    open_trained,
)
from ui.runs import model_store as models

pytestmark = needs_minilm

TEXT = "w5 w6 w7 w5 w6"
TARGET = "w20 w21"
IDS = [5, 6, 7, 5, 6]
OFFERED = ("my-gpt2", "my-bert", "my-t5")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Tiny models with random weights, as transformers saves them."""
    root = tmp_path_factory.mktemp("models")
    return {f"my-{name}": saved(root, name) for name in ("gpt2", "bert", "t5")}


@pytest.fixture(autouse=True)
def offered(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADLIGHT_MODELS", ",".join(map(str, folders.values())))
    monkeypatch.delenv("HEADLIGHT_DOWNLOAD", raising=False)
    if models._models is not None:
        for name in OFFERED:
            models._models.pop(name, None)


def run(name: str, ids: list[int] = IDS, target: list[int] | None = None) -> ModelTrace:
    """What the model itself makes of token ids."""
    targets = ((torch.tensor([target]), [len(target)])) if target else ()
    return models.model_of(name).run(torch.tensor([ids]), [len(ids)], *targets)


def opened(name: str, **more: object) -> AppTest:
    return open_trained(model=name, text=TEXT, **more)


def masked(weights: torch.Tensor) -> np.ndarray:
    """NaN where a decoder may not look."""
    future = np.triu(np.ones(weights.shape[-2:], dtype=bool), 1)
    return np.where(future, np.float32("nan"), weights.numpy())


def test_a_folder_is_offered_under_its_name() -> None:
    page = open_trained()
    assert control(page, "model").options == ["MiniLM", "SmolLM2", *OFFERED, "from a file"]
    change(page, model="my-gpt2")
    assert header(page).startswith(
        r"**Headlight** — **trained weights**: my-gpt2, decoder, 2 layers × 4 heads, "
        "energies ÷ √4 "
    )
    assert ":green-badge[" in header(page)
    assert value(page, "layer") == 1  # the last, of the layer 3 that there was
    with pytest.raises(KeyError):
        control(page, "example")


@pytest.mark.parametrize("name", ["my-gpt2", "my-bert"])
def test_its_heads_have_its_weights(name: str) -> None:
    page = opened(name, layer=1)
    weights = run(name).trace.encoder_self[1].weights[0]
    expected = masked(weights) if name == "my-gpt2" else weights.numpy()
    np.testing.assert_array_equal(numbers(page), expected)
    assert strip(page)["tokens"] == TEXT.split()
    views = ["head", "cell", "layers", "finder", "next" if name == "my-gpt2" else "similarity",
             "numbers", *["writers"] * (name == "my-gpt2")]  # fmt: skip
    assert [o for o in control(page, "view").options if o in ("next token", "similarity")] == [
        "next token" if name == "my-gpt2" else "similarity"
    ]
    for view in views:
        change(page, view=view)
        assert notices(page) == []


def test_what_its_parts_add_is_shown_with_their_biases() -> None:
    page = opened("my-gpt2", view="writers")
    said = markdown(page, "Embedding ")
    assert " + their biases **" in said
    (shown,) = numbers(page, "writers_chart")
    assert shown.shape == (2, 4 + 1 + 2)  # heads, a gap, the projection's bias, the feed-forward
    *parts, total, own = map(float, re.findall(r"\*\*(-?[\d.]+)\*\*", said))
    logits = run("my-gpt2").next_logits
    assert logits is not None
    assert own == pytest.approx(float(logits[0].max()), abs=6e-4)
    assert total == pytest.approx(own, abs=1e-3)
    assert sum(parts) == pytest.approx(total, abs=3e-3)  # each is rounded
    assert shown[:, :4].sum() == pytest.approx(parts[1], abs=1e-3)
    assert shown[:, 5].sum() == pytest.approx(parts[2], abs=1e-3)


def test_a_decoder_that_reads_another_text_is_not_taken_apart() -> None:
    page = open_trained(model="my-t5", text=TEXT, text2=TARGET, view="writers")
    assert messages(page) == [
        "Only the logits of a decoder that reads nothing but its own text are taken apart here."
    ]
    assert not page.get("plotly_chart")


def test_it_writes_on() -> None:
    page = opened("my-gpt2", view="next token")
    logits = run("my-gpt2").next_logits
    assert logits is not None
    best = logits[0].double().softmax(0).topk(10)
    assert labels(chart(page, "next_chart")["layout"]["yaxis"])[0].endswith(f"w{best.indices[0]}")
    button(page, "write_0").click().run()
    assert not page.exception
    assert value(page, "added") == str(best.indices[0].item())
    assert len(strip(page)["tokens"]) == 6
    change(page, head=2, layer=0)
    button(page, "remove_head").click().run()
    assert "**1 head removed**" in header(page)


def test_a_text_with_more_tokens_than_the_model_has_positions_is_cut_and_told() -> None:
    page = open_trained(model="my-gpt2", text="w5 " * 40, view="numbers")
    assert notices(page) == [
        "Sentences are cut after 32 tokens: 8 tokens were left out. The model has no more "
        "positions."
    ]
    assert len(strip(page)["tokens"]) == 32


def test_no_more_is_written_than_half_of_a_small_models_positions() -> None:
    page = open_trained(model="my-gpt2", text="w5", added=",".join("9" * 15), view="next token")
    assert not button(page, "write_0").disabled
    button(page, "write_0").click().run()
    assert len(strip(page)["tokens"]) == 1 + 16
    assert all(button(page, f"write_{rank}").disabled for rank in range(10))
    assert "No more tokens fit. Take some back, or type a shorter text." in captions(page)
    button(page, "take_back").click().run()
    assert not button(page, "write_0").disabled


def test_what_has_no_token_is_told() -> None:
    page = opened("my-bert")
    change(page, text="w5 apple w6")
    assert notices(page) == [
        "my-bert has no token for ` apple `: they become [UNK], the same for all."
    ]
    assert strip(page)["tokens"] == ["w5", "[UNK]", "w6"]


def test_its_residual_stream_has_the_layers_that_are_known() -> None:
    for name in ("my-gpt2", "my-bert"):
        page = opened(name, view="layers", overview="residual stream")
        stream = run(name).trace.encoder_stream
        names = labels(chart(page, "stream_chart")["layout"]["yaxis"])
        assert len(names) == len(stream)
        assert names in (["input", "0", "1"], ["input", *(f"{i} {part}" for i in range(2)
                         for part in ("attention", "feed-forward"))])  # fmt: skip
        lengths = torch.stack([step[0].norm(dim=-1) for step in stream])
        np.testing.assert_allclose(numbers(page, "stream_chart")[0], lengths, rtol=1e-5)


def test_an_encoder_decoder_has_three_kinds_of_attention() -> None:
    page = opened("my-t5", text2=TARGET)
    trace = run("my-t5", target=[0, 20, 21]).trace
    np.testing.assert_array_equal(numbers(page), trace.encoder_self[0].weights[0])
    assert control(page, "kind").options == ["encoder self", "decoder self", "cross"]
    change(page, kind="decoder_self", layer=1)
    np.testing.assert_array_equal(numbers(page), masked(trace.decoder_self[1].weights[0]))
    assert labels(chart(page)["layout"]["xaxis"])[1:] == [
        "w20 (position 1)", "w21 (position 2)",
    ]  # fmt: skip
    change(page, kind="cross")
    np.testing.assert_array_equal(numbers(page), trace.cross[1].weights[0])
    layout = chart(page)["layout"]
    assert (len(labels(layout["yaxis"])), len(labels(layout["xaxis"]))) == (3, 5)
    assert not [e for e in page.get("bidi_component") if e.key == "strip"]  # of two sentences
    assert r"my-t5, encoder and decoder, 2 layers × 4 heads, energies ÷ 1 " in header(page)


@pytest.mark.parametrize("kind", ["encoder self", "decoder self", "cross"])
def test_every_view_of_an_encoder_decoder_draws(kind: str) -> None:
    page = opened("my-t5", text2=TARGET, kind=kind)
    for view in ("heads", "head", "cell", "layers", "finder", "next", "numbers"):
        change(page, view=view)
        for words in (True, False):
            if any(toggle.key == "words" for toggle in page.toggle):  # where it changes something
                change(page, words=words)
            assert notices(page) == []
            assert "nan" not in " ".join(str(m.value) for m in page.markdown).replace("nats", "")


def test_an_encoder_decoder_writes_its_target_on() -> None:
    page = opened("my-t5", text2=TARGET, view="next token", kind="cross", layer=1, head=0)
    logits = run("my-t5", target=[0, 20, 21]).next_logits
    assert logits is not None
    best = int(logits[0].argmax())
    assert labels(chart(page, "next_chart")["layout"]["yaxis"])[0].endswith(f"w{best}")
    assert button(page, "remove_head").label == "Remove layer 1, head 0"
    change(page, kind="decoder_self")
    assert strip(page)["chosen"] == 2  # the last of the target's, whose start is written first
    assert "Choose the cross-attention on the left: its heads can be removed." in captions(page)
    button(page, "write_0").click().run()
    assert not page.exception
    change(page, view="heads")
    trace = run("my-t5", target=[0, 20, 21, best]).trace
    np.testing.assert_array_equal(numbers(page), masked(trace.decoder_self[1].weights[0]))
    assert value(page, "q") == 3  # what was written last


# What can't be loaded.


def check_that_no_path_is_told(page: AppTest, folder: Path) -> None:
    told = " ".join([*messages(page), *notices(page)])
    assert str(folder.parent) not in told
    assert str(folder) not in str(page.main)


def test_a_folder_that_is_not_there_is_told_without_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "gone"
    monkeypatch.setenv("HEADLIGHT_MODELS", str(folder))
    page = opened("gone")
    assert messages(page) == ["The folder of gone isn't there."]
    check_that_no_path_is_told(page, folder)
    assert control(page, "text").value == TEXT
    change(page, model="minilm")
    assert messages(page) == []


def test_a_folder_without_weights_is_told_without_its_path(
    tmp_path: Path, folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    monkeypatch.setenv("HEADLIGHT_MODELS", str(folder))
    page = opened("empty")
    (said,) = messages(page)
    assert said == "The folder of empty holds no model: there is no config.json in it."
    check_that_no_path_is_told(page, folder)
    (folder / "config.json").write_text("{ nonsense")
    page = opened("empty")
    check_that_no_path_is_told(page, folder)


def test_a_name_that_is_not_on_this_machine_is_not_downloaded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("it asked the network"))
    monkeypatch.setenv("HEADLIGHT_MODELS", "nobody/no-such-model")
    page = opened("nobody/no-such-model")
    (said,) = messages(page)
    assert said.startswith("nobody/no-such-model isn't on this machine")


@pytest.mark.parametrize("asked", ["/etc", "..", "my-gpt2/../my-bert", "bert-base-uncased"])
def test_what_the_owner_does_not_offer_is_not_loaded(asked: str) -> None:
    page = opened(asked)
    assert notices(page)[0].startswith(f"The link asks for model ` {asked} `; there are: MiniLM, ")
    assert value(page, "model") == "minilm"


def test_a_folder_of_the_owners_is_not_loaded_by_its_path(folders: dict[str, Path]) -> None:
    page = opened(str(folders["my-bert"]))
    assert "Using MiniLM." in notices(page)[0]
    assert value(page, "model") == "minilm"


def test_a_model_that_is_too_large_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADLIGHT_MODEL_MB", "0")
    monkeypatch.setattr(models, "_models", None)
    (said,) = messages(opened("my-bert"))
    assert said.startswith("The weights of my-bert take ")


def test_what_is_offered_no_more_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    page = opened("my-bert")
    monkeypatch.delenv("HEADLIGHT_MODELS")
    again = open_trained(**page.query_params)
    assert notices(again) == [
        "The link asks for model ` my-bert `; there are: MiniLM, SmolLM2. Using MiniLM."
    ]


def test_a_layer_with_a_window_has_a_mask_of_its_own(
    folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered = f"{saved(tmp_path, 'qwen2')},{folders['my-gpt2']}"
    monkeypatch.setenv("HEADLIGHT_MODELS", offered)
    # Transformers gives any Qwen2 its own kind of tokeniser, which knows no word of this one.
    monkeypatch.setattr(
        models.model_of("my-qwen2"), "tokenizer", models.model_of("my-gpt2").tokenizer
    )
    weights = [trace.weights[0] for trace in run("my-qwen2").trace.encoder_self]
    ahead = np.triu(np.ones((5, 5), dtype=bool), 1)
    too_far = np.tril(np.ones((5, 5), dtype=bool), -3)  # a window of three, itself included
    for layer, hidden in enumerate((ahead, ahead | too_far)):
        page = opened("my-qwen2", layer=layer)
        expected = np.where(hidden, np.float32("nan"), weights[layer].numpy())
        np.testing.assert_allclose(numbers(page), expected, rtol=0, atol=1e-6)
    page = opened("my-qwen2", layer=1, view="cell", head=0, q=4, k=0)
    table = next(m.value for m in page.markdown if "denominator" in m.value)
    assert "masked: score becomes −∞" in table
    assert "**0**" in table.split("the module's weight")[1]
