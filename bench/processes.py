"""One process and two behind the proxy: a hundred people who come at once, and who type."""

import asyncio
import statistics

from bench.fleet import kind_of, load_average, serve
from bench.load import failures, finish_generator, start_generator, summary, typical
from bench.opening import PEOPLE, WITHIN, arrive
from bench.report import BenchError, Row
from bench.server import Server
from bench.settings import Options

OPENING_TARGETS = {1: 10.0, 2: 6.0}  # by processes
TYPING_TARGETS = {1: 2.5, 2: 2.0}
ROUNDS = 3  # of each app in turn


def opening_row(servers: tuple[Server, Server], processes: int, options: Options) -> Row:
    """All open the page within a second: seconds until the last one has it."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(1 if options.quick else ROUNDS):
        for app, server, seconds in zip(options.apps, servers, times, strict=True):
            seconds.append(asyncio.run(arrive(app, server)))
    floor, ours = (statistics.median(seconds) for seconds in times)
    rounds = "; ".join(
        f"{app.name}: " + ", ".join(f"{one:.2f}" for one in seconds)
        for app, seconds in zip(options.apps, times, strict=True)
    )
    return Row(
        "processes",
        f"{PEOPLE} people open Explore within {WITHIN:.0f} s, until the last has it, "
        f"{kind_of(processes)}",
        f"{ours:.2f} s", f"{floor:.2f} s, served likewise", ours / floor,
        OPENING_TARGETS[processes], note=f"{load_average()}; {rounds}",
    )  # fmt: skip


def typing_row(servers: tuple[Server, Server], processes: int, options: Options) -> Row:
    """All change their sentence every 2 s: the ratio of the p95."""
    seconds, warmup = (3.0, 2.0) if options.quick else (10.0, 5.0)
    small, ours = [], []
    for _ in range(1 if options.quick else ROUNDS):
        for app, (server, tallies) in enumerate(zip(servers, (small, ours), strict=True)):
            generator = start_generator(app, server, PEOPLE, warmup, seconds)
            tallies.append(finish_generator(generator, 180 + warmup + seconds))
    failed = sum(failures(tally) for tally in [*small, *ours])
    notes = [load_average()]
    if missed := [sum(tally.missed for tally in tallies) for tallies in (ours, small)]:
        notes.append(f"left out while it was busy: {missed[0]} and {missed[1]} changes")
    if failed:
        examples = [example for tally in [*ours, *small] for example in tally.examples]
        notes.append(f"{failed} FAILURES: {examples[:2]}")
    return Row(
        "processes", f"{PEOPLE} people each change ten words every 2 s, {kind_of(processes)}",
        summary(ours), f"{summary(small)}, served likewise",
        typical(ours, 95) / typical(small, 95), TYPING_TARGETS[processes], failed,
        "; ".join(notes),
    )  # fmt: skip


def measure(options: Options) -> list[Row]:
    """With one process and with two; the smallest app is served in the same way."""
    rows = []
    small_app, app = options.apps
    for processes in OPENING_TARGETS:
        with serve(small_app.script, processes) as small, serve(app.script, processes) as ours:
            for row in (opening_row, typing_row):
                rows.append(row((small, ours), processes, options))
            if tracebacks := small.tracebacks() + ours.tracebacks():
                raise BenchError(f"{tracebacks} tracebacks:\n{ours.log()[-2000:]}")
    return rows
