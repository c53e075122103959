"""Trainings in processes of their own: the numbers of this one, and in turn."""

import os
import time
from collections.abc import Callable
from multiprocessing import Pipe

import pytest

from model.training.plan import Plan
from model.training.trainer import DivergedError, Snapshot, Trainer, train
from model.training.worker import Job, work
from tests.matrix import matrix
from tests.ui.jobs.helpers import AWHILE, LONG, at_work, ended, expected, long_one, small
from ui.jobs import training_queue
from ui.jobs.training_queue import Training, TrainingQueue, Worker
from ui.runs.word_vectors import use_one_thread

KINDS = ["reverse", "compare", "characters", "numbers"]  # of learners

# What comes of it


@pytest.mark.matrix
@matrix(2, "task", KINDS)
def test_a_process_learns_what_this_one_does(queue_of_one: TrainingQueue, task: str) -> None:
    plan = small(task)
    training = Training(plan)
    queue_of_one.submit(training)
    assert ended(training).state == "finished"
    assert training.snapshots == expected(plan)  # weights are bytes
    assert training.step == training.snapshots[-1].step == plan.steps
    assert training.seconds > 0
    assert training.steps_per_second == pytest.approx(plan.steps / training.seconds)
    assert not training.can_go_on
    assert training.message == ""


@pytest.mark.matrix
def test_one_that_is_stopped_and_goes_on_learns_what_an_uninterrupted_one_does(
    queue_of_one: TrainingQueue,
) -> None:
    training = long_one()
    seconds = []
    for wanted in (3, 5):  # snapshots of the first steps
        training.least_seconds = LONG / 4
        queue_of_one.submit(training)
        assert training.wait(lambda t, wanted=wanted: len(t.snapshots) >= wanted, LONG)  # type: ignore[misc]
        training.stop()
        assert ended(training).state == "stopped"
        assert training.can_go_on
        assert training.checkpoint is not None
        assert training.checkpoint.step == training.step < 30
        seconds.append(training.seconds)
    training.least_seconds = 0.0
    queue_of_one.submit(training)
    assert ended(training).state == "finished"
    assert training.snapshots == expected(training.plan)
    assert 0 < seconds[0] < seconds[1] < training.seconds  # over all pauses


def test_the_slow_pace_takes_its_time_and_learns_the_same(queue_of_one: TrainingQueue) -> None:
    training = Training(small(), least_seconds=1.5)
    queue_of_one.submit(training)
    assert ended(training).state == "finished"
    assert training.seconds >= 1.499
    assert training.snapshots == expected(training.plan)


def test_at_the_slow_pace_a_word_to_stop_is_heard_within_a_step(
    queue_of_one: TrainingQueue,
) -> None:
    training = long_one()  # twenty seconds a step
    queue_of_one.submit(training)
    at_work(training)
    training.stop()
    assert ended(training).state == "stopped"
    assert training.step < 3


def test_too_high_a_rate_diverges_and_keeps_what_was_good(queue_of_one: TrainingQueue) -> None:
    training = Training(small("copy", learning_rate=1000.0, steps=400, layers=2))
    queue_of_one.submit(training)
    assert ended(training).state == "diverged"
    assert 0 < training.step < 400
    assert not training.can_go_on
    kept = training.snapshots
    assert kept == expected_until_divergence(training.plan)
    assert all(abs(snapshot.loss) < float("inf") for snapshot in kept)
    again = Training(small())
    queue_of_one.submit(again)
    assert ended(again).state == "finished"


def expected_until_divergence(plan: Plan) -> tuple[Snapshot, ...]:
    use_one_thread()
    snapshots = []
    try:
        for snapshot in train(plan):
            snapshots.append(snapshot)
    except DivergedError:
        return tuple(snapshots)
    raise AssertionError("it doesn't diverge")


def test_a_run_that_takes_too_long_ends_where_it_can_go_on() -> None:
    plan = small()
    ours, theirs = Pipe()
    with ours, theirs:
        end = work(theirs, Job(plan), seconds=0)
        sent = []
        while ours.poll():
            sent.append(ours.recv())
    assert (end.reason, end.step) == ("too slow", 1)
    training = Training(plan)
    training._set("running")
    for message in (*sent, end):
        training._take(message)
    assert training.state == "too slow"
    assert training.can_go_on
    use_one_thread()
    rest = tuple(train(plan, training.checkpoint))
    assert (*training.snapshots, *rest) == expected(plan)


