"""Layers, masks and tests of masks in a real Chromium: what is drawn, clicked and painted."""

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from model.masks import causal_mask, decode_cells, encode_cells
from tests.browser.charts import click_cell, hover_text, numbers, of_key, wait_for_shape
from tests.browser.conftest import NewPage
from tests.browser.helpers import choose, open_app, shared
from tests.defaults import run_of
from tests.matrix import matrix
from tests.servers import Server
from ui.controls.selection import Selection
from ui.views.layers import thumbnails
from viz.overview import place_in

TEXT = "the cat saw the dog"
LAYERS = of_key("layers_chart")
SIZES = {"layers": 3, "heads": 4, "embed_size": 32}
LINK = "text=the+cat+saw+the+dog&layers=3&heads=4&embed_size=32"
CAUSAL = causal_mask(5, 5)[0, 0].numpy()


def drawn(page: Page, chart: str) -> None:
    page.locator(f"{chart} .main-svg").first.wait_for()


def cell_of_thumbnail(page: Page, wanted: tuple[int, int, int, int]) -> tuple[int, int]:
    """The row and column of the overview's matrix that show a layer, head, query and key."""
    overview = thumbnails(run_of(TEXT, **SIZES), Selection("encoder_self", 0, 0, None, None, None))
    _, rows, columns = numbers(page, LAYERS).shape
    places = [(r, c) for r in range(rows) for c in range(columns)]
    return next(place for place in places if place_in(overview, *place) == wanted)


@pytest.mark.matrix
def test_a_thumbnails_cell_tells_its_weight_and_a_click_opens_its_head(
    page: Page, server: Server
) -> None:
    open_app(page, server, f"{LINK}&view=layers")
    drawn(page, LAYERS)
    weight = run_of(TEXT, **SIZES).attention(2).field("weights")[1, 3, 4]
    row, column = cell_of_thumbnail(page, (2, 1, 3, 4))
    assert hover_text(page, 0, row, column, LAYERS) == (
        f"Layer 2 · query the (position 3) | Head 1 · key dog (position 4) | weight {weight:.9g}"
    )
    click_cell(page, 0, row, column, LAYERS)
    expect(page.get_by_text("Head 1 of 4, layer 2, D = 8.")).to_be_visible()
    page.wait_for_url(lambda url: "view=head" in url)
    assert {"view": "head", "layer": "2", "head": "1", "q": "3"}.items() <= shared(page).items()


@pytest.mark.matrix
def test_the_chosen_layer_is_shown_and_shared(new_page: NewPage, server: Server) -> None:
    page = new_page()
    open_app(page, server, LINK)
    choose(page, "layer", "2")
    page.wait_for_url(lambda url: "layer=2" in url)
    expected = run_of(TEXT, **SIZES).attention(2).field("weights")
    other = new_page()
    open_app(other, server, page.url.split("?")[1])
    np.testing.assert_array_equal(wait_for_shape(other, (4, 5, 5)), expected)
    np.testing.assert_array_equal(numbers(page), expected)


@pytest.mark.matrix
def test_a_mask_is_painted_by_hand_and_comes_back_with_the_link(
    new_page: NewPage, server: Server
) -> None:
    page = new_page()
    open_app(page, server, LINK)
    choose(page, "mask", "custom")
    cells = page.locator(".st-key-painter [role=gridcell]")
    expect(cells).to_have_count(25)
    first, last = cells.nth(1).bounding_box(), cells.nth(4).bounding_box()
    assert first
    assert last
    page.mouse.move(first["x"] + 5, first["y"] + 5)
    page.mouse.down()
    page.mouse.move(last["x"] + 5, last["y"] + 5, steps=6)
    page.mouse.up()
    page.wait_for_url(lambda url: "cells=" in url)
    painted = np.ones((5, 5), dtype=bool)
    painted[0, 1:] = False
    np.testing.assert_array_equal(decode_cells(shared(page)["cells"]), painted)
    weights = run_of(TEXT, **SIZES, mask="custom", cells=encode_cells(painted))
    expected = np.where(painted, weights.attention().field("weights"), np.nan)
    page.wait_for_function(
        """chart => {
            const row = document.querySelector(chart)?._fullData[0].z[0]
            return row && [...row].filter(isFinite).length == 1
        }""",
        arg=of_key("heads_chart"),
    )
    np.testing.assert_array_equal(numbers(page), expected)
    other = new_page()
    open_app(other, server, page.url.split("?")[1])
    np.testing.assert_array_equal(wait_for_shape(other, (4, 5, 5)), expected)


@pytest.mark.matrix
def test_the_leak_test_catches_the_cell_that_breaks_a_causal_mask(
    page: Page, server: Server
) -> None:
    open_app(page, server, f"{LINK}&view=tests&mask=custom&cells={encode_cells(CAUSAL)}")
    verdict = page.get_by_test_id("stAlert")
    expect(verdict).to_contain_text("Nothing leaks.")
    page.locator(".st-key-painter [role=gridcell]").nth(1 * 5 + 3).click()
    expect(verdict).to_contain_text("The future leaks.")
    expect(verdict).to_contain_text("1 cell of the mask looks ahead: 1 → 3 (query → key).")
    page.keyboard.press("Space")  # the cell has the focus: closed again
    expect(verdict).to_contain_text("Nothing leaks.")
    page.wait_for_url(lambda url: encode_cells(CAUSAL) in url)
    np.testing.assert_array_equal(decode_cells(shared(page)["cells"]), CAUSAL)


@pytest.mark.matrix
@matrix(
    2,
    ("view", "chart"),
    [
        ("view=layers", LAYERS),
        ("view=layers&overview=rollout", LAYERS),
        ("view=layers&overview=stream", of_key("stream_chart")),
        ("view=tests&test=leak&mask=causal", of_key("leak_words_chart")),
        ("view=tests&test=order", of_key("offsets_chart")),
    ],
)
def test_each_view_stands_on_a_projector_without_scrolling(
    page: Page, server: Server, view: str, chart: str
) -> None:
    open_app(page, server, f"layers=6&{view}")
    drawn(page, chart)
    box = page.locator(chart).bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= 768
    assert box["x"] + box["width"] <= 1366
