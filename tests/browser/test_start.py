"""The start page in a real browser: arcs, the same as a heatmap, and Explore in its place."""

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import NewPage
from tests.browser.helpers import choose, open_app, settled, shared
from tests.servers import Server
from tests.ui.pages.pretrained.helpers import needs_minilm

SISTER = "My sister lost her keys, so she called her husband."
WORDS = "The animal didn't cross the street because it was too tired .".split()  # noqa: SIM905
SIZES = {"projector": (1366, 768), "tablet": (1024, 768), "phone": (390, 844), "tv": (1920, 1080)}

# Each arc: where it ends, and how thick it is. Those of small weights aren't drawn.
ARCS = """() => {
  const root = [...document.querySelectorAll(".st-key-arcs *")].find((e) => e.shadowRoot).shadowRoot
  return [...root.querySelectorAll("path")].map((path) => {
    const length = path.getAttribute("d") ? path.getTotalLength() : 0
    const box = path.ownerSVGElement.getBoundingClientRect()
    return length === 0 ? null : {
      begins: path.getPointAtLength(0).x + box.x,
      ends: path.getPointAtLength(length).x + box.x,
      width: Number(path.getAttribute("stroke-width")),
    }
  })
}"""


def word(page: Page, name: str) -> Locator:
    return page.locator(".st-key-arcs button").filter(has=page.get_by_text(name, exact=True))


def said(page: Page) -> Locator:
    return page.locator(".st-key-arcs .said")


def middle(place: Locator) -> float:
    box = place.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2


def titles(page: Page) -> tuple[str, list[str]]:
    """The window's title, and the headings of the first level."""
    return page.title(), page.locator("h1").all_text_contents()


@needs_minilm
def test_arcs_lead_from_it_to_animal_as_thick_as_their_weights(page: Page, server: Server) -> None:
    open_app(page, server, path="/")
    expect(said(page)).to_have_text("it → animal 68%")
    drawn: list[Any] = page.evaluate(ARCS)
    assert [name for name, arc in zip(WORDS, drawn, strict=True) if arc] == [
        "The", "animal", "cross", "street", "it", "tired",
    ]  # fmt: skip
    to_animal = drawn[1]
    assert to_animal["width"] == pytest.approx(16 * 0.677, abs=0.05)
    assert to_animal["width"] == max(arc["width"] for arc in drawn if arc)
    assert to_animal["begins"] == pytest.approx(middle(word(page, "it")), abs=1)
    assert to_animal["ends"] == pytest.approx(middle(word(page, "animal")), abs=1)
    page.locator(".st-key-start_chart .main-svg").first.wait_for()
    assert titles(page) == (
        "Start · Headlight",
        ["Attention is how much each word looks at every other word."],
    )


@needs_minilm
@pytest.mark.matrix
def test_pointing_shows_another_word_and_a_click_keeps_it(page: Page, server: Server) -> None:
    open_app(page, server, path="/")
    expect(said(page)).to_have_text("it → animal 68%")
    word(page, "cross").hover()
    expect(said(page)).to_have_text("cross → street 60%")
    page.mouse.move(0, 0)
    expect(said(page)).to_have_text("it → animal 68%")
    assert shared(page) == {}
    word(page, "cross").click()
    page.wait_for_url(lambda url: "word=3" in url)
    page.mouse.move(0, 0)
    expect(said(page)).to_have_text("cross → street 60%")
    page.go_back()
    expect(said(page)).to_have_text("it → animal 68%")


@needs_minilm
@pytest.mark.matrix
def test_what_is_typed_and_switched_is_in_the_link(new_page: NewPage, server: Server) -> None:
    page = new_page()
    open_app(page, server, path="/")
    field = page.locator(".st-key-say input")
    field.fill("")
    field.press_sequentially(SISTER)
    expect(said(page)).to_have_text("her → keys 74%")
    choose(page, "trained", "random")
    expect(page.get_by_text("nothing has been learnt")).to_be_visible()
    assert shared(page) == {"say": SISTER, "trained": "false"}
    told = said(page).text_content()
    other = new_page()
    other.goto(page.url)
    expect(said(other)).to_have_text(str(told))
    page.reload()
    expect(said(page)).to_have_text(str(told))


@pytest.mark.matrix
def test_old_links_show_explore_in_place_and_back_knows_which(page: Page, server: Server) -> None:
    open_app(page, server, "text=a+b+c&heads=4", "/")
    page.locator(".st-key-heads_chart .main-svg").first.wait_for()
    assert titles(page) == ("Explore · Headlight", ["Explore"])
    page.get_by_role("link", name="Start", exact=True).click()
    expect(page.locator(".st-key-say input")).to_have_value("a b c")
    settled(page)
    assert page.url == f"{server.url}/start?say=a+b+c"
    page.go_back()
    expect(page.locator(".st-key-text input")).to_have_value("a b c")
    settled(page)
    assert page.url == f"{server.url}/?text=a+b+c&heads=4"
    page.get_by_role("link", name="Learn", exact=True).click()
    page.wait_for_url("**/learn")
    page.get_by_role("link", name="Start", exact=True).click()
    page.locator(".st-key-say input").wait_for()
    settled(page)
    assert page.url.startswith(f"{server.url}/?say=")
    page.go_back()
    page.wait_for_url("**/learn")


@needs_minilm
@pytest.mark.parametrize(
    "size",
    [pytest.param(size, marks=() if size == "projector" else pytest.mark.matrix) for size in SIZES],
)
def test_it_stands_on_every_screen_without_scrolling_sideways(
    new_page: NewPage, server: Server, size: str
) -> None:
    width, height = SIZES[size]
    page = new_page(viewport={"width": width, "height": height})
    open_app(page, server, path="/")
    expect(said(page)).to_have_text("it → animal 68%")
    page.locator(".st-key-start_chart .main-svg").first.wait_for()
    settled(page)
    main = page.locator(".stMain")
    assert main.evaluate("e => e.scrollWidth <= e.clientWidth")
    if size in ("projector", "tv"):
        assert main.evaluate("e => e.scrollHeight - e.clientHeight") <= 0
