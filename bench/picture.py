"""From a click on Save to the picture's file, in a browser, against the time allowed."""

import random
import statistics
import time

from playwright.sync_api import Browser, Page

from bench.browser import chromium, fresh_context, wait_for_first_paint, wait_until_quiet
from bench.report import Row, spread
from bench.server import Server
from bench.settings import HEADS, Options, sentence

TOKENS = 32
ALLOWED = 1.0  # seconds
FORMATS = ("svg", "png")
BUTTONS = ".headlight-picture"


def open_page(browser: Browser, address: str) -> Page:
    """Explore with that sentence, painted and quiet, in a window with nothing kept."""
    page = fresh_context(browser).new_page()
    page.goto(address)
    wait_for_first_paint(page)
    wait_until_quiet(page)
    page.locator(BUTTONS).first.wait_for()
    return page


def save(page: Page, form: str) -> float:
    """Seconds from the click to the download, which begins when the whole file is there."""
    page.evaluate("(format) => { headlightPicture.chosen = { format } }", form)
    button = page.locator(BUTTONS).first.get_by_role("button").first
    with page.expect_download() as download:
        start = time.monotonic()
        button.click()
    seconds = time.monotonic() - start
    download.value.cancel()
    return seconds


def measure(options: Options) -> list[Row]:
    """The eight heads of a sentence of 32 words; the first picture of a window, and later ones."""
    windows, later_ones = (1, 2) if options.quick else (5, 4)
    _, headlight = options.apps
    query = headlight.query(sentence(random.Random(32), TOKENS))
    first: dict[str, list[float]] = {form: [] for form in FORMATS}
    later: dict[str, list[float]] = {form: [] for form in FORMATS}
    with Server(headlight.script) as server, chromium() as browser:
        for form in FORMATS * windows:
            page = open_page(browser, f"{server.url}explore?{query}")
            first[form].append(save(page, form))
            later[form] += [save(page, form) for _ in range(later_ones)]
            page.context.close()
    return [
        Row("picture", f"{which}, {form.upper()}, {HEADS} heads, {TOKENS} tokens",
            spread(seconds[form], "s"), f"{ALLOWED:g} s allowed",
            statistics.median(seconds[form]) / ALLOWED, 1.0, 0, f"{len(seconds[form])} repeats")
        for form in FORMATS
        for which, seconds in (
            ("Save to the file, the first of a window", first),
            ("Save to the file, later ones", later),
        )
    ]  # fmt: skip
