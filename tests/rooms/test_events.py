"""What those who follow a room are told: on real connections, over both stores."""

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import replace

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from rooms import listeners as listeners_module
from rooms.errors import unreachable
from rooms.events import RoomEvents
from rooms.limits import LIMITS
from rooms.listeners import PAUSE, Listeners
from rooms.memory import MemoryStore
from rooms.record import Leadership, Room
from rooms.rooms import Rooms
from rooms.scene import Nothing, Scene, events_between
from rooms.store import Store
from tests.patience import LONG
from tests.rooms.conftest import Shared
from tests.rooms.screens import Screen, counts, place
from tests.valkey_server import HOST, Valkey

FOUR = "explore?heads=4"
CALM = replace(LIMITS, leads_a_second=10_000, votes_a_second=10_000, wrong_of_session=3)


@contextmanager
def serving(store: Store, pause: float = 0.01) -> Iterator[tuple[str, Listeners]]:
    """A server on a free port: the address of its events, and its listeners."""
    listeners = Listeners(Rooms(store, CALM), pause)
    loops: list[asyncio.AbstractEventLoop] = []

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        loops.append(asyncio.get_running_loop())
        await listeners.start()
        started.set()
        yield
        await listeners.close()

    started = threading.Event()
    app = Starlette(routes=[Route("/room", RoomEvents(listeners))], lifespan=lifespan)
    with socket.socket() as listening:
        listening.bind((HOST, 0))
        listening.listen()
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        assert started.wait(LONG)
        yield f"http://{HOST}:{listening.getsockname()[1]}/room", listeners
        loops[0].call_soon_threadsafe(listeners.end)
        server.should_exit = True
        thread.join(LONG)
        assert not thread.is_alive()


@pytest.fixture
def serve() -> Iterator[Callable[..., tuple[str, Listeners]]]:
    with ExitStack() as stack:
        yield lambda *given: stack.enter_context(serving(*given))


@pytest.fixture
def follow() -> Iterator[Callable[..., Screen]]:
    with ExitStack() as stack:

        def begin(url: str, code: str, who: str = "") -> Screen:
            screen = Screen(url, code, who)
            stack.callback(screen.close)
            return screen

        yield begin


Serve = Callable[..., tuple[str, Listeners]]
Follow = Callable[..., Screen]


def opened(store: Store) -> tuple[Rooms, Leadership]:
    rooms = Rooms(store, CALM)
    return rooms, rooms.open(FOUR, "s")


def test_a_screen_is_told_where_the_room_is_and_then_each_change(
    shared: Shared, serve: Serve, follow: Follow
) -> None:
    rooms, led = opened(shared.store)
    url, _listeners = serve(shared.door())
    screen = follow(url, led.code.upper(), "me")
    assert screen.status == 200
    assert screen.headers["content-type"].startswith("text/event-stream")
    assert screen.headers["cache-control"] == "no-store"
    assert screen.headers["x-accel-buffering"] == "no"
    retry = screen.block()
    assert 1000 <= int(retry.removeprefix("retry: ")) <= 2000
    assert screen.event() == place(1)
    assert screen.event() == counts(1)
    rooms.lead(led.code, led.secret, FOUR, "q")
    assert screen.event() == place(2, "q")
    rooms.vote(led.code, "a", "q", "yes")
    assert screen.event() == counts(1, 1)
    rooms.lead(led.code, led.secret, FOUR, "q", True)
    assert screen.event() == place(3, "q", revealed=True)
    rooms.close(led.code, led.secret)
    assert screen.event() == ("ended", {})
    assert screen.event() is None


def test_those_who_follow_are_counted_over_all_servers(
    shared: Shared, serve: Serve, follow: Follow
) -> None:
    rooms, led = opened(shared.store)
    (here, _), (there, gone) = serve(shared.door()), serve(shared.door())
    leader = follow(here, led.code)
    leader.until(counts(0))
    first, again = follow(there, led.code, "a"), follow(there, led.code, "a")
    leader.until(counts(1))  # two windows of one person
    second = follow(there, led.code, "b")
    third = follow(here, led.code, "c")
    leader.until(counts(3))
    first.close()
    second.close()
    leader.until(counts(2))
    again.close()
    leader.until(counts(1))
    third.until(counts(1))
    assert rooms.people(led.code) == 1
    deadline = time.monotonic() + LONG
    while gone._shows:  # emptied just after it has reported
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_screen_that_comes_back_is_told_the_present_state(
    shared: Shared, serve: Serve, follow: Follow
) -> None:
    rooms, led = opened(shared.store)
    url, _listeners = serve(shared.door())
    follow(url, led.code, "a").until(counts(1))
    rooms.lead(led.code, led.secret, FOUR, "q")
    rooms.vote(led.code, "a", "q", "yes")
    late = follow(url, led.code, "b")
    late.until(counts(2, 1))


