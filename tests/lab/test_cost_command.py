"""Costs from the command line."""

import argparse
from typing import Any

import pytest

from lab import cost_command
from lab.cost import Measured
from lab.cost_command import add_arguments, measured_table, run_command
from model.config import BERT, Config
from model.cost import Rates, peak_memory, predict_seconds

SMALL, LARGER = Config(embed_size=32, heads=2), Config(embed_size=64, heads=4, layers=2)
RATES = Rates(multiply_adds=1e9, bytes=1e9, fresh_bytes=1e9, layer_seconds=1e-4)


def arguments(text: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(text.split())


def test_the_command_gives_one_table_for_all_configurations() -> None:
    table = run_command(arguments("--embed-size 32,64 --heads 2,4 --layers 3 --tokens 10"))
    keys = table[["embed_size", "heads", "layers"]].drop_duplicates().to_numpy().tolist()
    assert keys == [[32, 2, 3], [32, 4, 3], [64, 2, 3], [64, 4, 3]]
    assert len(table) == 4 * 9


def test_the_command_measures(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def measured(configs: list[Config], lengths: tuple[int, ...]) -> Any:
        asked.append((configs, lengths))
        yield Measured(0, 8, 0.5, 1234, RATES)
        yield Measured(0, 600, None, None, RATES, "would need 2 GB")

    monkeypatch.setattr(cost_command, "measure", measured)
    table = run_command(arguments("--embed-size 32 --heads 2 --architecture bert --measure 8,600"))
    ((config,), lengths) = asked[0]
    assert lengths == (8, 600)
    assert (config.embed_size, config.architecture, config.longest) == (32, BERT, 1000)
    first, second = table.to_dict("records")
    assert (first["tokens"], first["seconds"], first["peak_bytes"]) == (8, 0.5, 1234)
    assert first["predicted_bytes"] == peak_memory(config, 8).value
    assert first["predicted_seconds"] == predict_seconds(config, 8, RATES)
    assert second["left_out"] == "would need 2 GB"
    assert table["seconds"].isna().tolist() == [False, True]


def test_a_table_of_no_results_is_empty() -> None:
    assert measured_table([SMALL], iter(())).empty


def test_numbers_that_are_none_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        arguments("--heads two")
    assert "expected whole numbers with commas between them, got 'two'" in capsys.readouterr().err


def test_an_encoder_that_cannot_be_built_is_refused() -> None:
    with pytest.raises(ValueError, match="head_dim must be even"):
        run_command(arguments("--embed-size 6 --heads 2 --architecture llama"))
