"""Many people at once: from a changed sentence to the end of its run, against the smallest app."""

import json
import statistics
import subprocess
import sys
from collections.abc import Sequence

from bench.generate import Tally
from bench.report import BenchError, Row, percentile
from bench.server import Server
from bench.settings import ROOT, Options

CROWDS = (40, 100)  # concurrent sessions
ROUNDS = 3  # of each app in turn
TARGETS = {40: 3.0, 100: 2.5}  # by the size of the crowd


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


def failures(tally: Tally) -> int:
    """How many times something went wrong, other than being slow."""
    return tally.exceptions + tally.no_chart + tally.same_chart + tally.disconnects


def typical(rounds: Sequence[Tally], percent: float) -> float:
    """The median over the rounds of one percentile, in ms: one disturbed round doesn't count."""
    return statistics.median(percentile(tally.latencies, percent) for tally in rounds)


def summary(rounds: Sequence[Tally]) -> str:
    """p95 and p50, and the server's CPU time for one rerun."""
    cpu = statistics.median(t.cpu_seconds * 1000 / len(t.latencies) for t in rounds)
    p95, p50 = typical(rounds, 95), typical(rounds, 50)
    return f"p95 {p95:.1f} ms, p50 {p50:.1f} ms, CPU {cpu:.1f} ms a rerun"


def row(sessions: int, floor: Sequence[Tally], ours: Sequence[Tally]) -> Row:
    """The ratio of the p95 of the two apps."""
    notes = []
    for name, rounds in (("Headlight", ours), ("smallest", floor)):
        p95s = ", ".join(f"{percentile(tally.latencies, 95):.1f}" for tally in rounds)
        reruns = sum(len(tally.latencies) for tally in rounds)
        notes.append(f"{name}: {reruns} reruns, p95 by round {p95s}")
        if missed := sum(tally.missed for tally in rounds):
            notes.append(f"{missed} changes left out while it was busy")
    failed = sum(failures(tally) for tally in [*ours, *floor])
    if failed:
        examples = [example for tally in [*ours, *floor] for example in tally.examples]
        notes.append(f"{failed} FAILURES: {examples[:2]}")
    return Row(
        "load", f"{sessions} sessions, changed text to finished run", summary(ours),
        summary(floor), typical(ours, 95) / typical(floor, 95), TARGETS[sessions], failed,
        "; ".join(notes),
    )  # fmt: skip


def measure(options: Options) -> list[Row]:
    """p95 for each size of crowd; the two apps take turns, each with a server of its own."""
    seconds, warmup = (3.0, 2.0) if options.quick else (10.0, 5.0)
    rows = []
    with Server(options.apps[0].script) as small, Server(options.apps[1].script) as ours:
        for sessions in CROWDS:
            tallies: tuple[list[Tally], list[Tally]] = ([], [])
            for _ in range(ROUNDS):
                for app, server in enumerate((small, ours)):
                    generator = start_generator(app, server, sessions, warmup, seconds)
                    tallies[app].append(finish_generator(generator, 180 + warmup + seconds))
            rows.append(row(sessions, *tallies))
        if tracebacks := small.tracebacks() + ours.tracebacks():
            raise BenchError(f"{tracebacks} tracebacks in the servers' logs:\n{ours.log()[-2000:]}")
    return rows
