"""The gate: who goes in when, worked out by hand; threads wait for each other by events alone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest

from ui.server.gate import Gate

SECONDS = 20  # until a test that hangs fails


class Visitor:
    """Somebody who asks, stays inside until told to leave, and remembers what was said."""

    def __init__(self, gate: Gate, session: str, size: int, order: list[str]) -> None:
        self.places: list[int] = []
        self.error: BaseException | None = None
        self.inside, self.may_leave, self.told = Event(), Event(), Event()
        self.gone = False
        self._enter = (gate, session, size, order)
        self._thread = Thread(target=self._visit)
        self._thread.start()

    def _visit(self) -> None:
        gate, session, size, order = self._enter
        try:
            with gate.admit(session, size, tell=self._tell, check=self._check):
                order.append(session)
                self.inside.set()
                assert self.may_leave.wait(SECONDS)
        except InterruptedError as error:
            self.error = error

    def _tell(self, place: int) -> None:
        self.places.append(place)
        self.told.set()

    def _check(self) -> None:
        if self.gone:
            raise InterruptedError

    def leave(self) -> None:
        self.may_leave.set()
        self._thread.join(SECONDS)
        assert not self._thread.is_alive()


Ask = Callable[..., Visitor]


@contextmanager
def asking(gate: Gate) -> Iterator[tuple[Ask, list[str]]]:
    """Asks in the order of the calls, and the order in which people came in."""
    order: list[str] = []
    visitors: list[Visitor] = []

    def ask(session: str, size: int = 1) -> Visitor:
        visitor = Visitor(gate, session, size, order)
        visitors.append(visitor)
        while not (visitor.inside.is_set() or visitor.told.wait(0.01)):
            pass
        return visitor

    try:
        yield ask, order
    finally:
        for visitor in visitors:
            visitor.leave()


def test_one_goes_in_and_the_next_is_told_its_place() -> None:
    gate = Gate(places=1, most_bytes=100)
    with asking(gate) as (ask, order):
        first, second, third = ask("a"), ask("b"), ask("c")
        assert (second.places, third.places) == ([1], [2])
        assert (gate.inside, gate.waiting) == (1, 2)
        third.told.clear()
        first.leave()
        assert second.inside.wait(SECONDS)
        assert third.told.wait(SECONDS)
        assert third.places == [2, 1]
        second.leave()
        assert third.inside.wait(SECONDS)
    assert order == ["a", "b", "c"]
    assert (gate.inside, gate.waiting) == (0, 0)


def test_who_is_inside_alone_is_told_nothing() -> None:
    gate = Gate(places=1, most_bytes=100)
    with asking(gate) as (ask, _order):
        assert ask("a").places == []


def test_a_session_with_many_requests_goes_behind_the_others() -> None:
    gate = Gate(places=1, most_bytes=100)
    with asking(gate) as (ask, order):
        first, *more = (ask("greedy") for _ in range(4))
        inside = first
        for following in [ask("b"), ask("c"), *more]:  # greedy was in just now
            inside.leave()
            assert following.inside.wait(SECONDS)
            inside = following
    assert order == ["greedy", "b", "c", "greedy", "greedy", "greedy"]


def test_who_comes_again_goes_behind_those_who_wait() -> None:
    gate = Gate(places=1, most_bytes=100)
    with asking(gate) as (ask, order):
        first, other = ask("a"), ask("b")
        again = ask("a")
        first.leave()
        assert other.inside.wait(SECONDS)
        newcomer = ask("c")
        other.leave()
        # a's last turn ended before c asked for its first.
        assert again.inside.wait(SECONDS)
        again.leave()
        assert newcomer.inside.wait(SECONDS)
    assert order == ["a", "b", "a", "c"]


def test_who_changes_something_while_waiting_keeps_its_place() -> None:
    gate = Gate(places=1, most_bytes=100)
    with asking(gate) as (ask, order):
        first, old, other = ask("a"), ask("b"), ask("c")
        old.gone = True  # its newer request takes its place
        old.leave()
        assert isinstance(old.error, InterruptedError)
        new = ask("b")
        assert new.places == [1]
        first.leave()
        assert new.inside.wait(SECONDS)
        new.leave()
        assert other.inside.wait(SECONDS)
    assert order == ["a", "b", "c"]


def test_bytes_are_counted_and_nobody_overtakes() -> None:
    gate = Gate(places=3, most_bytes=100)
    with asking(gate) as (ask, order):
        first, large, small = ask("a", 60), ask("b", 50), ask("c", 30)
        assert (gate.inside, gate.waiting) == (1, 2)  # 60 + 50 > 100, and c is behind b
        first.leave()
        assert large.inside.wait(SECONDS)
        assert small.inside.wait(SECONDS)  # 50 + 30 fit
    assert sorted(order[1:]) == ["b", "c"]


def test_what_is_larger_than_everything_goes_alone() -> None:
    gate = Gate(places=2, most_bytes=100)
    with asking(gate) as (ask, _order):
        small, huge = ask("a", 1), ask("b", 1000)
        assert gate.inside == 1
        small.leave()
        assert huge.inside.wait(SECONDS)
        assert ask("c", 1).places == [1]


def test_what_is_raised_inside_leaves_no_place_taken() -> None:
    gate = Gate(places=1, most_bytes=100)
    with pytest.raises(ZeroDivisionError), gate.admit("a", 1):
        raise ZeroDivisionError
    assert (gate.inside, gate.waiting) == (0, 0)


def test_what_is_raised_while_telling_leaves_no_place_taken() -> None:
    gate = Gate(places=1, most_bytes=100)

    def tell(place: int) -> None:
        raise InterruptedError  # as a script that is to be rerun does when it draws

    with gate.admit("a", 1), pytest.raises(InterruptedError), gate.admit("b", 1, tell=tell):
        pass
    assert (gate.inside, gate.waiting) == (0, 0)


def test_sessions_that_are_long_gone_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.server.gate.MOST_REMEMBERED", 3)
    gate = Gate(places=1, most_bytes=100)
    for number in range(10):
        with gate.admit(str(number), 1):
            pass
    assert list(gate._since) == ["6", "7", "8", "9"]  # three, and who came last


@pytest.mark.parametrize(("places", "most_bytes"), [(0, 1), (1, 0)])
def test_a_gate_lets_somebody_in(places: int, most_bytes: int) -> None:
    with pytest.raises(ValueError, match="there must be room"):
        Gate(places, most_bytes)
