"""Where batches are run: processes of this machine, or a Dask cluster. Both through joblib."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from lab.worker import Answer, Job
from model.errors import CodedError, CodedText

# Batches are made here: joblib sends each as it is, and gives what comes as it comes.
STREAMED = {"return_as": "generator_unordered", "batch_size": 1}


class WorkerDiedError(Exception):
    """A worker is gone, and with it all that was under way."""


class SchedulerUnreachableError(CodedError, ConnectionError):
    """Nobody answers at the scheduler's address."""


class ClusterError(CodedError, RuntimeError):
    """A cluster that can't be used, with the reason."""


class VersionError(ClusterError):
    """Workers that would compute other numbers."""


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
