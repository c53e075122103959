"""Costs measured in a process of their own, and as tables."""

import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from lab import cost
from lab.cost import COLUMNS, MeasureError, cost_table, measure
from model.config import Config
from model.cost import Rates, peak_memory
from model.cost_parts import parameter_count

SMALL, LARGER = Config(embed_size=32, heads=2), Config(embed_size=64, heads=4, layers=2)
RATES = Rates(multiply_adds=1e9, bytes=1e9, fresh_bytes=1e9, layer_seconds=1e-4)


@pytest.mark.matrix
def test_measured_in_another_process_as_predicted() -> None:
    most = peak_memory(LARGER, 64).value + 4 * parameter_count(LARGER)
    results = list(measure([SMALL, LARGER], [256, 64], most_bytes=most))
    # The shortest first, and at each length all configurations.
    assert [(r.tokens, r.config_index) for r in results] == [(64, 0), (64, 1), (256, 0), (256, 1)]
    assert len({result.rates for result in results}) == 1
    for result in results[:2]:
        predicted = peak_memory([SMALL, LARGER][result.config_index], 64).value
        assert result.peak_bytes == pytest.approx(predicted, rel=0.2)
        assert result.seconds is not None
        assert 0 < result.seconds < 10
        assert result.left_out is None
    for result in results[2:]:
        assert (result.seconds, result.peak_bytes) == (None, None)
        assert str(result.left_out).startswith("would need 0.0")


@pytest.mark.matrix
def test_whoever_stops_taking_results_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Any] = []

    class Noted(subprocess.Popen):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            started.append(self)

    monkeypatch.setattr(cost.subprocess, "Popen", Noted)
    results = measure([SMALL], range(1, 30))
    assert started == []  # nothing runs before somebody asks
    assert next(results).tokens == 1
    assert started[0].poll() is None
    results.close()
    assert started[0].poll() is not None


@pytest.mark.matrix
def test_whoever_is_told_to_stop_has_no_more_results() -> None:
    stop = threading.Event()
    results = measure([SMALL], range(1, 30), stop=stop)
    assert next(results).tokens == 1
    stop.set()
    assert list(results) == []


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("raise SystemExit('out of luck')", "ended too early: out of luck"),
        ("import threading\nthreading.Event().wait()", "said nothing for 0 s"),
    ],
)
def test_a_process_that_dies_or_hangs_is_an_error(
    source: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "cost_process.py").write_text(source)
    monkeypatch.setattr(cost, "ROOT", tmp_path)
    if "nothing" in message:
        monkeypatch.setattr(cost, "START_SECONDS", 0.05)
    with pytest.raises(MeasureError, match=message):
        list(measure([SMALL], [1], most_seconds=0.001))


def test_too_much_and_nothing_are_refused_before_anything_starts() -> None:
    with pytest.raises(ValueError, match="1 to 8 configurations and 1 to 32 lengths, got 0 and 1"):
        measure([], [1])
    with pytest.raises(ValueError, match="got 1 and 33"):
        measure([SMALL], range(1, 34))
    with pytest.raises(ValueError, match="1 to 4096 tokens, got 0 to 5"):
        measure([SMALL], [5, 0])
    with pytest.raises(ValueError, match="got 4097 to 4097"):
        measure([SMALL], [4097])


def test_an_encoder_that_cannot_be_built_is_refused_before_anything_starts() -> None:
    with pytest.raises(ValueError, match="kv_heads must divide heads, and equal them"):
        measure([Config(embed_size=32, heads=4, kv_heads=2)], [8])


def test_the_table_ends_with_the_total() -> None:
    table = cost_table(LARGER, 100)
    assert list(table.columns) == list(COLUMNS)
    *parts, total = table.to_dict("records")
    assert total["part"] == "total"
    assert total["parameters"] == parameter_count(LARGER)
    assert total["multiply_adds"] == sum(part["multiply_adds"] for part in parts)
    assert total["multiply_adds_formula"] == "3·N·L·D·E + 2·N·L²·E + N·L·E² + 2·N·L·E·F"
    assert total["bytes"] == peak_memory(LARGER, 100).value
    energy = next(part for part in parts if part["part"] == "energy")
    assert (energy["multiply_adds"], energy["multiply_adds_formula"]) == (1_280_000, "N·L²·E")
