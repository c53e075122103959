"""What stands on a page, measured: for tests that look at it as a person would."""

from pathlib import Path
from time import monotonic
from typing import Any

from playwright.sync_api import Page

from tests.browser.helpers import FINISHED

MEASURE = (Path(__file__).parent / "measures.js").read_text(encoding="utf-8")
DRAWN = """() => !document.querySelector("[data-testid=stSkeleton]")
    && document.querySelector("h1")
    && [...document.querySelectorAll(".stPlotlyChart")].every((c) => c.querySelector(".main-svg"))
    && document.fonts.status === "loaded" """
SETTLES = 10.0  # seconds, at most: charts follow a window's size, and then the page does
SMALLEST, SMALLEST_AT_START = 12, 14  # pixels


def drawn(page: Page) -> Page:
    """The page, once all that belongs to it is there, in the size that the window has now."""
    page.wait_for_function(DRAWN)
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    page.locator(FINISHED).wait_for()
    return page


def measure(page: Page, state: str) -> dict[str, Any]:
    smallest = SMALLEST_AT_START if state.startswith("start") else SMALLEST
    found: dict[str, Any] = page.evaluate(MEASURE, smallest)
    return found


def wrong_with(found: dict[str, Any], *what: str) -> dict[str, Any]:
    """What of it isn't as it should be: texts that are named, or pixels that there shouldn't be."""
    return {name: found[name] for name in what if found[name]}


def lasting_faults(page: Page, state: str, *what: str) -> dict[str, Any]:
    """What of a page isn't as it should be, and stays so."""
    deadline = monotonic() + SETTLES
    while (faults := wrong_with(measure(drawn(page), state), *what)) and monotonic() < deadline:
        pass
    return faults
