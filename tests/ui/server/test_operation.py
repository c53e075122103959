"""A server as its owner runs it: its numbers, its log, and its end; in processes of their own."""

import json
import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.patience import LONG, wait_until
from tests.servers import HOST, Server, directly, running_server
from tests.ui.server.visitor import Visitor, handshake

SENTENCE = "the zebra sleeps"
TYPED = "an otter dreams"


def ask(url: str, headers: dict[str, str] | None = None) -> tuple[int, str]:
    """The status and the text of an answer."""
    try:
        with directly.open(Request(url, headers=headers or {}), timeout=LONG) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


def end(server: Server) -> None:
    os.kill(server.pid, signal.SIGTERM)


def exit_code(server: Server) -> int:
    """Wait for a server's end; its code is left for whoever has started it."""
    result = os.waitid(os.P_PID, server.pid, os.WEXITED | os.WNOWAIT)
    assert result is not None
    return result.si_status if result.si_code == os.CLD_EXITED else -result.si_status


def code_at_the_end(visitor: Visitor) -> int | None:
    """Listen to all that comes until the server closes: the code with which it does."""
    try:
        while True:
            visitor._socket.recv(timeout=LONG)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None


@contextmanager
def operated(folder: Path, kept_models: Path, **decisions: str) -> Iterator[Server]:
    environ = {f"HEADLIGHT_{name}": value for name, value in decisions.items()}
    with running_server(folder, kept_models, environ=environ) as server:
        wait_until(lambda: ask(f"{server.url}/readyz") == (200, '{"missing":[]}'))
        yield server


@pytest.fixture
def numbers_at() -> str:
    with closing(socket.create_server((HOST, 0))) as probe:
        return f"{HOST}:{probe.getsockname()[1]}"


def numbers(address: str) -> dict[str, float]:
    _status, text = ask(f"http://{address}/metrics")
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _space, value in lines}


def test_numbers_and_the_log_tell_what_happens_and_nobodys_text(
    tmp_path: Path, kept_models: Path, numbers_at: str
) -> None:
    with operated(tmp_path, kept_models, METRICS=numbers_at, LOG="json") as server:
        assert ask(f"{server.url}/metrics")[0] == 200  # the app's page: no numbers
        assert "headlight_" not in ask(f"{server.url}/metrics")[1]
        with Visitor(server) as visitor:
            visitor.run(page_name="explore", query_string="text=" + SENTENCE.replace(" ", "+"))
            visitor.run([WidgetState(id=visitor.widgets["text"], string_value=TYPED)])
            visitor.run([WidgetState(id=visitor.widgets["heads"], string_value=TYPED)])
            with pytest.raises(InvalidStatus):
                handshake(server, "http://foreign.example")
            ask(f"{server.url}/explore?text={SENTENCE.replace(' ', '+')}")
            ask(f"{server.url}/?go={TYPED.replace(' ', '+')}")
            told = numbers(numbers_at)
            visitor.send(BackMsg(load_git_info=True))
            visitor.send(BackMsg(clear_cache=True))
            visitor.run()
        assert told["headlight_sessions"] == told["headlight_websockets"] == 1
        assert told['headlight_run_seconds_count{part="page"}'] >= 3
        assert told['headlight_refused_total{reason="origin"}'] == 1
        assert told['headlight_refused_total{reason="value"}'] == 1
        assert told['headlight_waiting{line="large"}'] == 0
        assert told["process_resident_memory_bytes"] > 2**20
        assert numbers(numbers_at)['headlight_refused_total{reason="command"}'] == 2
        assert ask(f"http://{numbers_at}/metrics")[0] == 200
        lines = [line for line in server.log().splitlines() if line.startswith("{")]
        refusal = json.loads(next(line for line in lines if "Refused a page" in line))
    assert set(refusal) == {"time", "level", "logger", "event"}
    assert (refusal["level"], refusal["logger"]) == ("warning", "ui.server.origins")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}\+00:00", refusal["time"])
    for text in (SENTENCE, TYPED, "zebra", "otter", "text=", "127.0.0.1 -", "Traceback"):
        assert text not in server.log()
        assert not any(text in name for name in told)


def test_asked_to_end_it_lets_nobody_in_tells_the_pages_and_ends_well(
    tmp_path: Path, kept_models: Path, numbers_at: str
) -> None:
    with operated(tmp_path, kept_models, METRICS=numbers_at, DEADLINE="4") as server:
        with Visitor(server) as visitor:
            visitor.run(page_name="learn", query_string="slow=true")
            pressed = WidgetState(id=visitor.widgets["train"], trigger_value=True)
            asked = BackMsg()
            asked.rerun_script.page_script_hash = visitor.page_hash
            asked.rerun_script.widget_states.widgets.append(pressed)
            visitor.send(asked)
            training = 'headlight_working{line="trainings"}'
            wait_until(lambda: numbers(numbers_at).get(training) == 1)
            began = time.monotonic()
            end(server)
            wait_until(lambda: ask(f"{server.url}/readyz")[0] == 503)
            assert ask(f"{server.url}/readyz")[1] == '{"missing":["server"]}'
            assert ask(f"{server.url}/healthz")[0] == 200  # it still works
            with pytest.raises(InvalidStatus, match="503"):
                handshake(server, server.url)
            assert time.monotonic() - began < 2  # all of this at once
            assert code_at_the_end(visitor) == 1012  # at which Streamlit's page comes back
            assert time.monotonic() - began > 2  # the training had time
        assert exit_code(server) == 0
        assert time.monotonic() - began < 4 + 2


def test_where_nothing_runs_it_ends_at_once(tmp_path: Path, kept_models: Path) -> None:
    with operated(tmp_path, kept_models) as server, Visitor(server) as visitor:
        visitor.run(page_name="explore")
        began = time.monotonic()
        end(server)
        assert exit_code(server) == 0
        assert time.monotonic() - began < 10  # half of the usual deadline


@pytest.mark.matrix
def test_a_decision_that_cannot_be_meant_is_told_in_a_line(
    tmp_path: Path, kept_models: Path
) -> None:
    with pytest.raises(pytest.fail.Exception) as failed:  # noqa: SIM117 - what starting raises
        with operated(tmp_path, kept_models, FRAMES="moodle"):
            pass
    assert "Headlight doesn't start: HEADLIGHT_FRAMES must be" in str(failed.value)
    assert "Traceback" not in str(failed.value)
