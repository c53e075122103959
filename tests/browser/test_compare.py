"""Compare in a real Chromium: pinned on one page, changed, compared, opened by a click, shared."""

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.charts import hover_text, of_key, wait_for_shape
from tests.browser.conftest import NewPage
from tests.browser.helpers import FINISHED, choose, open_app, shared
from tests.defaults import run_of
from tests.servers import Server

PATH = "/compare"
A, B, DIFFERENCE = map(of_key, ("compare_a", "compare_b", "compare_difference"))


@pytest.mark.matrix
def test_pinned_changed_and_compared(new_page: NewPage, server: Server) -> None:
    page = new_page()
    open_app(page, server, "heads=4&text=the+cat+saw+the+dog")
    page.get_by_role("button", name="Pin as A").click()
    expect(page.get_by_text("Pinned as A.")).to_be_visible()
    choose(page, "mask", "causal")
    page.wait_for_url(lambda url: "mask=causal" in url)
    page.get_by_role("link", name="Compare").click()
    before, after = (
        run_of("the cat saw the dog", heads=4, mask=mask).attention().field("weights")
        for mask in ("none", "causal")
    )
    wait_for_shape(page, (2, 5, 5), DIFFERENCE)
    page.get_by_text("Every head", exact=True).click()
    difference = wait_for_shape(page, (4, 5, 5), DIFFERENCE)
    np.testing.assert_allclose(difference, after - before, atol=1e-6)
    expect(page.get_by_text("Adding the causal mask makes the rows sharper")).to_be_visible()
    assert shared(page) == {
        "a": "explore?text=the+cat+saw+the+dog&heads=4",
        "b": "explore?text=the+cat+saw+the+dog&heads=4&mask=causal",
    }
    assert hover_text(page, 2, 1, 0, DIFFERENCE).startswith(
        "Head 2 | query cat (position 1) | key the"
    )
    page.locator(f"{DIFFERENCE} .annotation").nth(2).click()
    page.wait_for_url(lambda url: "head=2" in url and "view=head" in url)
    one = wait_for_shape(page, (1, 5, 5), DIFFERENCE)
    np.testing.assert_allclose(one[0], (after - before)[2], atol=1e-6)
    other = new_page()
    open_app(other, server, page.url.split("?")[1], PATH)
    np.testing.assert_array_equal(wait_for_shape(other, (1, 5, 5), DIFFERENCE), one)


@pytest.mark.matrix
def test_typing_and_choosing_change_both_or_one_side(page: Page, server: Server) -> None:
    open_app(page, server, "all_heads=true", PATH)
    wait_for_shape(page, (8, 12, 12), DIFFERENCE)
    page.get_by_label("Sentence", exact=True).fill("我喜欢猫 <b>x</b>")
    shape = (8, 7, 7)
    for chart in (A, B, DIFFERENCE):
        assert wait_for_shape(page, shape, chart).shape == shape
    page.locator(".st-key-b_scale").get_by_role("combobox").click()
    page.get_by_role("option", name="head_dim", exact=True).click()
    expect(page.get_by_text("A and B are the same.")).to_be_visible()
    assert not wait_for_shape(page, shape, DIFFERENCE).any()
    page.locator(FINISHED).wait_for()
    page.go_back()
    expect(page.get_by_text("Dropping the scale (head_dim)")).to_be_visible()
