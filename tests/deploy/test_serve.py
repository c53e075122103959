"""`make serve`: real processes of the app behind a real proxy, some of which are killed."""

import os
import re
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from time import monotonic
from urllib.error import HTTPError
from urllib.request import Request

import psutil
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import ConnectionClosed

from tests.deploy.fleet import (
    DEADLINE,
    WORKERS,
    Fleet,
    process_of,
    proxys_cookie,
    serving,
    two_cookies,
    wait_for_both,
)
from tests.patience import LONG
from tests.servers import ROOT, directly
from tests.ui.server.visitor import Visitor, allowing
from tests.valkey_server import Valkey
from tools.serve import HOST, own_metrics, read_options


def send(fleet: Fleet, path: str, cookie: str, body: bytes | None = None, kind: str = "") -> int:
    """The status of a request; with a body, of a PUT as Streamlit's uploader makes it."""
    headers = allowing(fleet) if body is not None else {"Cookie": ""}
    headers["Cookie"] += f"; {cookie}"
    headers |= {"Content-Type": kind} if kind else {}
    method = "GET" if body is None else "PUT"
    try:
        request = Request(fleet.url + path, body, headers, method=method)
        with directly.open(request, timeout=LONG) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code


def upload(fleet: Fleet, session: str, cookie: str) -> int:
    body = (
        b'--edge\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nx\r\n--edge--\r\n'
    )
    path = f"/_stcore/upload_file/{session}/a"
    return send(fleet, path, cookie, body, "multipart/form-data; boundary=edge")


def test_a_session_its_uploads_and_its_downloads_are_in_one_process(fleet: Fleet) -> None:
    mine, others = two_cookies(fleet)
    with Visitor(fleet, origin=fleet.url, cookie=mine) as visitor:
        assert visitor.run(page_name="explore").errors == []
        drawn = visitor.open_popovers()
        assert upload(fleet, visitor.session, mine) == 204
        assert upload(fleet, visitor.session, others) == 400  # nobody there knows the session
        address = _ask_for_the_trace(visitor, drawn.elements)
        assert send(fleet, address, mine) == 200
        assert send(fleet, address, others) == 404


def _ask_for_the_trace(visitor: Visitor, elements: list) -> str:  # type: ignore[type-arg]
    (file,) = {
        each.deferred_file_id
        for each in elements
        if each.DESCRIPTOR.name == "DownloadButton" and each.id.endswith("download_npz")
    }
    message = BackMsg()
    message.backend_operation_request.request_id = "trace"
    message.backend_operation_request.session_id = visitor.session
    message.backend_operation_request.deferred_file.file_id = file
    visitor.send(message)
    while True:
        answer = ForwardMsg.FromString(visitor._socket.recv(timeout=LONG))
        if answer.WhichOneof("type") == "backend_operation_response":
            assert answer.backend_operation_response.error_msg == ""
            return answer.backend_operation_response.deferred_file.url


def test_a_websocket_without_the_cookie_works_and_is_given_one(fleet: Fleet) -> None:
    with Visitor(fleet, origin=fleet.url) as visitor:
        assert visitor.run(page_name="explore").errors == []
        response = visitor._socket.response
        assert response is not None
        cookie = proxys_cookie(response.headers.get_all("Set-Cookie"))
        assert upload(fleet, visitor.session, cookie) == 204


def test_whose_process_is_killed_goes_on_in_another(fleet: Fleet) -> None:
    mine, _others = two_cookies(fleet)
    with Visitor(fleet, origin=fleet.url, cookie=mine) as visitor:
        process = process_of(fleet, visitor)
        again = len(re.findall("starts again", fleet.log())) + 1
        process.kill()
        with pytest.raises(ConnectionClosed):
            visitor.run()
    began = monotonic()
    with Visitor(fleet, origin=fleet.url, cookie=mine) as visitor:  # as a browser does
        assert monotonic() - began < 3
        assert visitor.run(page_name="explore", query_string="heads=2").errors == []
    fleet.wait_for(r"Process \d has ended \(-9\); it starts again", again)
    wait_for_both(fleet)
    two_cookies(fleet)  # people come to both again


