"""Whole trainings in a process of their own, as the app runs them, with all their snapshots."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from bench.report import BenchError
from model.tasks import TASKS
from model.training.plan import LARGEST_EMBEDDING, MOST_LAYERS, Plan
from model.training.recommended import RECOMMENDED
from model.training.trainer import Snapshot, snapshot_steps
from model.training.worker import SECONDS, Ended, Job
from ui.jobs.training_queue import Worker

STEPS = 400  # of a run whose bytes are counted
SMALLEST_SEARCHED = 64  # embeddings below have few weights, and no snapshot is left out


@dataclass(frozen=True)
class Arrival:
    """A snapshot, when it was here."""

    step: int
    accuracy: float
    size: int  # bytes of its weights
    seconds: float  # since the job was sent


@dataclass(frozen=True)
class WholeRun:
    """A training from its first step to its last."""

    arrivals: tuple[Arrival, ...]
    steps: int
    seconds: float  # since the job was sent

    @property
    def size(self) -> int:
        """Bytes of all its snapshots."""
        return sum(arrival.size for arrival in self.arrivals)

    def seconds_until(self, accuracy: float) -> float | None:
        """When the first snapshot came that was more accurate; None if none was."""
        return next((a.seconds for a in self.arrivals if a.accuracy > accuracy), None)


@contextmanager
def ready_worker() -> Iterator[tuple[Worker, float]]:
    """A worker that waits for a job, and the seconds from its start until it did."""
    begin = time.perf_counter()
    worker = Worker()
    try:
        run_plan(worker, Plan(task="reverse", steps=1))
        yield worker, time.perf_counter() - begin
    finally:
        worker.end()


def run_plan(worker: Worker, plan: Plan) -> WholeRun:
    """Train a plan to its end, noting when each snapshot came.

    Raises:
        BenchError: if it ended otherwise, or said nothing for longer than a run may take.
    """
    arrivals = []
    begin = time.perf_counter()
    worker.pipe.send(Job(plan))
    while worker.pipe.poll(SECONDS):
        message = worker.pipe.recv()
        now = time.perf_counter() - begin
        match message:
            case Snapshot(step=step, accuracy=accuracy, weights=weights):
                arrivals.append(Arrival(step, accuracy, len(weights), now))
            case Ended(reason="finished", step=step):
                return WholeRun(tuple(arrivals), step, now)
            case Ended(reason=reason, step=step, message=said):
                raise BenchError(f"{plan}: {reason} after {step} steps. {said}")
    raise BenchError(f"{plan}: nothing came for {SECONDS} s")


def default_plan() -> Plan:
    """A plan with nothing chosen but the task."""
    return Plan(task="reverse", steps=STEPS)


def recommended_plans() -> list[Plan]:
    """The recommended ones, all with as many steps."""
    return [replace(plan, steps=STEPS) for plan in RECOMMENDED.values()]


def largest_plan() -> Plan:
    """Of all plans that are allowed, the one whose snapshots have the most weights together."""
    plans = []
    for task in TASKS:
        for layers in range(1, MOST_LAYERS + 1):
            for size in range(SMALLEST_SEARCHED, LARGEST_EMBEDDING + 1):
                try:
                    plans.append(Plan(task=task, layers=layers, embed_size=size, steps=STEPS))
                except ValueError:  # it would be over a limit
                    break
    return max(plans, key=lambda plan: len(snapshot_steps(plan)) * plan.parameters)
