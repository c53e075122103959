"""A program that is started again whenever it ends, until it is told to stop."""

import asyncio
import os
import signal
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds before it is started again
LASTED = 60.0  # seconds: what ran for as long starts again without a longer pause
STARTS = 180.0  # seconds that a start may take on the slowest machine
LOOK_EVERY = 0.1  # seconds between two looks at whether it is ready
WATCH_EVERY = 10.0  # seconds between two looks at whether it still answers
MISSED = 6  # looks without an answer, after which it is killed: a busy one may be late


class NeverStartedError(Exception):
    """A program ended before it could be used for the first time: it is set up wrongly."""


@dataclass(frozen=True)
class Start:
    """How to start a program once: its next start may have another port."""

    command: Sequence[str]
    is_ready: Callable[[], Awaitable[bool]]
    lives: Callable[[], Awaitable[bool]] | None = None  # asked from time to time, once it is ready
    environ: Mapping[str, str] = field(default_factory=dict)
    told: bytes = b""  # on its standard input


@dataclass(eq=False)
class Kept:
    """A program that is kept running. `came` and `went` are told when it can be used and no more.

    Each start has a process group of its own, so that Ctrl-C reaches us alone, and so that what
    the program leaves behind goes with it.
    """

    name: str
    start: Callable[[], Start]
    say: Callable[[str], None]
    came: Callable[[], Awaitable[None]]
    went: Callable[[], Awaitable[None]]
    is_there: asyncio.Event = field(default_factory=asyncio.Event)
    process: Process | None = None
    _told_to_end: asyncio.Event = field(default_factory=asyncio.Event)  # for good
    _is_renewed: bool = False
    _was_there: bool = False

    async def keep(self) -> None:
        """Keep it running, until it has been told to stop and has ended.

        Raises:
            NeverStartedError: if its first start fails.
        """
        pause = FIRST_PAUSE
        while not self._told_to_end.is_set():
            began = time.monotonic()
            start = self.start()
            process = await self._begin(start)
            watching = asyncio.create_task(self._watch(process, start))
            code = await process.wait()
            watching.cancel()
            self.is_there.clear()
            kill_group(process)
            await self.went()
            if self._told_to_end.is_set() or self._is_renewed:
                self._is_renewed = False
                continue
            if not self._was_there:
                raise NeverStartedError(f"{self.name} did not start: it ended ({code})")
            pause = FIRST_PAUSE if time.monotonic() - began > LASTED else pause
            self.say(f"{self.name} has ended ({code}); it starts again in {pause:g} s")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._told_to_end.wait(), pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def leave(self, number: signal.Signals) -> None:
        """Send it a signal upon which it ends by itself, when it has done its work."""
        self._told_to_end.set()
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.process.send_signal(number)

    async def stop(self, seconds: float) -> None:
        """End it for good, by force if it takes longer."""
        self._told_to_end.set()
        await self._end(seconds)

    async def renew(self, seconds: float) -> None:
        """End it, and wait until it is there again."""
        if not self.is_there.is_set():
            return  # it is being started anyway
        self._is_renewed = True
        await self._end(seconds)
        self.is_there.clear()
        await self.is_there.wait()

    async def _watch(self, process: Process, start: Start) -> None:
        """Kill it if it lives without answering."""
        missed = 0
        while start.lives is not None and missed < MISSED:
            await asyncio.sleep(WATCH_EVERY)
            missed = 0 if await start.lives() else missed + 1
        if missed:
            self.say(f"{self.name} doesn't answer any more")
            kill_group(process)

    async def _begin(self, start: Start) -> Process:
        self.process = process = await asyncio.create_subprocess_exec(
            *start.command,
            env={**os.environ, **start.environ},
            stdin=PIPE,
            start_new_session=True,
        )
        assert process.stdin is not None
        process.stdin.write(start.told)
        process.stdin.close()
        if self._told_to_end.is_set():  # meanwhile
            process.terminate()
        waiting = time.monotonic()
        while process.returncode is None and not await start.is_ready():
            if time.monotonic() - waiting > STARTS:
                self.say(f"{self.name} doesn't answer {STARTS:g} s after its start")
                kill_group(process)
                break
            await asyncio.sleep(LOOK_EVERY)
        if process.returncode is None and not self._told_to_end.is_set():
            await self.came()
            self._was_there = True
            self.is_there.set()
        return process

    async def _end(self, seconds: float) -> None:
        process = self.process
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), seconds)
        except TimeoutError:
            self.say(f"{self.name} didn't end within {seconds:g} s")
        kill_group(process)


def kill_group(process: Process) -> None:
    """Kill a process and all that it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
