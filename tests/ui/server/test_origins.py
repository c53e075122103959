"""Pages of other sites can't talk to the server, and it asks nobody who they are."""

from urllib.error import HTTPError
from urllib.request import Request

import pytest
from websockets.exceptions import InvalidStatus

from tests.servers import Server, directly
from tests.ui.server.conftest import ALLOWED, DeafProxy
from tests.ui.server.visitor import Visitor, handshake
from ui.server.origins import is_allowed

FOREIGN = (
    "http://foreign.example",
    "null",  # a sandboxed frame, or a file
    "https://allowed.example",  # another port than the one that is allowed
    "http://allowed.example:8443",  # another scheme
    "http://localhost",  # another of the visitor's own servers
    "http://127.0.0.1:1",
    "nonsense",
    "http://[",
)


@pytest.mark.parametrize("origin", FOREIGN)
def test_foreign_pages_are_refused_and_nothing_is_asked_of_the_web(
    server: Server, deaf_proxy: DeafProxy, origin: str
) -> None:
    with pytest.raises(InvalidStatus, match="403"):
        handshake(server, origin)
    assert deaf_proxy.connections == []


def test_another_name_for_the_same_machine_is_another_host(server: Server) -> None:
    # What people are told to open is no permission: it may be a server of the visitor's own.
    with pytest.raises(InvalidStatus, match="403"):
        handshake(server, f"http://localhost:{server.url.rpartition(':')[2]}")


@pytest.mark.matrix
def test_pages_of_the_same_host_those_allowed_and_programs_are_served(
    server: Server, deaf_proxy: DeafProxy
) -> None:
    for origin in (None, server.url, ALLOWED):
        with Visitor(server, origin) as visitor:
            drawn = visitor.run()
            assert "say" in visitor.widgets
            assert drawn.errors == []
    assert deaf_proxy.connections == []


def test_many_knocks_leave_few_lines_in_the_log(server: Server) -> None:
    before = len(server.log().splitlines())
    for number in range(30):
        with pytest.raises(InvalidStatus):
            handshake(server, f"http://number-{number}.example")
    assert len(server.log().splitlines()) <= before + 3


@pytest.mark.parametrize("method", ["PUT", "DELETE", "POST"])
def test_foreign_pages_change_nothing_over_http(
    server: Server, visitor: Visitor, method: str
) -> None:
    assert visitor.upload(b"kept", "mine") == 204
    url = f"{server.url}/_stcore/upload_file/{visitor.session}/mine"
    with pytest.raises(HTTPError, match="403"):
        directly.open(Request(url, b"", {"Origin": "http://foreign.example"}, method=method))
    assert visitor.upload(b"", "mine", origin="http://foreign.example") == 403
    assert visitor.upload(b"kept", "mine", origin=server.url) == 204
    assert visitor.upload(b"kept", "mine", token="forged") == 403


def test_foreign_pages_may_not_read_what_they_ask_for(server: Server) -> None:
    for path in ("/_stcore/health", "/_stcore/host-config", "/"):
        request = Request(f"{server.url}{path}", headers={"Origin": "http://foreign.example"})
        with directly.open(request) as answer:
            assert answer.headers["Access-Control-Allow-Origin"] is None


@pytest.mark.parametrize(
    ("origin", "host", "expected"),
    [
        ("http://example.org", "example.org", True),
        ("https://example.org", "example.org", True),  # behind a proxy that speaks TLS
        ("http://example.org:80", "example.org", True),
        ("https://example.org", "example.org:443", True),
        ("http://EXAMPLE.org", "example.ORG.", True),
        ("http://[::1]:8501", "[::1]:8501", True),
        ("http://example.org:8501", "example.org", False),
        ("http://example.org", "example.org:8501", False),
        ("http://example.org.foreign.example", "example.org", False),
        ("http://foreign.example/?example.org", "example.org", False),
        ("http://example.org@foreign.example", "example.org", False),
        ("http://foreign.example@example.org", "example.org", False),
        ("ftp://example.org", "example.org", False),
        ("http://", "", False),
        ("null", "null", False),
    ],
)
def test_an_origin_is_the_same_where_host_and_port_are(
    origin: str, host: str, expected: bool
) -> None:
    assert is_allowed(origin, host) is expected
