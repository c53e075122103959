"""Training on Learn: a step, a whole run, its bytes, how soon a task is learnt, and who waits."""

import statistics
from collections.abc import Sequence
from dataclasses import replace

from bench import learn_load
from bench.attention import from_child
from bench.learn_runs import (
    STEPS,
    WholeRun,
    default_plan,
    largest_plan,
    ready_worker,
    recommended_plans,
    run_plan,
)
from bench.learn_steps import BLOCK, Times
from bench.report import Row, spread
from bench.settings import Options
from model.training.plan import Plan
from model.training.recommended import RECOMMENDED
from ui.jobs.training_queue import Worker

TASKS = ("reverse", "sort", "induction", "numbers")
STEP_TARGET = 1 / 0.9  # time a step: at least 0.9 of the peer's steps per second
BYTES_TARGET = 20 * 2**20
LEARNT = {"reverse": (0.99, 2.0), "induction": (0.95, 20.0)}  # accuracy, and seconds allowed
SEEDS = range(5)
PEERS = {
    "bare": "a bare loop over the same model",
    "fused": "a bare loop with fused AdamW",
    "pytorch": "PyTorch's own layers, fused AdamW",
}


def step_rows(task: str, times: Times) -> list[Row]:
    """Our time a step against each peer's; PyTorch's own layers have no target.

    The ratio is the median of those of neighbouring blocks, so that what disturbs both cancels.
    """
    ours = statistics.median(times["ours"])
    rows = []
    for name, theirs in times.items():
        if name == "ours":
            continue
        other = statistics.median(theirs)
        ratio = statistics.median(a / b for a, b in zip(times["ours"], theirs, strict=True))
        rows.append(Row(
            "learn", f"a step, {task}, and {PEERS[name]}", spread(times["ours"]), spread(theirs),
            ratio, None if name == "pytorch" else STEP_TARGET, 0,
            f"{1000 / ours:.0f} and {1000 / other:.0f} steps/s; one thread, {len(theirs)} blocks "
            f"of {BLOCK} steps in turn, median (quartiles)",
        ))  # fmt: skip
    return rows


def whole_row(task: str, runs: Sequence[WholeRun], bare: Sequence[float]) -> Row:
    """The same for a run in a process of its own, with everything that it sends; informs only."""
    taken = [run.seconds * 1000 / run.steps for run in runs]
    ours, other = statistics.median(taken), statistics.median(bare)
    return Row(
        "learn", f"a step of a whole run with its snapshots, {task}", spread(taken), spread(bare),
        ours / other, None, 0,
        f"{1000 / ours:.0f} steps/s; {runs[0].steps} steps with {len(runs[0].arrivals)} snapshots, "
        f"seeds 0 to {len(runs) - 1} in a worker process, against the bare loop",
    )  # fmt: skip


def learnt_row(task: str, runs: Sequence[WholeRun], started: float) -> Row:
    """Seconds until the snapshot was here that is accurate enough, against those allowed."""
    accuracy, allowed = LEARNT[task]
    found = [run.seconds_until(accuracy) for run in runs]
    seconds = [run.seconds if at is None else at for run, at in zip(runs, found, strict=True)]
    ends = [run.arrivals[-1].accuracy for run in runs]
    return Row(
        "learn", f"from Train until over {accuracy:.0%} are right, {task}", spread(seconds, "s"),
        f"{allowed:g} s allowed", statistics.median(seconds) / allowed, 1.0, found.count(None),
        f"seeds 0 to {len(runs) - 1}: {', '.join(f'{at:.2f}' for at in seconds)} s; whole runs "
        f"{statistics.median(run.seconds for run in runs):.2f} s, at their end {min(ends):.1%} at "
        f"least; a new worker is ready after {started:.2f} s, which isn't in the time",
    )  # fmt: skip


def bytes_row(case: str, sizes: dict[str, int]) -> Row:
    """Bytes of all snapshots of a run, the most of several plans."""
    most = max(sizes, key=lambda name: sizes[name])
    each = ", ".join(f"{name} {size / 2**20:.1f}" for name, size in sizes.items())
    return Row(
        "learn", f"all snapshots of {STEPS} steps, {case}", f"{sizes[most] / 2**20:.2f} MB",
        f"{BYTES_TARGET // 2**20} MB allowed", sizes[most] / BYTES_TARGET, 1.0, 0, f"{each} MB",
    )  # fmt: skip


def bytes_rows(worker: Worker, options: Options) -> list[Row]:
    """Of the default plan, the recommended ones, and the one with the most."""
    largest = largest_plan()
    name = f"{largest.task} with layers {largest.layers} and embedding {largest.embed_size}:"
    recommended = [] if options.quick else recommended_plans()

    def size(plan: Plan) -> int:
        return run_plan(worker, plan).size

    rows = [bytes_row("the default plan", {"reverse": size(default_plan())})]
    if recommended:
        sizes = {plan.task: size(plan) for plan in recommended}
        rows.append(bytes_row("the recommended plan with the most", sizes))
    return [*rows, bytes_row("the allowed plan with the most", {name: size(largest)})]


def measure(options: Options) -> list[Row]:
    """Explore beside trainings, and then steps, whole runs and bytes."""
    beside = learn_load.measure(options)
    seconds, seeds = (2.0, SEEDS[:1]) if options.quick else (30.0, SEEDS)
    rows, wholes = [], []
    with ready_worker() as (worker, started):
        for task in TASKS:
            times: Times = from_child("bench.learn_steps", task, seconds)
            plan = RECOMMENDED[task]
            runs = [run_plan(worker, replace(plan, seed=seed)) for seed in seeds]
            rows += step_rows(task, times)
            wholes.append(whole_row(task, runs, times["bare"]))
            if task in LEARNT:
                wholes.append(learnt_row(task, runs, started))
        return [*rows, *wholes, *bytes_rows(worker, options), *beside]
