"""From a press on a button that cuts an edge to what follows painted, against the time allowed."""

import statistics
from urllib.parse import urlencode

from playwright.sync_api import Browser, Page

from bench.browser import (
    chromium,
    fresh_context,
    wait_for_first_paint,
    wait_for_paint,
    wait_until_quiet,
)
from bench.models import check_installed
from bench.report import Row, spread
from bench.server import Server
from bench.settings import Options

TEXT = "When Mary and John went to the store in town, John gave a drink to"  # 16 tokens
LAST = 15  # its last token
ALLOWED = 400.0  # ms
POPOVER = ".st-key-change_popover button:visible"
CASES = {"in every layer": ("Cut everywhere", 20), "in layer 10": ("Cut in this layer", 10)}


def open_page(browser: Browser, server: Server, layer: int, key: int) -> Page:
    """All heads of a layer, painted and quiet, with an edge chosen and its buttons in sight."""
    chosen = {"view": "heads", "layer": layer, "head": 0, "q": LAST, "k": key}
    page = fresh_context(browser).new_page()
    page.goto(f"{server.url}pretrained?{urlencode({'model': 'smollm2', 'text': TEXT, **chosen})}")
    wait_for_first_paint(page)
    wait_until_quiet(page)
    page.locator(POPOVER).click()
    page.locator(".st-key-edge_changes").wait_for()
    return page


def cut(page: Page, button: str) -> float:
    """Press a button: ms until the heads are painted anew."""
    wait_until_quiet(page)
    page.get_by_role("button", name=button, exact=True).focus()
    page.evaluate("headlightProbe.arm('Enter')")
    page.keyboard.press("Enter")
    return wait_for_paint(page)


def row(browser: Browser, server: Server, case: str, count: int) -> Row:
    """The median time of a cut; each is of another edge, which nobody has cut before."""
    button, layer = CASES[case]
    times = []
    for number in range(count + 1):  # the first warms up
        page = open_page(browser, server, layer, number % LAST)
        times.append(cut(page, button))
        page.context.close()
    taken = times[1:]
    return Row(
        "causes", f"an edge cut {case} of SmolLM2, 16 tokens, to a layer's heads painted",
        spread(taken), f"{ALLOWED:g} ms allowed", statistics.median(taken) / ALLOWED, 1.0, 0,
        f"{count} cuts, median (quartiles); the sentence was read before",
    )  # fmt: skip


def measure(options: Options) -> list[Row]:
    """One server and one browser."""
    check_installed()
    count = 4 if options.quick else 14
    with Server(options.apps[1].script) as server, chromium() as browser:
        return [row(browser, server, case, count) for case in CASES]
