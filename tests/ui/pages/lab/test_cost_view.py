"""The Lab's costs: the parts, what is predicted, and what is measured meanwhile."""

from collections.abc import Generator, Iterator, Sequence
from threading import Event, Thread
from typing import Any

import pytest

from lab.cost import Measured, MeasureError
from model.config import PAPER, Config
from model.cost import Rates
from tests.patience import LONG
from tests.ui.helpers import array, change, chart, own
from tests.ui.pages.lab.helpers import (
    buttons,
    captions,
    errors,
    markdowns,
    open_lab,
    pick,
    press,
    progress,
)
from ui.jobs.cost_job import CostRun, lengths_around
from ui.jobs.sweep_queue import line
from ui.pages.lab import cost_runs
from ui.pages.lab.cost_parts_view import parts_table
from ui.pages.lab.memory import LabMemory
from viz.quantities import size_text

CHART = "cost_chart"
RATES = Rates(1e10, 1e10, 1e10, 1e-4)


@pytest.fixture(autouse=True)
def nothing_runs_on() -> Iterator[None]:
    """What a test has left running doesn't hold up the next one."""
    yield
    line().cancel_all()


def passes(
    configs: Sequence[Config], lengths: Sequence[int], **_how: Any
) -> Generator[Measured, None, None]:
    """As if each pass took a microsecond for each number of its vectors."""
    for tokens in lengths:
        for i, config in enumerate(configs):
            yield Measured(i, tokens, 1e-6 * tokens * config.embed_size, 10**6, RATES)


@pytest.fixture
def measured_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    class Quick(CostRun):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given, measured_by=passes)

    monkeypatch.setattr(cost_runs, "CostRun", Quick)


def test_it_opens_with_what_doubling_the_embedding_costs() -> None:
    page = open_lab(view="cost")
    assert any("Doubling the embedding from 256 to 512" in text for text in markdowns(page))
    assert buttons(page) == {"measure": True}
    assert progress(page) == "Not measured yet"
    layout = chart(page, CHART)["layout"]
    said = " ".join(note["text"] for note in layout["annotations"])
    assert "Multiply-adds of a forward pass" in said
    assert "attention overtakes at 512" in said
    assert "attention overtakes at 1,024" in said
    table = page.dataframe[0].value
    assert table["part"].iloc[-1] == "total"
    assert dict(zip(table["part"], table["ratio"], strict=True))["energy Q·Kᵀ"] == 2
    assert dict(zip(table["part"], table["formula"], strict=True))["projections Q, K, V"] == (
        "3·L·E²"
    )


def test_the_bars_are_the_parts_of_the_table() -> None:
    page = open_lab(view="cost", cost_embeddings="8,16", cost_heads=2, tokens=10)
    bars = [t for t in chart(page, "parts_chart")["data"] if t["type"] == "bar"]
    table = page.dataframe[0].value
    assert {name for name in table["part"] if name != "total"} <= {bar["name"] for bar in bars}


def test_the_table_counts_what_is_chosen() -> None:
    page = open_lab(view="cost", cost_embeddings="8,16", cost_heads=2, tokens=10)
    pick(page, "amount", "parameters")
    table = page.dataframe[0].value.set_index("part")
    assert table.loc["projections Q, K, V", "E=8"] == 3 * 8 * 8
    assert "softmax" not in table.index  # has none
    configs = [Config(embed_size=8, heads=2, architecture=PAPER)]
    assert "ratio" not in parts_table(configs, 10, "bytes")


def test_a_decoder_has_a_cache_of_keys_and_values() -> None:
    page = open_lab(view="cost", decoder=True, cost_layers=2, tokens=100, cost_embeddings="64")
    # 2 · layers · E · tokens · 4 bytes
    (said,) = [text for text in markdowns(page) if "KV cache" in text]
    assert f"takes {size_text(2 * 2 * 64 * 100 * 4)} with E = 64" in said


def test_sizes_that_do_not_work_are_said_and_the_others_stay() -> None:
    page = open_lab(view="cost", cost_embeddings="256, 100", cost_heads=8)
    (warning,) = [box.value for box in page.warning]
    assert "Not compared" in warning
    assert "100" in warning
    assert [c for c in page.dataframe[0].value if c.startswith("E=")] == ["E=256"]
    change(page, cost_embeddings="")
    assert buttons(page) == {"measure": False}


@pytest.mark.usefixtures("measured_at_once")
def test_what_is_measured_comes_into_the_picture_and_the_sentence() -> None:
    page = open_lab(view="cost", tokens=128)
    press(page, "measure")
    run = own(page, LabMemory).cost_run
    assert line().wait(run, LONG)
    page.run()
    assert run.state == "finished"
    assert progress(page).startswith("12 of 12 passes · ")
    assert any("measured here, the time by **2.0**" in text for text in markdowns(page))
    assert any("needs more than 67.1 MB" in text for text in captions(page))
    data = chart(page, CHART)["data"]
    seconds = [t for t in data if t["mode"] == "markers" and t["xaxis"] == "x"]
    assert array(seconds[0]["x"]).tolist() == [64, 128, 256, 512, 1024, 2048]
    assert array(seconds[1]["y"]).tolist() == pytest.approx(
        [1e-6 * 512 * n for n in lengths_around(128)]
    )
    change(page, tokens=100)  # other lengths: not measured yet
    assert progress(page) == "Not measured yet"


def test_a_measurement_that_fails_says_why() -> None:
    def broken(*_given: Any, **_how: Any) -> Generator[Measured, None, None]:
        raise MeasureError("ended", "the process ended")
        yield

    run = CostRun((Config(embed_size=8, heads=1),), (64,), measured_by=broken)
    run.work()
    assert (run.state, str(run.error)) == ("failed", "the process ended")


def test_a_measurement_that_is_cancelled_stops() -> None:
    def endless(*_given: Any, **_how: Any) -> Generator[Measured, None, None]:
        while True:
            yield Measured(0, 64, 1.0, 1, RATES)
            run.cancel()

    run = CostRun((Config(embed_size=8, heads=1),), (64,), measured_by=endless)
    run.work()
    assert run.state == "cancelled"
    assert run.results
    assert errors(open_lab(view="cost")) == []


def test_a_pass_that_takes_long_is_given_up_at_once() -> None:
    given_up = Event()

    def long(*_given: Any, stop: Event) -> Generator[Measured, None, None]:
        assert stop.wait(LONG)
        given_up.set()
        yield from ()

    run = CostRun((Config(embed_size=8, heads=1),), (64,), measured_by=long)
    thread = Thread(target=run.work)
    thread.start()
    run.cancel()
    thread.join(LONG)
    assert given_up.is_set()
    assert (run.state, run.error) == ("cancelled", "")


@pytest.mark.parametrize(
    ("tokens", "lengths"),
    [
        (512, (64, 128, 256, 512, 1024, 2048)),
        (1000, (64, 128, 256, 512, 1000, 1024, 2048)),
        (99_999, (64, 128, 256, 512, 1024, 2048, 4096)),
    ],
)
def test_the_length_that_is_asked_about_is_measured(tokens: int, lengths: tuple[int, ...]) -> None:
    assert lengths_around(tokens) == lengths
