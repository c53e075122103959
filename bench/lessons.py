"""From Next to the next step painted, in a real browser, against Enter in the smallest app."""

import random
import statistics

from playwright.sync_api import Page

from bench.browser import PAINT_MS, chromium, fresh_context, wait_until_quiet
from bench.paint import TOKENS, open_page, press_enter
from bench.report import BenchError, Row, spread
from bench.server import Server
from bench.settings import Options, sentence, with_last_word
from lessons.lesson import Lesson, Step
from lessons.shelf import lessons

REPEATS = 15
SAME_PAGE, OTHER_PAGE = 2.0, 4.0  # targets
# Clicks a way, and gives the milliseconds until the step's heading, and its question or picture,
# are there, and one more frame.
GO = """([way, heading, content]) => new Promise((done) => {
    const began = performance.now()
    const look = () => {
        const shown = document.querySelector(".st-key-lesson_bar h3")?.textContent
        if (shown === heading && document.querySelector(content)) {
            requestAnimationFrame(() => done(performance.now() - began))
        } else requestAnimationFrame(look)
    }
    const button = [...document.querySelectorAll(".st-key-lesson_bar :is(button, a)")]
        .find((each) => each.textContent.includes(way))
    button.click()
    requestAnimationFrame(look)
})"""
QUESTION = ".st-key-lesson_question strong"
PICTURE = ".st-key-lesson_chart .main-svg"


def measure(options: Options) -> list[Row]:
    """A step on the same page, and one on another."""
    count = 4 if options.quick else REPEATS
    small, app = options.apps
    with Server(small.script) as floor, Server(app.script) as server, chromium() as browser:
        text = sentence(random.Random(0), TOKENS)
        smallest = open_page(browser, small, floor, text)
        page = fresh_context(browser).new_page()
        same, other, entered = _sample(page, server, smallest, text, count)
    return [
        _row("Next to painted, on the same page", same, entered, SAME_PAGE),
        _row("Next lesson to painted, on another page", other, entered, OTHER_PAGE),
    ]


def _sample(
    page: Page, server: Server, smallest: Page, text: str, count: int
) -> tuple[list[float], list[float], list[float]]:
    """Milliseconds of a step on the same page, of one on another, and of Enter, in turn."""
    first, second = list(lessons().values())[:2]
    if first.steps[-1].page == second.steps[0].page:
        raise BenchError("both lessons live on one page")
    rng = random.Random(1)
    same: list[float] = []
    other: list[float] = []
    entered: list[float] = []
    for number in range(count + 1):
        _open(page, server, first, 1)
        step = _go(page, "Next", first.steps[1])
        _open(page, server, first, len(first.steps))
        lesson = _go(page, "Next lesson", second.steps[0])
        smallest.bring_to_front()
        changed = with_last_word(text, rng)
        enter = press_enter(smallest, text, changed.split(" ")[-1])
        text = changed
        if number:  # the first of each warms up
            same.append(step)
            other.append(lesson)
            entered += [] if enter is None else [enter]
    if not entered:
        raise BenchError("the machine is too busy: Enter came too late after the word too often")
    return same, other, entered


def _open(page: Page, server: Server, lesson: Lesson, number: int) -> None:
    step = lesson.steps[number - 1]
    page.bring_to_front()
    page.goto(f"{server.url}{step.page}?lesson={lesson.name}&step={number}")
    page.wait_for_selector(_content(step), timeout=PAINT_MS)
    wait_until_quiet(page)


def _go(page: Page, way: str, step: Step) -> float:
    taken = float(page.evaluate(GO, [way, step.heading, _content(step)]))
    wait_until_quiet(page)
    return taken


def _content(step: Step) -> str:
    return PICTURE if step.question is None else QUESTION


def _row(case: str, ours: list[float], floor: list[float], target: float) -> Row:
    ratio = statistics.median(ours) / statistics.median(floor)
    note = f"{len(ours)} and {len(floor)} repeats, in turn; the smallest app: Enter"
    return Row("lessons", case, spread(ours), spread(floor), ratio, target, note=note)
