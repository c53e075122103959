"""The command line: tables in files, and what can't be run said in a line."""

import io
import os
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from lab.__main__ import FINE, INTERRUPTED, REFUSED, SOME_FAILED, main
from lab.results import columns_of
from lab.sweep import Sweep
from tests.lab.helpers import LONG

TINY = ["mechanism", "--text", "a b c", "--heads", "1,2", "--embed-size", "8", "--seeds", "2"]
HERE = ["--jobs", "1", "--no-cache"]


def test_a_sweep_is_a_table_on_the_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*TINY, *HERE]) == FINE
    printed = capsys.readouterr()
    frame = pd.read_csv(io.StringIO(printed.out))
    assert list(frame.columns) == list(columns_of("mechanism"))
    assert frame[["heads", "seed"]].to_numpy().tolist() == [[1, 0], [1, 1], [2, 0], [2, 1]]
    assert frame["entropy_share"].between(0, 1).all()
    assert "4 of 4 points (0 from the cache, 0 failed)" in printed.err


def test_a_sweep_is_a_file_with_units(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "learnt.parquet"
    arguments = ["learning", "--task", "sort", "--heads", "1,3", "--steps", "4", "--seeds", "1"]
    assert main([*arguments, *HERE, "--out", str(out)]) == FINE
    table = pq.read_table(out)
    assert table.num_rows == 1
    assert table.schema.field("loss").metadata[b"unit"] == b"nats"
    assert "1 combinations skipped: " in capsys.readouterr().err


def test_what_was_computed_before_is_not_computed_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tables = []
    for cached in (0, 4):
        assert main([*TINY, "--jobs", "1"]) == FINE
        printed = capsys.readouterr()
        assert f"4 of 4 points ({cached} from the cache, 0 failed)" in printed.err
        tables.append(pd.read_csv(io.StringIO(printed.out)).drop(columns="cached"))
    pd.testing.assert_frame_equal(*tables)


def test_a_failure_is_in_the_table_and_the_status(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["learning", "--task", "sort", "--learning-rate", "1000", "--steps", "40"]
    assert main([*arguments, "--seeds", "1", *HERE]) == SOME_FAILED
    assert "no finite number" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([*TINY, "--out", "x.txt"], "--out must end in .csv or .parquet, got x.txt"),
        ([*TINY, "--out", "nowhere/x.csv"], "--out is in a folder that isn't there: nowhere"),
        ([*TINY, "--heads", "17"], "heads takes whole numbers from 1 to 16, got 17"),
        (["mechanism", "--text", " "], "the text is empty"),
        (["learning", "--task", "sort", "--seeds", "50", "--heads", "1,2,4,8,3"], "may have 200"),
        (["learning", "--task", "characters", "--corpus", "nowhere.txt"], "nowhere.txt"),
        (["cost", "--heads", "3"], "3 heads"),
        (["cost", "--measure", "5000"], "got 5000 to 5000"),
    ],
)
def test_what_cannot_be_run_is_said(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == REFUSED
    printed = capsys.readouterr()
    assert printed.out == ""
    assert said in printed.err
    assert "Traceback" not in printed.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([*TINY, "--jobs", "0"], "expected a whole number from 1 on, got '0'"),
        ([*TINY, "--jobs", "2", "--scheduler", "tcp://x:1"], "not allowed with argument"),
        ([*TINY, "--heads", "two"], "invalid list of ints value: 'two'"),
        (["learning", "--task", "sorting"], "invalid choice: 'sorting'"),
    ],
)
def test_what_cannot_be_read_is_said(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == REFUSED
    assert said in capsys.readouterr().err


def test_a_scheduler_that_is_not_there_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*TINY, "--scheduler", "nonsense://x"]) == SOME_FAILED
    assert "No Dask scheduler answers at nonsense://x" in capsys.readouterr().err


def test_an_interrupted_sweep_is_written_as_far_as_it_came(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wait, interrupted = Sweep.wait, []

    def interrupt(sweep: Sweep, timeout: float | None = None) -> bool:
        if interrupted:
            return wait(sweep, LONG)
        with sweep._changed:
            assert sweep._changed.wait_for(lambda: len(sweep._results) >= 3, LONG)
        interrupted.append(sweep)
        raise KeyboardInterrupt

    monkeypatch.setattr(Sweep, "wait", interrupt)
    many = ["mechanism", "--text", "a b c", "--seeds", "50", "--embed-size", "64,128,256,512"]
    assert main([*many, *HERE]) == INTERRUPTED
    assert 3 <= len(pd.read_csv(io.StringIO(capsys.readouterr().out))) < 800


def test_a_training_that_nobody_can_stop_ends_with_the_process(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(sweep: Sweep, timeout: float | None = None) -> bool:
        if not sweep._is_cancelled:
            raise KeyboardInterrupt
        return False  # it doesn't end in time

    def leave(status: int) -> None:
        raise SystemExit(status)

    monkeypatch.setattr(Sweep, "wait", interrupt)
    monkeypatch.setattr(Sweep, "start", lambda sweep: setattr(sweep, "state", "running"))
    monkeypatch.setattr(os, "_exit", leave)
    with pytest.raises(SystemExit) as ended:
        main([*TINY, *HERE])
    assert ended.value.code == INTERRUPTED
    assert capsys.readouterr().out.startswith("text,tokenizer,heads")


def test_costs_are_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", "--embed-size", "8,16", "--heads", "2", "--tokens", "10"]) == FINE
    frame = pd.read_csv(io.StringIO(capsys.readouterr().out))
    total = frame[frame["part"] == "total"].set_index("embed_size")["parameters"]
    assert set(total.index) == {8, 16}
    assert total[16] > total[8]
