"""The start page against Explore: a whole run, opening it on a warm server, typing."""

import asyncio
import random
import statistics
import time
from dataclasses import replace

from playwright.sync_api import Browser

from bench.browser import chromium, fresh_context, wait_for_first_paint
from bench.opening import ROUNDS, RUNS, costs
from bench.paint import compare, repeats
from bench.report import Row, spread
from bench.server import Server
from bench.settings import App, Options, sentence

OPENINGS = 15
TARGET = 1.0  # no later than Explore


def measure(options: Options) -> list[Row]:
    """Each against the same of Explore."""
    explore = replace(options.apps[1], page="explore")
    return [
        _cost_row(options, explore),
        _opening_row(options, explore),
        compare(explore, options.start_page, repeats(options)).row(
            "first", "the start page, as many words, against Explore", TARGET
        ),
    ]


def _cost_row(options: Options, explore: App) -> Row:
    rounds = 3 if options.quick else ROUNDS
    apps = (explore, options.start_page)
    with Server(options.app) as one, Server(options.app) as other:
        spent = asyncio.run(costs(apps, (one, other), rounds))
    theirs, ours = (min(cost) * 1000 for cost in spent)
    note = f"the least of {rounds} rounds of {RUNS} runs each, in turn"
    return Row(
        "first", "a whole run, processor time", f"{ours:.1f} ms", f"{theirs:.1f} ms (Explore)",
        ours / theirs, None, note=note,
    )  # fmt: skip


def _opening_row(options: Options, explore: App) -> Row:
    count = 3 if options.quick else OPENINGS
    apps = (explore, options.start_page)
    seconds: tuple[list[float], list[float]] = ([], [])
    with Server(options.app) as server, chromium() as browser:
        for number in range(count + 1):
            text = sentence(random.Random(number), 12)  # that nobody has asked for yet
            for app, taken in zip(apps, seconds, strict=True):
                once = _open(browser, f"{server.url}{app.page}?{app.query(text)}")
                if number:  # the first of each imports and loads
                    taken.append(once)
    theirs, ours = seconds
    return Row(
        "first", "opened on a warm server, until painted", spread(ours, "s"), spread(theirs, "s"),
        statistics.median(ours) / statistics.median(theirs), TARGET, 0,
        f"{count} openings each, in turn, another sentence each; an empty cache of the browser",
    )  # fmt: skip


def _open(browser: Browser, url: str) -> float:
    """Seconds from asking for a page to its picture."""
    context = fresh_context(browser)
    try:
        page = context.new_page()
        began = time.time()
        page.goto(url, wait_until="commit")
        return wait_for_first_paint(page) - began
    finally:
        context.close()
