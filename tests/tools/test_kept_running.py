"""What becomes of a program that ends, that can't start, and that is told to end."""

import asyncio
import sys
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import pytest

from tests.patience import LONG
from tools import kept_running
from tools.kept_running import Kept, NeverStartedError, Start

READY = "import pathlib, sys, time; pathlib.Path(sys.argv[1]).touch(); time.sleep(1000)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + READY


@dataclass
class Watched:
    """A program that is ready once it has made its file, and what was said of it."""

    folder: Path
    code: str = READY
    answers: bool = True
    starts: int = 0
    said: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    def start(self) -> Start:
        self.starts += 1
        file = self.folder / str(self.starts)

        async def is_ready() -> bool:
            return file.exists()

        async def lives() -> bool:
            return self.answers

        return Start([sys.executable, "-c", self.code, str(file)], is_ready, lives)

    def kept(self) -> Kept:
        async def came() -> None:
            self.seen.append("came")

        async def went() -> None:
            self.seen.append("went")

        return Kept("It", self.start, self.said.append, came, went)


def within_patience(work: Coroutine[None, None, None]) -> None:
    asyncio.run(asyncio.wait_for(work, LONG))


def test_what_ends_is_started_again_after_a_pause(tmp_path: Path) -> None:
    watched = Watched(tmp_path)

    async def work() -> None:
        kept = watched.kept()
        keeping = asyncio.create_task(kept.keep())
        for _time in range(2):
            await kept.is_there.wait()
            assert kept.process is not None
            kept.process.kill()
            await kept.process.wait()
            while kept.is_there.is_set():
                await asyncio.sleep(0)
        await kept.is_there.wait()
        await kept.stop(LONG)
        await keeping

    within_patience(work())
    assert watched.starts == 3
    assert watched.seen == ["came", "went"] * 3
    assert watched.said == [
        "It has ended (-9); it starts again in 0.5 s",
        "It has ended (-9); it starts again in 1 s",
    ]


def test_what_is_renewed_starts_at_once_and_nothing_is_said(tmp_path: Path) -> None:
    watched = Watched(tmp_path)

    async def work() -> None:
        kept = watched.kept()
        keeping = asyncio.create_task(kept.keep())
        await kept.is_there.wait()
        await kept.renew(LONG)
        assert kept.is_there.is_set()
        await kept.stop(LONG)
        await keeping

    within_patience(work())
    assert (watched.starts, watched.said) == (2, [])


def test_what_does_not_end_is_killed(tmp_path: Path) -> None:
    watched = Watched(tmp_path, STUBBORN)

    async def work() -> None:
        kept = watched.kept()
        keeping = asyncio.create_task(kept.keep())
        await kept.is_there.wait()
        began = monotonic()
        await kept.stop(0.5)
        await keeping
        assert monotonic() - began < LONG / 2

    within_patience(work())
    assert watched.said == ["It didn't end within 0.5 s"]


def test_what_cannot_start_is_an_error(tmp_path: Path) -> None:
    watched = Watched(tmp_path, "raise SystemExit(3)")
    with pytest.raises(NeverStartedError, match=r"It did not start: it ended \(3\)"):
        within_patience(watched.kept().keep())
    assert watched.starts == 1


def test_what_is_told_to_end_while_it_starts_ends(tmp_path: Path) -> None:
    watched = Watched(tmp_path, "import time; time.sleep(1000)")

    async def work() -> None:
        kept = watched.kept()
        keeping = asyncio.create_task(kept.keep())
        while kept.process is None:
            await asyncio.sleep(0)
        await kept.stop(LONG)
        await keeping

    within_patience(work())
    assert watched.seen == ["went"]


def test_what_answers_no_more_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_running, "WATCH_EVERY", 0.01)
    watched = Watched(tmp_path, answers=False)

    async def work() -> None:
        kept = watched.kept()
        keeping = asyncio.create_task(kept.keep())
        while watched.starts < 2:
            await asyncio.sleep(0.01)
        watched.answers = True
        await kept.is_there.wait()
        await kept.stop(LONG)
        await keeping

    within_patience(work())
    assert watched.said[0] == "It doesn't answer any more"
