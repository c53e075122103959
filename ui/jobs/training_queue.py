"""Trainings on a server: as many at once as it has cores, the others in a queue.

Each runs in a process of its own, and ends when nobody is there to see it.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Condition, Thread, Timer
from typing import Literal

from model.errors import CodedText
from model.training.plan import Plan
from model.training.trainer import Checkpoint, Snapshot
from model.training.worker import Ended, Job, Message, Progress, Reason

ROOT = Path(__file__).parents[2]
LISTEN = 0.05  # seconds between two looks at what a training's page wants
GONE_FOR = 1.0  # seconds without its page, after which a training ends: a lost line comes back
DEAF_FOR = 3.0  # seconds without an answer, after which a process is killed ...
START_FOR = 60.0  # ... if it has said anything yet: starting takes its time on a busy machine
IDLE_FOR = 300.0  # seconds without work, after which a process ends

State = Literal["waiting", "running"] | Reason


class Training:
    """One run as a page sees it; its fields change while it runs, its snapshots are only added to.

    Args:
        plan: what is trained.
        is_wanted: whether somebody is still there to see it; asked from other threads.
        least_seconds: for all steps of the plan: slower, for people who watch.
    """

    def __init__(
        self,
        plan: Plan,
        is_wanted: Callable[[], bool] = lambda: True,
        *,
        least_seconds: float = 0.0,
    ) -> None:
        self.plan = plan
        self.is_wanted = is_wanted
        self.least_seconds = least_seconds
        self.state: State = "waiting"
        self.snapshots: tuple[Snapshot, ...] = ()
        self.step = 0
        self.seconds = 0.0  # of training, over all pauses
        self.steps_per_second = 0.0  # since it was started or went on
        self.message: CodedText | str = ""  # of a failure
        self.checkpoint: Checkpoint | None = None
        self.from_file = False  # whether its only snapshot was trained some other time
        self.is_asked_to_stop = False
        self.changed = Condition()
        self._began = (0, 0.0)  # the step and the seconds where it was started or went on

    @property
    def is_active(self) -> bool:
        """Whether it runs, or waits for it."""
        return self.state in ("waiting", "running")

    @property
    def is_over(self) -> bool:
        """Whether it has come to its last step."""
        return self.state == "finished"

    @property
    def can_go_on(self) -> bool:
        """Whether there are steps left, and a checkpoint to go on from."""
        return self.state in ("stopped", "too slow") and self.checkpoint is not None

    def stop(self) -> None:
        """Ask it to stop; it can go on from there."""
        self.is_asked_to_stop = True

    def wait(self, condition: Callable[["Training"], bool], seconds: float) -> bool:
        """Wait until something is true of it, or so many seconds; whether it is true."""
        with self.changed:
            return self.changed.wait_for(lambda: condition(self), seconds)

    def _job(self) -> Job:
        return Job(self.plan, self.checkpoint, self.least_seconds)

    def _set(self, state: State) -> None:
        with self.changed:
            self.state = state
            if state == "running":
                self._began = (self.step, self.seconds)
            self.changed.notify_all()

    def _take(self, message: Message) -> None:
        with self.changed:
            match message:
                case Snapshot():
                    self.snapshots = (*self.snapshots, message)
                    self.step = max(self.step, message.step)
                case Progress():
                    self._passed(message.step, message.seconds)
                case Ended():
                    self._passed(message.step, message.seconds)
                    self.state, self.message = message.reason, message.message
                    self.checkpoint = message.checkpoint
            self.changed.notify_all()

    def _passed(self, step: int, seconds: float) -> None:
        first, before = self._began
        self.step, self.seconds = step, before + seconds
        self.steps_per_second = (step - first) / seconds if seconds else 0.0


class Worker:
    """A process that trains, and the pipe to it."""

    def __init__(self) -> None:
        self.pipe: Connection
        self.pipe, theirs = Pipe()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "model.training", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the server, which ends it by its pipe
            )

    @property
    def is_alive(self) -> bool:
        """Whether it can do anything."""
        return self._process.poll() is None

    def end(self) -> None:
        """End the process, whatever it does."""
        self.pipe.close()
        self._process.kill()
        self._process.wait()


class TrainingQueue:
    """First come, first served, so many at once.

    Args:
        slots: how many run at once; None for as many as there are cores.
    """

    def __init__(self, slots: int | None = None) -> None:
        self.slots = slots or len(os.sched_getaffinity(0))
        self._changed = Condition()
        self._waiting: list[Training] = []
        self._running: list[Training] = []
        self._idle: dict[Worker, Timer] = {}

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    @property
    def inside(self) -> int:
        """How many run."""
        return len(self._running)

    def submit(self, training: Training) -> None:
        """Run it as soon as it is its turn; also one that was stopped, which goes on."""
        training.is_asked_to_stop = False
        training._set("waiting")
        with self._changed:
            self._waiting.append(training)
        self._start_next()

    def place(self, training: Training) -> int:
        """Return how many must end before it runs: 0 for one that runs, or is about to."""
        self._drop_unwanted()
        with self._changed:
            if training not in self._waiting:
                return 0
            return self._waiting.index(training) + 1

    def warm_up(self) -> None:
        """Let a process be ready before somebody needs it: starting takes over a second."""
        with self._changed:
            if any(worker.is_alive for worker in self._idle) or self._running:
                return
            self._keep(Worker())

    def close(self) -> None:
        """Stop everything and end all processes."""
        with self._changed:
            waiting, self._waiting = self._waiting, []
            running = list(self._running)
            self.slots = 0
        for training in waiting:
            training._set("stopped")
        for training in running:
            training.stop()
        with self._changed:
            self._changed.wait_for(lambda: not self._running, DEAF_FOR + 1)
            idle, self._idle = self._idle, {}
        for worker, timer in idle.items():
            timer.cancel()
            worker.end()

    def _drop_unwanted(self) -> None:
        """Take those out of the queue that nobody waits for any more."""
        with self._changed:
            dropped = [t for t in self._waiting if t.is_asked_to_stop or not t.is_wanted()]
            self._waiting = [t for t in self._waiting if t not in dropped]
        for training in dropped:
            training._set("stopped")

    def _start_next(self) -> None:
        self._drop_unwanted()
        with self._changed:
            while self._waiting and len(self._running) < self.slots:
                training = self._waiting.pop(0)
                self._running.append(training)
                Thread(target=self._run, args=[training], daemon=True).start()

    def _run(self, training: Training) -> None:
        """One training from its start to its end; in a thread of its own."""
        worker = None
        try:
            worker = self._take_worker()
            training._set("running")
            worker.pipe.send(training._job())
            _listen(worker, training)
        except (EOFError, OSError) as error:  # the process is gone: killed, or out of memory
            if worker is not None:
                worker.end()  # or is about to be
            message = CodedText(
                "training.process_ended",
                "the training's process ended by itself ({name})",
                name=type(error).__name__,
            )
            training._take(Ended("failed", training.step, training.seconds, message=message))
        finally:
            with self._changed:
                self._running.remove(training)
                if worker is not None and worker.is_alive and not worker.pipe.closed:
                    self._keep(worker)
                self._changed.notify_all()
            self._start_next()

    def _take_worker(self) -> Worker:
        with self._changed:
            while self._idle:
                worker, timer = self._idle.popitem()
                timer.cancel()
                if worker.is_alive:
                    return worker
                worker.end()
        return Worker()

    def _keep(self, worker: Worker) -> None:
        timer = Timer(IDLE_FOR, self._end_if_idle, [worker])
        timer.daemon = True
        timer.start()
        self._idle[worker] = timer

    def _end_if_idle(self, worker: Worker) -> None:
        with self._changed:
            if self._idle.pop(worker, None) is None:
                return
        worker.end()


def _listen(worker: Worker, training: Training) -> None:
    """Take a run's messages until it has ended, and tell it when to stop.

    Raises:
        EOFError, OSError: if the process is gone.
    """
    seen = time.monotonic()  # when somebody was there the last time
    told = None  # when it was asked to stop
    heard, patience = seen, START_FOR
    while training.state == "running":
        if worker.pipe.poll(LISTEN):
            training._take(worker.pipe.recv())
            heard, patience = time.monotonic(), DEAF_FOR
        now = time.monotonic()
        if training.is_wanted():
            seen = now
        if told is None and (training.is_asked_to_stop or now - seen > GONE_FOR):
            told = now
            worker.pipe.send("stop")
        if told is not None and now - max(told, heard) > patience:
            worker.end()
            raise EOFError
