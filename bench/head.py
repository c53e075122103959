"""From a key press to another head painted: a trained model's page against Explore."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any
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
from bench.report import BenchError, Row, spread
from bench.server import Server
from bench.settings import Options, sentence

TOKENS = 32
AROUND = 2  # tokens that MiniLM adds around a sentence
HEADS = 12
EMBED_SIZE = 384
QUERY = 5  # whose row of weights the strip shows
TARGET = 1.1  # as quick; times come in steps of a frame
FIELD = ".st-key-head input"
POPOVER = ".st-key-choose_popover button:visible"  # holds the field, where the view doesn't

# All numbers of a page's chart, as the lengths of rows and columns of each matrix.
SHAPES = """() => [...document.querySelectorAll(".js-plotly-plot")]
    .flatMap((plot) => plot._fullData).filter((trace) => trace.z)
    .map((trace) => [trace.z.length, trace.z[0].length])"""


@dataclass(frozen=True)
class Case:
    """A view, and what a change of the head paints anew in it: the chart, or the strip of words."""

    view: str
    painted: str
    name: str


CASES = (
    Case("head", "chart", "One head's equation"),
    Case("heads", "strip", "the strip of words above all heads"),
)


def paths(case: Case) -> tuple[str, str]:
    """Explore and the trained model with as many tokens, heads and dimensions."""
    common: dict[str, Any] = {"view": case.view, "head": 0, "q": QUERY}
    words = sentence(Random(TOKENS), TOKENS)
    fewer = " ".join(words.split(" ")[: TOKENS - AROUND])
    sizes = {"heads": HEADS, "embed_size": EMBED_SIZE}
    return (
        "?" + urlencode({"text": words, **sizes, **common}),
        "pretrained?" + urlencode({"text": fewer, "model": "minilm", **common}),
    )


def open_page(browser: Browser, server: Server, path: str) -> Page:
    """A page with the input for the head in sight, painted and quiet."""
    page = fresh_context(browser).new_page()
    page.goto(server.url + path)
    wait_for_first_paint(page)
    wait_until_quiet(page)
    if not page.locator(FIELD).is_visible():
        page.locator(POPOVER).click()
    page.locator(FIELD).wait_for()
    return page


def change_head(page: Page, head: int, painted: str) -> float:
    """Type another head and commit it with Enter: ms from Enter to painted."""
    page.bring_to_front()
    page.locator(FIELD).select_text()
    wait_until_quiet(page)
    page.evaluate("painted => headlightProbe.arm('Enter', painted)", painted)
    page.keyboard.insert_text(str(head))
    page.keyboard.press("Enter")
    return wait_for_paint(page)


def check_alike(pages: Sequence[Page]) -> None:
    """Raise unless the pages draw as many matrices of the same sizes."""
    explore, trained = (page.evaluate(SHAPES) for page in pages)
    if explore != trained:
        raise BenchError(f"the pages' charts differ: {explore} and {trained}")


def sample(pages: Sequence[Page], case: Case, count: int) -> tuple[list[float], list[float]]:
    """Milliseconds of Explore and of the trained model, in turn; the first of each warms up."""
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(count + 1):
        for index in (0, 1) if number % 2 else (1, 0):
            head = (number + 1) % HEADS
            taken = change_head(pages[index], head, case.painted)
            if number:
                times[index].append(taken)
    return times


def row(browser: Browser, server: Server, case: Case, count: int) -> Row:
    """The ratio of the median times."""
    pages = [open_page(browser, server, path) for path in paths(case)]
    check_alike(pages)
    explore, trained = sample(pages, case, count)
    for page in pages:
        page.context.close()
    return Row(
        "head", f"Enter to painted, {case.name}, {HEADS} heads, {TOKENS} tokens", spread(trained),
        spread(explore), statistics.median(trained) / statistics.median(explore), TARGET, 0,
        f"MiniLM against Explore, {count} repeats each, median (quartiles)",
    )  # fmt: skip


def measure(options: Options) -> list[Row]:
    """Both pages of one server, in one browser."""
    check_installed()
    count = 6 if options.quick else 30
    with Server(options.apps[1].script) as server, chromium() as browser:
        return [row(browser, server, case, count) for case in CASES]
