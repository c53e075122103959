"""A click that saves a chart until its file is there, against the time allowed."""

import random
import statistics
import time

from playwright.sync_api import Browser, Page

from bench.browser import chromium, fresh_context, wait_for_first_paint, wait_until_quiet
from bench.paint import TOKENS
from bench.report import Row, spread
from bench.server import Server
from bench.settings import HEADS, Options, sentence

ALLOWED = 1.0  # seconds
FORMATS = ("svg", "png")
REPEATS = {True: 2, False: 7}  # by whether it is quick


def open_page(browser: Browser, address: str, kind: str) -> Page:
    """Explore with its heads painted, where a click saves a file of that kind."""
    page = fresh_context(browser).new_page()
    page.goto(address)
    wait_for_first_paint(page)
    wait_until_quiet(page)
    page.evaluate("(kind) => { globalThis.headlightPicture.chosen = { format: kind } }", kind)
    return page


def seconds_to_save(page: Page) -> float:
    """Seconds from the click until the browser has the file."""
    button = page.locator(".headlight-picture").first.get_by_role("button").first
    start = time.perf_counter()
    with page.expect_download() as download:
        button.click()
    path = download.value.path()  # waits until it is complete
    seconds = time.perf_counter() - start
    assert path.stat().st_size > 0
    return seconds


def measure(options: Options) -> list[Row]:
    """Eight heads as SVG and as PNG: the first time, which loads the drawing script, and later."""
    rows = []
    app = options.apps[1]
    text = sentence(random.Random(0), TOKENS)
    with Server(app.script) as server, chromium() as browser:
        for kind in FORMATS:
            first, later = [], []
            for _ in range(REPEATS[options.quick]):
                page = open_page(browser, f"{server.url}explore?{app.query(text)}", kind)
                first.append(seconds_to_save(page))
                later.append(seconds_to_save(page))
                page.context.close()
            for name, seconds in (("the first", first), ("a later", later)):
                rows.append(
                    Row("picture", f"click until {name} {kind.upper()} is saved, {HEADS} heads, "
                        f"{TOKENS} tokens", spread(seconds, "s"), f"{ALLOWED:g} s allowed",
                        statistics.median(seconds) / ALLOWED, 1.0, 0, f"{len(seconds)} repeats")
                )  # fmt: skip
    return rows
