"""A headless Chromium, and the page's own clock for when the heads are painted."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, sync_playwright

from bench.report import BenchError
from tools.find_chromium import find_chromium

PROBE = Path(__file__).resolve().parent / "probe.js"
VIEWPORT: ViewportSize = {"width": 1366, "height": 768}  # a classroom projector
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
FIRST_PAINT_MS = 60_000
PAINT_MS = 30_000
POLL_MS = 100  # how often Python asks; the page itself looks in every animation frame


@contextmanager
def chromium() -> Iterator[Browser]:
    """A running browser with no page."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def fresh_context(browser: Browser) -> BrowserContext:
    """A context with an empty cache, in whose pages the probe runs."""
    context = browser.new_context(viewport=VIEWPORT)
    context.add_init_script(path=PROBE)
    return context


def wait_for_first_paint(page: Page) -> float:
    """When the heads were first painted, in seconds since the epoch."""
    page.wait_for_function(
        "() => headlightProbe.firstPaintAt || headlightProbe.error",
        timeout=FIRST_PAINT_MS,
        polling=POLL_MS,
    )
    check(page)
    return float(page.evaluate("headlightProbe.firstPaintAt")) / 1000


def wait_for_paint(page: Page) -> float:
    """Milliseconds from the key press to the frame after the new heads."""
    page.wait_for_function(
        "() => headlightProbe.paintedAt || headlightProbe.error",
        timeout=PAINT_MS + 5000,
        polling=POLL_MS,
    )
    check(page)
    return float(page.evaluate("headlightProbe.paintedAt - headlightProbe.keyAt"))


def wait_until_quiet(page: Page) -> None:
    """Wait until the server's run is over and the page has had time to settle."""
    page.wait_for_selector(
        '[data-testid="stApp"][data-test-script-state="notRunning"]', timeout=PAINT_MS
    )
    page.wait_for_timeout(400)


def check(page: Page) -> None:
    """Raise what the probe complains about."""
    if error := page.evaluate("headlightProbe.error"):
        raise BenchError(f"{page.url[:60]}: {error}")
