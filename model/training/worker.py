"""A process that trains: it is told what over a pipe, and answers with snapshots.

A process of its own, because training holds Python's lock for most of its time: in a thread of a
server, everybody else would wait for each of its steps.
"""

import os
import resource
import sys
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Literal

import torch

from ..errors import CodedText
from ..reasons import coded_reason
from .plan import Plan
from .trainer import Checkpoint, DivergedError, Snapshot, Trainer, snapshot_steps

SECONDS = 120  # a run may take, or it is stopped
MEMORY = 2 * 2**30  # bytes that the process may have
TELL_EVERY = 0.1  # seconds between two messages on how far it is
LISTEN_EVERY = 0.02  # seconds between two looks for a word from outside
NICENESS = 10  # whoever looks at something else goes first

Reason = Literal["finished", "stopped", "too slow", "diverged", "failed"]


@dataclass(frozen=True)
class Job:
    """A training for a worker to do next."""

    plan: Plan
    checkpoint: Checkpoint | None = None  # where to go on; None begins anew
    least_seconds: float = 0.0  # for all steps of the plan: slower, for people who watch


@dataclass(frozen=True)
class Progress:
    """A message on how far a run is."""

    step: int
    seconds: float  # since the job began


@dataclass(frozen=True)
class Ended:
    """A message on why a run is over, and where it could go on."""

    reason: Reason
    step: int
    seconds: float
    checkpoint: Checkpoint | None = None  # None after a divergence or a failure
    message: CodedText | str = ""  # of a failure: our own, or what a library says


Message = Progress | Snapshot | Ended


def work(connection: Connection, job: Job, *, seconds: float = SECONDS) -> Ended:
    """Train until the plan's last step, a word from outside, or the time limit.

    Args:
        connection: gets Progress and Snapshot messages; anything sent to it stops the run.
        job: what to train.
        seconds: how long that may take.
    """
    started = time.perf_counter()

    def passed() -> float:
        return time.perf_counter() - started

    trainer = Trainer(job.plan, job.checkpoint)
    due = set(snapshot_steps(job.plan))
    first, told, listened = trainer.step, 0.0, 0.0

    def ended(reason: Reason) -> Ended:
        return Ended(reason, trainer.step, passed(), trainer.checkpoint())

    if job.checkpoint is None:
        connection.send(trainer.snapshot())
    try:
        while trainer.step < job.plan.steps:
            trainer.advance()
            if trainer.step in due:
                connection.send(trainer.snapshot())
            now = passed()
            if now - told >= TELL_EVERY:
                told = now
                connection.send(Progress(trainer.step, now))
            ahead = (trainer.step - first) / job.plan.steps * job.least_seconds - now
            if ahead > 0 or now - listened >= LISTEN_EVERY:
                listened = now
                if connection.poll(max(0.0, ahead)):
                    return ended("stopped")
            if now > max(seconds, job.least_seconds) and trainer.step < job.plan.steps:
                return ended("too slow")
    except DivergedError:
        return Ended("diverged", trainer.step, passed())
    return ended("finished")


def serve(connection: Connection) -> None:
    """Do one job after another, until nobody is there any more."""
    while True:
        try:
            job = connection.recv()
            if not isinstance(job, Job):  # a word to stop that came too late
                continue
            connection.send(_ending(connection, job))
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return


def _ending(connection: Connection, job: Job) -> Ended:
    try:
        return work(connection, job)
    except (ValueError, MemoryError, RuntimeError) as error:  # torch has no memory: RuntimeError
        return Ended("failed", 0, 0.0, message=coded_reason(error, 500))


def main() -> None:
    """Serve the pipe whose file descriptor is the first argument."""
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    torch.set_num_threads(1)  # for models so small, more only wait for each other
    connection = Connection(int(sys.argv[1]))
    trainer = Trainer(Plan(task="reverse"))
    trainer.advance()  # the first step of a process takes far longer than any other
    serve(connection)
