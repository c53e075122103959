"""Points, handed out in batches that take long enough to be worth sending."""

import math
from collections.abc import Iterator, Sequence
from threading import Event, Lock

from lab.cache import code_version
from lab.points import Point, kind_of
from lab.spelling import to_json
from lab.worker import MEASURES, Answer, Job

LARGEST = 128  # points
GROWTH = 4  # from one batch's size to the next's: the first results come at once

Indexed = tuple[int, Point]  # a point with its place in the grid


class Batches(Iterator[Job]):
    """Batches of the points that nobody has yet; asked from several threads.

    Args:
        points: in the order in which they are handed out.
    """

    def __init__(self, points: Sequence[Indexed]) -> None:
        self.stopped = Event()  # when nothing more is handed out
        self.workers = 1  # how many share the points
        self.seconds = 0.0  # that a batch is to take; 0 for one point
        self._left = list(reversed(points))
        self._under_way: dict[int, list[Indexed]] = {}
        self._number = 0
        self._size = 1
        self._lock = Lock()

    @property
    def left(self) -> int:
        """Return how many points nobody has yet."""
        return len(self._left)

    @property
    def first(self) -> Point | None:
        """The next point."""
        return self._left[-1][1] if self._left else None

    def __next__(self) -> Job:
        """The next batch; at the end smaller ones, so that all workers end together."""
        share = math.ceil(self.left / (2 * self.workers))
        return self.take(max(1, min(self._size, share)))

    def take(self, count: int) -> Job:
        """Hand out so many points as a batch, or what is left.

        Raises:
            StopIteration: if nothing is, or nothing more is handed out.
        """
        with self._lock:
            points = [self._left.pop() for _ in range(min(count, len(self._left)))]
            if self.stopped.is_set() or not points:
                self._left += reversed(points)
                raise StopIteration
            return self._job(points)

    def again(self, point: Indexed) -> Job:
        """Hand out one point as a batch that was handed out before."""
        with self._lock:
            return self._job([point])

    def done(self, answer: Answer) -> list[Indexed]:
        """Take a batch that is over, and return its points."""
        with self._lock:
            points = self._under_way.pop(answer["number"])
            if answer["seconds"]:
                fitting = int(self.seconds * len(points) / answer["seconds"])
                self._size = max(1, min(fitting, GROWTH * self._size, LARGEST))
            return points

    def lost(self) -> list[Indexed]:
        """Take back the points that were under way, and return them: nobody has them any more."""
        with self._lock:
            points = [point for batch in self._under_way.values() for point in batch]
            self._under_way.clear()
            return points

    def _job(self, points: list[Indexed]) -> Job:
        self._number += 1
        self._under_way[self._number] = points
        return Job(
            number=self._number,
            version=code_version(),
            measure=MEASURES[kind_of(points[0][1])],
            points=[(index, to_json(point)) for index, point in points],
        )
