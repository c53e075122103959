"""The headers of every answer, also of those that nobody meant to give."""

import asyncio
import base64
import hashlib
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from starlette.types import Message, Receive, Scope, Send

from tests.servers import Server
from ui.server import headers
from ui.server.headers import SecurityHeaders, inline_hashes, policy
from ui.server.settings import Settings


def get(server: Server, path: str, method: str = "GET") -> dict[str, str]:
    connection = HTTPConnection(urlsplit(server.url).netloc)
    connection.request(method, path)
    answer = connection.getresponse()
    told = {name.lower(): value for name, value in answer.getheaders()}
    connection.close()
    return {**told, "status": str(answer.status)}


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/", "GET", "200"),
        ("/explore", "HEAD", "200"),
        ("/_stcore/health", "GET", "200"),
        ("/media/nothing.png", "GET", "404"),
        ("/component/x/y", "GET", "404"),
        ("/_stcore/metrics", "GET", "404"),  # Streamlit's, which is at everybody's address
        ("/healthz", "POST", "405"),
        ("/..%5c..%5cetc", "GET", "400"),
        ("/_stcore/upload_file/a/b", "PUT", "403"),
    ],
)
def test_every_answer_has_a_policy_and_none_names_the_server(
    server: Server, path: str, method: str, status: str
) -> None:
    told = get(server, path, method)
    assert told["status"] == status
    assert told["x-content-type-options"] == "nosniff"
    assert told["referrer-policy"] == "same-origin"
    assert told["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in told["permissions-policy"]
    assert "fullscreen" not in told["permissions-policy"]
    rules = dict(rule.split(maxsplit=1) for rule in told["content-security-policy"].split("; "))
    assert rules["default-src"] == rules["object-src"] == rules["base-uri"] == "'none'"
    assert rules["frame-ancestors"] == "'self'"
    assert "unsafe-eval'" not in rules["script-src"].replace("'wasm-unsafe-eval'", "")
    assert "unsafe-inline" not in rules["script-src"]
    host = urlsplit(server.url).netloc
    assert rules["connect-src"] == f"'self' ws://{host} wss://{host}"
    assert "server" not in told


def test_a_scripts_hash_is_that_of_its_text() -> None:
    page = '<script>\n  one = 1\n</script><script src="a.js"></script><script type="x">two</script>'
    of = [
        base64.b64encode(hashlib.sha256(text).digest()).decode()
        for text in (b"\n  one = 1\n", b"two")
    ]
    assert inline_hashes(page) == of


@pytest.mark.parametrize("host", ["a.example; script-src *", "a b", "", "a\r\nb", "ä.example"])
def test_a_strange_host_writes_nothing_into_the_policy(host: str) -> None:
    assert policy(host).endswith("; connect-src 'self'")


def test_the_owner_decides_who_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(headers, "settings", lambda: Settings(frames=("https://a.example",)))
    assert "frame-ancestors https://a.example;" in headers._policy.__wrapped__() + ";"
    assert b"x-frame-options" not in headers.fixed_headers.__wrapped__()


def test_an_answer_to_what_failed_has_them_too_and_streams_pass_piece_by_piece() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def fail(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("a sentence")

    async def stream(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        assert len(sent) == 1
        await send({"type": "http.response.body", "body": b"a", "more_body": True})
        assert sent[1] == {"type": "http.response.body", "body": b"a", "more_body": True}

    async def receive() -> Message:
        return {"type": "http.request"}

    scope = {"type": "http", "method": "GET", "headers": [(b"host", b"a.example")]}
    asyncio.run(SecurityHeaders(stream)(scope, receive, send))
    sent.clear()
    with pytest.raises(RuntimeError):
        asyncio.run(SecurityHeaders(fail)(scope, receive, send))
    assert sent[0]["status"] == 500
    assert b"content-security-policy" in dict(sent[0]["headers"])
    assert b"sentence" not in sent[1]["body"]
