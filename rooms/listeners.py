"""From one change in a room to all screens of this server that follow it.

One thread of this process hears of changes in the store. A room that is followed here has one task,
which looks at it after a change, at most a few times a second. Each screen is told what differs
from what it was told last: one that reads slowly misses what lies between, and costs nothing.
"""

import asyncio
import logging
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from rooms.errors import StoreUnreachable, full
from rooms.rooms import REPORT_LIFE, Rooms
from rooms.scene import Nothing, Scene, Seen, events_between

PAUSE = 0.25  # seconds between two looks at a room: what everybody follows, and no flicker
LOOK_EVERY = REPORT_LIFE / 3  # seconds, whatever is heard: so two reports may be lost
TRY_AGAIN = 1.0  # seconds, while the store is unreachable
KEEP_ALIVE = 15.0  # seconds of silence; many proxies end what is silent for 30 or 60
ALIVE = "event: alive\ndata: {}\n\n"  # a comment wouldn't reach a browser's script
STREAMS_OF_A_PERSON = 2  # on average: a reload's old one ends later than its new one begins
THREADS = 4  # that wait for the store
CLOSING = 3.0  # seconds for the last reports

Result = TypeVar("Result")

_log = logging.getLogger(__name__)


@dataclass(eq=False)
class Show:
    """A room that is followed on this server."""

    code: str
    streams: Counter[str] = field(default_factory=Counter)  # by who follows; "" counts for nobody
    seen: Seen | None = None
    look_again: asyncio.Event = field(default_factory=asyncio.Event)
    turned: asyncio.Event = field(default_factory=asyncio.Event)  # when something else is seen
    reported: tuple[int, float] = (0, 0.0)  # how many, and when
    task: asyncio.Task[None] | None = None

    @property
    def people(self) -> int:
        """How many follow here, however many windows each of them has."""
        return len(self.streams) - ("" in self.streams)

    def turn(self, seen: Seen) -> None:
        """Show something else, and wake all who follow."""
        if seen != self.seen:
            self.seen = seen
            self.turned.set()
            self.turned = asyncio.Event()


class Listeners:
    """Those who follow rooms on this server. All but `_see` runs in the server's event loop."""

    def __init__(self, rooms: Rooms, pause: float = PAUSE) -> None:
        self.rooms, self._pause = rooms, pause
        self._server = secrets.token_hex(8)  # this process' name among all servers
        self._shows: dict[str, Show] = {}
        self._is_ending = False
        self._stop: Callable[[], None] | None = None

    async def start(self) -> None:
        """Begin to listen."""
        self._is_ending = False
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="rooms")
        loop = asyncio.get_running_loop()

        def hear(message: str | None) -> None:
            with suppress(RuntimeError):  # the loop has just been closed
                loop.call_soon_threadsafe(self._hear, message)

        self._stop = self.rooms.store.listen(hear)

    def end(self) -> None:
        """End all streams: a server that is to stop waits for them."""
        self._is_ending = True
        for show in self._shows.values():
            show.turned.set()
            show.look_again.set()

    async def close(self) -> None:
        """End all streams, and report that nobody follows here any more."""
        self.end()
        tasks = [show.task for show in self._shows.values() if show.task is not None]
        if tasks:
            _done, pending = await asyncio.wait(tasks, timeout=CLOSING)
            for task in pending:
                task.cancel()
        self._shows.clear()
        if self._stop is not None:
            await asyncio.to_thread(self._stop)
            self._threads.shutdown(wait=False, cancel_futures=True)

    async def in_thread(self, call: Callable[[], Result]) -> Result:
        """Return what a call returns that may wait for the store."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)

    async def check_room(self, code: str, who: str) -> None:
        """Raise RoomFull if there is no room for one more, or StoreUnreachable."""
        most = self.rooms.limits.people
        show = self._shows.get(code)
        if show is not None:
            if show.streams.total() >= most * STREAMS_OF_A_PERSON:
                raise full(most)
            if show.people >= most and who not in show.streams:
                raise full(most)
        is_new = bool(who) and (show is None or who not in show.streams)
        if is_new and await self.in_thread(partial(self.rooms.people, code)) >= most:
            raise full(most)

    @contextmanager
    def following(self, code: str, who: str) -> Iterator[Show]:
        """Follow a room from now on until the end.

        Args:
            code: of the room, as it is kept.
            who: a browser; nothing if it is to count for nobody, as its leader's.
        """
        show = self._shows.get(code)
        if show is None:
            show = self._shows[code] = Show(code)
            show.task = asyncio.create_task(self._watch(show))
        show.streams[who] += 1
        show.look_again.set()
        try:
            yield show
        finally:
            show.streams[who] -= 1
            if not show.streams[who]:
                del show.streams[who]
                show.look_again.set()

    async def events(self, show: Show) -> AsyncIterator[str]:
        """Yield what there is to tell, the present state first, until the room or server ends."""
        told: Seen | None = None
        while not self._is_ending:
            turned, seen = show.turned, show.seen
            if seen is not None and seen != told:
                for event in events_between(told, seen):
                    yield event
                told = seen
            elif told is Nothing.ENDED:
                return
            else:
                try:
                    await asyncio.wait_for(turned.wait(), KEEP_ALIVE)
                except TimeoutError:
                    yield ALIVE

    def _hear(self, message: str | None) -> None:
        """Look again at the room that was named, or at all."""
        shows = self._shows.values() if message is None else [self._shows.get(message)]
        for show in shows:
            if show is not None:
                show.look_again.set()

    async def _watch(self, show: Show) -> None:
        """Look at a room whenever it may have changed, as long as somebody follows it."""
        while True:
            show.look_again.clear()
            people = 0 if self._is_ending else show.people
            show.turn(await self.in_thread(partial(self._see, show, people)))
            lost = show.seen is Nothing.UNREACHABLE
            nobody = not show.streams and (people == 0 or lost)
            if self._is_ending or show.seen is Nothing.ENDED or nobody:
                self._shows.pop(show.code, None)
                return
            await asyncio.sleep(self._pause)
            with suppress(TimeoutError):
                await asyncio.wait_for(show.look_again.wait(), TRY_AGAIN if lost else LOOK_EVERY)

    def _see(self, show: Show, people: int) -> Seen:
        """Look at a room, and report how many follow it here, if need be."""
        rooms, now = self.rooms, time.monotonic()
        try:
            room = rooms.look(show.code)
            if room is None:
                return Nothing.ENDED
            count, at = show.reported
            is_back = show.seen is Nothing.UNREACHABLE  # with what it knew, or without
            if people != count or now - at >= LOOK_EVERY * 0.9 or is_back:
                rooms.report_people(show.code, self._server, people)
                show.reported = people, now
                if people != count:
                    rooms.store.tell(show.code)
            return Scene(
                room,
                rooms.people(show.code),
                rooms.answered(show.code, room.question) if room.question else 0,
            )
        except StoreUnreachable:
            return Nothing.UNREACHABLE
        except Exception:  # whatever it is, those who follow are told that something is wrong
            _log.exception("A room can't be looked at")
            return Nothing.UNREACHABLE
