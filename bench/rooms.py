"""A class's room: from the teacher's change to what those who follow see."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from playwright.async_api import Page, async_playwright

from bench.browser import ARGUMENTS, FIRST_PAINT_MS, PAINT_MS, PROBE, VIEWPORT
from bench.fleet import kind_of, load_average, serve
from bench.followers import APP, Follower, Leader
from bench.generate import OPENING_AT_ONCE, SENTENCE_WORDS
from bench.report import BenchError, Row, percentile
from bench.server import Server
from bench.settings import Options, sentence
from tools.find_chromium import find_chromium

PROCESSES = (1, 2)
CHANGES = 10
WARMUP = 2  # changes
PAUSE = 1.0  # seconds from one change to the next, or until all have it
PATIENCE = 30.0  # seconds for a change to reach all
# A key press as the page sees it, from which on it waits for what is painted.
ARM = "headlightProbe.arm(null); dispatchEvent(new KeyboardEvent('keydown', {key: 'x'}))"
PAINTED = "() => headlightProbe.paintedAt || headlightProbe.error"


@dataclass(frozen=True)
class Class:
    """How many follow, how many of them in a Chromium, and in how many seconds p95 is to come."""

    people: int
    browsers: int
    target: float


CLASSES = (Class(1, 0, 0.5), Class(1, 1, 0.5), Class(30, 3, 1.0), Class(100, 0, 2.5))


@dataclass
class Seconds:
    """From sending the leader's change, in seconds."""

    heard: list[float] = field(default_factory=list)  # the stream's event, by each follower
    shown: list[float] = field(default_factory=list)  # the last message of a follower's run
    painted: list[float] = field(default_factory=list)  # the frame in which a Chromium shows it
    failures: list[str] = field(default_factory=list)


@asynccontextmanager
async def watching(port: int, code: str, count: int) -> AsyncIterator[list[Page]]:
    """So many windows of a Chromium that follow a room."""
    if not count:
        yield []
        return
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        pages = []
        for _ in range(count):
            context = await browser.new_context(viewport=VIEWPORT)
            await context.add_init_script(path=PROBE)
            page = await context.new_page()
            await page.goto(f"http://127.0.0.1:{port}/?room={code}")
            await page.wait_for_function(
                "() => headlightProbe.firstPaintAt || headlightProbe.error", timeout=FIRST_PAINT_MS
            )
            await page.wait_for_selector(
                '[data-testid="stApp"][data-test-script-state="notRunning"]', timeout=PAINT_MS
            )
            pages.append(page)
        yield pages
        await browser.close()


async def painted_at(page: Page) -> float:
    """When the page has painted other heads than when it was armed, in seconds since the epoch."""
    await page.wait_for_function(PAINTED, timeout=PATIENCE * 1000)
    if error := await page.evaluate("headlightProbe.error"):
        raise BenchError(f"a follower's page: {error}")
    at = await page.evaluate("performance.timeOrigin + headlightProbe.paintedAt")
    return float(at) / 1000


@asynccontextmanager
async def following(port: int, code: str, count: int) -> AsyncIterator[list[Follower]]:
    """So many who follow a room over websockets."""
    followers = [Follower(code, port) for _ in range(count)]
    gate = asyncio.Semaphore(OPENING_AT_ONCE)

    async def come(follower: Follower) -> None:
        async with gate:
            await follower.come_in()

    await asyncio.gather(*map(come, followers))
    try:
        yield followers
    finally:
        await asyncio.gather(*(follower.close() for follower in followers))


async def until_shown(followers: Sequence[Follower], version: int) -> None:
    """Wait until all show this version of the room."""
    async with asyncio.timeout(PATIENCE):
        while any(version not in follower.seen.shown for follower in followers):
            await asyncio.sleep(0.01)


async def lead(server: Server, group: Class, changes: int) -> Seconds:
    """Open a room, let a class come in, and change the sentence again and again."""
    rng, found = random.Random(group.people), Seconds()
    leader = Leader(server.port)
    await leader.open(sentence(rng, SENTENCE_WORDS))
    code = await leader.open_room()
    others = group.people - group.browsers
    async with (
        watching(server.port, code, group.browsers) as pages,
        following(server.port, code, others) as followers,
    ):
        await asyncio.sleep(PAUSE)
        for number in range(WARMUP + changes):
            for page in pages:
                await page.evaluate(ARM)
            version = number + 2  # the room's first version is its opening
            began = time.time()
            run = await leader.change(sentence(rng, SENTENCE_WORDS))
            found.failures += run.exceptions
            await until_shown(followers, version)
            painted = [await painted_at(page) for page in pages]
            if number >= WARMUP:
                found.heard += [each.seen.heard[version] - began for each in followers]
                found.shown += [each.seen.shown[version] - began for each in followers]
                found.painted += [at - began for at in painted]
            await asyncio.sleep(max(0.1, PAUSE - (time.time() - began)))
    found.failures += [text for each in followers for text in each.seen.failures]
    await leader.close()
    return found


def row(group: Class, processes: int, found: Seconds, load: str) -> Row:
    """The p95 of all who follow against the seconds allowed; a Chromium counts when it painted."""
    taken, allowed = [*found.shown, *found.painted], group.target
    p95 = percentile(taken, 95)
    notes = [f"p50 {percentile(taken, 50):.3f} s, the longest {max(taken):.3f} s", load]
    if found.heard:
        notes.append(f"p95 of hearing of it {percentile(found.heard, 95):.3f} s")
    if found.painted and found.shown:
        notes.append(f"p95 of painting alone {percentile(found.painted, 95):.3f} s")
    if found.failures:
        notes.append(f"{len(found.failures)} FAILURES: {found.failures[:2]}")
    who = f"{group.people} follow" if group.people > 1 else "one follows"
    if group.browsers:
        who += f", {group.browsers} in Chromium until painted"
    return Row(
        "rooms", f"the teacher's change until it is shown, {who}, {kind_of(processes)}",
        f"p95 {p95:.3f} s", f"{allowed:g} s allowed", p95 / allowed, 1.0,
        len(found.failures), "; ".join(notes),
    )  # fmt: skip


def measure(options: Options) -> list[Row]:
    """Each class with one process and with several, on a server that somebody has used."""
    changes = 4 if options.quick else CHANGES
    rows = []
    for processes in PROCESSES:
        with serve(APP, processes) as server:
            for group in CLASSES:
                found = asyncio.run(lead(server, group, changes))
                rows.append(row(group, processes, found, load_average()))
            if tracebacks := server.tracebacks():
                raise BenchError(f"{tracebacks} tracebacks:\n{server.log()[-2000:]}")
    return rows
