"""Rooms on a real server with the app: the address of their events, and how the server stops."""

import os
import signal
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from rooms.rooms import Rooms
from rooms.short_links import ShortLinks
from tests.patience import LONG
from tests.rooms.screens import Screen, counts, place
from tests.servers import Server, running_server
from tests.valkey_server import Valkey, store_program

FOUR = "explore?heads=4"


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    server = Valkey(store_program(), tmp_path_factory.mktemp("valkey"))
    server.start()
    yield server
    server.close()


@pytest.fixture
def server(valkey: Valkey, tmp_path: Path, kept_models: Path) -> Iterator[Server]:
    """A server below a path, which shares a store with this process."""
    environ = {"HEADLIGHT_STORE": valkey.url}
    with running_server(tmp_path, kept_models, environ=environ, base_path="/our-lab") as started:
        yield started


def location(server: Server, code: str) -> str | None:
    connection = HTTPConnection(urlsplit(server.url).netloc, timeout=LONG)
    connection.request("GET", f"/our-lab/?go={code}")
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.getheader("location")


def is_running(server: Server) -> bool:
    try:
        pid, _status = os.waitpid(server.pid, os.WNOHANG)
    except ChildProcessError:
        return False
    return pid == 0


def test_servers_share_rooms_and_links_and_stop_while_screens_follow(
    valkey: Valkey, server: Server
) -> None:
    store = valkey.store()
    assert location(server, ShortLinks(store).code_of(FOUR)) == FOUR
    rooms = Rooms(store)
    led = rooms.open(FOUR, "s")
    screen = Screen(f"{server.url}/_headlight/room", led.code, "me")
    assert screen.event() == place(1)
    screen.until(counts(1))
    rooms.lead(led.code, led.secret, FOUR, "q")
    assert screen.event() == place(2, "q")
    began = time.monotonic()
    os.kill(server.pid, signal.SIGTERM)
    assert screen.event() is None
    while is_running(server):
        assert time.monotonic() < began + LONG
        time.sleep(0.02)
    assert rooms.people(led.code) == 0
    assert "Traceback" not in server.log()
    screen.close()


def test_without_a_store_the_server_says_so_and_links_lead_to_the_page(
    tmp_path: Path, kept_models: Path
) -> None:
    environ = {"HEADLIGHT_STORE": "redis://127.0.0.1:1/0"}  # where nobody listens
    with running_server(tmp_path, kept_models, environ=environ, base_path="/our-lab") as server:
        assert location(server, "bbbbbb") is None
        assert "The store doesn't answer" in server.log()
        screen = Screen(f"{server.url}/_headlight/room", "bbbb", "me")
        assert screen.event() == ("unreachable", {})
        screen.close()
        assert "Traceback" not in server.log()
