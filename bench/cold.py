"""From starting the server's process to the first painted heads, against the smallest app."""

import statistics
from dataclasses import replace

from playwright.sync_api import Browser

from bench.browser import chromium, fresh_context, wait_for_first_paint
from bench.report import Row, spread
from bench.server import Server
from bench.settings import App, Options

TARGET = 1.6


def start(browser: Browser, app: App) -> float:
    """Seconds from the server's spawn to painted heads, in a browser that runs already."""
    context = fresh_context(browser)
    page = context.new_page()
    try:
        with Server(app.script) as server:
            page.goto(f"{server.url}{app.page}", wait_until="commit")
            return wait_for_first_paint(page) - server.spawned_at
    finally:
        context.close()


def measure(options: Options) -> list[Row]:
    """Starts in turn; the first of each is left out, for it reads the disk."""
    count = 2 if options.quick else 7
    small, headlight = options.apps
    apps = (small, options.start_page, replace(headlight, page="explore"))
    seconds: tuple[list[float], ...] = ([], [], [])
    with chromium() as browser:
        for number in range(count + 1):
            for app, taken in zip(apps, seconds, strict=True):
                once = start(browser, app)
                if number:
                    taken.append(once)
    floor, *ours = seconds
    return [
        Row("cold", f"server's start to {what}", spread(taken, "s"), spread(floor, "s"),
            statistics.median(taken) / statistics.median(floor), TARGET, 0,
            f"{count} starts, median (quartiles); files cached by the system, none by the browser")
        for what, taken in zip(("the start page's picture", "Explore's heads"), ours, strict=True)
    ]  # fmt: skip
