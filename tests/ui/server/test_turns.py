"""Turns on the pages: who waits sees so, small changes pass by, and nothing stays taken."""

import gc
import sys
from collections.abc import Callable
from threading import Event, Thread
from typing import Any

import numpy as np
import pytest
import streamlit as st
from cachetools import LRUCache
from streamlit.delta_generator import DeltaGenerator
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.local_script_runner import LocalScriptRunner

from model.attention import AttentionTrace
from model.training.plan import Plan
from tests.ui.helpers import change, link, open_app, open_pair, type_text
from ui.pages.learn import trainings
from ui.runs.random_weights import _runs
from ui.runs.trained_here import Watched, untrained
from ui.server import turns
from ui.server.gate import Gate
from ui.server.turns import take_turn, turn

SECONDS = 60  # until a test that hangs fails
LONG = " ".join(f"word{number}" for number in range(20))  # 8 heads × 20² = 3200 cells
SAID = "Others are computing large sentences: it is your turn next."


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    """A gate for one, which 1000 cells have to pass."""
    gate = Gate(places=1, most_bytes=2**30)
    monkeypatch.setattr(turns, "gate", gate)
    monkeypatch.setattr(turns, "LARGE", 1000)
    return gate


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], Event]:
    """What infos say while a page is still being made, and when there is one about the line."""
    texts: list[str] = []
    in_line = Event()
    original = DeltaGenerator.info

    def info(self: DeltaGenerator, body: str, **options: object) -> object:
        shown = original(self, body, **options)  # type: ignore[arg-type]
        texts.append(body)
        if "Others are computing" in body:
            in_line.set()
        return shown

    monkeypatch.setattr(DeltaGenerator, "info", info)
    return texts, in_line


def in_thread(act: Callable[[], AppTest]) -> tuple[Thread, list[AppTest]]:
    made: list[AppTest] = []
    thread = Thread(target=lambda: made.append(act()))
    thread.start()
    return thread, made


def charts(at: AppTest) -> list[str]:
    return [chart.proto.id for chart in at.get("plotly_chart")]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("explore", link(text=LONG)),
        ("explore", link(text=LONG, view="tests", test="leak")),
        ("encoder-decoder", link(text=LONG, text2=LONG)),
        ("pretrained", link(text=LONG, model="minilm")),
        ("compare", link(a="explore?" + link(text=LONG), b="explore?" + link(text="a b"))),
    ],
)
def test_who_waits_sees_so_and_then_the_picture(
    path: str, query: str, gate: Gate, said: tuple[list[str], Event]
) -> None:
    texts, in_line = said
    with gate.admit("somebody else", 1):
        thread, made = in_thread(lambda: open_app(query, path=path))
        assert in_line.wait(SECONDS)
        assert (gate.inside, gate.waiting) == (1, 1)
        assert SAID in texts
    thread.join(SECONDS)
    (at,) = made
    assert charts(at)
    assert SAID not in [info.value for info in at.info]
    assert (gate.inside, gate.waiting) == (0, 0)


def test_small_changes_pass_by(gate: Gate) -> None:
    pages = [open_app(link(text="the cat saw")), open_pair(link(text="a b", text2="c d"))]
    with gate.admit("somebody else", 1):  # the weights are there, so that the sentence alone counts
        for at in pages:
            assert charts(change(at, mask="causal"))
            assert charts(type_text(at, "the dog saw"))
            assert not at.info


def test_the_turn_lasts_while_the_page_is_drawn(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside: list[int] = []
    original = st.plotly_chart

    def plotly_chart(*args: object, **options: object) -> object:
        inside.append(gate.inside)
        return original(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(st, "plotly_chart", plotly_chart)
    type_text(open_app(link(text=LONG)), LONG + " more")
    assert inside == [1, 1]  # the whole page, and the fragment alone
    assert gate.inside == 0


def test_a_page_that_nobody_waits_for_leaves_the_line(
    gate: Gate, said: tuple[list[str], Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    runners: list[LocalScriptRunner] = []
    start = LocalScriptRunner.start

    def remember(self: LocalScriptRunner) -> None:
        runners.append(self)
        start(self)

    monkeypatch.setattr(LocalScriptRunner, "start", remember)
    with gate.admit("somebody else", 1):
        thread, _made = in_thread(lambda: open_app(link(text=LONG)))
        assert said[1].wait(SECONDS)
        runners[0].request_stop()  # as when the browser has gone
        thread.join(SECONDS)
        assert not thread.is_alive()
        assert (gate.inside, gate.waiting) == (1, 0)


def test_a_page_that_fails_leaves_no_place_taken(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **options: object) -> None:
        assert gate.inside == 1
        raise RuntimeError("no picture today")

    monkeypatch.setattr("ui.views.heads.draw_tiles", fail)
    page = open_app(link(text=LONG))
    assert "no picture today" in page.error[0].value
    assert (gate.inside, gate.waiting) == (0, 0)


def test_within_a_turn_nothing_waits_again(gate: Gate) -> None:
    with turn("me"):
        take_turn(5000)
        assert gate.inside == 1
        with turn("me"):
            take_turn(5000)
            assert gate.inside == 1
        assert gate.inside == 1
    assert gate.inside == 0


def test_others_get_python_s_lock_sooner_while_somebody_has_a_turn(gate: Gate) -> None:
    before = sys.getswitchinterval()
    with turn("me"):
        take_turn(10)
        assert sys.getswitchinterval() == before
        take_turn(5000)
        assert sys.getswitchinterval() == pytest.approx(0.0005)
    assert sys.getswitchinterval() == before


def test_each_thread_has_turns_of_its_own(gate: Gate) -> None:
    entered = Event()

    def other() -> None:
        with turn("you"):
            take_turn(5000)
            entered.set()

    with turn("me"):
        take_turn(5000)
        thread = Thread(target=other)
        thread.start()
        assert not entered.is_set()
    thread.join(SECONDS)
    assert entered.is_set()
    assert gate.inside == 0


def test_sessions_keep_no_numbers_between_their_runs_but_what_all_share() -> None:
    def traces() -> int:
        gc.collect()
        return sum(isinstance(each, AttentionTrace) for each in gc.get_objects())

    before = traces()
    pages = [open_app(link(text=LONG, layers=4, seed=seed)) for seed in range(3)]
    pages += [open_pair(link(text=LONG, text2=LONG, seed=seed)) for seed in range(3)]
    assert all(map(charts, pages))
    _runs.clear()  # which has a bound of its own
    assert traces() == before


def test_what_is_watched_is_kept_for_all_sessions_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One head's 3 × 3 weights at one snapshot are 36 bytes: of three sessions' two fit."""
    kept: LRUCache[Any, Watched] = LRUCache(80, getsizeof=lambda each: each.bytes)
    plan = Plan(task="reverse")
    monkeypatch.setattr(trainings, "_watched", kept)
    monkeypatch.setattr(trainings, "snapshots_of", lambda plan: (untrained(plan),))

    def watch(session: str) -> Watched:
        monkeypatch.setattr(trainings, "session_in_use", lambda: session)
        return trainings.watched(plan, ("a", "b", "c"))

    first = watch("a")
    assert first.bytes == 36
    assert watch("a") is first
    second, third = watch("b"), watch("c")
    assert [key[0] for key in kept] == ["b", "c"]
    assert watch("b") is second
    assert watch("a") is not first  # computed again
    np.testing.assert_array_equal(
        watch("a").weights["encoder_self"][0], third.weights["encoder_self"][0]
    )
