"""The server's memory under a long load: it is to stay flat, also when people come and go."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.load import failures, finish_generator, start_generator
from bench.report import BenchError, Row
from bench.server import Server
from bench.settings import Options

SESSIONS = 100
MINUTES = 10.0
SAMPLE_SECONDS = 5.0
CHURN_SECONDS = 30.0  # how long a person stays, where people come and go
TARGET = 1.05  # end over start: what "flat" means here


@dataclass(frozen=True)
class Samples:
    """Resident memory in MB at times in minutes, from the end of the warm-up."""

    minutes: Sequence[float]
    megabytes: Sequence[float]

    @property
    def start(self) -> float:
        return statistics.median(self.megabytes[:3])

    @property
    def end(self) -> float:
        return statistics.median(self.megabytes[-3:])

    @property
    def slope(self) -> float:
        """Least-squares slope in MB a minute."""
        return statistics.linear_regression(self.minutes, self.megabytes).slope


def watch(server: Server, warmup: float, seconds: float) -> Samples:
    """Sample the server's memory every few seconds, once the warm-up is over."""
    begin = time.monotonic()
    minutes, megabytes = [], []
    while (elapsed := time.monotonic() - begin) < warmup + seconds:
        if elapsed >= warmup:
            minutes.append((elapsed - warmup) / 60)
            megabytes.append(server.rss_mb())
        time.sleep(SAMPLE_SECONDS)
    if len(megabytes) < 4:
        raise BenchError("too short a time to see a slope: give more --minutes")
    return Samples(minutes, megabytes)


def one(options: Options, churn: float) -> Row:
    """One long load on a fresh server of Headlight, whose start is its own floor."""
    warmup = 15.0 if options.quick else 60.0
    seconds = 60 * (1.0 if options.quick else options.minutes or MINUTES)
    with Server(options.apps[1].script) as server:
        generator = start_generator(1, server, SESSIONS, warmup, seconds, churn)
        try:
            samples = watch(server, warmup, seconds)
            tally = finish_generator(generator, 180)
        finally:
            generator.kill()
    case = f"{SESSIONS} sessions, {seconds / 60:g} min"
    if churn:
        case += f", each leaving after {churn:g} s and coming back as new ({tally.visits} visits)"
    note = f"slope {samples.slope:+.2f} MB/min; {len(tally.latencies)} reruns"
    if failed := failures(tally):
        note += f"; {failed} FAILURES: {tally.examples[:2]}"
    return Row(
        "memory", case, f"{samples.end:.0f} MB at the end", f"{samples.start:.0f} MB at the start",
        samples.end / samples.start, TARGET, failed, note,
    )  # fmt: skip


def measure(options: Options) -> list[Row]:
    """With the same people all the time, then with people coming and going."""
    return [one(options, 0.0), one(options, CHURN_SECONDS)]
