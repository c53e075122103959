"""A lesson that goes on: a class is led, others type, others come and leave, all at once."""

import asyncio
import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from websockets.exceptions import WebSocketException

from bench.client import Session
from bench.fleet import load_average, memory_of, serve
from bench.followers import Leader
from bench.generate import SENTENCE_WORDS
from bench.memory import Samples
from bench.report import BenchError, Row, percentile
from bench.rooms import following
from bench.server import Server
from bench.settings import CHANGE_PERIOD, App, Options, sentence

MINUTES, WARMUP = 3.0, 60.0  # the warm-up in seconds
FOLLOWERS, TYPING, PASSING = 30, 20, 5  # people
STAY = 4.0  # seconds for which those who come and leave are there
SAMPLE_SECONDS = 5.0
PROCESSES = 2
FLAT = 1.05  # end over start
FAILED = (OSError, TimeoutError, WebSocketException, BenchError)


@dataclass
class Seen:
    """What was seen after the warm-up: pairs of a time of the event loop and a value."""

    memory: list[tuple[float, list[float]]] = field(default_factory=list)  # MB of each process
    led: list[tuple[float, float]] = field(default_factory=list)  # seconds until a follower has it
    typed: list[tuple[float, float]] = field(default_factory=list)  # seconds of a change
    opened: list[tuple[float, float]] = field(default_factory=list)  # seconds of an opening
    failures: list[str] = field(default_factory=list)


async def be_led(port: int, end: float, seen: Seen) -> None:
    """A leader changes the sentence every 2 s, and a class follows."""
    rng, loop = random.Random(1), asyncio.get_running_loop()
    leader = Leader(port)
    await leader.open(sentence(rng, SENTENCE_WORDS))
    async with following(port, await leader.open_room(), FOLLOWERS) as followers:
        sent: list[tuple[int, float, float]] = []  # version, event loop's time, seconds since epoch
        while loop.time() < end:
            now, at = loop.time(), time.time()
            run = await leader.change(sentence(rng, SENTENCE_WORDS))
            seen.failures += run.exceptions
            sent.append((len(sent) + 2, now, at))
            await asyncio.sleep(max(0.0, CHANGE_PERIOD - (loop.time() - now)))
        await asyncio.sleep(CHANGE_PERIOD)
    for version, now, at in sent:
        for each in followers:  # who was still computing has been shown the next version instead
            when = [shown for number, shown in each.seen.shown.items() if number >= version]
            if when:
                seen.led.append((now, min(when) - at))
            else:
                seen.failures.append(f"version {version} never reached a follower")
    seen.failures += [text for each in followers for text in each.seen.failures]
    await leader.close()


async def keep_typing(app: App, port: int, number: int, end: float, seen: Seen) -> None:
    """Change a sentence every 2 s."""
    rng, loop = random.Random(1000 + number), asyncio.get_running_loop()
    session = Session(app, port)
    await session.open(sentence(rng, SENTENCE_WORDS))
    await asyncio.sleep(CHANGE_PERIOD * rng.random())
    while loop.time() < end:
        now, before = loop.time(), session.chart_hash
        run = await session.change(sentence(rng, SENTENCE_WORDS))
        seen.typed.append((now, run.seconds))
        seen.failures += run.exceptions
        if session.chart_hash == before:
            seen.failures.append("the sentence changed and the chart did not")
        await asyncio.sleep(max(0.0, CHANGE_PERIOD - run.seconds))
    await session.close()


async def pass_by(app: App, port: int, number: int, end: float, seen: Seen) -> None:
    """Open the page, change the sentence once, leave, and come back as somebody else."""
    rng, loop = random.Random(2000 + number), asyncio.get_running_loop()
    while loop.time() < end:
        session = Session(app, port)
        now = loop.time()
        run = await session.open(sentence(rng, SENTENCE_WORDS))
        seen.opened.append((now, run.seconds))
        seen.failures += run.exceptions
        await asyncio.sleep(STAY * rng.random())
        seen.failures += (await session.change(sentence(rng, SENTENCE_WORDS))).exceptions
        await session.close()


async def sample(server: Server, end: float, seen: Seen) -> None:
    """Look at the memory every few seconds."""
    loop = asyncio.get_running_loop()
    while loop.time() < end:
        seen.memory.append((loop.time(), memory_of(server)))
        await asyncio.sleep(SAMPLE_SECONDS)


async def live(app: App, server: Server, warmup: float, seconds: float) -> tuple[Seen, float]:
    """Let all of it go on; what was seen, and when the warm-up was over."""
    seen = Seen()
    start = asyncio.get_running_loop().time() + warmup
    end = start + seconds

    async def noted(work: asyncio.Future[None]) -> None:
        try:
            await work
        except FAILED as error:
            seen.failures.append(repr(error))

    works = [be_led(server.port, end, seen), sample(server, end, seen)]
    works += [keep_typing(app, server.port, number, end, seen) for number in range(TYPING)]
    works += [pass_by(app, server.port, number, end, seen) for number in range(PASSING)]
    await asyncio.gather(*(noted(asyncio.ensure_future(work)) for work in works))
    return seen, start


def thirds(values: Sequence[tuple[float, float]], start: float) -> str:
    """The p95 in the first, the second and the last third of the time, in ms."""
    after = [(at, value) for at, value in values if at >= start]
    length = (max(at for at, _ in after) - start) / 3 or 1.0
    parts = [
        [value * 1000 for at, value in after if min(int((at - start) / length), 2) == part]
        for part in range(3)
    ]
    return ", ".join(f"{percentile(part, 95):.0f}" for part in parts if part) + " ms"


def measure(options: Options) -> list[Row]:
    """Memory and waiting over the time, with several processes; errors must be none."""
    warmup, minutes = (15.0, 0.5) if options.quick else (WARMUP, options.minutes or MINUTES)
    app = options.apps[1]
    with serve(app.script, PROCESSES) as server:
        seen, start = asyncio.run(live(app, server, warmup, 60 * minutes))
        if tracebacks := server.tracebacks():
            seen.failures.append(f"{tracebacks} tracebacks: {server.log()[-300:]}")
    kept = [(at, megabytes) for at, megabytes in seen.memory if at >= start]
    whole = Samples([(at - start) / 60 for at, _ in kept], [sum(each) for _, each in kept])
    middle = statistics.median(whole.megabytes[len(kept) // 2 - 1 : len(kept) // 2 + 2])
    each = " + ".join(f"{one:.0f}" for one in kept[-1][1])
    failed = len(seen.failures)
    case = f"{FOLLOWERS} led every {CHANGE_PERIOD:g} s, {TYPING} type, {PASSING} come and leave"
    notes = [
        f"{middle:.0f} MB in the middle, {each} MB of the processes; {whole.slope:+.2f} MB/min",
        f"p95 by thirds: following {thirds(seen.led, start)}, typing {thirds(seen.typed, start)}, "
        f"opening {thirds(seen.opened, start)}",
        f"{len(seen.led)} changes shown, {len(seen.typed)} typed, {len(seen.opened)} opened",
        f"{failed} FAILURES: {seen.failures[:3]}" if failed else "no errors",
        load_average(),
    ]
    return [Row(
        "soak", f"{case}, {PROCESSES} processes, {minutes:g} min",
        f"{whole.end:.0f} MB at the end", f"{whole.start:.0f} MB at the start",
        whole.end / whole.start, FLAT, failed, "; ".join(notes),
    )]  # fmt: skip
