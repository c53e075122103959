"""Where batches are run: processes of this machine, or a Dask cluster. Both through joblib."""

import os
from collections.abc import Iterable, Iterator
from typing import Protocol

import joblib
from joblib.externals.loky.process_executor import BrokenProcessPool, ShutdownExecutorError
from joblib.parallel import LokyBackend

from lab.worker import Answer, Job, run_batch, start_worker
from model.errors import CodedError, CodedText

# Batches are made here: joblib sends each as it is, and gives what comes as it comes.
STREAMED = {"return_as": "generator_unordered", "batch_size": 1}

IDLE_FOR = 300  # seconds without work, after which processes end


class WorkerDiedError(Exception):
    """A worker is gone, and with it all that was under way."""


class SchedulerUnreachableError(CodedError, ConnectionError):
    """Nobody answers at the scheduler's address."""


class ClusterError(CodedError, RuntimeError):
    """A cluster that can't be used, with the reason."""


class VersionError(ClusterError):
    """Workers that would compute other numbers."""


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


class Pool(Protocol):
    """Something that runs batches, one sweep at a time."""

    workers: CodedText  # what it is, for people
    size: int  # batches that run at once
    batch_seconds: float  # that a batch is to take, to be worth sending

    def run(self, jobs: Iterable[Job], ahead: int) -> Iterator[Answer]:
        """Begin at once, and give answers in the order in which they come.

        Args:
            jobs: are asked for one by one, from other threads too.
            ahead: how many are handed out before the first is answered.

        Raises:
            WorkerDiedError: while it is iterated over, if all that was under way is gone.
        """

    def stale(self, theirs: str, ours: str) -> VersionError:
        """Return what to raise where the workers have another version than this process."""

    def kill(self) -> None:
        """Give up what is under way; `run` raises."""

    def close(self) -> None:
        """Leave it to others."""


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
