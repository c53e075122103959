"""The line that sweeps wait in: one at a time, for as long as somebody is there to see it."""

from collections.abc import Callable, Iterator
from threading import Event

import pytest

from tests.patience import LONG
from ui.jobs import sweep_queue as sweeps
from ui.jobs.sweep_queue import GONE_FOR, State, SweepLine, Waiting


class Work(Waiting):
    """Work that ends when it is told to."""

    def __init__(self, is_wanted: Callable[[], bool] = lambda: True) -> None:
        super().__init__(is_wanted)
        self.began, self.end = Event(), Event()
        self.was_wanted = True
        self._state: State = "waiting"

    @property
    def state(self) -> State:
        return "cancelled" if self._state == "waiting" and self.is_over else self._state

    def work(self) -> None:
        self._state = "running"
        self.began.set()
        self.was_wanted = self.wait_while_wanted(self.end.wait)
        self._state = "finished" if self.was_wanted else "cancelled"


@pytest.fixture
def line() -> Iterator[SweepLine]:
    made = SweepLine()
    yield made
    made.cancel_all()


def test_one_runs_at_a_time_and_the_others_see_their_place(line: SweepLine) -> None:
    first, second, third = works = Work(), Work(), Work()
    for work in works:
        line.submit(work)
    assert first.began.wait(LONG)
    assert [line.place(work) for work in works] == [0, 1, 2]
    assert [work.state for work in works] == ["running", "waiting", "waiting"]
    first.end.set()
    assert line.wait(first, LONG)
    assert second.began.wait(LONG)
    assert [line.place(work) for work in works] == [0, 0, 1]
    assert not third.began.is_set()
    second.end.set()
    assert third.began.wait(LONG)
    assert first.state == "finished"


def test_one_that_is_cancelled_while_it_waits_never_begins(line: SweepLine) -> None:
    first, second, third = Work(), Work(), Work()
    for work in (first, second, third):
        line.submit(work)
    second.cancel()
    assert line.place(third) == 1
    assert second.state == "cancelled"
    first.end.set()
    assert third.began.wait(LONG)
    assert not second.began.is_set()


def test_one_whose_page_is_closed_ends_and_lets_the_next_one_begin(line: SweepLine) -> None:
    is_open = Event()
    is_open.set()
    first, second = Work(is_open.is_set), Work()
    line.submit(first)
    line.submit(second)
    assert first.began.wait(LONG)
    is_open.clear()
    assert line.wait(first, GONE_FOR + LONG)
    assert first.state == "cancelled"
    assert second.began.wait(LONG)


def test_one_whose_page_is_closed_while_it_waits_is_dropped(
    line: SweepLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = Work(), Work(lambda: False)
    line.submit(first)
    line.submit(second)
    assert line.place(second) == 1  # its line may be lost for a moment
    monkeypatch.setattr(sweeps, "GONE_FOR", 0.0)
    assert line.place(second) == 0
    assert second.state == "cancelled"
    assert first.is_active


def test_a_failure_holds_nobody_up(line: SweepLine) -> None:
    class Broken(Work):
        def work(self) -> None:
            super().work()
            self._state = "failed"

    first, second = Broken(), Work()
    line.submit(first)
    line.submit(second)
    first.end.set()
    assert second.began.wait(LONG)
    assert first.is_over
