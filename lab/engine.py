"""Measuring what is left of a sweep, whatever becomes of the workers."""

import json
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, suppress

from lab.batches import Batches, Indexed
from lab.cache import Cache, code_version, key_of
from lab.local_pool import changed_files
from lab.points import MechanismPoint, Point
from lab.pool import ClusterError, Pool, VersionError, WorkerDiedError
from lab.results import Result
from lab.spelling import to_json
from lab.worker import Answer, Job, run_batch
from model.errors import CodedText

HEAD_START = 0.1  # seconds that the calling thread measures for itself, before processes start ...
HEAD_START_POINTS = 8  # ... and points
HEAD_START_SIZE = 2**17  # heads × characters²: larger ones would hold up a server
KEEP_EVERY = 0.5  # seconds between two writes to the cache
AHEAD = 2  # batches for each worker: one that it is at, and one to go on with

DIED = CodedText("sweep.died", "A worker process died; what it was doing was run again.")
DIED_AGAIN = CodedText(
    "sweep.died_again",
    "its worker process died, and so did the one that ran it again (out of memory?)",
)


class Kept:
    """The cached results of a sweep's points, and those that wait to be cached.

    Args:
        cache: None keeps nothing.
    """

    def __init__(self, cache: Cache | None) -> None:
        self.problem: CodedText | None = None  # what went wrong, for people
        self._cache = cache
        self._waiting: dict[bytes, str] = {}
        self._written = time.monotonic()

    def read(self, points: Sequence[Point]) -> dict[int, Result]:
        """Return the results that are there, by the points' indices."""
        if self._cache is None:
            return {}
        keys = [key_of(to_json(point)) for point in points]
        values = self._cache.get(keys)
        self.problem = self._cache.problem
        return {
            index: Result(point, json.loads(values[key]), cached=True, index=index)
            for index, (point, key) in enumerate(zip(points, keys, strict=True))
            if key in values
        }

    def add(self, result: Result) -> None:
        """Keep a result, at the next writing."""
        if self._cache is not None and result.metrics is not None:
            self._waiting[key_of(to_json(result.point))] = json.dumps(result.metrics)

    def write(self, *, at_once: bool = False) -> None:
        """Write what waits for it, if the last time is long enough ago."""
        now = time.monotonic()
        if self._cache is None or not self._waiting:
            return
        if at_once or now - self._written > KEEP_EVERY:
            is_kept = self._cache.put(self._waiting)
            self.problem = self._cache.problem or self.problem
            if not is_kept:
                self._cache = None  # the sweep goes on without
            self._waiting = {}
            self._written = now


def head_start(batches: Batches) -> Iterator[Result]:
    """Measure the first points here, as long as they are small: a process takes a second to start.

    Trainings aren't small.
    """
    end = time.monotonic() + HEAD_START
    for _ in range(HEAD_START_POINTS):
        point = batches.first
        if time.monotonic() > end or not isinstance(point, MechanismPoint):
            return
        if point.heads * len(point.text) ** 2 > HEAD_START_SIZE:
            return
        try:
            job = batches.take(1)
        except StopIteration:
            return
        yield from _results(batches, run_batch(job), changed_files)


def measure_all(
    pool: Pool, batches: Batches, tell: Callable[[CodedText], None]
) -> Iterator[Result]:
    """Measure all that the batches have, until they are stopped.

    What a worker was at when it died is run again, each point alone: so only the one that kills
    workers fails.

    Args:
        pool: where.
        batches: what.
        tell: is told what people should know.

    Raises:
        ClusterError: if the workers can't run this.
    """
    lost: list[Indexed] = []
    while (lost or batches.left) and not batches.stopped.is_set():
        if lost:
            point = lost.pop(0)
            if (yield from _measure(pool, batches, _once(batches, point), 1)):
                yield Result(point[1], None, DIED_AGAIN, index=point[0])
        elif lost := (yield from _measure(pool, batches, batches, AHEAD * pool.size)):
            tell(DIED)


def _measure(
    pool: Pool, batches: Batches, jobs: Iterator[Job], ahead: int
) -> Generator[Result, None, list[Indexed]]:
    """Measure some jobs; returns the points that are lost with their workers, if it goes on."""
    lost: list[Indexed] = []
    try:
        with closing(_run(pool, jobs, ahead)) as answers:
            for answer in answers:
                lost += yield from _results(batches, answer, pool.stale)
    except WorkerDiedError:
        lost += batches.lost()
    except VersionError:
        raise
    except ClusterError:
        if not batches.stopped.is_set():
            raise
    return [] if batches.stopped.is_set() else lost


def _once(batches: Batches, point: Indexed) -> Iterator[Job]:
    """A batch of a point that was handed out before, unless nothing more is handed out."""
    if not batches.stopped.is_set():
        yield batches.again(point)


def _run(pool: Pool, jobs: Iterator[Job], ahead: int) -> Generator[Answer, None, None]:
    """The pool's answers; whoever stops listening stops its work."""
    answers = pool.run(jobs, ahead)
    try:
        for answer in answers:  # noqa: UP028  # that would close them first, and joblib would warn
            yield answer
    except GeneratorExit:
        if isinstance(jobs, Batches):
            jobs.stopped.set()
        pool.kill()
        with suppress(WorkerDiedError, ClusterError):
            for _ in answers:
                pass
        raise


def _results(
    batches: Batches, answer: Answer, stale: Callable[[str, str], VersionError]
) -> Generator[Result, None, list[Indexed]]:
    """Yield what came of a batch; return its points of which nothing came."""
    if answer["version"] != code_version():
        raise stale(answer["version"], code_version())
    points = dict(batches.done(answer))
    for index, metrics, failure in answer["results"]:
        yield Result(points.pop(index), metrics, failure, index=index)
    return list(points.items())
