"""What a class does in its room, in browsers."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.helpers import FINISHED
from tests.servers import Server


def open_room(page: Page) -> str:
    """The code of a room that is opened on a page, as it is read from the last row."""
    page.get_by_role("button", name="Share", exact=True).click()
    page.locator(".st-key-share").get_by_role("button", name="Open a room").click()
    letters = page.locator(".st-key-room .short_link strong")
    expect(letters).to_have_text(re.compile("^[A-Z]{4}$"))
    page.locator(FINISHED).wait_for()
    code = letters.inner_text()
    page.keyboard.press("Escape")
    expect(letters).to_be_hidden()
    return code


def room_button(page: Page) -> Locator:
    return page.locator(".st-key-room_popover").get_by_role("button").first


def line(page: Page) -> Locator:
    """Who is there, as the corner says it."""
    return page.locator(".st-key-room_listener .line span")


def follow(page: Page, server: Server, code: str) -> None:
    page.goto(f"{server.url}/?room={code.lower()}")
    page.locator(FINISHED).wait_for()


def picked(page: Page, word: str) -> None:
    page.locator(".st-key-picker").get_by_role("button", name=word, exact=True).first.click()
    expect(page.get_by_text("Sent. You can change it")).to_be_visible()
