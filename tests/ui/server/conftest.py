"""A server without a browser: what comes over its sockets, also what no browser would send."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.servers import HOST, Server, running_server
from tests.ui.server.visitor import Visitor
from tools.serve import free_port

ALLOWED = "https://allowed.example:8443"
GONE_AFTER = 1  # seconds for which a lost connection finds its session again


@dataclass
class DeafProxy:
    """A proxy that takes every connection, and never answers."""

    url: str
    connections: list[socket.socket] = field(default_factory=list)


@pytest.fixture(scope="session")
def deaf_proxy() -> Iterator[DeafProxy]:
    with closing(socket.create_server((HOST, 0))) as listening:
        proxy = DeafProxy(f"http://{HOST}:{listening.getsockname()[1]}")

        def take() -> None:
            while True:
                try:
                    proxy.connections.append(listening.accept()[0])
                except OSError:  # closed
                    return

        threading.Thread(target=take, daemon=True).start()
        yield proxy
        listening.shutdown(socket.SHUT_RDWR)
    for connection in proxy.connections:
        connection.close()


@pytest.fixture(scope="session")
def numbers() -> str:
    """Where the server tells its numbers."""
    return f"http://{HOST}:{free_port()}/metrics"


@pytest.fixture(scope="session")
def server(
    tmp_path_factory: pytest.TempPathFactory,
    kept_models: Path,
    deaf_proxy: DeafProxy,
    numbers: str,
) -> Iterator[Server]:
    """A server that reaches the web through a proxy that never answers."""
    names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    environ = dict.fromkeys((*names, *map(str.lower, names)), deaf_proxy.url)
    environ["HEADLIGHT_METRICS"] = urlsplit(numbers).netloc
    with running_server(
        tmp_path_factory.mktemp("server"),
        kept_models,
        f"--server.corsAllowedOrigins={ALLOWED}",
        f"--server.disconnectedSessionTTL={GONE_AFTER}",
        environ=environ,
    ) as started:
        yield started


@pytest.fixture
def visitor(server: Server) -> Iterator[Visitor]:
    """Somebody who has Explore open."""
    with Visitor(server) as somebody:
        somebody.run(page_name="explore")
        yield somebody
