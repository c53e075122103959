"""Stores of both kinds: whatever is tested of rooms is tested with each."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from rooms.memory import MemoryStore
from rooms.store import Store
from tests.valkey_server import Valkey, store_program


class Clock:
    """A clock that stands still until it is told otherwise."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="session")
def shared_valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    server = Valkey(store_program(), tmp_path_factory.mktemp("valkey"))
    server.start()
    yield server
    server.close()


@pytest.fixture
def own_valkey(tmp_path: Path) -> Iterator[Valkey]:
    """A server that a test may stop."""
    server = Valkey(store_program(), tmp_path)
    server.start()
    yield server
    server.close()


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
    client = server.store()
    client._client.flushall()
    return Shared(client, server.store, time.sleep)


@pytest.fixture
def store(shared: Shared) -> Store:
    return shared.store
