"""Sweeps on this machine: the same numbers everywhere, as they come, whatever happens."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import dask
import pytest

from lab import batches, engine, local_pool, sweep
from lab.cache import code_version
from lab.grid import GridTooLargeError
from lab.pool import ClusterError
from lab.sweep import Progress, Sweep, run, scheduler_address
from lab.worker import NICENESS
from tests.lab.helpers import at_work, ended, failures, finished, learning, mechanism, numbers

DIED_AGAIN = "its worker process died, and so did the one that ran it again (out of memory?)"


def test_processes_and_this_one_have_the_same_results() -> None:
    grid = mechanism()
    sweeps = [finished(Sweep(grid, jobs=jobs)) for jobs in (1, 2)]
    assert [s.state for s in sweeps] == ["finished"] * 2
    here, there = (numbers(s.results) for s in sweeps)
    assert here.equals(there)
    assert here.equals(numbers(list(run(grid, jobs=1))))
    assert len(here) == 24
    assert here["score_spread"].notna().all()


@pytest.mark.matrix
def test_trainings_have_the_same_results_too() -> None:
    grid = learning(steps=10)
    here, there = (finished(Sweep(grid, jobs=jobs)) for jobs in (1, 2))
    assert numbers(here.results).equals(numbers(there.results))
    curves = [
        {result.index: result.metrics["curve_accuracy"] for result in s.results if result.metrics}
        for s in (here, there)
    ]
    assert curves[0] == curves[1]
    assert len(curves[0]) == 12


def test_processes_go_last_and_have_one_thread_each(measured_by: Callable[[str], None]) -> None:
    measured_by("process")
    results = finished(Sweep(learning(), jobs=2)).results
    metrics = [result.metrics for result in results if result.metrics]
    assert len(metrics) == 12
    assert {m["accuracy"] for m in metrics} == {min(19, os.nice(0) + NICENESS)}
    assert {m["loss"] for m in metrics} == {1}  # threads
    assert 1 <= len({m["parameters"] for m in metrics}) <= 2  # processes


def test_a_point_that_fails_fails_alone(measured_by: Callable[[str], None]) -> None:
    measured_by("raise_one")
    found = finished(Sweep(learning(), jobs=2))
    assert failures(found) == dict.fromkeys([(2, 8, 1), (2, 16, 1)], "the matrix is singular")
    assert (found.state, found.progress.done, found.progress.failed) == ("finished", 12, 2)


def test_a_training_that_diverges_is_a_failure_with_its_reason() -> None:
    found = finished(Sweep(learning(heads=(1,), learning_rate=(1000.0,), steps=40), jobs=1))
    assert len(failures(found)) == 4
    assert all("no finite number" in reason for reason in failures(found).values())


@pytest.mark.matrix
def test_a_point_that_kills_its_worker_fails_alone(measured_by: Callable[[str], None]) -> None:
    measured_by("die")
    found = finished(Sweep(learning(embed_size=(8,)), jobs=2))
    assert failures(found) == {(2, 8, 1): str(DIED_AGAIN)}
    assert (found.state, found.progress.done) == ("finished", 6)
    assert found.problems == (engine.DIED,)


@pytest.mark.matrix
def test_a_worker_that_dies_once_costs_nothing(
    measured_by: Callable[[str], None], tmp_path: Path
) -> None:
    measured_by("die_once")
    mark = tmp_path / "died"
    found = finished(Sweep(learning(embed_size=(8,), corpus=str(mark)), jobs=2))
    assert mark.exists()
    assert (found.progress.done, failures(found)) == (6, {})
    assert sorted(result.index for result in found.results) == list(range(6))


@pytest.mark.matrix
def test_cancelling_keeps_what_there_is(
    measured_by: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "PATIENCE", 0.1)
    measured_by("endless")
    found = at_work(Sweep(learning(embed_size=(8,)), jobs=2), 3)
    found.cancel()
    ended(found)
    assert found.state == "cancelled"
    assert [result.point.seed for result in found.results] == [0, 0, 0]
    assert (found.error, found.problems) == (None, ())
    # The processes that were given up are no longer in anybody's way.
    measured_by("process")
    assert finished(Sweep(learning(), jobs=2)).progress.failed == 0


def test_cancelling_hands_out_nothing_more() -> None:
    found = at_work(Sweep(mechanism(seeds=50, heads=(1, 2, 4, 8)), jobs=1))
    found.cancel()
    ended(found)
    assert found.state == "cancelled"
    assert 1 <= found.progress.done < 800


def test_cancelled_before_it_began_it_never_runs() -> None:
    found = Sweep(mechanism(), jobs=1)
    found.cancel()
    found.start()
    assert (ended(found).state, found.results) == ("cancelled", ())


def test_whoever_stops_listening_stops_the_work(measured_by: Callable[[str], None]) -> None:
    measured_by("endless")
    results = run(learning(embed_size=(8,)), jobs=2)
    first = [next(results) for _ in range(3)]
    results.close()
    assert {result.point.heads for result in first} == {1, 2, 4}
    assert not local_pool.one_at_a_time.locked()
    alone = run(mechanism(), jobs=1)  # in this process, where nothing can be killed
    assert next(alone).index == 0
    alone.close()
    assert not local_pool.one_at_a_time.locked()


def test_progress_and_version_grow() -> None:
    found = Sweep(mechanism(), jobs=1)
    assert (found.state, found.is_active, found.version) == ("waiting", True, 0)
    assert found.progress == Progress(0, 24, 0, 0, 0.0, None, None)
    seen = [(found.version, found.progress) for _ in found.run()]
    assert [progress.done for _, progress in seen] == list(range(1, 25))
    versions = [version for version, _ in seen]
    assert versions == sorted(set(versions))
    assert all(p.seconds_left is not None and p.seconds_left >= 0 for _, p in seen)
    assert (found.state, found.is_active, found.progress.seconds_left) == ("finished", False, 0.0)
    assert str(found.progress.workers) == "this process"


def test_first_seeds_come_first() -> None:
    seeds = [result.point.seed for result in run(mechanism(seeds=3), jobs=1)]
    assert seeds == sorted(seeds)
    assert seeds.count(0) == 12


def test_skipped_combinations_are_told() -> None:
    found = finished(Sweep(mechanism(heads=(1, 3)), jobs=1))
    assert (found.progress.total, len(found.skipped)) == (8, 4)


def test_nothing_valid_is_finished_at_once() -> None:
    found = finished(Sweep(mechanism(heads=(3,)), jobs=1))
    assert (found.state, found.results, found.progress.total) == ("finished", (), 0)


def test_a_grid_that_is_too_large_is_refused_at_once() -> None:
    with pytest.raises(GridTooLargeError, match="may have 5,000"):
        Sweep(mechanism(heads=tuple(range(1, 17)), embed_size=tuple(range(8, 100)), seeds=50))
    with pytest.raises(GridTooLargeError, match="may have 200"):
        run(learning(seeds=50))


@pytest.mark.matrix
def test_workers_of_another_version_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (batches, engine):
        monkeypatch.setattr(module, "code_version", lambda: "older")
    found = finished(Sweep(learning(), jobs=2))
    assert (found.state, found.results) == ("failed", ())
    assert f"files have changed since it was started (older, now {code_version()})" in str(
        found.error
    )
    with pytest.raises(ClusterError, match="start it anew"):
        list(run(mechanism(), jobs=1))


def test_what_nobody_foresaw_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise KeyError("secret")

    monkeypatch.setattr(sweep, "measure_all", fail)
    found = finished(Sweep(learning(), jobs=1))
    assert (found.state, str(found.error)) == (
        "failed", "Something went wrong in Headlight itself (KeyError).",
    )  # fmt: skip
    for thread in threading.enumerate():  # which has told the state, and logs then
        if thread.name == "sweep":
            thread.join()
    assert "a sweep failed" in caplog.text


@pytest.mark.matrix
def test_sweeps_of_one_process_take_turns() -> None:
    grid = mechanism(seeds=4)
    two = [Sweep(grid, jobs=2), Sweep(grid, jobs=2)]
    for one in two:
        one.start()
    first, second = (numbers(ended(one).results) for one in two)
    assert first.equals(second)
    assert len(first) == 48


def test_the_schedulers_address_is_headlights_or_dasks(monkeypatch: pytest.MonkeyPatch) -> None:
    assert scheduler_address() is None
    with dask.config.set({"scheduler-address": "tcp://dask:1"}):
        assert scheduler_address() == "tcp://dask:1"
        monkeypatch.setenv("HEADLIGHT_SCHEDULER", "tcp://headlight:2")
        assert scheduler_address() == "tcp://headlight:2"
