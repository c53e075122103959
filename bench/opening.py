"""Opening a page: what a whole run costs, and how long a class waits that opens it at once."""

import asyncio
import random
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from bench.client import Session
from bench.report import BenchError, Row
from bench.server import Server
from bench.settings import ROOT, App, Options, sentence

BEFORE = "5be6107"  # the last commit before controls in popovers were made when they are opened
WORDS = 10
ROUNDS, RUNS = 12, 25  # of each version in turn
PEOPLE = 100
WITHIN = 1.0  # seconds in which all of them come
COST_TARGET, CLASS_TARGET = 0.5, 10.0


def measure(options: Options) -> list[Row]:
    """A whole run's processor time against an earlier version's; a class that comes at once."""
    return [_cost_row(options), _class_row(options)]


def _cost_row(options: Options) -> Row:
    rounds = 3 if options.quick else ROUNDS
    _small, app = options.apps
    with (
        _checkout(BEFORE) as old,
        Server(old / "app.py", root=old) as before,
        Server(app.script) as now,
    ):
        spent = asyncio.run(costs((app, app), (before, now), rounds))
    then, ours = (min(cost) * 1000 for cost in spent)
    note = (
        f"Explore, {WORDS} words; the least of {rounds} rounds of {RUNS} runs each, in turn: "
        "what else the machine does only adds to it"
    )
    return Row(
        "opening", "a whole run, processor time", f"{ours:.1f} ms", f"{then:.1f} ms ({BEFORE})",
        ours / then, COST_TARGET, note=note,
    )  # fmt: skip


async def costs(
    apps: tuple[App, App], servers: tuple[Server, Server], rounds: int
) -> list[list[float]]:
    """Return the seconds of processor time for a run, of each round of each app on its server."""
    text = sentence(random.Random(0), WORDS)
    sessions = [Session(app, server.port) for app, server in zip(apps, servers, strict=True)]
    processes = [psutil.Process(server.pid) for server in servers]
    for session in sessions:
        await session.open(text)
        for _ in range(RUNS):  # until everything is imported, made and kept
            await session.run_again(text)
    spent: list[list[float]] = [[] for _ in servers]
    for _ in range(rounds):
        for session, process, cost in zip(sessions, processes, spent, strict=True):
            began = _spent(process)
            for _ in range(RUNS):
                run = await session.run_again(text)
                if run.exceptions:
                    raise BenchError(run.exceptions[0])
            cost.append((_spent(process) - began) / RUNS)
    for session in sessions:
        await session.close()
    return spent


def _spent(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


@contextmanager
def _checkout(commit: str) -> Iterator[Path]:
    """An earlier version in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "before"
        add = ["git", "worktree", "add", "--quiet", "--detach", str(place), commit]
        remove = ["git", "worktree", "remove", "--force", str(place)]
        made = subprocess.run(add, cwd=ROOT, capture_output=True, text=True)
        if made.returncode:
            raise BenchError(f"no checkout of {commit}: {made.stderr.strip()[:200]}")
        try:
            yield place
        finally:
            subprocess.run(remove, cwd=ROOT, check=True)


def _class_row(options: Options) -> Row:
    rounds = 2 if options.quick else 5
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for app, seconds in zip(options.apps, times, strict=True):
            with Server(app.script) as server:
                seconds.append(asyncio.run(arrive(app, server)))
    floor, ours = (sorted(seconds)[rounds // 2] for seconds in times)
    spread = "; ".join(
        f"{app.name}: " + ", ".join(f"{one:.2f}" for one in seconds)
        for app, seconds in zip(options.apps, times, strict=True)
    )
    return Row(
        "opening", f"{PEOPLE} people open it within {WITHIN:.0f} s, until the last has it",
        f"{ours:.2f} s", f"{floor:.2f} s", ours / floor, CLASS_TARGET,
        note="from when the last of them asks; all by the same link, on a server that somebody has "
        f"used; {spread}",
    )  # fmt: skip


async def arrive(app: App, server: Server) -> float:
    """Let all come at even intervals: seconds from the last one's coming until all have it."""
    early = Session(app, server.port)
    await early.open()  # a server that nobody has opened yet is another matter
    for _ in range(5):
        await early.run_again()
    began = time.perf_counter()

    async def come(number: int) -> tuple[Session, float]:
        await asyncio.sleep(WITHIN * number / PEOPLE)
        session = Session(app, server.port)
        run = await session.open()
        if run.exceptions or not session.chart_hash:
            raise BenchError(str(run.exceptions or "a page without its chart"))
        return session, time.perf_counter()

    arrived = await asyncio.gather(*(come(number) for number in range(PEOPLE)))
    for session, _ in arrived:
        await session.close()
    await early.close()
    return max(at for _, at in arrived) - began - WITHIN * (PEOPLE - 1) / PEOPLE
