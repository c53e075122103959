"""Few file handles: newcomers are refused, quietly, and those who are there go on."""

import asyncio
import errno
import resource
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch
from urllib.parse import urlsplit

import pytest

from tests.servers import Server, running_server
from tests.ui.server.visitor import Visitor
from ui.server import handles

HANDLES = 100  # a server has nine, and imports need some
NEWCOMERS = 400


def allow(soft: int, hard: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture(scope="module")
def small_server(tmp_path_factory: pytest.TempPathFactory, kept_models: Path) -> Iterator[Server]:
    """A server that may have few file handles, of which its shell gives it still fewer."""
    folder = tmp_path_factory.mktemp("small")
    with running_server(folder, kept_models, before=allow(40, HANDLES)) as started:
        yield started


@pytest.mark.matrix
def test_a_full_table_refuses_newcomers_and_nobody_else(small_server: Server) -> None:
    address = urlsplit(small_server.url)
    with Visitor(small_server) as there, ExitStack() as open_sockets:
        there.run()
        for _number in range(NEWCOMERS):
            newcomer = socket.create_connection((str(address.hostname), int(address.port or 0)))
            open_sockets.enter_context(newcomer).settimeout(10)
        assert has_been_refused(newcomer)
        drawn = there.run(query_string="text=still+there")
        assert drawn.errors == []
        assert "plotly_chart" in drawn.element_kinds
        handles_in_use = list(Path(f"/proc/{small_server.pid}/fd").iterdir())
        assert len(handles_in_use) > 40
    with Visitor(small_server) as later:  # there is room again
        assert later.run().errors == []
    refusals = [line for line in small_server.log().splitlines() if "newcomer" in line]
    assert 1 <= len(refusals) <= 10
    assert "Traceback" not in small_server.log()


def has_been_refused(newcomer: socket.socket) -> bool:
    try:
        return newcomer.recv(1) == b""
    except ConnectionResetError:
        return True


def test_a_session_begins_only_where_its_handles_are(monkeypatch: pytest.MonkeyPatch) -> None:
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert handles.has_room()
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: (handles.OF_A_SESSION, hard))
    assert not handles.has_room()


@pytest.mark.parametrize(
    ("soft", "hard", "expected"),
    [
        (256, 4096, 4096),
        (1024, 1_048_576, 65_536),
        (256, resource.RLIM_INFINITY, 10_240),  # as on a Mac, which refuses more
        (4096, 4096, 4096),
        (100_000, 200_000, 100_000),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, resource.RLIM_INFINITY),
    ],
)
def test_the_soft_limit_is_raised_as_far_as_the_system_lets_it(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, expected: int
) -> None:
    limit = [soft, hard]

    def set_limit(_kind: int, wanted: tuple[int, int]) -> None:
        if hard == resource.RLIM_INFINITY and wanted[0] > 10_240:
            raise ValueError("current limit exceeds maximum limit")
        limit[:] = wanted

    monkeypatch.setattr(resource, "getrlimit", lambda _kind: tuple(limit))
    monkeypatch.setattr(resource, "setrlimit", set_limit)
    handles.raise_limit()
    assert limit == [expected, hard]


def test_asyncio_itself_logs_a_line_for_each_place_in_its_queue() -> None:
    """Else the server need change nothing."""
    problems: list[dict[str, object]] = []

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: problems.append(context))
        with socket.create_server(("127.0.0.1", 0)) as listening:
            server = await loop.create_server(asyncio.Protocol, sock=listening, backlog=7)
            with socket.create_connection(listening.getsockname()):
                while not problems:
                    await asyncio.sleep(0)
            server.close()

    full = OSError(errno.EMFILE, "Too many open files")
    with patch.object(socket.socket, "accept", side_effect=full):
        asyncio.run(serve())
    assert len(problems) >= 7
