"""deploy/haproxy.cfg in front of servers that tell what reaches them."""

import asyncio
import json
import os
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from time import monotonic

import pytest

from tests.patience import LONG, wait_until
from tools.haproxy import CONFIG, Proxy, ProxyError
from tools.serve import HOST, free_port

NEEDED = {"HEADLIGHT_WORKERS": "2", "HEADLIGHT_COOKIE_KEY": "key"}


class Teller(ThreadingHTTPServer):
    """A process behind the proxy: it answers with the headers that have reached it."""

    def __init__(self, name: str) -> None:
        super().__init__((HOST, 0), _Handler)
        self.name = name
        self.is_full = False
        self.goes_on = Event()  # to the second event of its stream

    def handle_error(self, request: object, address: object) -> None:
        """Say nothing of connections that the proxy has cut: it is killed."""


class _Handler(BaseHTTPRequestHandler):
    server: Teller
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.server.is_full and self.path != "/readyz":
            self.send_error(503)
            return
        if self.path == "/_headlight/room":
            self._send_events()
            return
        told = {name.lower(): value for name, value in self.headers.items()}
        body = json.dumps({"from": self.server.name, **told}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def _send_events(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"d\r\ndata: first\n\n\r\n")
        self.server.goes_on.wait(LONG)
        self.wfile.write(b"e\r\ndata: second\n\n\r\n0\r\n\r\n")

    def log_message(self, *told: object) -> None:
        pass


@dataclass
class Front:
    """A running proxy, with two processes behind it."""

    port: int
    proxy: Proxy
    apps: list[Teller] = field(default_factory=list)

    def ask(
        self, method: str = "GET", path: str = "/", body: bytes | None = None, **headers: str
    ) -> tuple[HTTPResponse, bytes]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with closing(HTTPConnection(HOST, self.port, timeout=LONG)) as connection:
            connection.request(method, path, body, named)
            answer = connection.getresponse()
            return answer, answer.read()

    def told(self, **headers: str) -> dict[str, str]:
        told: dict[str, str] = json.loads(self.ask(**headers)[1])  # type: ignore[arg-type]
        return told

    def cookie(self) -> tuple[str, str]:
        """Come for the first time: the cookie, and the process that it stands for."""
        answer, body = self.ask()
        return answer.headers["Set-Cookie"].split(";")[0], json.loads(body)["from"]


@contextmanager
def teller(name: str) -> Iterator[Teller]:
    server = Teller(name)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.goes_on.set()
        server.shutdown()
        server.server_close()


@pytest.fixture
def front(haproxy: Path, tmp_path: Path) -> Iterator[Front]:
    with running_front(haproxy, tmp_path) as front:
        yield front


@contextmanager
def running_front(haproxy: Path, tmp_path: Path, **settings: str) -> Iterator[Front]:
    proxy, port = Proxy(tmp_path / "admin"), free_port()
    environ = {"HEADLIGHT_BIND": f"{HOST}:{port}", "HEADLIGHT_ADMIN": str(proxy.admin)}
    command = [str(haproxy), "-db", "-f", str(CONFIG)]
    with subprocess.Popen(command, env=NEEDED | environ | settings) as process:
        try:
            wait_until(lambda: asyncio.run(proxy.answers()) or process.poll() is not None)
            with teller("one") as one, teller("two") as two:
                front = Front(port, proxy, [one, two])
                for number, app in enumerate(front.apps, start=1):
                    asyncio.run(proxy.send_people(number, app.server_port))
                yield front
        finally:
            process.kill()


SETTINGS = {
    "processes of tools/serve.py": {"HEADLIGHT_ADMIN": "/tmp/admin"},
    "another proxy in front": {"HEADLIGHT_BEHIND": "192.0.2.1 10.0.0.0/8"},
    "containers": {"HEADLIGHT_APPS": "app:8501"},
    "HTTPS": {"HEADLIGHT_CERTIFICATE": "certificate.pem"},
}


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_haproxy_takes_the_file(haproxy: Path, settings: dict[str, str], tmp_path: Path) -> None:
    certificate = tmp_path / "certificate.pem"
    if "HEADLIGHT_CERTIFICATE" in settings:
        _make_certificate(certificate)
    environ = NEEDED | {"HEADLIGHT_BIND": f"{HOST}:8501"} | settings
    done = subprocess.run(
        [str(haproxy), "-c", "-f", str(CONFIG)],
        env=environ,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")


def _make_certificate(path: Path) -> None:
    key, certificate = path.with_suffix(".key"), path.with_suffix(".crt")
    command = ["openssl", "req", "-x509", "-nodes", "-newkey", "rsa:2048", "-subj", "/CN=a"]
    command += ["-days", "1", "-keyout", str(key), "-out", str(certificate)]
    try:
        subprocess.run(command, check=True, capture_output=True, env=dict(os.environ))
    except OSError:
        pytest.skip("there is no openssl to make a certificate with")
    path.write_bytes(key.read_bytes() + certificate.read_bytes())


def test_people_are_spread_and_stay_where_they_are(front: Front) -> None:
    first, second = front.cookie(), front.cookie()
    assert {first[1], second[1]} == {"one", "two"}
    for cookie, name in (first, second) * 3:
        assert front.told(Cookie=cookie)["from"] == name


def test_the_cookie_is_no_scripts_business_and_the_app_never_sees_it(front: Front) -> None:
    answer, _body = front.ask()
    assert {"HttpOnly", "SameSite=Lax"} <= set(answer.headers["Set-Cookie"].split("; "))
    told = front.told(Cookie=f"mine=1; {answer.headers['Set-Cookie'].split(';')[0]}")
    assert told["cookie"] == "mine=1"


def test_what_a_client_says_of_itself_is_not_passed_on(front: Front) -> None:
    told = front.told(
        X_Forwarded_For="6.6.6.6",
        X_Forwarded_Proto="https",
        X_Forwarded_Host="evil.example",
        Forwarded="for=6.6.6.6",
        Host="lab.example:8501",
    )
    assert told["host"] == "lab.example:8501"
    forwarded = {name: value for name, value in told.items() if "forwarded" in name}
    assert forwarded == {"x-forwarded-for": HOST, "x-forwarded-proto": "http"}


def test_a_known_proxys_word_on_who_is_asking_is_passed_on(haproxy: Path, tmp_path: Path) -> None:
    with running_front(haproxy, tmp_path, HEADLIGHT_BEHIND="192.0.2.1 127.0.0.0/8") as front:
        told = front.told(X_Forwarded_For="6.6.6.6, 198.51.100.7", X_Forwarded_Proto="https")
        assert (told["x-forwarded-for"], told["x-forwarded-proto"]) == ("198.51.100.7", "https")
        told = front.told()
        assert (told["x-forwarded-for"], told["x-forwarded-proto"]) == (HOST, "http")
    with running_front(haproxy, tmp_path, HEADLIGHT_BEHIND="192.0.2.1") as front:
        told = front.told(X_Forwarded_For="198.51.100.7", X_Forwarded_Proto="https")
        assert (told["x-forwarded-for"], told["x-forwarded-proto"]) == (HOST, "http")


def test_with_a_certificate_all_is_encrypted(haproxy: Path, tmp_path: Path) -> None:
    certificate = tmp_path / "certificate.pem"
    _make_certificate(certificate)
    trusting = ssl.create_default_context(cafile=str(certificate))
    trusting.check_hostname = False
    with running_front(haproxy, tmp_path, HEADLIGHT_CERTIFICATE=str(certificate)) as front:
        encrypted = HTTPSConnection(HOST, front.port, timeout=LONG, context=trusting)
        with closing(encrypted) as connection:
            connection.request("GET", "/", headers={"X-Forwarded-Proto": "http"})
            answer = connection.getresponse()
            assert json.loads(answer.read())["x-forwarded-proto"] == "https"
            assert "Secure" in answer.headers["Set-Cookie"].split("; ")
            assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        with pytest.raises((HTTPException, OSError)):
            front.ask()


def test_nobody_learns_which_software_answers(front: Front) -> None:
    answer, _body = front.ask()
    assert answer.headers["Server"] is None


@pytest.mark.parametrize(
    ("path", "most"), [("/", 6 * 2**20), ("/_stcore/upload_file/a/b", 33 * 2**20)]
)
def test_uploads_are_bounded_before_they_are_sent(front: Front, path: str, most: int) -> None:
    assert front.ask("PUT", path, body=b"x" * most)[0].status == 200
    with closing(HTTPConnection(HOST, front.port, timeout=LONG)) as connection:
        connection.putrequest("PUT", path)
        connection.putheader("Content-Length", str(most + 1))
        connection.endheaders()
        assert connection.getresponse().status == 413
    with closing(HTTPConnection(HOST, front.port, timeout=LONG)) as connection:
        connection.putrequest("PUT", "/")
        connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders()
        assert connection.getresponse().status == 411


def test_an_event_comes_before_the_next_one_is_there(front: Front) -> None:
    with closing(HTTPConnection(HOST, front.port, timeout=LONG)) as connection:
        connection.request("GET", "/_headlight/room")
        answer = connection.getresponse()
        assert answer.readline() == b"data: first\n"
        for app in front.apps:
            app.goes_on.set()
        assert answer.read() == b"\ndata: second\n\n"


def test_an_event_is_not_held_back(front: Front) -> None:
    def seconds() -> float:
        for app in front.apps:
            app.goes_on.clear()
        with closing(HTTPConnection(HOST, front.port, timeout=LONG)) as connection:
            began = monotonic()
            connection.request("GET", "/_headlight/room")
            answer = connection.getresponse()
            assert answer.readline() == b"data: first\n"
            taken = monotonic() - began
            for app in front.apps:
                app.goes_on.set()
            answer.read()
            return taken

    assert min(seconds() for _time in range(5)) < 0.1  # a busy machine may be late, but not always


def test_whose_process_is_gone_gets_another_at_once(front: Front) -> None:
    cookie, name = front.cookie()
    gone = front.apps[name == "two"]
    gone.shutdown()
    gone.server_close()  # what dies refuses
    answer, body = front.ask(Cookie=cookie)
    assert (answer.status, json.loads(body)["from"] == name) == (200, False)
    new_cookie = answer.headers["Set-Cookie"].split(";")[0]
    assert front.told(Cookie=new_cookie)["from"] == json.loads(body)["from"]


def test_whose_process_has_no_room_or_ends_gets_another(front: Front) -> None:
    cookie, name = front.cookie()
    front.apps[name == "two"].is_full = True
    answer, body = front.ask(Cookie=cookie)
    assert (answer.status, json.loads(body)["from"] == name) == (200, False)
    assert front.ask("PUT", body=b"x", Cookie=cookie)[0].status == 503  # never sent twice


def test_nobody_new_comes_to_a_process_that_is_drained(front: Front) -> None:
    asyncio.run(front.proxy.drain(1))
    assert {front.cookie()[1] for _time in range(4)} == {"two"}
    asyncio.run(front.proxy.send_people(1, front.apps[0].server_port))
    assert {front.cookie()[1] for _time in range(4)} == {"one", "two"}


@pytest.mark.matrix
def test_a_slow_clients_headers_are_not_waited_for(front: Front) -> None:
    with socket.create_connection((HOST, front.port), timeout=LONG) as slow:
        began = monotonic()
        slow.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n")
        assert b" 408 " in slow.recv(1000)
    assert 8 < monotonic() - began < 30


def test_an_unknown_process_is_an_error(front: Front) -> None:
    with pytest.raises(ProxyError, match="app3"):
        asyncio.run(front.proxy.drain(3))
