"""Sharing in a browser: a link is built, written on a board, and opened by a class."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import PROJECTOR, NewPage
from tests.browser.helpers import FINISHED, open_app, settled
from tests.matrix import matrix
from tests.servers import Server, running_server

MEASURE = (Path(__file__).parent / "measures.js").read_text(encoding="utf-8")
SCREENS = {
    "projector": (1366, 768),
    "full HD": (1920, 1080),
    "phone": (390, 844),
    "150 %": (911, 512),
}
HOSTILE = "猫 <b>&amp; a=b&c#d “坐”"


def share(page: Page) -> Locator:
    """Open what is shared, and wait for what is inside."""
    page.get_by_role("button", name="Share", exact=True).click()
    inside = page.locator(".st-key-share")
    expect(inside.get_by_text("This link opens")).to_be_visible()
    page.locator(FINISHED).wait_for()
    return inside


def long_link(inside: Locator) -> str:
    return inside.locator("code").first.inner_text()


def ask_for_short(inside: Locator) -> str:
    """The code, as it is read from the last row."""
    inside.get_by_role("button", name="Short link").click()
    code = inside.locator(".short_link strong")
    expect(code).to_have_text(re.compile("^[A-Z]{6}$"))
    return code.inner_text()


def test_what_a_teacher_shares_a_class_opens_by_six_letters(
    new_page: NewPage, server: Server
) -> None:
    teacher = new_page()
    open_app(teacher, server, "heads=4&mask=causal")
    sentence = teacher.get_by_role("textbox", name="Sentence")
    sentence.fill(HOSTILE)
    sentence.blur()
    settled(teacher)
    before = teacher.url
    inside = share(teacher)
    inside.get_by_role("combobox", name="Controls that may be touched").click()
    teacher.get_by_role("option", name="Heads", exact=True).click()
    inside.get_by_text("This link opens").click()  # the list of controls is closed by it
    expect(teacher.get_by_role("option").first).to_be_hidden()
    inside.get_by_text("Presenter mode").click()
    expect(inside.locator("code").first).to_contain_text("present=true&only=heads&")
    long = long_link(inside)
    assert long == before.replace("?", "?present=true&only=heads&")
    code = ask_for_short(inside)
    short = f"{server.url}/?go={code}"
    expect(inside.locator("code").nth(1)).to_have_text(short)
    assert teacher.url == before

    student = new_page(viewport=PROJECTOR)
    elsewhere = f"{server.url}/_stcore/health"
    student.goto(elsewhere)
    entries = student.evaluate("history.length")
    student.goto(short.replace(code, code.lower()))
    settled(student)
    assert student.url == long
    assert student.evaluate("history.length") == entries + 1
    student.reload()
    settled(student)
    assert student.url == long
    student.go_back()
    student.wait_for_url(elsewhere)


def test_a_code_that_nobody_knows_is_told_and_leaves_the_address(
    page: Page, server: Server
) -> None:
    elsewhere = f"{server.url}/_stcore/health"
    page.goto(elsewhere)
    entries = page.evaluate("history.length")
    page.goto(f"{server.url}/?go=zzzzzz")
    notice = page.get_by_text("There is no link with the code ZZZZZZ")
    expect(notice).to_be_visible()
    settled(page)
    assert page.url == f"{server.url}/"
    assert page.evaluate("history.length") == entries + 1
    page.go_back()
    page.wait_for_url(elsewhere)


def test_it_is_opened_used_and_left_by_keys_alone(page: Page, server: Server) -> None:
    open_app(page, server, "heads=4")
    button = page.get_by_role("button", name="Share", exact=True)
    button.focus()
    page.keyboard.press("Enter")
    inside = page.locator(".st-key-share")
    expect(inside).to_be_visible()
    page.locator(FINISHED).wait_for()
    expect(page.locator("[data-testid=stPopoverBody]")).to_be_focused()
    short = inside.get_by_role("button", name="Short link")
    for each in (inside.get_by_role("combobox"), short):  # their scripts come when they are needed
        expect(each).to_be_visible()
    page.keyboard.press("Tab")
    expect(inside.get_by_role("combobox")).to_be_focused()
    for _press in range(8):
        page.keyboard.press("Tab")
        if short.evaluate("(button) => button === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(inside.locator(".short_link strong")).to_be_visible()
    expect(short).to_be_focused()
    page.keyboard.press("Escape")
    expect(inside).to_be_hidden()
    expect(button).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.matrix)])
@matrix(1, "screen", SCREENS)
def test_nothing_in_it_overlaps_or_is_cut_off(
    new_page: NewPage, server: Server, screen: str, scheme: str
) -> None:
    width, height = SCREENS[screen]
    page = new_page(color_scheme=scheme, viewport={"width": width, "height": height})
    open_app(page, server, "heads=4&text=" + "%E7%8C%AB" * 20)
    inside = share(page)
    ask_for_short(inside)
    page.locator(FINISHED).wait_for()
    found = page.evaluate(MEASURE, 12)
    faults = {name: found[name] for name in ("small", "overlaps", "cutOff", "sideways")}
    assert not any(faults.values()), faults
    box = page.locator("[data-testid=stPopoverBody]").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    letters = inside.locator(".short_link strong")
    size = letters.evaluate("(letters) => parseFloat(getComputedStyle(letters).fontSize)")
    assert size >= 48
    assert letters.evaluate("(letters) => letters.getClientRects().length") == 1  # on one line


@pytest.mark.matrix
def test_it_is_right_below_a_path_of_its_own(
    browser: Browser, tmp_path: Path, kept_models: Path
) -> None:
    # A path that ends as a page's does.
    with running_server(tmp_path, kept_models, base_path="/rooms/our-lab") as server:
        context = browser.new_context(viewport=PROJECTOR)
        page = context.new_page()
        page.goto(f"{server.url}/")
        settled(page)
        inside = share(page)
        assert long_link(inside).startswith(f"{server.url}/start")
        page.keyboard.press("Escape")
        page.get_by_role("link", name="Explore", exact=True).first.click()
        page.wait_for_url("**/our-lab/explore**")
        settled(page)
        inside = share(page)
        long = long_link(inside)
        assert long.startswith(f"{server.url}/explore")
        code = ask_for_short(inside)
        for path in ("/", "/learn"):
            page.goto(f"{server.url}{path}?go={code}&lang=zh")
            settled(page)
            led = urlsplit(page.url)
            assert page.url.startswith(f"{server.url}/explore?")
            assert "lang=zh" in led.query
            assert "go=" not in led.query
        context.close()
