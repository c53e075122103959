"""Encoder-decoder in a real Chromium, and the way from one page to the other."""

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.charts import click_cell, of_key, tick_labels, wait_for_shape
from tests.browser.conftest import NewPage
from tests.browser.helpers import choose, open_app, shared
from tests.defaults import pair_of, run_of
from tests.servers import Server

PATH = "/encoder-decoder"
LINK = "text=the+cat+sat&text2=le+chat&layers=6&heads=2&embed_size=16"
SIZES = {"layers": 6, "heads": 2, "embed_size": 16}
TEXTS = ("the cat sat", "le chat")
ENCODER, DECODER, CROSS = (of_key(f"{k}_chart") for k in ("encoder_self", "decoder_self", "cross"))


@pytest.mark.matrix
def test_every_attention_of_a_layer_stands_side_by_side_with_its_own_words(
    page: Page, server: Server
) -> None:
    open_app(page, server, f"{LINK}&layer=5", path=PATH)
    run = pair_of(*TEXTS, **SIZES)
    for chart, kind, shape in (
        (ENCODER, "encoder_self", (2, 3, 3)),
        (DECODER, "decoder_self", (2, 2, 2)),
        (CROSS, "cross", (2, 2, 3)),
    ):
        attention = run.attention(5, 0, kind)
        shown = wait_for_shape(page, shape, chart)
        expected = np.where(attention.allowed, attention.field("weights"), np.nan)
        np.testing.assert_array_equal(shown, expected)
    assert set(tick_labels(page, "y", CROSS)) == {"le", "chat"}
    assert set(tick_labels(page, "x", CROSS)) == {"the", "cat", "sat"}
    assert set(tick_labels(page, "y", ENCODER)) == {"the", "cat", "sat"}
    assert set(tick_labels(page, "x", DECODER)) == {"le", "chat"}


@pytest.mark.matrix
def test_a_click_in_the_cross_attention_opens_its_arithmetic(page: Page, server: Server) -> None:
    open_app(page, server, f"{LINK}&layer=1", path=PATH)
    wait_for_shape(page, (2, 2, 3), CROSS)
    click_cell(page, 1, 1, 2, CROSS)
    arithmetic = page.locator(".st-key-arithmetic table")
    arithmetic.wait_for()
    weight = pair_of(*TEXTS, **SIZES).attention(1, 0, "cross").field("weights")[1, 1, 2]
    written = float(
        arithmetic.locator("tbody td:last-child span").last.get_attribute("title") or ""
    )
    assert written == pytest.approx(weight, rel=1e-8)
    expect(page.get_by_text("in head 1, cross-attention, layer 1?")).to_be_visible()
    chosen = {"view": "cell", "layer": "1", "head": "1", "q": "1", "k": "2"}
    assert chosen.items() <= shared(page).items()


@pytest.mark.matrix
def test_typing_the_target_changes_the_cross_attention(page: Page, server: Server) -> None:
    open_app(page, server, LINK, path=PATH)
    wait_for_shape(page, (2, 2, 3), CROSS)
    page.locator(".st-key-text2 input").fill("le chat noir dort")
    shown = wait_for_shape(page, (2, 4, 3), CROSS)
    run = pair_of("the cat sat", "le chat noir dort", **SIZES)
    np.testing.assert_array_equal(shown, run.attention(0, 0, "cross").field("weights"))


@pytest.mark.matrix
def test_the_model_goes_along_to_the_other_page_and_back(new_page: NewPage, server: Server) -> None:
    page = new_page()
    open_app(page, server, "text=the+cat+sat&heads=2&embed_size=16&layers=3&mask=causal&seed=7")
    page.get_by_role("link", name="Encoder-decoder").click()
    wait_for_shape(page, (2, 3, 3), ENCODER)
    page.wait_for_url(lambda url: "seed=7" in url)
    assert shared(page) == {
        "text": "the cat sat", "heads": "2", "embed_size": "16", "layers": "3", "seed": "7",
        "all_heads": "false",
    }  # fmt: skip
    other = new_page()
    other.goto(page.url)
    wait_for_shape(other, (2, 3, 3), ENCODER)
    page.get_by_role("link", name="Explore").click()
    shown = wait_for_shape(page, (2, 3, 3))
    run = run_of("the cat sat", heads=2, embed_size=16, layers=3, seed=7, mask="causal")
    allowed = run.attention().allowed
    np.testing.assert_array_equal(
        shown, np.where(allowed, run.attention().field("weights"), np.nan)
    )
    assert shared(page)["mask"] == "causal"


@pytest.mark.matrix
def test_a_hostile_link_gives_a_valid_page_and_says_so(page: Page, server: Server) -> None:
    open_app(
        page, server, "layers=99&mask=custom&kind=%3Cb%3E&view=tests&embed_size=512&q=1e999",
        path=PATH,
    )  # fmt: skip
    notice = page.get_by_test_id("stAlert").first
    expect(notice).to_contain_text("there are: none, causal, padding, causal + padding.")
    expect(notice).to_contain_text("12 layers with an embedding of 512 have more weights")
    page.locator(f"{CROSS} .main-svg").first.wait_for()


@pytest.mark.matrix
def test_the_three_stand_on_a_projector_without_scrolling(page: Page, server: Server) -> None:
    open_app(page, server, "layers=6", path=PATH)
    for chart in (ENCODER, DECODER, CROSS, ".st-key-text2", ".st-key-mask"):
        place = page.locator(chart).first
        place.wait_for()
        box = place.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 768, chart
        assert box["x"] + box["width"] <= 1366, chart


@pytest.mark.matrix
def test_the_kind_and_the_view_are_in_the_link(page: Page, server: Server) -> None:
    open_app(page, server, LINK, path=PATH)
    wait_for_shape(page, (2, 2, 3), CROSS)
    choose(page, "view", "all heads")
    choose(page, "kind", "decoder self")
    wait_for_shape(page, (2, 2, 2))
    page.wait_for_url(lambda url: "kind=decoder_self" in url)
    assert shared(page)["view"] == "heads"
