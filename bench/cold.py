"""From starting the server's process to the first painted heads, against the smallest app."""

import statistics

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
            page.goto(server.url, wait_until="commit")
            return wait_for_first_paint(page) - server.spawned_at
    finally:
        context.close()


def measure(options: Options) -> list[Row]:
    """Starts in turn; the first of each is left out, for it reads the disk."""
    count = 2 if options.quick else 7
    seconds: tuple[list[float], list[float]] = ([], [])
    with chromium() as browser:
        for number in range(count + 1):
            for index, app in enumerate(options.apps):
                taken = start(browser, app)
                if number:
                    seconds[index].append(taken)
    small, ours = seconds
    return [
        Row("cold", "server's start to first painted heads", spread(ours, "s"), spread(small, "s"),
            statistics.median(ours) / statistics.median(small), TARGET, 0,
            f"{count} starts, median (quartiles); files cached by the system, none by the browser"),
    ]  # fmt: skip
