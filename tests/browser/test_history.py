"""The browser's history: an entry for each deliberate action, none for what is typed."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from tests.browser.helpers import choose, open_app, settled, shared
from tests.matrix import matrix
from tests.servers import Server
from tests.ui.pages.pretrained.helpers import needs_minilm

TEXT = "so+it+goes"


def entries(page: Page) -> int:
    count: int = page.evaluate("history.length")
    return count


@dataclass(frozen=True)
class Action:
    """Something that somebody does, and what the address then holds of it."""

    name: str
    path: str
    query: str
    act: Callable[[Page], None]
    after: dict[str, str | None]  # None: not in the address


def click_head(page: Page) -> None:
    page.locator(".st-key-heads_chart .annotation").first.click()


def click_cell(page: Page) -> None:
    page.locator(".st-key-heads_chart .nsewdrag").first.click(position={"x": 40, "y": 40})


def pick(label: str, option: str) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        page.get_by_role("combobox", name=label).first.click()
        page.get_by_role("option", name=option, exact=True).click()

    return act


def press(name: str) -> Callable[[Page], None]:
    return lambda page: page.get_by_role("button", name=name, exact=True).first.click()


def option(control: str, word: str) -> Callable[[Page], None]:
    return lambda page: choose(page, control, word)


def switch(name: str) -> Callable[[Page], None]:
    return lambda page: page.get_by_text(name, exact=True).first.click()


DELIBERATE = [
    Action("view", "/", f"text={TEXT}", option("view", "layers"), {"view": "layers"}),
    Action("mask", "/", f"text={TEXT}", option("mask", "causal"), {"mask": "causal"}),
    Action("stage", "/", f"text={TEXT}", option("stage", "energy"), {"stage": "energy"}),
    Action("head's name", "/", f"text={TEXT}", click_head, {"view": "head", "head": "0"}),
    Action("cell", "/", f"text={TEXT}", click_cell, {"view": "cell", "head": "0"}),
    Action("word", "/", f"text={TEXT}", press("it"), {"q": "1"}),
    Action("example", "/", f"text={TEXT}", pick("Examples", "Repeated words"), {"heads": None}),
    Action("reset", "/", f"text={TEXT}&heads=4", press("Reset"), {"heads": None}),
    Action("mask of a pair", "/encoder-decoder", "", option("mask", "none"), {"mask": "none"}),
    Action("task", "/learn", "", pick("Task", "copy"), {"task": "copy"}),
    Action("story", "/learn", "", pick("Story", "What scale does to learning"), {"task": "sort"}),
    Action(
        "preset",
        "/lab",
        "seeds=6",
        press("What does √d do?"),
        {"scales": "head_dim,none", "seeds": "10"},
    ),
    Action("swap", "/compare", "", press("Swap"), {"a": "explore?scale=none"}),
    Action("scale of a side", "/compare", "", pick("Mask", "causal"), {"a": None}),
]


@matrix(1, "action", DELIBERATE, ids=lambda action: action.name)
def test_a_deliberate_action_is_one_entry_and_back_undoes_it(
    page: Page, server: Server, action: Action
) -> None:
    open_app(page, server, action.query, action.path)
    settled(page)
    before, count = shared(page), entries(page)
    action.act(page)
    page.wait_for_function("count => history.length > count", arg=count)
    settled(page)
    after = shared(page)
    assert entries(page) == count + 1
    assert {key: after.get(key) for key in action.after} == action.after
    assert after != before
    page.go_back()
    page.wait_for_function("search => location.search === search", arg=page_search(page, before))
    settled(page)
    assert shared(page) == before
    assert entries(page) == count + 1


def page_search(page: Page, before: dict[str, str]) -> str:
    """The query of an address with these parameters, as it is after Back."""
    query: str = page.evaluate(
        "before => { const q = new URLSearchParams(before).toString(); return q ? '?' + q : '' }",
        before,
    )
    return query


@pytest.mark.matrix
def test_what_is_typed_and_dragged_replaces_the_entry(page: Page, server: Server) -> None:
    open_app(page, server, f"text={TEXT}&layers=2")
    settled(page)
    count = entries(page)
    sentence = page.get_by_label("Sentence", exact=True)
    for text in ("so it goes on", "so it goes on and", "so it goes on and on"):
        sentence.fill(text)
        expect(page).to_have_url(re.compile(re.escape(text.replace(" ", "+"))))
    page.locator(".st-key-heads").get_by_role("slider").press("ArrowLeft")
    expect(page).to_have_url(re.compile("heads=4"))
    size = page.get_by_role("spinbutton", name="Embedding size")
    size.fill("32")
    size.press("Enter")
    expect(page).to_have_url(re.compile("embed_size=32"))
    settled(page)
    assert entries(page) == count
    assert shared(page) == {
        "text": "so it goes on and on",
        "heads": "4",
        "embed_size": "32",
        "layers": "2",
    }


@pytest.mark.matrix
def test_an_opened_popover_makes_no_entry_and_changes_no_address(
    page: Page, server: Server
) -> None:
    open_app(page, server, f"text={TEXT}&seed=7&color_scale=log")
    settled(page)
    before, count = page.url, entries(page)
    for label in ("More", "Colours of weights"):
        page.get_by_role("button", name=label).first.click()
        page.locator('[data-testid="stPopoverBody"]').first.wait_for()
        settled(page)
        page.keyboard.press("Escape")
        settled(page)
    assert (page.url, entries(page)) == (before, count)


@pytest.mark.matrix
def test_a_repaired_link_makes_no_entry(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/_stcore/health")
    count = entries(page)
    open_app(page, server, f"text={TEXT}&heads=7&seed=x")
    settled(page)
    assert entries(page) == count + 1
    assert shared(page) == {"text": "so it goes"}
    page.go_back()
    expect(page).to_have_url(f"{server.url}/_stcore/health")


@pytest.mark.matrix
def test_the_same_button_again_belongs_to_its_entry(page: Page, server: Server) -> None:
    open_app(page, server, f"text={TEXT}")
    settled(page)
    count = entries(page)
    page.get_by_role("button", name="More").first.click()
    again = page.get_by_role("button", name="New random weights")
    again.wait_for()
    page.evaluate(
        """() => {
          const button = [...document.querySelectorAll('button')].find(
            (each) => each.textContent.includes('New random weights'));
          button.click();
          setTimeout(() => button.click(), 150);
        }"""
    )
    page.wait_for_function("count => history.length > count", arg=count)
    settled(page)
    assert entries(page) == count + 1
    page.go_back()
    expect(page).not_to_have_url(re.compile("seed="))


@pytest.mark.matrix
@needs_minilm
def test_back_goes_from_page_to_page_as_they_were(page: Page, server: Server) -> None:
    open_app(page, server, f"text={TEXT}")
    choose(page, "view", "layers")
    expect(page).to_have_url(re.compile("view=layers"))
    settled(page)
    count, explore = entries(page), page.url
    page.get_by_role("link", name="Encoder-decoder").first.click()
    expect(page).to_have_url(re.compile("/encoder-decoder"))
    settled(page)
    assert entries(page) == count + 1
    # As on Explore; and it opens with few heads.
    assert shared(page) == {"text": "so it goes", "layers": "1", "all_heads": "false"}
    choose(page, "mask", "none")
    expect(page).to_have_url(re.compile("mask=none"))
    settled(page)
    assert entries(page) == count + 2
    page.go_back()
    expect(page).to_have_url(
        f"{server.url}/encoder-decoder?text=so+it+goes&layers=1&all_heads=false"
    )
    settled(page)
    page.go_back()
    expect(page).to_have_url(explore)
    settled(page)
    expect(page.locator(".st-key-layers_chart .js-plotly-plot")).to_be_visible()
    page.go_forward()
    settled(page)
    assert "/encoder-decoder" in page.url
    page.reload()
    settled(page)
    page.go_back()
    expect(page).to_have_url(explore)
