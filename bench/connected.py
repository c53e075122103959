"""Three hundred people connected, thirty of whom do something: memory of each process."""

import asyncio
import random
from collections.abc import Sequence

from bench.client import Session
from bench.fleet import kind_of, load_average, memory_of, serve
from bench.generate import OPENING_AT_ONCE, SENTENCE_WORDS
from bench.report import BenchError, Row, percentile
from bench.server import Server
from bench.settings import CHANGE_PERIOD, App, Options, sentence

PEOPLE, ACTIVE = 300, 30
SECONDS = 20.0  # for which those who are active type
PROCESSES = (1, 2)


async def come(app: App, server: Server, people: int) -> list[Session]:
    """Let so many come, a few at a time."""
    gate = asyncio.Semaphore(OPENING_AT_ONCE)

    async def one(number: int) -> Session:
        session = Session(app, server.port)
        async with gate:
            run = await session.open(sentence(random.Random(number), SENTENCE_WORDS))
        if run.exceptions or not session.chart_hash:
            raise BenchError(str(run.exceptions or "a page without its chart"))
        return session

    return list(await asyncio.gather(*map(one, range(people))))


async def type_on(session: Session, number: int, seconds: float) -> list[float]:
    """Change the sentence every 2 s: the seconds of each change."""
    loop, rng, taken = asyncio.get_running_loop(), random.Random(-number), []
    await asyncio.sleep(CHANGE_PERIOD * rng.random())
    end = loop.time() + seconds
    while loop.time() < end:
        run = await session.change(sentence(rng, SENTENCE_WORDS))
        if run.exceptions:
            raise BenchError(run.exceptions[0])
        taken.append(run.seconds)
        await asyncio.sleep(max(0.0, CHANGE_PERIOD - run.seconds))
    return taken


async def fill(app: App, server: Server, options: Options) -> tuple[list[float], ...]:
    """Memory in MB of each process with one person, and with all; seconds of all changes."""
    people, seconds = (40, 6.0) if options.quick else (PEOPLE, SECONDS)
    (first,) = await come(app, server, 1)
    others = await come(app, server, 3)  # so that each process has had somebody
    before = memory_of(server)
    sessions = [first, *others, *await come(app, server, people - 4)]
    active = sessions[: max(4, people * ACTIVE // PEOPLE)]
    changes = await asyncio.gather(
        *(type_on(session, number, seconds) for number, session in enumerate(active))
    )
    after = memory_of(server)
    await asyncio.gather(*(session.close() for session in sessions))
    return before, after, [taken for each in changes for taken in each]


def said(megabytes: Sequence[float]) -> str:
    """Memory of all processes, and of each where there are several."""
    each = " + ".join(f"{one:.0f}" for one in megabytes)
    return f"{each} = {sum(megabytes):.0f} MB" if len(megabytes) > 1 else f"{each} MB"


def measure(options: Options) -> list[Row]:
    """Memory with one process and with two; for information."""
    app, rows = options.apps[1], []
    for processes in PROCESSES:
        with serve(app.script, processes) as server:
            before, after, taken = asyncio.run(fill(app, server, options))
            if tracebacks := server.tracebacks():
                raise BenchError(f"{tracebacks} tracebacks:\n{server.log()[-2000:]}")
        rows.append(Row(
            "connected", f"{PEOPLE} people, {ACTIVE} of them typing, {kind_of(processes)}",
            said(after), f"{said(before)} with four people", sum(after) / sum(before),
            note=f"resident memory; a change's p95 {percentile(taken, 95) * 1000:.0f} ms; "
            f"{load_average()}",
        ))  # fmt: skip
    return rows
