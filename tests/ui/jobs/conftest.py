"""Queues of trainings, and the processes that they start."""

from collections.abc import Callable, Iterator

import pytest

from tests.ui.jobs.helpers import ended
from ui.jobs import training_queue
from ui.jobs.training_queue import TrainingQueue, Worker


@pytest.fixture(scope="module")
def workers() -> Iterator[list[Worker]]:
    """Every process that is started, in order."""
    started: list[Worker] = []

    class Known(Worker):
        def __init__(self) -> None:
            super().__init__()
            started.append(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training_queue, "Worker", Known)
        yield started
    for worker in started:
        worker.end()


@pytest.fixture
def new_queue(workers: list[Worker]) -> Iterator[Callable[..., TrainingQueue]]:
    """Makes queues, which are closed afterwards."""
    made: list[TrainingQueue] = []

    def make(slots: int = 1) -> TrainingQueue:
        made.append(TrainingQueue(slots))
        return made[-1]

    yield make
    for queue in made:
        queue.close()


@pytest.fixture(scope="module")
def one_queue(workers: list[Worker]) -> Iterator[TrainingQueue]:
    """A queue for one at a time, whose process is ready."""
    queue = TrainingQueue(slots=1)
    queue.warm_up()
    yield queue
    queue.close()


@pytest.fixture
def queue_of_one(one_queue: TrainingQueue) -> Iterator[TrainingQueue]:
    """The same, with nothing left in it by a test that has failed."""
    yield one_queue
    left = [*one_queue._waiting, *one_queue._running]
    for training in left:
        training.stop()
    for training in left:
        one_queue.place(training)  # those that wait are dropped
        ended(training)