def test_of_many_changes_the_last_is_told_and_few_between(
    shared: Shared, serve: Serve, follow: Follow
) -> None:
    rooms, led = opened(shared.store)
    url, _listeners = serve(shared.door(), PAUSE)
    screen = follow(url, led.code, "a")
    screen.until(counts(1))
    for number in range(100):
        rooms.lead(led.code, led.secret, f"explore?seed={number}")
    told = screen.until(place(101))
    assert len(told) < 50
    versions = [data["version"] for name, data in told if name == "place"]
    assert versions == sorted(set(versions), key=int)  # type: ignore[call-overload]


def test_what_is_no_room_is_refused_and_counted(
    shared: Shared, serve: Serve, follow: Follow
) -> None:
    _rooms, led = opened(shared.store)
    url, listeners = serve(shared.door())
    assert [follow(url, code, "me").status for code in ("none", "", "bbbb")] == [404, 404, 404]
    refused = follow(url, led.code, "me")
    assert refused.status == 429
    assert refused.headers["cache-control"] == "no-store"
    assert follow(url, led.code, "other").status == 200
    assert [follow(url, led.code, who).status for who in ("a b", "x" * 65, "<b>")] == [400] * 3
    assert set(listeners._shows) == {led.code}


def test_a_full_room_takes_nobody_more_but_those_who_are_there(
    shared: Shared, serve: Serve, follow: Follow
) -> None:
    rooms, led = opened(shared.store)
    url, listeners = serve(shared.door())
    listeners.rooms.limits = replace(CALM, people=2)
    rooms.report_people(led.code, "another server", 1)
    screen = follow(url, led.code, "a")
    screen.until(counts(2))
    assert follow(url, led.code, "b").status == 503
    assert follow(url, led.code, "a").status == 200
    assert follow(url, led.code).status == 200
    assert follow(url, led.code, "a").status == 200
    assert follow(url, led.code, "a").status == 503  # as many windows as there may be


def test_silence_is_broken_by_a_comment(
    store: Store, serve: Serve, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listeners_module, "KEEP_ALIVE", 0.05)
    _rooms, led = opened(store)
    url, _listeners = serve(store)
    screen = follow(url, led.code, "a")
    screen.until(counts(1))
    assert screen.block() == "event: alive\ndata: {}\n"


def test_a_server_that_ends_ends_its_streams_and_its_people_count_no_more(
    shared: Shared, follow: Follow
) -> None:
    rooms, led = opened(shared.store)
    with serving(shared.door()) as (url, _listeners):
        screens = [follow(url, led.code, who) for who in "ab"]
        screens[0].until(counts(2))
        screens[1].until(counts(2))
    assert [screen.event() for screen in screens] == [None, None]
    assert rooms.people(led.code) == 0


class Flaky(MemoryStore):
    """A store that can't be reached now and then."""

    is_there = True

    def get(self, key: str) -> str | None:
        """Return a value, if it can."""
        if not self.is_there:
            raise unreachable()
        return super().get(key)


def test_while_nobody_knows_it_says_so_and_then_the_present_state(
    serve: Serve, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listeners_module, "TRY_AGAIN", 0.02)
    store = Flaky()
    _rooms, led = opened(store)
    url, _listeners = serve(store)
    screen = follow(url, led.code, "a")
    screen.until(counts(1))
    store.is_there = False
    store.tell(led.code)
    assert screen.event() == ("unreachable", {})
    late = follow(url, led.code, "b")
    assert late.event() == ("unreachable", {})
    store.is_there = True
    assert screen.event() == place(1)
    late.until(counts(2))


def test_a_store_that_comes_back_empty_has_ended_its_rooms(
    own_valkey: Valkey, serve: Serve, follow: Follow
) -> None:
    rooms, led = opened(own_valkey.store())
    url, _listeners = serve(own_valkey.store())
    screen = follow(url, led.code, "a")
    screen.until(counts(1))
    own_valkey.stop()
    assert screen.event() == ("unreachable", {})
    assert follow(url, led.code, "b").event() == ("unreachable", {})
    own_valkey.start()
    assert screen.event() == ("ended", {})
    assert screen.event() is None
    again = rooms.open(FOUR, "s")
    follow(url, again.code, "a").until(counts(1))


ROOM = Room("bbbb", 1, FOUR, "q", False)


def test_only_what_differs_is_told() -> None:
    here = Scene(ROOM, 2, 1)
    both = ['event: place\ndata: {"version":1,"question":"q","revealed":false}\n\n',
            'event: counts\ndata: {"people":2,"answered":1}\n\n']  # fmt: skip
    assert list(events_between(None, here)) == both
    assert list(events_between(Nothing.UNREACHABLE, here)) == both
    assert list(events_between(Scene(ROOM, 3, 1), here)) == both[1:]
    assert list(events_between(Scene(replace(ROOM, version=3), 2, 1), here)) == both[:1]
    assert list(events_between(here, here)) == []
    assert list(events_between(here, Nothing.ENDED)) == ["event: ended\ndata: {}\n\n"]
    assert FOUR not in "".join(both)
