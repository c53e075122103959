"""The file of results: what comes back, what is noticed, what is survived."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from lab import cache as module
from lab.cache import Cache, code_version, key_of
from lab.sweep import Sweep
from tests.lab.helpers import LONG, finished, learning, mechanism, numbers


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "sweeps.sqlite"


def change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as file, file:
        file.execute(statement)


def test_what_was_put_comes_back_to_others(path: Path) -> None:
    values = {key_of(str(n)): f'{{"a": {n}}}' for n in range(1200)}
    assert Cache(path).put(values)
    other = Cache(path)
    assert other.get([*values, key_of("unknown")]) == values
    assert other.get([]) == {}
    assert other.problem is None


def test_a_value_is_replaced(path: Path) -> None:
    cache = Cache(path)
    cache.put({b"k": "old"})
    cache.put({b"k": "new"})
    assert cache.get([b"k"]) == {b"k": "new"}


@pytest.mark.parametrize(
    "damage",
    ["value = 'other'", "value = NULL", "value = x'ff'", "value = CAST(x'c328' AS TEXT)",
     "checksum = NULL"],
)  # fmt: skip
def test_a_changed_entry_is_left_out_and_said(path: Path, damage: str) -> None:
    cache = Cache(path)
    cache.put({b"a": "1", b"b": "2"})
    change(path, f"UPDATE results SET {damage} WHERE key = x'61'")  # a
    assert cache.get([b"a", b"b"]) == {b"b": "2"}
    assert str(cache.problem) == "Some kept results were damaged, and are computed again."


@pytest.mark.parametrize("content", [b"", b"no database " * 1000, "cut"])
def test_a_broken_file_is_set_aside(path: Path, content: bytes | str) -> None:
    Cache(path).put({key_of(str(n)): "1" * 200 for n in range(400)})
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if isinstance(content, str) else content)
    cache = Cache(path)
    assert cache.put({b"a": "1"})
    if content:  # an empty file is an empty database
        assert "was damaged. It is set aside" in str(cache.problem)
        assert str(path) not in str(cache.problem)
        assert path.with_name("sweeps.sqlite.broken").exists()
    assert cache.get([b"a"]) == {b"a": "1"}
    assert cache.problem is None  # it is mended


@pytest.mark.parametrize(
    "error", ["database or disk is full", "attempt to write a readonly database"]
)
def test_a_file_that_cannot_be_written_is_said(
    path: Path, monkeypatch: pytest.MonkeyPatch, error: str
) -> None:
    def fail(*_: Any) -> None:
        raise sqlite3.OperationalError(error)

    monkeypatch.setattr(module, "_make_room", fail)
    cache = Cache(path)
    assert not cache.put({b"a": "1"})
    assert str(cache.problem) == f"Results aren't kept: {error}."
    monkeypatch.undo()
    assert cache.put({b"a": "1"})
    assert cache.problem is None


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    cache = Cache(tmp_path / "file" / "sweeps.sqlite")
    assert cache.get([b"a"]) == {}
    assert not cache.put({b"a": "1"})
    assert str(cache.problem) == "Results aren't kept: File exists."


def test_no_home_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost() -> Path:
        raise module.NoHomeError("no_home", "the user has no home directory")

    monkeypatch.setattr(module, "cache_directory", lost)
    cache = Cache()
    assert (cache.put({b"a": "1"}), cache.get([b"a"])) == (False, {})
    assert str(cache.problem) == "Results aren't kept: the user has no home directory."


def test_the_file_is_in_headlights_cache_directory(tmp_path: Path) -> None:
    Cache().put({b"a": "1"})
    assert (tmp_path / "cache" / "headlight" / "sweeps.sqlite").exists()


def test_many_write_at_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", LONG)  # SQLite lets those wait who have bad luck
    caches = [Cache(path) for _ in range(4)]

    def write(cache: Cache, name: int) -> None:
        for n in range(10):
            assert cache.put({f"{name}/{n}".encode(): str(n)})

    threads = [
        threading.Thread(target=write, args=args) for args in zip(caches, range(4), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    keys = [f"{name}/{n}".encode() for name in range(4) for n in range(10)]
    assert len(Cache(path).get(keys)) == 40
    assert [cache.problem for cache in caches] == [None] * 4


def test_a_file_that_is_locked_is_given_up(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    cache = Cache(path)
    cache.put({b"a": "1"})
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert not cache.put({b"b": "2"})
        assert "database is locked" in str(cache.problem)


def test_the_oldest_make_room(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 2**18)
    cache = Cache(path)
    keys = [f"{n:04}".encode() for n in range(2000)]
    for start in range(0, 2000, 50):
        assert cache.put(dict.fromkeys(keys[start : start + 50], "x" * 300))
        assert path.stat().st_size < 2**18 + 2**16
    kept = cache.get(keys)
    assert 300 < len(kept) < 1000
    assert min(kept) > keys[1000]  # the newest are there
    assert keys[-1] in kept


def test_the_version_follows_the_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("model", "lab"):
        (tmp_path / folder / "tasks").mkdir(parents=True)
    files = [tmp_path / name for name in ("model/a.py", "model/tasks/corpus.txt", "lab/measure.py")]
    for file in files:
        file.write_text("1")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    found = [code_version.__wrapped__()]
    for file in files:
        file.write_text("2")
        found.append(code_version.__wrapped__())
    monkeypatch.setattr(module, "version", lambda package: "9.9")
    found.append(code_version.__wrapped__())
    assert len(set(found)) == 5
    (tmp_path / "lab" / "other.py").write_text("decides nothing")
    assert code_version.__wrapped__() == found[-1]


def test_another_version_has_other_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    before = key_of("{}")
    assert before == key_of("{}") != key_of("[]")
    monkeypatch.setattr(module, "code_version", lambda: "other")
    assert key_of("{}") != before


def sweep_of(cache: Cache, **options: Any) -> Sweep:
    return finished(Sweep(mechanism(**options), jobs=1, cache=cache))


def test_a_sweep_that_was_run_comes_from_the_cache(path: Path) -> None:
    first = sweep_of(Cache(path), heads=(1, 2))
    assert (first.progress.done, first.progress.cached) == (16, 0)
    # Some points are the first sweep's, some are not.
    second = sweep_of(Cache(path))
    assert (second.progress.done, second.progress.cached) == (24, 16)
    third = sweep_of(Cache(path))
    assert (third.progress.done, third.progress.cached) == (24, 24)
    assert numbers(second.results).equals(numbers(third.results))
    assert all(result.cached == (result.point.heads < 4) for result in second.results)


def test_a_sweep_goes_on_where_nothing_can_be_kept(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(module, "_make_room", full)
    sweep = sweep_of(Cache(path))
    assert (sweep.state, sweep.progress.done, sweep.progress.failed) == ("finished", 24, 0)
    assert "disk is full" in str(sweep.problems)


def test_damaged_entries_are_computed_again(path: Path) -> None:
    first = sweep_of(Cache(path))
    change(path, "UPDATE results SET value = '{}' WHERE rowid <= 5")
    second = sweep_of(Cache(path))
    assert (second.progress.done, second.progress.cached) == (24, 19)
    assert "damaged" in str(second.problems)
    assert numbers(first.results).equals(numbers(second.results))
    assert sweep_of(Cache(path)).progress.cached == 24


def test_what_is_only_looked_up_computes_nothing(path: Path) -> None:
    sweep_of(Cache(path), heads=(1, 2))
    some = finished(Sweep(mechanism(), cache=Cache(path), only_kept=True))
    assert (some.state, some.progress.done, some.progress.cached) == ("cancelled", 16, 16)
    whole = finished(Sweep(mechanism(heads=(1, 2)), cache=Cache(path), only_kept=True))
    assert (whole.state, whole.progress.done) == ("finished", 16)


def test_a_failure_is_not_kept(path: Path, measured_by: Any) -> None:
    measured_by("raise_one")
    for cached in (0, 10):
        sweep = finished(Sweep(learning(), jobs=1, cache=Cache(path)))
        assert (sweep.progress.cached, sweep.progress.failed) == (cached, 2)
