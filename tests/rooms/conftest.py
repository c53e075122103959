"""Stores of both kinds: whatever is tested of rooms is tested with each."""

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from rooms.errors import StoreUnreachable
from rooms.memory import MemoryStore
from rooms.store import Store
from rooms.valkey import ValkeyStore
from tests.patience import LONG

HOST = "127.0.0.1"
PROGRAMS = ("valkey-server", "redis-server")


class Clock:
    """A clock that stands still until it is told otherwise."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Valkey:
    """A real server on a free port, which keeps nothing on disk."""

    program: str
    folder: Path
    port: int = 0
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"redis://{HOST}:{self.port}/0"

    def start(self) -> None:
        if not self.port:
            with socket.socket() as probe:
                probe.bind((HOST, 0))
                self.port = probe.getsockname()[1]
        options = ["--port", str(self.port), "--bind", HOST, "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen(
            [self.program, *options, "--dir", str(self.folder)], stdout=subprocess.DEVNULL
        )
        store = ValkeyStore(self.url)
        deadline = time.monotonic() + LONG
        while True:
            try:
                store.ping()
                return
            except StoreUnreachable:
                assert time.monotonic() < deadline, "the store doesn't start"
                time.sleep(0.02)

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(LONG)
            self.process = None


@pytest.fixture(scope="session")
def program() -> str:
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found is None:
        pytest.skip(f"needs one of {', '.join(PROGRAMS)}: `make programs` installs one on Debian")
    return found


@pytest.fixture(scope="session")
def shared_valkey(program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    server = Valkey(program, tmp_path_factory.mktemp("valkey"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def own_valkey(program: str, tmp_path: Path) -> Iterator[Valkey]:
    """A server that a test may stop."""
    server = Valkey(program, tmp_path)
    server.start()
    yield server
    server.stop()


@dataclass
class Shared:
    """A store that several servers share: each has its own door to it."""

    store: Store
    door: Callable[[], Store]  # another server's
    let_pass: Callable[[float], None]  # seconds


@pytest.fixture(params=["memory", "valkey"])
def shared(request: pytest.FixtureRequest) -> Shared:
    if request.param == "memory":
        clock = Clock()
        store = MemoryStore(clock=clock)

        def let_pass(seconds: float) -> None:
            clock.now += seconds

        return Shared(store, lambda: store, let_pass)
    server: Valkey = request.getfixturevalue("shared_valkey")
    client = ValkeyStore(server.url)
    client._client.flushall()
    return Shared(client, lambda: ValkeyStore(server.url), time.sleep)


@pytest.fixture
def store(shared: Shared) -> Store:
    return shared.store
