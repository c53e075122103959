"""The Lab's sweeps: how soon, how much is lost to joblib, and a Dask cluster beside it."""

import os
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench.attention import from_child
from bench.report import Row, spread
from bench.settings import WORDS, Options
from bench.sweep_runs import Timed, loops
from lab.grid import Grid, LearningGrid, MechanismGrid
from lab.spelling import to_json
from tools.dask_cluster import dask_cluster

TOKENS = 16
ALLOWED, FIRST_ALLOWED = 10.0, 1.0  # seconds
OVERHEAD_TARGET = 1.15
CLUSTER_TARGET = 1.25
ROUNDS = 3
SECONDS = 300  # that a sweep may take
CORES = len(os.sched_getaffinity(0))

# 4 numbers of heads, 5 sizes, 2 scales, 25 seeds: 1,000 points.
MECHANISM = MechanismGrid(
    text=" ".join(WORDS[:TOKENS]),
    heads=(1, 2, 4, 8),
    embed_size=(32, 64, 128, 192, 256),
    scale=("head_dim", "none"),
    seeds=25,
)
# As the question on sorting, with more seeds.
LEARNING = LearningGrid(task="sort", heads=(1, 2, 4, 8), steps=300, seeds=10)
LONG_TEXT = WORDS * 3  # few more, and there are more points × heads × tokens² than a grid may have
# More than half a minute on two cores: 4,000 points, nearly the most that a grid may have.
LONG = replace(
    MECHANISM,
    text=" ".join(LONG_TEXT),
    embed_size=(64, 128, 192, 256, 512),
    positions=("none", "sinusoidal"),
    seeds=50,
)


def sweep(grid: Grid, *arguments: str) -> Timed:
    """A sweep in a fresh process."""
    return Timed(
        **from_child("bench.sweep_runs", "sweep", to_json(grid), *arguments, timeout=SECONDS)
    )


def soon_rows(grid: Grid, cold: Sequence[Timed], warm: Sequence[Timed]) -> list[Row]:
    """Seconds until the first result and the last, against those allowed."""
    rows = []
    for case, runs in (("processes still to be started", cold), ("processes ready", warm)):
        for what, times, allowed in (
            (f"{runs[0].points:,} points of {TOKENS} tokens", [r.all for r in runs], ALLOWED),
            ("first result", [r.first for r in runs], FIRST_ALLOWED),
        ):
            rows.append(Row(
                "sweep", f"{what}, {case}", spread(times, "s"), f"{allowed:g} s allowed",
                statistics.median(times) / allowed, 1.0, 0,
                f"{runs[0].workers}; fresh processes, median of {len(runs)}",
            ))  # fmt: skip
    return rows


def overhead_row(case: str, runs: Sequence[Timed], plain: Sequence[float], target: bool) -> Row:
    """A sweep's time against the same work in one plain loop a core, in turn."""
    ratio = statistics.median(a.all / b for a, b in zip(runs, plain, strict=True))
    return Row(
        "sweep", f"{case}, and a plain loop on each core", spread([r.all for r in runs], "s"),
        spread(plain, "s"), ratio, OVERHEAD_TARGET if target else None, 0,
        f"{runs[0].points:,} points, processes ready, in turn, median of {len(runs)}",
    )  # fmt: skip


def cluster_row(here: Sequence[Timed], there: Sequence[Timed]) -> Row:
    """A sweep on two Dask workers against the same on joblib's two processes, in turn."""
    ratio = statistics.median(a.all / b.all for a, b in zip(there, here, strict=True))
    first = statistics.median(run.first for run in there)
    return Row(
        "sweep", f"two Dask workers with one thread each, {here[0].points:,} points",
        spread([r.all for r in there], "s"), spread([r.all for r in here], "s"), ratio,
        CLUSTER_TARGET, 0,
        f"{len(LONG_TEXT)} tokens; against {here[0].workers}, ready, in turn, median of "
        f"{len(here)}; a client connects anew each time, first result after {first:.2f} s",
    )  # fmt: skip


def measure(options: Options) -> list[Row]:
    """First how soon and how much is lost, then the cluster."""
    rounds = 1 if options.quick else ROUNDS
    cold, warm, plain = [], [], []
    for _ in range(rounds):
        cold.append(sweep(MECHANISM))
        plain.append(loops(MECHANISM, CORES))
        warm.append(sweep(MECHANISM, "--warm"))
    rows = soon_rows(MECHANISM, cold, warm)
    rows.append(overhead_row("attention", warm, plain, target=True))
    plain = [loops(LEARNING, CORES) for _ in range(rounds)]
    trained = [sweep(LEARNING, "--warm") for _ in range(rounds)]
    rows.append(overhead_row("trainings", trained, plain, target=False))
    here, there = [], []
    with tempfile.TemporaryDirectory() as folder, dask_cluster(Path(folder)) as address:
        for _ in range(rounds):
            here.append(sweep(LONG, "--warm"))
            there.append(sweep(LONG, "--scheduler", address))
    return [*rows, cluster_row(here, there)]
