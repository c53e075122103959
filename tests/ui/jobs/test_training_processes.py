"""The processes that train: used again, ended when they aren't needed, and never in the way."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence

import pytest

from model.training.trainer import Trainer
from tests.ui.jobs.helpers import (
    LONG,
    at_hand,
    at_work,
    ended,
    expected,
    long_one,
    send_signal,
    small,
)
from ui.jobs import training_queue
from ui.jobs.training_queue import Training, TrainingQueue, Worker


@pytest.mark.matrix
def test_a_process_that_is_killed_is_told_and_the_next_training_runs(
    queue_of_one: TrainingQueue, workers: list[Worker]
) -> None:
    training, waiting = long_one(), Training(small(seed=1))
    queue_of_one.submit(training)
    queue_of_one.submit(waiting)
    at_work(training)
    killed = at_hand(workers)
    send_signal(killed, signal.SIGKILL)
    assert ended(training).state == "failed"
    assert "process ended by itself" in str(training.message)
    assert training.snapshots == expected(training.plan)[: len(training.snapshots)]
    assert not training.can_go_on
    assert ended(waiting).state == "finished", waiting.message
    assert at_hand(workers) is not killed


@pytest.mark.matrix
def test_a_process_that_is_about_to_end_is_not_used_again(
    queue_of_one: TrainingQueue, workers: list[Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its pipe is closed a moment before the system says that it has ended."""
    training, waiting = long_one(), Training(small(seed=1))
    queue_of_one.submit(training)
    queue_of_one.submit(waiting)
    at_work(training)
    killed = at_hand(workers)
    with monkeypatch.context() as patch:
        patch.setattr(type(killed), "is_alive", property(lambda worker: True))
        send_signal(killed, signal.SIGKILL)
        assert ended(training).state == "failed"
        assert ended(waiting).state == "finished", waiting.message


@pytest.mark.matrix
def test_a_process_that_does_not_answer_is_ended(
    queue_of_one: TrainingQueue, workers: list[Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    training = long_one()
    queue_of_one.submit(training)
    at_work(training)
    deaf = at_hand(workers)
    with monkeypatch.context() as patch:
        patch.setattr(training_queue, "DEAF_FOR", 0.2)
        send_signal(deaf, signal.SIGSTOP)
        training.stop()
        assert ended(training).state == "failed"
    assert deaf._process.wait(LONG) == -signal.SIGKILL


@pytest.mark.matrix
def test_a_process_that_is_still_starting_is_not_taken_for_one_that_does_not_answer(
    new_queue: Callable[..., TrainingQueue], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_queue, "DEAF_FOR", 0.2)  # starting takes longer
    queue, training = new_queue(), long_one()
    queue.submit(training)
    assert training.wait(lambda t: t.state == "running", LONG)
    training.stop()
    assert ended(training).state == "stopped", training.message


@pytest.mark.matrix
def test_a_word_to_stop_that_comes_too_late_stops_nothing(
    queue_of_one: TrainingQueue, workers: list[Worker]
) -> None:
    first = Training(small())
    queue_of_one.submit(first)
    assert ended(first).state == "finished"
    before = len(workers)
    at_hand(workers).pipe.send("stop")
    training = Training(small(seed=1))
    queue_of_one.submit(training)
    assert ended(training).state == "finished"
    assert len(workers) == before


@pytest.mark.matrix
def test_only_one_process_is_warmed_up_and_it_is_the_one_that_trains(
    new_queue: Callable[..., TrainingQueue], workers: list[Worker]
) -> None:
    queue, before = new_queue(slots=2), len(workers)
    for _ in range(3):
        queue.warm_up()
    assert len(workers) == before + 1
    training = long_one()
    queue.submit(training)
    at_work(training)
    queue.warm_up()  # somebody else's page opens
    assert len(workers) == before + 1


@pytest.mark.matrix
def test_a_process_with_nothing_to_do_ends(
    queue_of_one: TrainingQueue, workers: list[Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    queue_of_one.warm_up()
    training, idle = Training(small()), at_hand(workers)
    with monkeypatch.context() as patch:
        patch.setattr(training_queue, "IDLE_FOR", 0.05)
        queue_of_one.submit(training)
        assert ended(training).state == "finished"
        idle._process.wait(LONG)
    after = Training(small())
    queue_of_one.submit(after)
    assert ended(after).state == "finished"
    assert after.snapshots == training.snapshots


@pytest.mark.matrix
def test_a_process_that_has_worked_since_has_not_been_idle_for_so_long(
    new_queue: Callable[..., TrainingQueue],
    workers: list[Worker],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    timers: list[ByHand] = []
    monkeypatch.setattr(
        training_queue, "Timer", lambda *given: timers.append(ByHand(*given)) or timers[-1]
    )
    queue, before = new_queue(), len(workers)
    queue.warm_up()
    first = next(timer for timer in timers if timer.args[0] is workers[before])
    for seed in (0, 1):  # by the end of the second, the process was surely put back
        training = Training(small(seed=seed))
        queue.submit(training)
        assert ended(training).state == "finished"
    first.fire()  # long after it was warmed up, and a moment after its last work
    assert workers[before].is_alive
    assert len(workers) == before + 1


class ByHand:
    """A timer that fires when a test wants it to."""

    def __init__(
        self, seconds: float, function: Callable[..., None], args: Sequence[object]
    ) -> None:
        self._function, self.args = function, args
        self._is_cancelled = False

    def start(self) -> None:
        pass

    def cancel(self) -> None:
        self._is_cancelled = True

    def fire(self) -> None:
        if not self._is_cancelled:
            self._function(*self.args)


@pytest.mark.matrix
def test_a_process_says_nothing(
    new_queue: Callable[..., TrainingQueue],
    workers: list[Worker],
    capfd: pytest.CaptureFixture[str],
) -> None:
    queue = new_queue()
    for plan in (small(), small("copy", learning_rate=1000.0, steps=400, layers=2)):
        training = Training(plan)
        queue.submit(training)
        ended(training)
    broken = Training(small())
    broken.checkpoint = Trainer(small(embed_size=16)).checkpoint()
    queue.submit(broken)
    assert ended(broken).state == "failed"
    stopped = long_one()
    queue.submit(stopped)
    at_work(stopped)
    worker = at_hand(workers)
    if os.getpgid(worker._process.pid) == os.getpgid(0):
        send_signal(worker, signal.SIGINT)  # Ctrl-C goes to all processes of a terminal
    stopped.stop()
    ended(stopped)
    worker.pipe.close()  # as when the server ends
    worker._process.wait(LONG)
    queue.close()
    assert capfd.readouterr() == ("", "")


SERVER = """
import os
from model.training.plan import Plan
from ui.jobs.training_queue import Training, TrainingQueue

queue = TrainingQueue(slots=1)
training = Training(Plan(task="reverse"), least_seconds=600.0)
queue.submit(training)
assert training.wait(lambda t: bool(t.snapshots), 60)
os._exit(0)  # as if it were killed
"""


@pytest.mark.matrix
def test_a_process_does_not_outlive_the_server() -> None:
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER],
        cwd=training_queue.ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    # It ends when nobody is left who could write, and its process can.
    said, _ = server.communicate(timeout=LONG)
    assert (server.returncode, said) == (0, b"")
