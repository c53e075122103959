"""Explore while others train: from a changed text to the end of its run, against an idle server."""

import asyncio
import json
import random
import statistics
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bench.client import Session
from bench.generate import JITTER, SENTENCE_WORDS
from bench.report import BenchError, Row, percentile
from bench.server import Server
from bench.settings import ROOT, App, Options, sentence
from bench.watcher import START_SECONDS, Seen

PERIOD = 0.3  # seconds between two changes, as of somebody who types
CROWDS = (0, 1, 2)  # trainings that run meanwhile
ROUNDS = 3  # of each crowd in turn
TARGET = 3.0
SETTLE_SECONDS = 2.0  # after a round, in which trainings end whose people have gone


@dataclass
class Round:
    """One crowd once: milliseconds of each change, and what the people who train saw."""

    latencies: list[float] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


@asynccontextmanager
async def trainings(port: int, people: int, done: Round) -> AsyncIterator[None]:
    """So many trainings that run from here on to the end; raises if one ended before."""
    if people == 0:
        yield
        return
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.watcher", f"--port={port}", f"--people={people}",
        cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE, limit=2**24,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        async with asyncio.timeout(2 * START_SECONDS):
            began = await process.stdout.readline()
        if began.strip() == b"running":
            yield
        async with asyncio.timeout(START_SECONDS):
            output, errors = await process.communicate(b"")  # the end of its input
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode != 0:
        raise BenchError(f"no training ran all the time: {errors.decode()[-500:]}")
    done.seen = [Seen(**told) for told in json.loads(output)]
    done.failures += [message for seen in done.seen for message in seen.exceptions]


async def type_on(session: Session, rng: random.Random, count: int, done: Round) -> None:
    """Change the sentence so many times, at a person's pace; noted is each change's time."""
    loop = asyncio.get_running_loop()
    begin = loop.time()
    for number in range(count):
        due = begin + PERIOD * (number + rng.uniform(-JITTER, JITTER))
        await asyncio.sleep(max(0.0, due - loop.time()))
        before = session.chart_hash
        run = await session.change(sentence(rng, SENTENCE_WORDS))
        done.latencies.append(run.seconds * 1000)
        done.failures += run.exceptions
        if not run.chart_hash or run.chart_hash == before:
            done.failures.append("the sentence changed and the chart did not")


async def sample(app: App, port: int, rounds: int, count: int) -> dict[int, list[Round]]:
    """Each crowd's rounds, in turn; one session on Explore types through all of them."""
    rng = random.Random(0)
    session = Session(app, port)
    await session.open(sentence(rng, SENTENCE_WORDS))
    await type_on(session, rng, 10, Round())  # the first ones load what all need
    results: dict[int, list[Round]] = {people: [] for people in CROWDS}
    try:
        for _ in range(rounds):
            for people in CROWDS:
                done = Round()
                async with trainings(port, people, done):
                    await type_on(session, rng, count, done)
                results[people].append(done)
                await asyncio.sleep(SETTLE_SECONDS)
    finally:
        await session.close()
    return results


def pooled(rounds: list[Round]) -> list[float]:
    return [latency for done in rounds for latency in done.latencies]


def summary(rounds: list[Round]) -> str:
    """p95 and p50 of all changes."""
    values = pooled(rounds)
    return f"p95 {percentile(values, 95):.1f} ms, p50 {percentile(values, 50):.1f} ms"


def row(people: int, rounds: list[Round], idle: list[Round]) -> Row:
    """The ratio of the p95; the target is for one training."""
    values, floor = pooled(rounds), pooled(idle)
    failures = [failure for done in [*rounds, *idle] for failure in done.failures]
    repaint = statistics.median(
        seconds for done in rounds for seen in done.seen for seconds in seen.repaints
    )
    trained = ", ".join(
        f"{seen.steps[0]}-{seen.steps[-1]}" for done in rounds for seen in done.seen
    )
    p95s = ", ".join(f"{percentile(done.latencies, 95):.1f}" for done in rounds)
    notes = [
        f"{len(values)} changes, p95 by round {p95s}",
        f"steps trained meanwhile: {trained}",
        f"a repaint of Learn took {repaint * 1000:.0f} ms",
        *([f"{len(failures)} FAILURES: {failures[:2]}"] if failures else []),
    ]
    return Row(
        "learn", f"Explore beside {people} training{'s' * (people > 1)}, changed text to run",
        summary(rounds), summary(idle), percentile(values, 95) / percentile(floor, 95),
        TARGET if people == 1 else None, len(failures), "; ".join(notes),
    )  # fmt: skip


def measure(options: Options) -> list[Row]:
    """One server; idle, one training and two take turns."""
    rounds, count = (1, 20) if options.quick else (ROUNDS, 60)
    app = options.apps[1]
    with Server(app.script) as server:
        results = asyncio.run(sample(app, server.port, rounds, count))
        if tracebacks := server.tracebacks():
            raise BenchError(
                f"{tracebacks} tracebacks in the server's log:\n{server.log()[-2000:]}"
            )
    return [row(people, results[people], results[0]) for people in CROWDS[1:]]
