"""Pretrained with two sentences in one pass: what is drawn, said, downloaded and compared."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from model.attention import AttentionTrace
from tests.ui.conftest import Download
from tests.ui.helpers import (
    change,
    chart,
    control,
    go_back,
    is_drawn,
    labels,
    link,
    notices,
    numbers,
    open_app,
    stage_numbers,
    strip,
    type_text,
    value,
)
from tests.ui.pages.pretrained.helpers import (
    captions,
    markdown,
    needs_minilm,
    open_trained,
    run_model,
    tokens_of,
)
from tests.ui.views.helpers import SPAN
from ui.runs import model_store as models
from ui.runs.model_store import model_of
from ui.runs.pretrained import PretrainedSettings, compute_pretrained
from ui.runs.word_vectors import use_one_thread

pytestmark = needs_minilm

FIRST, SECOND = "The cat sat.", "It has 1.7B cells."
TOKENS = [
    *("[CLS]", "the", "cat", "sat", ".", "[SEP]"),
    *("it", "has", "1", ".", "7", "##b", "cells", ".", "[SEP]"),
]
OTHER = [*range(6, 15)]  # places of the second sentence and its [SEP]


def together(layer: int, first: str = FIRST, second: str = SECOND) -> AttentionTrace:
    """What the model makes of both; tests/model holds that against transformers."""
    use_one_thread()  # as the page does
    model = model_of("minilm")
    found = model.tokenizer.encode_pair(first, second)
    types = torch.tensor([found.token_types])
    run = model.run(torch.tensor([found.ids]), [len(found)], token_types=types)
    return run.trace.encoder_self[layer]


def opened(**more: object) -> AppTest:
    asked: dict[str, Any] = {"text": FIRST, "text2": SECOND, "together": "true", **more}
    return open_trained(**asked)


def test_both_are_one_sentence_with_its_two_separators() -> None:
    page = opened(layer=2, q=1)
    weights = together(2).weights[0]
    np.testing.assert_array_equal(numbers(page), weights.numpy())
    assert weights[:, 1, OTHER].sum() > 0.01  # "the" attends across
    assert strip(page)["tokens"] == TOKENS
    assert (strip(page)["second"], strip(page)["real"]) == (6, 15)
    assert labels(chart(page)["layout"]["xaxis"])[4:8] == [
        ". (position 4, sentence 1)",
        "[SEP] (position 5)",
        "it (position 6, sentence 2)",
        "has (position 7, sentence 2)",
    ]
    assert captions(page) == [
        "Both sentences are read in one pass: positions 1 to 4 are the first, 6 to 13 the second."
    ]
    assert not is_drawn(page, "sentence")  # there is one to show
    assert notices(page) == []
    assert page.query_params["together"] == "true"


def test_the_switch_reads_them_together_and_apart_again() -> None:
    page = open_trained(text=FIRST, text2=SECOND)
    assert control(page, "sentence").options == ["1", "2"]
    (alone,) = run_model("minilm", FIRST)[1].trace.encoder_self[0].weights
    np.testing.assert_allclose(np.array(numbers(page))[:, :6, :6], alone, atol=1e-6)
    assert strip(page)["second"] is None
    change(page, together=True)
    np.testing.assert_array_equal(numbers(page), together(0).weights[0].numpy())
    change(page, together=False)
    assert strip(page)["tokens"][:6] == tokens_of("minilm", FIRST)
    assert "together" not in page.query_params
    change(page, together=True)
    type_text(page, "A dog ran.")
    np.testing.assert_array_equal(numbers(page), together(0, "A dog ran.").weights[0].numpy())


def test_whole_words_and_hidden_tokens_know_their_sentences() -> None:
    page = opened(words=True, special=False, layer=1)
    assert strip(page)["tokens"] == ["The", "cat", "sat", ".", "It", "has", "1.7B", "cells", "."]
    assert strip(page)["second"] == 4
    merged = together(1).weights[0, :, 1, 8:12].sum(-1)  # from "the" to 1 . 7 ##b
    np.testing.assert_allclose(np.array(numbers(page))[:, 0, 6], merged, atol=1e-6)
    assert labels(chart(page)["layout"]["yaxis"])[6] == (
        "1.7B (position 8, piece 1 + . + 7 + ##b, sentence 2)"
    )
    assert captions(page)[0].endswith("[CLS], [SEP] are hidden: rows show what is left, and don't "
                                      "sum to 1.")  # fmt: skip


@pytest.mark.parametrize("view", ["one head", "cell", "layers", "find heads", "numbers"])
def test_every_view_draws_the_pair(view: str) -> None:
    page = opened(layer=3, head=2, q=2, k=7, view=view)
    assert notices(page) == []
    trace = together(3)
    if view == "numbers":
        np.testing.assert_array_equal(
            stage_numbers(page)["weight"].to_numpy().astype(np.float32),
            trace.weights[0].numpy().reshape(-1),
        )
    if view == "cell":
        weight = trace.weights[0, 2, 2, 7].item()
        table = next(m.value for m in page.markdown if "denominator" in m.value)
        table = SPAN.sub(r"\1", table)
        shown = table.split("the module's weight (float32) |  | **")[1].split("*")[0]
        assert float(shown) == pytest.approx(weight, rel=1e-7)


def test_there_is_no_switch_where_it_would_change_nothing() -> None:
    page = open_trained(text=FIRST)
    assert not is_drawn(page, "together")
    change(page, text2=SECOND)
    assert is_drawn(page, "together")
    change(page, view="similarity")
    assert not is_drawn(page, "together")
    change(page, view="heads")
    assert is_drawn(page, "together")
    change(page, text2="  ")
    assert not is_drawn(page, "together")


def test_a_link_without_a_second_sentence_is_of_the_first() -> None:
    page = open_trained(text=FIRST, together="true")
    assert strip(page)["tokens"] == tokens_of("minilm", FIRST)
    assert notices(page) == []
    assert not is_drawn(page, "together")
    change(page, text2=SECOND)  # and takes effect with one
    assert strip(page)["tokens"] == TOKENS


def test_the_second_of_one_sentence_is_told_not_to_be_there() -> None:
    page = opened(sentence=2)
    assert value(page, "sentence") == 1
    assert notices(page) == ["There is no sentence 2; showing sentence 1."]
    assert strip(page)["tokens"] == TOKENS


def test_a_value_that_is_none_is_repaired() -> None:
    page = opened(together="perhaps")
    assert notices(page) == ["The link asks for together ` perhaps `; using False."]
    assert strip(page)["second"] is None


def test_similarity_reads_them_apart() -> None:
    page = opened(view="similarity")
    a, b = (run_model("minilm", text)[1].trace.output[0].double() for text in (FIRST, SECOND))
    cosine = torch.nn.functional.cosine_similarity(a.mean(0), b.mean(0), dim=0).item()
    said = markdown(page, "**Similarity").split("**")[1].split()[1]
    assert float(said) == pytest.approx(cosine, abs=6e-5)
    assert captions(page) == [
        "Here each sentence is read by itself; the other views read both together."
    ]
    change(page, view="heads")
    assert strip(page)["tokens"] == TOKENS


def test_lengths_count_together() -> None:
    page = opened(text="cat " * 400, text2="dog " * 150, view="numbers")
    assert notices(page) == [
        "The two sentences together are cut to 341 tokens: 212 tokens were left out. Sentences × "
        "layers × heads (1 × 6 × 12) leave no room for more on this server."
    ]
    tokens = strip(page)["tokens"]
    assert len(tokens) == 341
    assert (tokens.count("cat"), tokens.count("dog")) == (188, 150)  # the longer one alone is cut


def test_the_download_holds_the_pair(download: Download) -> None:
    opened()
    with np.load(io.BytesIO(download("download_npz")[1]), allow_pickle=False) as file:
        found = {name: file[name] for name in file.files}
    assert found["tokens"].tolist() == [TOKENS]
    assert found["token_types"].tolist() == [[0] * 6 + [1] * 9]
    config = json.loads(str(found["config"]))
    assert (config["together"], config["texts"], config["lengths"]) == (True, [FIRST, SECOND], [15])
    np.testing.assert_array_equal(found["weights"][4], together(4).weights.numpy())


def test_an_example_begins_with_sentences_apart_and_back_brings_them_together() -> None:
    page = opened()
    change(page, example="A bank by the river")
    assert value(page, "together") is False
    go_back(page, "pretrained", link(text=FIRST, text2=SECOND, together="true"))
    assert strip(page)["tokens"] == TOKENS
    go_back(page, "pretrained", link(text=FIRST, text2=SECOND))
    assert strip(page)["second"] is None


def test_a_pair_is_compared_with_its_sentences_apart() -> None:
    side = f"pretrained?{link(text=FIRST, text2=SECOND)}"
    page = open_app(link(a=side, b=f"{side}&together=true"), path="compare")
    assert not page.exception
    np.testing.assert_array_equal(numbers(page, "compare_b"), together(0).weights[0].numpy())
    (said,) = [m.value for m in page.markdown if "A → B" in m.value]
    assert "Reading both sentences together" in said
    assert control(page, "b_together").value is True
    assert control(page, "b_text2").label == "B: Second sentence"
    control(page, "b_together").set_value(False)
    page.run()
    assert "together" not in value(page, "b")
    (said,) = [m.value for m in page.markdown if "A → B" in m.value]
    assert "**A and B are the same.**" in said


# Models that can't.


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A BERT whose tokeniser has no template, and a GPT-2."""
    pytest.importorskip("transformers")
    from tests.model.pretrained.tiny_models import saved

    offered = [saved(tmp_path, name) for name in ("bert", "gpt2", "t5")]
    monkeypatch.setenv("HEADLIGHT_MODELS", ",".join(map(str, offered)))
    if models._models is not None:
        for path in offered:
            models._models.pop(path.name, None)


