"""What `make serve` starts, for tests: its processes, and which of them serves whom."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import psutil
import pytest

from tests.patience import LONG
from tests.servers import ROOT, Server, directly
from tests.ui.server.visitor import Visitor
from tools.find_program import ProgramNotFoundError, find_program
from tools.serve import HOST, free_port

UP = r"apps/app\d is UP"  # what the proxy says
WORKERS = 2
DEADLINE = 12  # seconds


def found(needed: str) -> Path:
    """A program's path; without one, the test is skipped."""
    try:
        return find_program(needed)
    except ProgramNotFoundError as error:
        pytest.skip(str(error))


@dataclass(frozen=True)
class Fleet(Server):
    """What `make serve` starts."""

    def processes(self, name: str = "streamlit") -> list[psutil.Process]:
        children = psutil.Process(self.pid).children()
        return [each for each in children if name in " ".join(each.cmdline())]

    def wait_for(self, text: str, times: int = 1) -> None:
        """Wait until it has been said so often."""
        deadline = monotonic() + LONG
        while len(re.findall(text, self.log())) < times:
            assert monotonic() < deadline, self.log()
            assert psutil.pid_exists(self.pid), self.log()
            psutil.wait_procs([], timeout=0.1)

    def times_up(self) -> int:
        """How often the proxy has found a process to be up."""
        return len(re.findall(UP, self.log()))

    def new_cookie(self) -> str:
        """The cookie that somebody gets who comes for the first time."""
        with directly.open(self.url, timeout=LONG) as answer:
            return proxys_cookie(answer.headers.get_all("Set-Cookie"))


def proxys_cookie(cookies: list[str]) -> str:
    return next(each.split(";")[0] for each in cookies if each.startswith("headlight="))


@contextmanager
def serving(
    folder: Path, kept_models: Path, environ: Mapping[str, str] | None = None
) -> Iterator[Fleet]:
    own = {name: value for name, value in os.environ.items() if "HEADLIGHT_" not in name}
    own |= {"XDG_CACHE_HOME": str(kept_models), "HEADLIGHT_DEADLINE": str(DEADLINE)}
    log, port = folder / "log.txt", free_port()
    command = [sys.executable, "-m", "tools.serve", f"--workers={WORKERS}", f"--port={port}"]
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [*command, f"--address={HOST}"],
            cwd=ROOT,
            env=own | dict(environ or {}),
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            fleet = Fleet(f"http://{HOST}:{port}", log, process.pid)
            fleet.wait_for("ready on")
            yield fleet
        finally:
            process.terminate()


def two_cookies(fleet: Fleet) -> tuple[str, str]:
    """The cookies of both processes."""
    mine = others = fleet.new_cookie()
    while others == mine:
        others = fleet.new_cookie()
    return mine, others


def process_of(fleet: Fleet, visitor: Visitor) -> psutil.Process:
    """The process that works when a visitor asks for something."""
    before = {each: _seconds_of(each) for each in fleet.processes()}
    visitor.run(page_name="explore", query_string="heads=2")
    return max(before, key=lambda each: _seconds_of(each) - before[each])


def _seconds_of(process: psutil.Process) -> float:
    return process.cpu_times().user + process.cpu_times().system


def wait_for_both(fleet: Fleet) -> None:
    """Wait until both processes serve newcomers, of which nobody is there."""
    deadline = monotonic() + LONG
    while True:
        cookies = {fleet.new_cookie() for _time in range(4)}
        if len(cookies) == WORKERS:
            return
        assert monotonic() < deadline, fleet.log()
