"""From a key press to painted heads, in a real browser, against the smallest app."""

import random
import statistics
from dataclasses import dataclass

from playwright.sync_api import Browser, Page

from bench.browser import (
    chromium,
    fresh_context,
    wait_for_first_paint,
    wait_for_paint,
    wait_until_quiet,
)
from bench.report import BenchError, Row, spread
from bench.server import Server
from bench.settings import HEADS, App, Options, sentence, with_last_word

TOKENS = 32
TARGET = 1.5
FIELD = ":is(.st-key-text, .st-key-say) input"
MASKS = ".st-key-mask button"
LONGEST_WAIT = 60  # ms from the new word to Enter; the live debounce (100 ms) must not have run out


def open_page(browser: Browser, app: App, server: Server, text: str) -> Page:
    """A page of the app with this sentence, painted and quiet."""
    page = fresh_context(browser).new_page()
    page.goto(f"{server.url}?{app.query(text)}")
    wait_for_first_paint(page)
    field = page.locator(FIELD)
    if field.input_value() != text:
        field.fill(text)
        field.press("Enter")
    wait_until_quiet(page)
    return page


def press_enter(page: Page, text: str, word: str) -> float | None:
    """Replace the last word and commit with Enter: ms from Enter to painted.

    None if the live debounce may have committed first, which happens on a busy machine.
    """
    start = ready(page, text)
    page.evaluate("headlightProbe.arm('Enter')")
    page.evaluate(
        "([selector, start]) => {"
        "  const field = document.querySelector(selector);"
        "  field.setSelectionRange(start, field.value.length);"
        "}",
        [FIELD, start],
    )
    page.keyboard.insert_text(word)
    page.keyboard.press("Enter")
    try:
        painted = wait_for_paint(page)
    except BenchError:
        painted = None
    waited = page.evaluate("headlightProbe.keyAt - headlightProbe.inputAt")
    if waited > LONGEST_WAIT:
        return None
    if painted is None:
        raise BenchError(f"{page.url[:60]}: {page.evaluate('headlightProbe.error')}")
    return painted


def press_letter(page: Page, text: str) -> float:
    """Type one letter at the end: ms from its key press to painted, live debounce included."""
    ready(page, text)
    page.evaluate("headlightProbe.arm(null)")
    page.keyboard.press("s")
    return wait_for_paint(page)


def press_mask(page: Page, name: str) -> float:
    """Choose another mask with its button: ms from the key press that does it to painted."""
    page.bring_to_front()
    wait_until_quiet(page)
    page.locator(MASKS, has_text=name).first.focus()
    page.evaluate("headlightProbe.arm('Enter')")
    page.keyboard.press("Enter")
    return wait_for_paint(page)


def ready(page: Page, text: str) -> int:
    """Bring the page to the front with its caret at the end; where the last word starts."""
    page.bring_to_front()
    field = page.locator(FIELD)
    field.focus()
    page.keyboard.press("End")
    wait_until_quiet(page)
    shown = field.input_value()
    if shown != text:
        raise BenchError(f"the field holds {shown!r} and not {text!r}")
    return len(text) - len(text.split(" ")[-1])


def sample(
    pages: tuple[Page, Page], text: str, count: int, rng: random.Random
) -> tuple[list[list[float]], list[list[float]], int]:
    """Times of Enter and of one live letter for both pages in turn, and how many were discarded."""
    entered: list[list[float]] = [[], []]
    live: list[list[float]] = [[], []]
    texts = [text, text]
    discarded = 0
    for number in range(3 * count):
        if min(len(entered[0]), len(entered[1])) >= count:
            return entered, live, discarded
        for index in (0, 1) if number % 2 else (1, 0):
            page, changed = pages[index], with_last_word(texts[index], rng)
            painted = press_enter(page, texts[index], changed.split(" ")[-1])
            texts[index] = changed
            if painted is None:
                discarded += 1
            elif number:  # the first of each warms up
                entered[index].append(painted)
            if number % 3 == 1:
                live[index].append(press_letter(page, texts[index]))
                texts[index] += "s"
    raise BenchError("the machine is too busy: Enter came too late after the word too often")


@dataclass(frozen=True)
class Samples:
    """Milliseconds of the smallest app and of another, and how many were discarded."""

    entered: list[list[float]]
    live: list[list[float]]
    discarded: int
    masked: list[float]  # of the other app alone: the smallest has no mask

    def row(self, part: str, case: str, target: float) -> Row:
        """Enter to painted: the ratio of the median times."""
        floor, ours = self.entered
        note = f"{len(ours)} and {len(floor)} repeats, median (quartiles)"
        if self.discarded:
            note += f", {self.discarded} discarded for a late Enter"
        return Row(
            part, f"Enter to painted, {case}", spread(ours), spread(floor),
            statistics.median(ours) / statistics.median(floor), target, 0, note,
        )  # fmt: skip

    def live_row(self, part: str, case: str) -> Row:
        """One letter to painted, for information."""
        floor, ours = self.live
        return Row(
            part, f"letter to painted, live, {case}", spread(ours), spread(floor),
            statistics.median(ours) / statistics.median(floor), None, 0,
            f"{len(ours)} repeats; with the live debounce in both",
        )  # fmt: skip

    def mask_row(self, part: str, case: str, target: float) -> Row:
        """A mask's button to painted, against Enter in the smallest app."""
        floor = self.entered[0]
        return Row(
            part, f"a mask's button to painted, {case}", spread(self.masked), spread(floor),
            statistics.median(self.masked) / statistics.median(floor), target, 0,
            f"{len(self.masked)} repeats; it runs the whole page; the smallest app: Enter",
        )  # fmt: skip


def compare(small: App, large: App, count: int) -> Samples:
    """Both apps with a sentence of TOKENS words; the pages take turns in one browser."""
    rng = random.Random(32)
    text = sentence(rng, TOKENS)
    with Server(small.script) as floor, Server(large.script) as server, chromium() as browser:
        pages = (open_page(browser, small, floor, text), open_page(browser, large, server, text))
        entered, live, discarded = sample(pages, text, count, rng)
        has_masks = pages[1].locator(MASKS).count() > 0
        turns = range(count + 1 if has_masks else 0)  # the first warms up
        masked = [press_mask(pages[1], ("Causal", "None")[turn % 2]) for turn in turns][1:]
        return Samples(entered, live, discarded, masked)


def repeats(options: Options) -> int:
    return 6 if options.quick else 30


def measure(options: Options) -> list[Row]:
    """Eight heads of 32 tokens against one 32x32 heatmap."""
    samples = compare(*options.apps, repeats(options))
    case = f"{HEADS} heads, {TOKENS} tokens"
    return [
        samples.row("paint", case, TARGET),
        samples.mask_row("paint", case, TARGET),
        samples.live_row("paint", case),
    ]