def test_the_slow_pace_may_take_longer_than_the_limit() -> None:
    ours, theirs = Pipe()
    with ours, theirs:
        assert work(theirs, Job(small(steps=2), least_seconds=1.0), seconds=0).reason == "finished"


def test_what_a_process_cannot_do_is_told(queue_of_one: TrainingQueue) -> None:
    plan = small()
    training = Training(plan)
    training.state = "stopped"
    training.checkpoint = Trainer(small(embed_size=16)).checkpoint()  # another model's
    queue_of_one.submit(training)
    assert ended(training).state == "failed"
    assert "of another model" in str(training.message)
    assert not training.can_go_on
    again = Training(plan)
    queue_of_one.submit(again)
    assert ended(again).state == "finished"


# In turn


@pytest.mark.matrix
def test_so_many_run_at_once_the_others_wait_in_order_and_closing_ends_all(
    new_queue: Callable[..., TrainingQueue], workers: list[Worker]
) -> None:
    queue, before = new_queue(slots=2), len(workers)
    trainings = [long_one(seed=seed) for seed in range(5)]
    for training in trainings:
        queue.submit(training)
    for first in range(3):  # of the two that run
        running, waiting = trainings[first : first + 2], trainings[first + 2 :]
        for training in running:
            at_work(training)
        assert [t.state for t in waiting] == ["waiting"] * len(waiting)
        assert [queue.place(t) for t in running] == [0, 0]
        assert [queue.place(t) for t in waiting] == list(range(1, len(waiting) + 1))
        assert all(not t.snapshots for t in waiting)
        if first < 2:
            trainings[first].stop()
            assert ended(trainings[first]).state == "stopped"
    queue.submit(trainings[0])  # one that goes on waits behind the others
    assert [queue.place(trainings[i]) for i in (4, 0)] == [1, 2]
    started = workers[before:]
    assert len(started) == 2
    queue.close()
    assert [t.state for t in trainings] == ["stopped"] * 5
    assert [worker.is_alive for worker in started] == [False, False]
    queue.close()  # twice does no harm


def test_as_many_run_at_once_as_there_are_cores() -> None:
    assert TrainingQueue().slots == len(os.sched_getaffinity(0))


def test_one_that_waits_and_is_wanted_no_more_is_dropped(queue_of_one: TrainingQueue) -> None:
    pages = {"open": True}
    first, last = long_one(), Training(small(seed=3))
    gone, stopped = Training(small(seed=1), lambda: pages["open"]), Training(small(seed=2))
    for training in (first, gone, stopped, last):
        queue_of_one.submit(training)
    at_work(first)
    assert [queue_of_one.place(t) for t in (first, gone, stopped, last)] == [0, 1, 2, 3]
    pages["open"] = False
    assert queue_of_one.place(last) == 2
    assert gone.state == "stopped"
    stopped.stop()
    assert queue_of_one.place(last) == 1
    assert stopped.state == "stopped"
    assert not gone.can_go_on  # it never began
    first.stop()
    assert ended(last).state == "finished"
    assert gone.snapshots == stopped.snapshots == ()
    stopped_again = stopped
    queue_of_one.submit(stopped_again)  # somebody wants it after all
    assert ended(stopped_again).state == "finished"
    assert stopped_again.snapshots == expected(stopped_again.plan)


def test_one_that_runs_ends_when_its_page_is_gone_and_its_process_goes_on(
    queue_of_one: TrainingQueue, workers: list[Worker]
) -> None:
    pages = {"open": True}
    training = Training(small(), lambda: pages["open"], least_seconds=AWHILE)
    queue_of_one.submit(training)
    at_work(training)
    before, left = len(workers), time.monotonic()
    pages["open"] = False
    assert ended(training).state == "stopped"
    assert 0.9 < time.monotonic() - left < 20  # one second, and what a slow machine adds
    assert training.can_go_on
    after = Training(small(seed=1))
    queue_of_one.submit(after)
    assert ended(after).state == "finished"
    assert len(workers) == before


def test_a_page_whose_line_is_lost_for_a_moment_keeps_its_training(
    queue_of_one: TrainingQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_queue, "GONE_FOR", LONG)
    asked: list[bool] = []

    def is_open() -> bool:
        asked.append(len(asked) % 3 == 0)
        return asked[-1]

    training = Training(small(), is_open, least_seconds=1.0)
    queue_of_one.submit(training)
    assert ended(training).state == "finished"
    assert asked.count(False) > 3
