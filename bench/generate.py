"""The load generator, in a process of its own: many people, each changing a sentence every 2 s.

Run by `bench.load` and `bench.memory`; prints one line of JSON.
"""

import argparse
import asyncio
import json
import random
from dataclasses import asdict, dataclass, field

import psutil
from websockets.exceptions import WebSocketException

from bench.client import Run, Session
from bench.report import BenchError
from bench.settings import CHANGE_PERIOD, App, Options, sentence

SENTENCE_WORDS = 10
OPENING_AT_ONCE = 4  # first visits that may be under way at the same time
JITTER = 0.1  # a change comes up to this part of the period early or late


@dataclass
class Tally:
    """What was seen in the measured window. Times in milliseconds, CPU in seconds."""

    latencies: list[float] = field(default_factory=list)
    missed: int = 0  # changes left out because the one before had not been answered
    exceptions: int = 0
    no_chart: int = 0
    same_chart: int = 0
    disconnects: int = 0
    visits: int = 0
    cpu_seconds: float = 0.0
    examples: list[str] = field(default_factory=list)

    def fail(self, kind: str, example: str) -> None:
        """Count a failure under its field's name, and keep the first few messages."""
        setattr(self, kind, getattr(self, kind) + 1)
        if len(self.examples) < 3:
            self.examples.append(example[:300])


@dataclass
class Crowd:
    """All the sessions of one measurement. Times are the event loop's, in seconds."""

    app: App
    port: int
    sessions: int
    churn: float
    tally: Tally = field(default_factory=Tally)
    start: float = float("inf")  # of the measured window
    end: float = float("inf")
    opening: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(OPENING_AT_ONCE))

    async def open(self, rng: random.Random) -> Session | None:
        session = Session(self.app, self.port)
        try:
            async with self.opening:
                run = await session.open(sentence(rng, SENTENCE_WORDS))
        except (OSError, TimeoutError, WebSocketException) as error:
            self.tally.fail("disconnects", f"while opening: {error!r}")
            return None
        self.tally.visits += 1
        self._check(run, "")
        return session

    async def live(self, number: int, session: Session | None, begin: float) -> None:
        """One person: changes the sentence until the end, and with churn leaves and comes back."""
        loop = asyncio.get_running_loop()
        rng = random.Random(number)
        tick = begin + CHANGE_PERIOD * number / self.sessions
        leave = tick + self.churn * rng.uniform(0.2, 1) if self.churn else float("inf")
        while tick < self.end:
            await asyncio.sleep(tick + CHANGE_PERIOD * rng.uniform(-JITTER, JITTER) - loop.time())
            if session is not None and loop.time() > leave:
                await session.close()
                session = None
            if session is None:
                session = await self.open(rng)
                leave = loop.time() + self.churn if self.churn else leave
            elif not await self._change(session, sentence(rng, SENTENCE_WORDS)):
                session = None
            tick += CHANGE_PERIOD
            while tick + JITTER * CHANGE_PERIOD < loop.time() and tick < self.end:
                tick += CHANGE_PERIOD
                self.tally.missed += tick >= self.start
        if session is not None:
            await session.close()

    async def _change(self, session: Session, text: str) -> bool:
        sent = asyncio.get_running_loop().time()
        before = session.chart_hash
        try:
            run = await session.change(text)
        except (OSError, TimeoutError, WebSocketException) as error:
            self.tally.fail("disconnects", repr(error))
            return False
        if self.start <= sent < self.end:
            self.tally.latencies.append(run.seconds * 1000)
        self._check(run, before)
        return True

    def _check(self, run: Run, before: str) -> None:
        for message in run.exceptions:
            self.tally.fail("exceptions", message)
        if not run.chart_hash:
            self.tally.fail("no_chart", "a run without the heads' chart")
        elif run.chart_hash == before:
            self.tally.fail("same_chart", "the sentence changed and the chart did not")


def cpu_seconds(pid: int) -> float:
    """CPU time of a process and its children so far."""
    processes = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return sum(sum(process.cpu_times()[:2]) for process in processes)


async def measure(crowd: Crowd, pid: int, warmup: float, seconds: float) -> Tally:
    """Open every session, let them type for `warmup` seconds, then count for `seconds`."""
    loop = asyncio.get_running_loop()
    rngs = [random.Random(-1 - number) for number in range(crowd.sessions)]
    opened = await asyncio.gather(*(crowd.open(rng) for rng in rngs))
    begin = loop.time()
    crowd.start = begin + warmup
    crowd.end = crowd.start + seconds

    async def count_cpu() -> None:
        await asyncio.sleep(crowd.start - loop.time())
        before = cpu_seconds(pid)
        await asyncio.sleep(crowd.end - loop.time())
        crowd.tally.cpu_seconds = cpu_seconds(pid) - before

    people = (crowd.live(number, session, begin) for number, session in enumerate(opened))
    await asyncio.gather(count_cpu(), *people)
    return crowd.tally


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--app", type=int, choices=(0, 1), help="0 the smallest app, 1 Headlight")
    for name in ("--port", "--pid", "--sessions"):
        parser.add_argument(name, type=int, required=True)
    for name in ("--warmup", "--seconds", "--churn"):
        parser.add_argument(name, type=float, default=0.0, help="seconds")
    args = parser.parse_args()
    crowd = Crowd(Options().apps[args.app], args.port, args.sessions, args.churn)
    try:
        tally = asyncio.run(measure(crowd, args.pid, args.warmup, args.seconds))
    except BenchError as error:
        parser.exit(1, f"{error}\n")
    print(json.dumps(asdict(tally)))


if __name__ == "__main__":
    main()
