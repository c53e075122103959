"""Sweeps on a real Dask scheduler with two worker processes, one thread each."""

import asyncio
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from distributed import Client

from lab import batches, cluster, engine, sweep
from lab.pool import ClusterError, SchedulerUnreachableError
from lab.sweep import Sweep, run
from tests.lab.helpers import (
    LONG,
    at_work,
    ended,
    failures,
    finished,
    learning,
    mechanism,
    numbers,
)
from tools.dask_cluster import dask_cluster

# A worker's death shows itself at once, not after three tries.
ENVIRON = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0", "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of the scheduler, once both workers are there."""
    with dask_cluster(tmp_path_factory.mktemp("dask"), environ=ENVIRON) as found:
        yield found


def pids(address: str) -> list[int]:
    """The worker processes', once there are two."""
    with Client(address, timeout=LONG, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=LONG)
        return list(client.run(os.getpid).values())


@pytest.mark.matrix
def test_a_cluster_has_the_same_results(address: str) -> None:
    for grid in (mechanism(), learning(steps=10)):
        here, there = Sweep(grid, jobs=1), Sweep(grid, scheduler=address)
        assert numbers(finished(here).results).equals(numbers(finished(there).results))
        assert str(there.progress.workers) == f"2 threads of 2 workers at {address}"
        assert (there.state, there.progress.done) == ("finished", here.progress.total)


@pytest.mark.matrix
def test_a_caller_may_run_an_event_loop(address: str) -> None:
    async def sweep_in_a_notebook() -> int:
        return len(list(run(mechanism(), scheduler=address)))

    assert asyncio.run(sweep_in_a_notebook()) == 24


@pytest.mark.matrix
def test_a_worker_that_is_killed_costs_no_result(address: str) -> None:
    grid = mechanism(seeds=25)
    expected = numbers(list(run(grid, jobs=1)))
    victim = pids(address)[0]
    found = at_work(Sweep(grid, scheduler=address), 20)
    os.kill(victim, signal.SIGKILL)
    ended(found)
    assert (found.state, found.progress.done, failures(found)) == ("finished", 300, {})
    assert numbers(found.results).equals(expected)
    assert victim not in pids(address)


@pytest.mark.matrix
def test_a_point_that_kills_its_worker_fails_alone(
    address: str, measured_by: Callable[[str], None]
) -> None:
    measured_by("die")
    found = finished(Sweep(learning(embed_size=(8,)), scheduler=address))
    assert failures(found) == {(2, 8, 1): str(engine.DIED_AGAIN)}
    assert (found.state, found.progress.done) == ("finished", 6)
    assert found.problems == (engine.DIED,)


@pytest.mark.matrix
def test_cancelling_keeps_what_there_is(address: str) -> None:
    found = at_work(Sweep(mechanism(seeds=50, heads=(1, 2, 4, 8)), scheduler=address))
    found.cancel()
    assert ended(found).state == "cancelled"
    assert 1 <= found.progress.done < 800
    assert not [thread for thread in threading.enumerate() if thread.name == "IO loop"]


@pytest.mark.matrix
def test_a_training_that_was_cancelled_is_given_up(
    address: str, measured_by: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "PATIENCE", 0.1)
    measured_by("endless")
    found = at_work(Sweep(learning(embed_size=(8,)), scheduler=address), 3)
    found.cancel()
    assert ended(found).state == "cancelled"
    assert {result.point.seed for result in found.results} == {0}
    for pid in pids(address):  # they would sleep for an hour
        os.kill(pid, signal.SIGKILL)


@pytest.mark.matrix
def test_workers_of_another_version_are_refused(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (batches, engine):
        monkeypatch.setattr(module, "code_version", lambda: "newer")
    found = finished(Sweep(mechanism(), scheduler=address))
    assert (found.state, found.results) == ("failed", ())
    assert str(found.error).startswith(
        f"The workers at {address} run another version of Headlight ("
    )
    assert "than this one (newer)" in str(found.error)


def test_workers_without_the_code_are_refused(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_batch(job: object) -> None:
        """Is where only this process finds it."""

    run_batch.__module__, run_batch.__qualname__ = "nowhere", "run_batch"
    monkeypatch.setitem(sys.modules, "nowhere", type(sys)("nowhere"))
    monkeypatch.setattr(sys.modules["nowhere"], "run_batch", run_batch, raising=False)
    monkeypatch.setattr(cluster, "run_batch", run_batch)
    found = finished(Sweep(mechanism(), scheduler=address))
    assert (found.state, found.results) == ("failed", ())
    assert str(found.error).startswith("The cluster can't run Headlight's code (")
    assert "Start its scheduler and its workers in Headlight's folder" in str(found.error)


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("tcp://127.0.0.1:9", "Timed out trying to connect to tcp://127.0.0.1:9 after 0.3 s."),
        ("nonsense://x", "unknown address scheme 'nonsense'"),
        ("tcp://", "missing port number"),
    ],
)
def test_a_scheduler_that_is_not_there_is_named(
    place: str, reason: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(cluster, "CONNECT_FOR", 0.3)
    before = set(threading.enumerate())
    with pytest.raises(SchedulerUnreachableError, match="No Dask scheduler answers at") as error:
        list(run(mechanism(), scheduler=place))
    assert place in str(error.value)
    assert reason in str(error.value)
    found = Sweep(mechanism(), scheduler=place)
    assert (finished(found).state, str(found.error)) == ("failed", str(error.value))
    left = set(threading.enumerate()) - before
    assert {thread.name for thread in left} <= {"sweep"}  # which is about to end
    assert caplog.text == ""


def test_something_else_that_answers_is_no_scheduler() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(LONG)

        def answer() -> None:
            other, _ = server.accept()
            with other:
                other.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 9)

        thread = threading.Thread(target=answer)
        thread.start()
        place = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(SchedulerUnreachableError, match=place):
            list(run(mechanism(), scheduler=place))
        thread.join(LONG)
        assert not thread.is_alive()


def test_a_scheduler_without_workers_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "WORKERS_FOR", 0.1)
    with (
        dask_cluster(tmp_path, workers=0) as place,
        pytest.raises(ClusterError, match=f"The scheduler at {place} has no workers."),
    ):
        list(run(mechanism(), scheduler=place))


@pytest.mark.matrix
def test_a_scheduler_that_goes_away_ends_the_sweep(
    address: str, measured_by: Callable[[str], None]
) -> None:
    measured_by("endless")
    found = at_work(Sweep(learning(embed_size=(8,)), scheduler=address), 3)
    with Client(address, timeout=LONG, set_as_default=False) as client:
        scheduler = client.run_on_scheduler(os.getpid)
    os.kill(scheduler, signal.SIGKILL)  # the last test that needs it
    ended(found)
    assert (found.state, found.progress.done) == ("failed", 3)
    assert "The scheduler is gone" in str(found.error)
