"""A real Valkey or Redis, for the tests that need one."""

import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from rooms.errors import StoreUnreachable
from rooms.valkey import ValkeyStore
from tests.patience import LONG
from tools.find_program import ProgramNotFoundError, find_program

HOST = "127.0.0.1"


@dataclass
class Valkey:
    """A real server on a free port, which keeps nothing on disk."""

    program: str
    folder: Path
    port: int = 0
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    stores: list[ValkeyStore] = field(default_factory=list, repr=False)

    @property
    def url(self) -> str:
        return f"redis://{HOST}:{self.port}/0"

    def store(self) -> ValkeyStore:
        """A new client, as another process has one."""
        self.stores.append(ValkeyStore(self.url))
        return self.stores[-1]

    def start(self) -> None:
        if not self.port:
            with socket.socket() as probe:
                probe.bind((HOST, 0))
                self.port = probe.getsockname()[1]
        options = ["--port", str(self.port), "--bind", HOST, "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen(
            [self.program, *options, "--dir", str(self.folder)], stdout=subprocess.DEVNULL
        )
        store = self.store()
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

    def close(self) -> None:
        """Stop, and leave no connection to the garbage collector, which would warn."""
        self.stop()
        for store in self.stores:
            store._client.close()


def store_program() -> str:
    """The path of a server's program; without one, the test is skipped."""
    try:
        return str(find_program("redis"))
    except ProgramNotFoundError as error:
        pytest.skip(str(error))
