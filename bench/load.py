"""Many people at once: from a changed sentence to the end of its run, against the smallest app."""

import json
import subprocess
import sys
from collections.abc import Sequence

from bench.generate import Tally
from bench.report import BenchError, Row, percentile
from bench.server import Server
from bench.settings import ROOT, Options

CROWDS = (40, 100)  # concurrent sessions
ROUNDS = 2  # of each app in turn; their samples are pooled
TARGET = 3.0


def start_generator(
    app: int, server: Server, sessions: int, warmup: float, seconds: float, churn: float = 0.0
) -> subprocess.Popen[str]:
    """Start the load generator; `churn` is for how many seconds a person stays (0: always)."""
    arguments = {
        "app": app, "port": server.port, "pid": server.pid, "sessions": sessions,
        "warmup": warmup, "seconds": seconds, "churn": churn,
    }  # fmt: skip
    flags = [f"--{name}={value}" for name, value in arguments.items()]
    return subprocess.Popen(
        [sys.executable, "-m", "bench.generate", *flags],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish_generator(process: subprocess.Popen[str], timeout: float) -> Tally:
    """Wait for the generator, at most `timeout` seconds, and read what it saw."""
    try:
        output, errors = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise BenchError(f"the load generator did not finish within {timeout:.0f} s") from None
    if process.returncode != 0:
        raise BenchError(f"the load generator failed: {errors[-1000:]}")
    return Tally(**json.loads(output))


def pool(tallies: Sequence[Tally]) -> Tally:
    """All rounds' samples and counts together."""
    total = Tally()
    for tally in tallies:
        total.latencies += tally.latencies
        total.examples += tally.examples
        for name in ("missed", "exceptions", "no_chart", "same_chart", "disconnects", "visits"):
            setattr(total, name, getattr(total, name) + getattr(tally, name))
        total.cpu_seconds += tally.cpu_seconds
    return total


def failures(tally: Tally) -> int:
    """How many times something went wrong, other than being slow."""
    return tally.exceptions + tally.no_chart + tally.same_chart + tally.disconnects


def summary(tally: Tally) -> str:
    """p50 and p95, and the server's CPU time for one rerun."""
    p50, p95 = percentile(tally.latencies, 50), percentile(tally.latencies, 95)
    cpu = tally.cpu_seconds * 1000 / len(tally.latencies)
    return f"p95 {p95:.1f} ms, p50 {p50:.1f} ms, CPU {cpu:.1f} ms a rerun"


def row(sessions: int, floor: Tally, ours: Tally) -> Row:
    """The ratio of the p95 of the two apps."""
    ratio = percentile(ours.latencies, 95) / percentile(floor.latencies, 95)
    notes = [f"{len(ours.latencies)} and {len(floor.latencies)} reruns"]
    failed = failures(ours) + failures(floor)
    for name, tally in (("Headlight", ours), ("the smallest app", floor)):
        if tally.missed:
            notes.append(f"{tally.missed} changes of {name} left out while it was busy")
    if failed:
        notes.append(f"{failed} FAILURES: {(ours.examples + floor.examples)[:2]}")
    return Row(
        "load", f"{sessions} sessions, changed text to finished run", summary(ours),
        summary(floor), ratio, TARGET, failed, "; ".join(notes),
    )  # fmt: skip


def measure(options: Options) -> list[Row]:
    """p95 for each size of crowd; the two apps take turns, each with a server of its own."""
    seconds, warmup = (4.0, 2.0) if options.quick else (15.0, 5.0)
    rows = []
    with Server(options.apps[0].script) as small, Server(options.apps[1].script) as ours:
        for sessions in CROWDS:
            tallies: tuple[list[Tally], list[Tally]] = ([], [])
            for _ in range(ROUNDS):
                for app, server in enumerate((small, ours)):
                    generator = start_generator(app, server, sessions, warmup, seconds)
                    tallies[app].append(finish_generator(generator, 180 + warmup + seconds))
            rows.append(row(sessions, pool(tallies[0]), pool(tallies[1])))
        if tracebacks := small.tracebacks() + ours.tracebacks():
            raise BenchError(f"{tracebacks} tracebacks in the servers' logs:\n{ours.log()[-2000:]}")
    return rows