def test_a_proxy_that_died_comes_back_and_knows_where_all_are(fleet: Fleet) -> None:
    (proxy,) = fleet.processes("haproxy")
    proxy.kill()
    fleet.wait_for(r"The proxy has ended \(-9\)")
    deadline = monotonic() + LONG
    while not _answers(fleet):
        assert monotonic() < deadline, fleet.log()
    wait_for_both(fleet)


def _answers(fleet: Fleet) -> bool:
    try:
        return bool(fleet.new_cookie())
    except OSError:
        return False


@pytest.mark.matrix
def test_all_are_renewed_while_people_are_served(fleet: Fleet) -> None:
    before = {each.pid for each in fleet.processes()}
    os.kill(fleet.pid, signal.SIGHUP)
    statuses = set()
    while "all processes are new" not in fleet.log():
        statuses.add(send(fleet, "/readyz", ""))
    assert statuses == {200}
    assert len(fleet.processes()) == WORKERS
    assert before.isdisjoint(each.pid for each in fleet.processes())


def test_all_share_one_store_that_needs_a_password(fleet: Fleet) -> None:
    stores = {each.environ()["HEADLIGHT_STORE"] for each in fleet.processes()}
    assert len(stores) == 1
    assert re.fullmatch(r"redis://:\w{32}@127\.0\.0\.1:\d+/0", *stores)
    secrets = {each.environ()["STREAMLIT_SERVER_COOKIE_SECRET"] for each in fleet.processes()}
    assert len(secrets) == 1
    assert {each.environ()["HEADLIGHT_PROXY"] for each in fleet.processes()} == {HOST}
    commands = [" ".join(each.cmdline()) for each in psutil.Process(fleet.pid).children()]
    assert [command for command in commands if stores & {command}] == []


def test_a_signal_ends_all_within_the_deadline(
    haproxy: Path, redis: Path, tmp_path: Path, kept_models: Path
) -> None:
    store = Valkey(str(redis), tmp_path)
    store.start()
    with closing(store), serving(tmp_path, kept_models, {"HEADLIGHT_STORE": store.url}) as fleet:
        children = psutil.Process(fleet.pid).children(recursive=True)
        assert len(children) == WORKERS + 1  # and no store of its own
        with Visitor(fleet, origin=fleet.url) as visitor:
            visitor.run(page_name="explore")
            began = monotonic()
            os.kill(fleet.pid, signal.SIGTERM)
            _gone, alive = psutil.wait_procs([psutil.Process(fleet.pid), *children], LONG)
        assert alive == []
        assert monotonic() - began < DEADLINE + 1


def test_what_never_starts_ends_all_and_says_why(
    haproxy: Path, redis: Path, tmp_path: Path, kept_models: Path
) -> None:
    command = [sys.executable, "-m", "tools.serve", "--port=1", "--address=192.0.2.1"]
    own = os.environ | {"XDG_CACHE_HOME": str(kept_models)}
    done = subprocess.run(command, cwd=ROOT, env=own, capture_output=True, text=True, timeout=LONG)
    assert done.returncode == 1
    assert "cannot bind socket" in done.stderr
    assert done.stderr.splitlines()[-1] == "The proxy did not start: it ended (1)"


def test_each_process_has_a_port_of_its_own_for_its_metrics() -> None:
    asked = {"HEADLIGHT_METRICS": "127.0.0.1:9100"}
    assert own_metrics(1, asked) == asked
    assert own_metrics(3, asked) == {"HEADLIGHT_METRICS": "127.0.0.1:9102"}
    assert own_metrics(2, {}) == {}


@pytest.mark.parametrize("wrong", ["--workers=0", "--workers=many", "--prot=1"])
def test_a_wrong_command_line_is_refused(wrong: str) -> None:
    with pytest.raises(SystemExit):
        read_options([wrong])
