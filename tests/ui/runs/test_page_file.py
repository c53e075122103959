"""What a run's page holds, and how the app's Markdown reads on it."""

import json
import re
from typing import Any

import numpy as np
import pytest

from model.version import VERSION
from tests.defaults import run_of
from tests.ui.conftest import Download
from tests.ui.helpers import link, open_app, open_pair
from ui.runs.page_file import Seen, page_attention, run_page, without_markdown


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


def footer_of(page: str) -> str:
    return page.split("<footer>")[1].split("</footer>")[0]


def test_a_page_holds_the_trace_of_each_layer() -> None:
    run = run_of("the cat sat", mask="causal", layers=2)
    found = page_attention(run, "encoder_self", 0)
    assert found.queries == found.keys == ("the", "cat", "sat")
    assert len(found.layers) == 2
    for layer, trace in zip(found.layers, run.attentions(), strict=True):
        np.testing.assert_array_equal(layer.scores, trace.scores[0].numpy())
        np.testing.assert_array_equal(layer.output, trace.output[0].numpy())
        assert layer.allowed is not None
        assert layer.allowed.tolist() == np.tril(np.ones((3, 3), dtype=bool)).tolist()
        assert layer.shown_weights is None


def test_a_page_says_what_it_is_of() -> None:
    run = run_of("the cat", "", "a b c")
    seen = Seen("Explore", "https://example.org/explore?text=the+cat", "head", "scores", 1, 0)
    page = run_page(run, seen, about="**random weights**", shown=("encoder_self", 0, 1))
    assert "<title>Explore: the cat</title>" in page
    assert "<p>Random weights</p>" in page
    assert "https://example.org/explore?text=the+cat" in footer_of(page)
    assert f"Made with Headlight {VERSION}." in footer_of(page)
    assert re.search(r"own attention: \d\.\de-0\d\.", footer_of(page))
    data = data_of(page)
    assert [each["sentence"] for each in data["attentions"]] == ["1: the cat", "2", "3: a b c"]
    chosen = {"shown": 1, "stage": "scores", "view": "head", "layer": 0, "head": 1, "query": 0}
    assert data["chosen"] == chosen


@pytest.mark.parametrize(
    ("markdown", "read"),
    [
        ("**random weights**, seed 0", "random weights, seed 0"),
        (r"a\_b \*c\* \<i\>", "a_b *c* <i>"),
        ("`` a` `` b `` c ` d ``", "a` b c ` d"),
        (":green-badge[:material/verified: all is well]", "all is well"),
        ("÷ √8   :red-badge[:material/error: off by 1]", "÷ √8, off by 1"),
        ("see [Learn](/learn?a=1)", "see Learn"),
    ],
)
def test_markdown_is_read(markdown: str, read: str) -> None:
    assert without_markdown(markdown) == read


def test_explores_page_is_of_what_is_shown_when_it_is_saved(download: Download) -> None:
    at = open_app(link(text="one two", heads=2, layers=2, view="head", head=1, mask="causal"))
    name, made = download("download_page")
    assert re.fullmatch(r"headlight_[\w-]+\.html", name)
    data = data_of(made.decode("ascii"))
    assert data["attentions"][0]["queries"] == ["one", "two"]
    assert [len(each["heads"]) for each in data["attentions"][0]["layers"]] == [2, 2]
    assert (data["chosen"]["view"], data["chosen"]["head"]) == ("head", 1)
    at.text_input("text").set_value("three").run()
    data = data_of(download("download_page")[1].decode("ascii"))
    assert data["attentions"][0]["queries"] == ["three"]


def test_a_pairs_page_has_all_kinds_of_attention(download: Download) -> None:
    open_pair()
    data = data_of(download("download_page")[1].decode("ascii"))
    assert [each["kind"] for each in data["attentions"]] == [
        "Encoder self-attention", "Decoder self-attention", "Cross-attention",
    ]  # fmt: skip


def test_a_pretrained_page_shows_tokens_merged_as_the_app_does(download: Download) -> None:
    open_app(link(text="unbelievable cats", words="true", special="false"), path="pretrained")
    data = data_of(download("download_page")[1].decode("ascii"))
    attention = data["attentions"][0]
    assert attention["merged"] == 1
    assert attention["queries"] == ["unbelievable", "cats"]


def test_without_words_the_page_says_that_there_is_nothing(download: Download) -> None:
    open_app(link(text=""))
    page = download("download_page")[1].decode("ascii")
    assert "There are no words here, and so there is nothing to show." in footer_of(page)
    assert data_of(page)["attentions"] == []


def test_learns_page_has_the_training_too(download: Download) -> None:
    open_app("", path="learn")
    data = data_of(download("download_page")[1].decode("ascii"))
    assert [each["name"] for each in data["pictures"]] == ["Training"]
    assert data["attentions"]


def test_a_comparisons_page_has_both_sides_and_their_difference(download: Download) -> None:
    open_app("", path="compare")
    name, made = download("download_page")
    data = data_of(made.decode("ascii"))
    assert name == "headlight_comparison.html"
    assert [each["kind"] for each in data["attentions"]] == ["A", "B"]
    assert [each["name"] for each in data["pictures"]] == [
        "B − A: weights", "B − A: scores", "B − A: energy", "Divergence",
    ]  # fmt: skip


def test_the_labs_costs_are_a_page(download: Download) -> None:
    open_app(link(view="cost"), path="lab")
    name, made = download("download_page")
    assert name == "headlight_lab_cost.html"
    assert len(data_of(made.decode("ascii"))["pictures"]) == 1


def test_the_labs_page_says_that_costs_are_predicted(download: Download) -> None:
    open_app(link(view="cost"), path="lab")
    page = download("download_page")[1].decode("ascii")
    assert "<p>Predicted.</p>" in page
    assert "Measured on this server" not in page
