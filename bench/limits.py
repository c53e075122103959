"""An ordinary visitor among people at the limits: how long a change takes, and how much memory."""

import asyncio
import json
import random
import statistics
import sys
from dataclasses import dataclass, field

from bench.client import Session
from bench.generate import SENTENCE_WORDS
from bench.guests import Guest, Place, Seen
from bench.report import BenchError, Row, percentile
from bench.server import Server
from bench.settings import ROOT, App, Options, sentence

PEOPLE = 20  # at the limits of all pages
PERIOD = 0.3  # seconds between two changes of the ordinary visitor, as of somebody who types
SAMPLE_SECONDS = 0.1
SETTLE_SECONDS = 5.0  # in which those at the limits come
MOST_MB = 2560.0  # 2.5 GB, of which both models take 700 MB
TARGET = 10.0


@dataclass
class Found:
    """What was measured: milliseconds of the ordinary visitor's changes, MB of the server."""

    smallest: list[float] = field(default_factory=list)
    alone: list[float] = field(default_factory=list)
    beside: list[float] = field(default_factory=list)
    before: float = 0.0
    peak: float = 0.0
    after: float = 0.0
    failures: list[str] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)


async def type_on(
    session: Session, rng: random.Random, seconds: float, found: Found
) -> list[float]:
    """Change the sentence at a person's pace; milliseconds of each change."""
    loop = asyncio.get_running_loop()
    end, taken = loop.time() + seconds, []
    while loop.time() < end:
        begin, before = loop.time(), session.chart_hash
        run = await session.change(sentence(rng, SENTENCE_WORDS))
        taken.append(run.seconds * 1000)
        found.failures += run.exceptions
        if not run.chart_hash or run.chart_hash == before:
            found.failures.append("the sentence changed and the chart did not")
        await asyncio.sleep(max(0.0, PERIOD - (loop.time() - begin)))
    return taken


async def alone(app: App, port: int, seconds: float, found: Found) -> list[float]:
    """The ordinary visitor's changes where nobody else is."""
    rng = random.Random(0)
    session = Session(app, port)
    await session.open(sentence(rng, SENTENCE_WORDS))
    await type_on(session, rng, 2.0, found)  # the first ones load what all need
    taken = await type_on(session, rng, seconds, found)
    await session.close()
    return taken


async def load_models(port: int) -> None:
    """Open Pretrained with each of the two models, so that both are in memory."""
    for model in ("minilm", "smollm2"):
        guest = Guest(Place("pretrained", {"model": model}, 5), 0, port)
        await guest.enter()
        await guest.close()


async def beside(server: Server, app: App, people: int, seconds: float, found: Found) -> None:
    """The ordinary visitor's changes while others are at the limits, and the server's memory."""
    found.before = server.rss_mb()
    others = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.guests", f"--port={server.port}", f"--people={people}",
        cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    watching = asyncio.create_task(_watch(server, found))
    try:
        await asyncio.sleep(SETTLE_SECONDS)
        found.beside = await alone(app, server.port, seconds, found)
        output, errors = await others.communicate(b"")  # the end of its input
    finally:
        watching.cancel()
        if others.returncode is None:
            others.kill()
    if others.returncode != 0:
        raise BenchError(f"those at the limits left: {errors.decode()[-800:]}")
    found.seen = [Seen(**told) for told in json.loads(output)]
    found.failures += [message for seen in found.seen for message in seen.exceptions]
    await asyncio.sleep(SETTLE_SECONDS)
    found.after = server.rss_mb()


async def _watch(server: Server, found: Found) -> None:
    while True:
        found.peak = max(found.peak, server.rss_mb())
        await asyncio.sleep(SAMPLE_SECONDS)


def _said(values: list[float]) -> str:
    return f"p95 {percentile(values, 95):.1f} ms, p50 {percentile(values, 50):.1f} ms"


def rows(found: Found, people: int) -> list[Row]:
    """The ordinary visitor against being alone and against the smallest app; the memory."""
    waits = [seconds for seen in found.seen for seconds in seen.seconds]
    files = sum(seen.files for seen in found.seen)
    notes = [
        f"{len(found.beside)} changes, the longest {max(found.beside):.0f} ms",
        f"at the limits: {len(waits)} changes, {files} files, "
        f"median {statistics.median(waits or [float('nan')]):.1f} s",
        *([f"{len(found.failures)} FAILURES: {found.failures[:2]}"] if found.failures else []),
    ]
    case = f"{people} people at the limits of every page"
    of_beside = percentile(found.beside, 95)
    failed = len(found.failures)
    return [
        Row(
            "limits", f"{case}, an ordinary visitor's change", _said(found.beside),
            f"alone: {_said(found.alone)}", of_beside / percentile(found.alone, 95), TARGET,
            failed, "; ".join(notes),
        ),
        Row(
            "limits", "the same, and the smallest app alone", _said(found.beside),
            _said(found.smallest), of_beside / percentile(found.smallest, 95), None,
        ),
        Row(
            "limits", f"{case}, both models loaded: peak of the server's memory",
            f"{found.peak:.0f} MB", f"{MOST_MB:.0f} MB allowed", found.peak / MOST_MB, 1.0, failed,
            f"{found.before:.0f} MB before they came, {found.after:.0f} MB when they had gone",
        ),
    ]  # fmt: skip


def measure(options: Options) -> list[Row]:
    """The smallest app, Headlight for one, and Headlight for one among people at the limits."""
    seconds, long, people = (3.0, 10.0, 5) if options.quick else (10.0, 60.0, PEOPLE)
    small_app, app = options.apps
    found = Found()
    with Server(small_app.script) as server:
        found.smallest = asyncio.run(alone(small_app, server.port, seconds, found))
    with Server(app.script) as server:
        asyncio.run(load_models(server.port))
        found.alone = asyncio.run(alone(app, server.port, seconds, found))
        asyncio.run(beside(server, app, people, long, found))
        if tracebacks := server.tracebacks():
            raise BenchError(f"{tracebacks} tracebacks in the log:\n{server.log()[-2000:]}")
    return rows(found, people)
