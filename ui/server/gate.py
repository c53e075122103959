"""Admission of large work: a few at once, so many bytes at once, and sessions take turns."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Condition

LOOK_EVERY = 0.2  # seconds between two looks at whether somebody still waits
MOST_REMEMBERED = 1000  # sessions whose last turn is remembered


@dataclass(eq=False)
class _Request:
    """Somebody's wish to do something large."""

    session: str
    bytes: int
    number: int  # when it was asked, on the gate's own clock


class Gate:
    """Lets large work in, at most `places` at once and `most_bytes` together.

    Of those who wait, the session whose last turn is longest ago goes first, so that one that asks
    often delays nobody else by more than a turn. Nobody overtakes a request that doesn't fit yet,
    and one that is larger than all that is allowed goes alone.
    """

    def __init__(self, places: int, most_bytes: int) -> None:
        if places < 1 or most_bytes < 1:
            raise ValueError(f"there must be room, got {places} places, {most_bytes} bytes")
        self._places = places
        self._most_bytes = most_bytes
        self._changed = Condition()
        self._waiting: list[_Request] = []
        self._inside: list[_Request] = []
        self._time = 0
        self._since: dict[str, int] = {}  # by session: when it had a turn last, or asked first

    @property
    def inside(self) -> int:
        """How many are at work."""
        return len(self._inside)

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    @contextmanager
    def admit(
        self,
        session: str,
        size: int,
        *,
        tell: Callable[[int], None] = lambda place: None,
        check: Callable[[], None] = lambda: None,
    ) -> Iterator[None]:
        """Wait for a turn, and hold it until the end.

        Args:
            session: whose turn it is.
            size: bytes that are needed.
            tell: is told the place in the line, from 1, when it begins and whenever it changes.
            check: is called while waiting; what it raises ends the waiting.
        """
        request = self._ask(session, size)
        try:
            self._wait(request, tell, check)
            yield
        finally:
            self._leave(request)

    def _ask(self, session: str, size: int) -> _Request:
        with self._changed:
            request = _Request(session, size, self._now())
            self._since.setdefault(session, request.number)
            self._waiting.append(request)
            self._forget_some()
            self._let_in()
            return request

    def _wait(
        self, request: _Request, tell: Callable[[int], None], check: Callable[[], None]
    ) -> None:
        told = 0
        while True:
            with self._changed:
                if request in self._inside:
                    return
                place = self._line().index(request) + 1
                if place == told:
                    self._changed.wait(LOOK_EVERY)
            # Without the lock: both may take long, or raise.
            if place != told:
                tell(place)
                told = place
            check()

    def _leave(self, request: _Request) -> None:
        with self._changed:
            if request in self._inside:
                self._inside.remove(request)
                self._since[request.session] = self._now()
            else:  # it keeps its place: who changes something meanwhile asks again at once
                self._waiting.remove(request)
            self._let_in()

    def _now(self) -> int:
        self._time += 1
        return self._time

    def _line(self) -> list[_Request]:
        return sorted(self._waiting, key=lambda r: (self._since[r.session], r.number))

    def _let_in(self) -> None:
        for request in self._line():
            taken = sum(inside.bytes for inside in self._inside)
            fits = taken + request.bytes <= self._most_bytes or not self._inside
            if len(self._inside) >= self._places or not fits:
                break
            self._waiting.remove(request)
            self._inside.append(request)
            self._since[request.session] = self._now()
        self._changed.notify_all()

    def _forget_some(self) -> None:
        """Forget the sessions that have been here longest, other than those who are here now."""
        here = {request.session for request in [*self._waiting, *self._inside]}
        gone = (session for session in list(self._since) if session not in here)
        while len(self._since) > MOST_REMEMBERED + len(here):
            del self._since[next(gone)]
