"""Sweeps: all points of a grid, on all cores or on a cluster, as they come."""

import logging
import os
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from threading import Condition, Thread, Timer
from typing import Literal

import dask

from lab.batches import Batches
from lab.cache import Cache
from lab.engine import Kept, head_start, measure_all
from lab.grid import Grid
from lab.local_pool import LocalPool, default_jobs, one_at_a_time
from lab.pool import ClusterError, Pool, SchedulerUnreachableError
from lab.results import Result
from model.errors import CodedText

State = Literal["waiting", "running", "finished", "cancelled", "failed"]

PATIENCE = 2.0  # seconds that what is under way has, once a sweep is cancelled
LISTEN = 0.1  # seconds between two looks whether it is cancelled

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Progress:
    """The state of a sweep in numbers."""

    done: int  # points, failed and cached ones included
    total: int
    failed: int
    cached: int
    seconds: float  # since it began
    seconds_left: float | None  # None while nobody can know
    workers: CodedText | None  # where it runs, for people; None before that is known


class Sweep:
    """One sweep; its fields change while it runs, and its results are only added to.

    Args:
        grid: what to measure.
        scheduler: the address of a Dask scheduler; None runs it on this machine.
        jobs: processes on this machine; None takes as many as there are cores, but two at least,
            since with 1 everything is computed in this process.
        cache: where results of earlier sweeps are, and these will be.
        only_kept: end with what the cache has, and compute nothing.

    Raises:
        GridTooLargeError: as Grid.points.
    """

    def __init__(
        self,
        grid: Grid,
        *,
        scheduler: str | None = None,
        jobs: int | None = None,
        cache: Cache | None = None,
        only_kept: bool = False,
    ) -> None:
        points = grid.points()
        self.grid = grid
        self.skipped = points.skipped
        self.state: State = "waiting"
        self.error: CodedText | None = None  # why the whole sweep failed, for people
        self.version = 0  # grows with each change
        self._points = points.valid
        self._scheduler = scheduler
        self._jobs = jobs
        self._kept = Kept(cache)
        self._only_kept = only_kept
        self._results: list[Result] = []
        self._failed = self._cached = 0
        self._workers: CodedText | None = None
        self._deaths: CodedText | None = None
        self._began: float | None = None
        self._ended: float | None = None
        self._measuring_since: float | None = None
        self._is_cancelled = False
        self._pool: Pool | None = None
        self._batches: Batches | None = None
        self._timer: Timer | None = None  # until what is under way is given up
        self._changed = Condition()

    @property
    def results(self) -> tuple[Result, ...]:
        """Return what there is so far, in the order in which it came."""
        with self._changed:
            return tuple(self._results)

    @property
    def is_active(self) -> bool:
        """Whether it runs, or will."""
        return self.state in ("waiting", "running")

    @property
    def problems(self) -> tuple[CodedText, ...]:
        """Return what went wrong without stopping the sweep, for people."""
        return tuple(filter(None, (self._deaths, self._kept.problem)))

    @property
    def progress(self) -> Progress:
        """Return how far it is."""
        with self._changed:
            now = self._ended or time.monotonic()
            done, total = len(self._results), len(self._points)
            left = None
            measured = done - self._cached
            if not self.is_active:
                left = 0.0
            elif measured and self._measuring_since is not None:
                left = (now - self._measuring_since) / measured * (total - done)
            return Progress(
                done=done,
                total=total,
                failed=self._failed,
                cached=self._cached,
                seconds=0.0 if self._began is None else now - self._began,
                seconds_left=left,
                workers=self._workers,
            )

    def start(self) -> None:
        """Run it in a thread of its own."""
        Thread(target=self._run, name="sweep", daemon=True).start()

    def cancel(self) -> None:
        """Hand out nothing more; what is under way has two seconds."""
        with self._changed:
            self._is_cancelled = True
            if self._batches is not None:
                self._batches.stopped.set()
            if self.state == "waiting":
                self._set("cancelled")
                return
            if self.is_active:
                self._timer = Timer(PATIENCE, self._give_up)
                self._timer.daemon = True
                self._timer.start()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for its end, or so many seconds; whether it has ended."""
        with self._changed:
            return self._changed.wait_for(lambda: not self.is_active, timeout)

    def run(self) -> Iterator[Result]:
        """Run it in the calling thread, and give results as they come.

        Raises:
            SchedulerUnreachableError: if nobody answers at the scheduler's address.
            ClusterError: if the cluster has no workers, or they can't run this.
        """
        with self._changed:
            if self.state != "waiting":  # cancelled before it began
                return
            self._began = time.monotonic()
            self._set("running")
        state: State = "failed"
        try:
            for result in self._measured():
                self._add(result)
                yield result
            state = "finished" if len(self._results) == len(self._points) else "cancelled"
        except GeneratorExit:
            state = "cancelled"
            raise
        except (SchedulerUnreachableError, ClusterError) as error:
            self.error = error.text
            raise
        except Exception as error:
            self.error = CodedText(
                "sweep.failed",
                "Something went wrong in Headlight itself ({name}).",
                name=type(error).__name__,
            )
            raise
        finally:
            with self._changed:
                self._ended = time.monotonic()
                if self._timer is not None:
                    self._timer.cancel()
                self._set(state)

    def _run(self) -> None:
        try:
            for _ in self.run():
                pass
        except (SchedulerUnreachableError, ClusterError):
            pass  # self.error says it
        except Exception:
            _log.exception("a sweep failed")

    def _set(self, state: State) -> None:
        self.state = state
        self.version += 1
        self._changed.notify_all()

    def _add(self, result: Result) -> None:
        with self._changed:
            self._results.append(result)
            self._failed += bool(result.failure)
            self._cached += result.cached
            self.version += 1
            self._changed.notify_all()

    def _give_up(self) -> None:
        pool = self._pool
        if self.is_active and pool is not None:
            pool.kill()

    def _measured(self) -> Iterator[Result]:
        """Everything, from the cache or measured; less where it is cancelled."""
        known = self._kept.read(self._points)
        yield from known.values()
        rest = [(index, point) for index, point in enumerate(self._points) if index not in known]
        if not rest or self._only_kept:
            return
        # Points that share weights stand together, and first seeds come first: the whole picture
        # is there early, and gets finer.
        rest.sort(key=lambda indexed: (indexed[1].seed, indexed[1].embed_size))
        batches = self._batches = Batches(rest)
        if self._is_cancelled:
            batches.stopped.set()
        self._measuring_since = time.monotonic()
        try:
            with closing(self._fresh(batches)) as results:
                for result in results:
                    self._kept.add(result)
                    self._kept.write()
                    yield result
        finally:
            self._kept.write(at_once=True)

    def _fresh(self, batches: Batches) -> Generator[Result, None, None]:
        if self._scheduler is not None:
            from lab.cluster import ClusterPool  # it takes half a second to import

            with closing(ClusterPool(self._scheduler)) as cluster:
                yield from self._measured_in(cluster, batches)
            return
        yield from head_start(batches)
        while not one_at_a_time.acquire(
            timeout=LISTEN
        ):  # another sweep, or the warming up, has them
            if batches.stopped.is_set():
                return
        try:
            yield from self._measured_in(LocalPool(self._jobs or default_jobs()), batches)
        finally:
            one_at_a_time.release()

    def _measured_in(self, pool: Pool, batches: Batches) -> Iterator[Result]:
        batches.workers, batches.seconds = pool.size, pool.batch_seconds
        self._workers = pool.workers
        self._pool = pool
        yield from measure_all(pool, batches, self._tell)

    def _tell(self, problem: CodedText) -> None:
        with self._changed:
            self._deaths = problem
            self.version += 1


def run(
    grid: Grid,
    *,
    scheduler: str | None = None,
    jobs: int | None = None,
    cache: Cache | None = None,
) -> Iterator[Result]:
    """Run a sweep in the calling thread, and give results as they come.

    Raises:
        GridTooLargeError: as Grid.points.
        SchedulerUnreachableError: if nobody answers at the scheduler's address.
        ClusterError: if the cluster has no workers, or they can't run this.
    """
    return Sweep(grid, scheduler=scheduler, jobs=jobs, cache=cache).run()


def scheduler_address() -> str | None:
    """Return a Dask scheduler's address: HEADLIGHT_SCHEDULER, or Dask's own configuration.

    The latter is DASK_SCHEDULER_ADDRESS, or scheduler-address in ~/.config/dask/*.yaml.
    """
    return os.environ.get("HEADLIGHT_SCHEDULER") or dask.config.get("scheduler-address", None)
