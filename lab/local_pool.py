"""Processes of this machine as a pool."""

import os
from collections.abc import Iterable, Iterator
from threading import Lock, Thread

import joblib
from joblib.externals.loky.process_executor import BrokenProcessPool, ShutdownExecutorError
from joblib.parallel import LokyBackend

from lab.cache import code_version
from lab.pool import STREAMED, VersionError, WorkerDiedError
from lab.worker import Answer, Job, run_batch, start_worker
from model.errors import CodedText

IDLE_FOR = 300  # seconds without work, after which processes end

one_at_a_time = Lock()  # of joblib's processes, which all sweeps of this process share


def changed_files(theirs: str, ours: str) -> VersionError:
    """Return what to raise where a new process of this machine has another version.

    Args:
        theirs: the version of the new process.
        ours: that of this one.
    """
    return VersionError(
        "pool.changed_files",
        "Headlight's files have changed since it was started ({ours}, now {theirs}): start it "
        "anew.",
        ours=ours,
        theirs=theirs,
    )


class _Processes(LokyBackend):  # type: ignore[misc]  # joblib says no types
    def kill(self) -> None:
        workers = getattr(self, "_workers", None)  # none where there is one job only
        if workers is not None:
            workers.shutdown(wait=False, kill_workers=True)


class LocalPool:
    """Processes of this machine, which stay for the next sweep; others go first on its cores.

    joblib calculates in the calling thread where there is one job only, which can't be killed.
    """

    def __init__(self, jobs: int) -> None:
        self.size = jobs
        self.batch_seconds = 0.15  # sending and collecting one takes about 0.01 s
        self.workers = CodedText("pool.this_process", "this process")
        if jobs > 1:
            self.workers = CodedText(
                "pool.processes", "{count} processes on this machine", count=jobs
            )
        self._backend = _Processes(inner_max_num_threads=1)
        self._is_killed = False

    def run(self, jobs: Iterable[Job], ahead: int) -> Iterator[Answer]:
        """As Pool.run."""
        answers = joblib.Parallel(
            n_jobs=self.size,
            backend=self._backend,
            initializer=start_worker,
            initargs=(os.getpid(),),
            idle_worker_timeout=IDLE_FOR,
            **STREAMED,
            pre_dispatch=ahead,
        )(joblib.delayed(run_batch)(job) for job in jobs)
        return self._while_alive(answers)

    def stale(self, theirs: str, ours: str) -> VersionError:
        """As Pool.stale."""
        return changed_files(theirs, ours)

    def _while_alive(self, answers: Iterator[Answer]) -> Iterator[Answer]:
        try:
            yield from answers
        except (BrokenProcessPool, ShutdownExecutorError) as error:
            raise WorkerDiedError from error
        except RuntimeError as error:  # joblib's own, of a pool that was shut down
            if self._is_killed:
                raise WorkerDiedError from error
            raise

    def kill(self) -> None:
        """As Pool.kill."""
        self._is_killed = True
        self._backend.kill()

    def close(self) -> None:
        """As Pool.close; the processes stay for a while."""


def default_jobs() -> int:
    """Return how many cores this process may use; two at least, or work would be done in it."""
    return max(2, int(joblib.cpu_count()))


def warm_up() -> None:
    """Start this machine's processes, if nobody uses them: a first sweep needn't wait then."""
    Thread(target=_warm_up, name="sweep-warm-up", daemon=True).start()


def _warm_up() -> None:
    if not one_at_a_time.acquire(blocking=False):
        return
    try:
        jobs = default_jobs()
        nothing = Job(number=0, version=code_version(), measure="", points=[])
        for _ in LocalPool(jobs).run(iter([nothing] * jobs), jobs):
            pass
    finally:
        one_at_a_time.release()
