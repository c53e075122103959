"""From who wrote an answer to a cut that takes it away, and to somebody else who sees the same."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.charts import of_key, wait_for_shape
from tests.browser.conftest import NewPage
from tests.browser.helpers import FINISHED, choose, open_app, shared
from tests.servers import Server
from tests.ui.pages.pretrained.helpers import needs_minilm, needs_smollm2

pytestmark = [needs_minilm, needs_smollm2]
FELL = "␣Mary falls from 92.3% to 22.7%; the whole prediction moves by 1.14 nats"
TOKENS, LAYERS, HEADS = 14, 30, 9


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()
    page.locator(FINISHED).wait_for()


def test_one_cut_takes_marys_answer_away_and_a_link_shows_it_to_others(
    new_page: NewPage, server: Server
) -> None:
    page = new_page()
    open_app(page, server, "model=smollm2", "/pretrained")
    page.locator(".st-key-example").get_by_role("combobox").click()
    page.get_by_role("option", name="Who gets the drink?").click()
    wait_for_shape(page, (1, LAYERS, HEADS + 2), of_key("writers_chart"))  # a gap, the feed-forward
    page.wait_for_url(lambda url: "view=writers" in url)
    choose(page, "view", "cell")
    for key, place in (("q", TOKENS - 1), ("k", 1)):  # from the last word to Mary
        page.locator(f".st-key-{key} input").fill(str(place))
        page.locator(f".st-key-{key} input").press("Enter")
        page.wait_for_url(lambda url, asked=f"{key}={place}": asked in url)  # type: ignore[misc]
    press(page, "Change by hand")
    press(page, "Cut everywhere")
    press(page, "See what follows")
    expect(page.get_by_text(FELL)).to_be_visible()
    wait_for_shape(page, (1, LAYERS, HEADS), of_key("weights_change_chart"))
    assert {"view": "causes", "cut": "13.1"}.items() <= shared(page).items()
    other = new_page(color_scheme="dark")
    open_app(other, server, page.url.split("?")[1], "/pretrained")
    expect(other.get_by_text(FELL)).to_be_visible()
    expect(other.get_by_text("1 change by hand")).to_be_visible()
    page.go_back()  # before one went to what follows
    page.wait_for_url(lambda url: "view=cell" in url and "cut=13.1" in url)
    page.go_back()  # before the cut
    page.wait_for_url(lambda url: "view=cell" in url and "cut" not in url)
    expect(page.get_by_text("1 change by hand")).not_to_be_visible()


@pytest.mark.matrix
def test_a_weight_is_dragged_on_its_bar(page: Page, server: Server) -> None:
    query = "model=smollm2&text=The+cat+sat+on+the+mat&view=cell&layer=3&head=2&q=5&k=1"
    open_app(page, server, query, "/pretrained")
    press(page, "Change by hand")
    bar = page.locator(".st-key-edge_weight").get_by_role("slider")
    bar.focus()
    bar.press("End")
    page.wait_for_url(lambda url: "edge=5.1.3.2.100" in url)
    expect(
        page.get_by_text("The module's weights of this head were put in by hand.")
    ).to_be_visible()