def test_a_link_is_told_why_a_model_without_a_template_reads_them_apart(folder: None) -> None:
    page = open_trained(model="my-bert", text="w5 w6", text2="w7", together="true")
    assert notices(page) == [
        "my-bert's tokeniser has no template for pairs: each sentence is read by itself."
    ]
    assert not is_drawn(page, "together")
    assert "together" not in page.query_params
    assert control(page, "sentence").options == ["1", "2"]


@pytest.mark.parametrize("model", ["my-gpt2", "my-t5"])
def test_a_model_that_writes_reads_no_pair(folder: None, model: str, download: Download) -> None:
    page = open_trained(model=model, text="w5 w6", text2="w7", together="true")
    assert notices(page) == []
    assert not is_drawn(page, "together")
    assert strip(page)["tokens"] == ["w5", "w6"]
    with np.load(io.BytesIO(download("download_npz")[1]), allow_pickle=False) as file:
        assert json.loads(str(file["config"]))["together"] is False


def test_a_person_who_changes_the_model_needs_no_notice(folder: None) -> None:
    page = opened()
    change(page, model="my-bert")
    assert notices(page)[0].startswith("my-bert has no token for")
    assert len(notices(page)) == 1
    assert not is_drawn(page, "together")
    change(page, model="minilm")
    assert strip(page)["tokens"] == TOKENS


def test_settings_that_differ_in_this_alone_are_not_one_run() -> None:
    pair = PretrainedSettings("minilm", (FIRST, SECOND), together=True)
    apart = PretrainedSettings("minilm", (FIRST, SECOND))
    assert compute_pretrained(pair).source.lengths == (15,)
    assert compute_pretrained(apart).source.lengths == (6, 10)
