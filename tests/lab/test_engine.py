"""What becomes of batches whose workers die, with a pool that does as it is told."""

from collections.abc import Callable, Iterator

import pytest

from lab.batches import Batches
from lab.engine import DIED, DIED_AGAIN, measure_all
from lab.pool import ClusterError, VersionError, WorkerDiedError
from lab.worker import Answer, Job, run_batch
from model.errors import CodedText
from tests.lab.helpers import mechanism

POINTS = list(enumerate(mechanism().points().valid[:6]))


class Told:
    """A pool of one worker, which answers each job with a function."""

    workers, size, batch_seconds = CodedText("told", "told"), 3, 0.1

    def __init__(self, answer: Callable[[Job], Answer]) -> None:
        self.answer = answer
        self.jobs: list[list[int]] = []  # the points of each
        self.ahead: list[int] = []

    def run(self, jobs: Iterator[Job], ahead: int) -> Iterator[Answer]:
        self.ahead.append(ahead)
        for job in jobs:
            self.jobs.append([index for index, _point in job["points"]])
            yield self.answer(job)

    def stale(self, theirs: str, ours: str) -> VersionError:
        return VersionError("stale", "{theirs} isn't {ours}", theirs=theirs, ours=ours)

    def kill(self) -> None:
        pass

    def close(self) -> None:
        pass


def nothing(job: Job) -> Answer:
    return Answer(number=job["number"], version=job["version"], results=[], seconds=0.0)


def has(job: Job, index: int) -> bool:
    return index in dict(job["points"])


def test_only_what_was_lost_is_run_again_and_alone() -> None:
    died: list[Job] = []

    def answer(job: Job) -> Answer:
        if has(job, 2) and not died:
            died.append(job)
            return nothing(job)
        return run_batch(job)

    pool, said = Told(answer), []
    results = list(measure_all(pool, Batches(POINTS), said.append))
    assert sorted(result.index for result in results) == list(range(6))
    assert not any(result.failure for result in results)
    assert said == [DIED]
    lost = [index for index, _point in died[0]["points"]]
    assert pool.jobs[-len(lost) :] == [[index] for index in lost]
    assert pool.ahead == [6] + [1] * len(lost)
    assert sum(map(len, pool.jobs)) == 6 + len(lost)


@pytest.mark.parametrize("whole", [False, True])  # whether the worker takes the others with it
def test_what_kills_two_workers_fails_alone(whole: bool) -> None:
    def answer(job: Job) -> Answer:
        if not has(job, 2):
            return run_batch(job)
        if whole:
            raise WorkerDiedError
        return nothing(job)

    pool = Told(answer)
    results = list(measure_all(pool, Batches(POINTS), [].append))
    assert {result.index: result.failure for result in results if result.failure} == {2: DIED_AGAIN}
    assert sorted(result.index for result in results) == list(range(6))
    assert pool.jobs.count([2]) >= 1


@pytest.mark.parametrize("error", [ClusterError, WorkerDiedError])
def test_what_is_given_up_is_no_failure(error: type[Exception]) -> None:
    batches = Batches(POINTS)

    def answer(job: Job) -> Answer:
        if has(job, 2) and len(job["points"]) == 1 and pool.ahead[-1] == 1:
            batches.stopped.set()  # cancelled while it is run again
            raise error("gone", "The scheduler is gone")
        return nothing(job) if has(job, 2) else run_batch(job)

    pool = Told(answer)
    results = list(measure_all(pool, batches, [].append))
    assert not any(result.failure for result in results)
    assert 2 not in {result.index for result in results}


def test_nothing_that_was_lost_is_run_again_once_it_is_cancelled() -> None:
    batches = Batches(POINTS)

    def answer(job: Job) -> Answer:
        batches.stopped.set()
        return nothing(job)

    pool = Told(answer)
    assert list(measure_all(pool, batches, [].append)) == []
    assert pool.ahead == [6]


def test_what_workers_cannot_run_is_raised() -> None:
    def answer(job: Job) -> Answer:
        raise ClusterError("no_code", "no code there")

    with pytest.raises(ClusterError, match="no code there"):
        list(measure_all(Told(answer), Batches(POINTS), [].append))
    with pytest.raises(VersionError, match="older"):
        list(
            measure_all(
                Told(lambda job: {**nothing(job), "version": "older"}), Batches(POINTS), [].append
            )
        )
