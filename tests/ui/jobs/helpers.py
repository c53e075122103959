"""Trainings in processes of their own, small enough for tests."""

import os
import signal
from typing import Any

from model.training.plan import Plan
from model.training.trainer import Snapshot, train
from tests.patience import LONG
from ui.jobs.training_queue import Training, Worker
from ui.runs.word_vectors import use_one_thread

AWHILE = 600.0  # seconds of a training that doesn't end by itself


def small(task: str = "reverse", **options: Any) -> Plan:
    return Plan(**{"task": task, "embed_size": 8, "heads": 2, "steps": 30, **options})


def expected(plan: Plan) -> tuple[Snapshot, ...]:
    """The snapshots of a training in this process."""
    use_one_thread()  # as a worker does: two would round in another order
    return tuple(train(plan))


def ended(training: Training) -> Training:
    assert training.wait(lambda t: not t.is_active, LONG), training.state
    return training


def at_work(training: Training) -> Training:
    """The training, once its process has sent something."""
    assert training.wait(lambda t: t.state == "running" and bool(t.snapshots), LONG)
    return training


def long_one(**options: Any) -> Training:
    return Training(small(**options), least_seconds=AWHILE)


def at_hand(workers: list[Worker]) -> Worker:
    """The process that is used now."""
    return [worker for worker in workers if worker.is_alive][-1]


def send_signal(worker: Worker, number: signal.Signals) -> None:
    os.kill(worker._process.pid, number)
