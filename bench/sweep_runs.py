"""One sweep, or one core's share of it as a plain loop, in a process of its own.

`python -m bench.sweep_runs sweep GRID` prints a Timed as JSON; the grid is JSON, as lab.grid writes
it. `--warm` starts the worker processes before the clock, `--scheduler ADDRESS` uses a cluster.

`python -m bench.sweep_runs loop GRID I N` measures every N-th point from the I-th on. It says
"ready" once all is imported, waits for a line, and prints seconds.
"""

import argparse
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from bench.report import BenchError
from bench.settings import ROOT
from lab.grid import Grid
from lab.points import Point
from lab.spelling import from_json, to_json


@dataclass(frozen=True)
class Timed:
    """When a sweep's results came, in seconds since it was asked for."""

    first: float
    all: float
    points: int
    workers: str


def run_sweep(grid: Grid, *, warm: bool, scheduler: str | None) -> Timed:
    """A sweep in this process, with nothing kept from earlier."""
    from lab.local_pool import warm_up
    from lab.sweep import Sweep

    if warm:
        warm_up()
        for thread in threading.enumerate():
            if thread.name == "sweep-warm-up":
                thread.join()
    begin = time.perf_counter()
    arrivals = []
    sweep = Sweep(grid, scheduler=scheduler)
    for result in sweep.run():
        if result.failure:
            raise BenchError(f"{result.point}: {result.failure}")
        arrivals.append(time.perf_counter() - begin)
    return Timed(arrivals[0], arrivals[-1], len(arrivals), sweep.progress.workers)


def run_loop(grid: Grid, first: int, step: int) -> float:
    """The seconds of a plain loop over a part of the points, in a sweep's order."""
    import torch

    from lab.measure import measure_learning, measure_mechanism

    torch.set_num_threads(1)
    measure: Callable[[Any], object] = (
        measure_mechanism if grid.kind == "mechanism" else measure_learning
    )
    mine = in_order(grid)[first::step]
    measure(mine[0])  # what PyTorch does once isn't the loop's
    print("ready", flush=True)
    sys.stdin.readline()
    begin = time.perf_counter()
    for point in mine:
        measure(point)
    return time.perf_counter() - begin


def in_order(grid: Grid) -> list[Point]:
    """The points as a sweep hands them out: those that share weights stand together."""
    return sorted(grid.points().valid, key=lambda point: (point.seed, point.embed_size))


def loops(grid: Grid, cores: int) -> float:
    """Seconds until as many plain loops as there are cores have all points measured."""
    command = [sys.executable, "-m", "bench.sweep_runs", "loop", to_json(grid)]
    running = [
        subprocess.Popen(
            [*command, str(i), str(cores)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for i in range(cores)
    ]
    for process in running:
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            raise BenchError("a plain loop didn't begin")
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    ended = [process.communicate()[0] for process in running]
    if any(process.returncode for process in running):
        raise BenchError("a plain loop failed")
    return max(map(float, ended))


def main() -> None:
    """Read what to run, and print what it took."""
    parser = argparse.ArgumentParser(prog="python -m bench.sweep_runs", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    sweep, loop = commands.add_parser("sweep"), commands.add_parser("loop")
    for command in (sweep, loop):
        command.add_argument("grid", type=from_json)
    sweep.add_argument("--warm", action="store_true")
    sweep.add_argument("--scheduler")
    loop.add_argument("first", type=int)
    loop.add_argument("step", type=int)
    args = parser.parse_args()
    if args.command == "loop":
        print(run_loop(args.grid, args.first, args.step))
    else:
        print(json.dumps(asdict(run_sweep(args.grid, warm=args.warm, scheduler=args.scheduler))))


if __name__ == "__main__":
    main()
