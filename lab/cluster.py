"""A Dask cluster as a pool, through joblib's backend for it."""

import asyncio
import logging
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import joblib
from distributed import Client, Security
from distributed.client import Future
from distributed.comm.core import connect
from distributed.scheduler import KilledWorker
from joblib._dask import DaskDistributedBackend

from lab.pool import STREAMED, ClusterError, SchedulerUnreachableError, VersionError
from lab.worker import Answer, Job, run_batch
from model.errors import CodedText, CodedValueError
from model.reasons import coded_reason, reason_of

CONNECT_FOR = 4  # seconds that a scheduler may take to answer
WORKERS_FOR = 10  # seconds that its first worker may take to come


class _Backend(DaskDistributedBackend):  # type: ignore[misc]  # joblib says no types
    """joblib's backend, which waits for ever for a task that was lost: this one says so.

    A task whose worker died has nothing measured, and the others go on.
    """

    def effective_n_jobs(self, n_jobs: int) -> int:
        # joblib would compute by itself where there is only one.
        return max(2, int(super().effective_n_jobs(n_jobs)))

    def submit(self, func: Any, callback: Any = None) -> Any:
        ((_function, (job,), _options),) = func.items
        return super().submit(func, (callback, job))

    async def _collect(self) -> None:
        while self._continue:
            async for future, result in self.waiting_futures:
                answer, (callback, job) = self._results.pop(future), self._callbacks.pop(future)
                outcome = result if future.status == "finished" else _lost(future, result, job)
                answer.set_result(outcome)
                callback(outcome)
            await asyncio.sleep(0.01)

    def retrieve_result_callback(self, out: Any) -> Any:
        if isinstance(out, Exception):
            raise out
        return super().retrieve_result_callback(out)


def _lost(future: Future[Any], result: Any, job: Job) -> Exception | list[Answer]:
    """Return what came of an unfinished task: nothing if its worker died, else what to raise."""
    error = result[1] if future.status == "error" else result
    if isinstance(error, KilledWorker):
        return [Answer(number=job["number"], version=job["version"], results=[], seconds=0.0)]
    if future.status == "error":
        return ClusterError(
            "cluster.no_code",
            "The cluster can't run Headlight's code ({reason}). Start its scheduler and its "
            "workers in Headlight's folder, with Headlight's Python.",
            reason=reason_of(error, 100),
        )
    return ClusterError("cluster.gone", "The scheduler is gone, or has dropped what it was asked.")


class ClusterPool:
    """The workers of a Dask cluster.

    Args:
        address: of the scheduler.

    Raises:
        SchedulerUnreachableError: if nobody answers there within a few seconds.
        ClusterError: if it has no workers.
    """

    def __init__(self, address: str) -> None:
        self._client = _connect(address)
        self._address = address
        try:
            self._backend = self._new_backend()
        except ClusterError:
            self.close()
            raise
        cores: dict[str, int] = self._client.ncores()  # type: ignore[no-untyped-call]
        self.size = sum(cores.values())
        self.batch_seconds = 0.6  # sending and collecting one takes some 0.03 s
        workers = len(self._client.scheduler_info(n_workers=-1)["workers"])
        self.workers = CodedText(
            "cluster.workers",
            "{threads} threads of {workers} workers at {address}",
            threads=self.size,
            workers=workers,
            address=address,
        )

    def run(self, jobs: Iterable[Job], ahead: int) -> Iterator[Answer]:
        """As Pool.run."""
        self._backend = self._new_backend()
        answers: Iterator[Answer] = joblib.Parallel(
            n_jobs=-1, backend=self._backend, pre_dispatch=ahead, **STREAMED
        )(joblib.delayed(run_batch)(job) for job in jobs)
        return answers

    def _new_backend(self) -> _Backend:
        backend = _Backend(client=self._client, wait_for_workers_timeout=WORKERS_FOR)
        try:
            backend.effective_n_jobs(-1)  # which waits for the first worker
        except TimeoutError:
            raise ClusterError(
                "cluster.no_workers",
                "The scheduler at {address} has no workers.",
                address=self._address,
            ) from None
        return backend

    def stale(self, theirs: str, ours: str) -> VersionError:
        """As Pool.stale."""
        return VersionError(
            "cluster.other_version",
            "The workers at {address} run another version of Headlight ({theirs}) than this one "
            "({ours}). Start them anew, in a folder of this version.",
            address=self._address,
            theirs=theirs,
            ours=ours,
        )

    def kill(self) -> None:
        """As Pool.kill; what a worker has begun it ends, for nobody."""
        self._client.cancel(list(self._backend._results))  # type: ignore[no-untyped-call]

    def close(self) -> None:
        """As Pool.close."""
        self._client.close()  # type: ignore[no-untyped-call]


def _connect(address: str) -> Client:
    for name in ("distributed", "distributed.client"):  # a sweep says itself what went wrong
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        with ThreadPoolExecutor(1) as thread:  # this one may run an event loop, as Jupyter's does
            thread.submit(asyncio.run, _ask(address)).result()
        return Client(  # type: ignore[no-untyped-call]
            address, timeout=CONNECT_FOR, set_as_default=False
        )
    except Exception as error:  # whatever answers there can answer anything
        if not isinstance(error, OSError | ValueError):
            raise SchedulerUnreachableError(
                "cluster.no_answer", "No Dask scheduler answers at {address}.", address=address
            ) from None
        raise SchedulerUnreachableError(
            "cluster.unreachable",
            "No Dask scheduler answers at {address}: {reason}.",
            address=address,
            reason=coded_reason(error),
        ) from None


async def _ask(address: str) -> None:
    """Ask a scheduler who it is: a client that waits in vain leaves a thread behind."""
    arguments = Security().get_connection_args("client")  # type: ignore[no-untyped-call]
    comm = await connect(  # type: ignore[no-untyped-call]
        address, timeout=CONNECT_FOR, **arguments
    )
    try:
        await comm.write({"op": "identity", "reply": True})
        answer = await asyncio.wait_for(comm.read(), CONNECT_FOR)
        if answer["type"] != "Scheduler":
            raise CodedValueError("cluster.no_scheduler", "it is no scheduler")
    finally:
        comm.abort()
