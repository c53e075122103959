"""What an exception says never comes into the log: it may quote somebody's sentence."""

import json
import logging
import os
import subprocess
import sys

import pytest

from tests.servers import ROOT
from ui.server.logs import JsonFormatter, PlainFormatter

SECRET = "the zebra sleeps"


def record_of_a_failure() -> logging.LogRecord:
    try:
        try:
            raise KeyError(SECRET)
        except KeyError as error:
            raise ValueError(f"no vector for {SECRET!r}") from error
    except ValueError:
        return logging.LogRecord("a.b", logging.ERROR, "", 1, "failed", (), sys.exc_info())


@pytest.mark.parametrize("formatter", [PlainFormatter(), JsonFormatter()])
def test_of_an_exception_its_kind_and_place_are_told(formatter: logging.Formatter) -> None:
    text = formatter.format(record_of_a_failure())
    assert SECRET not in text
    assert text.index("KeyError") < text.rindex("ValueError")
    assert "record_of_a_failure" in text


def test_a_line_of_json_holds_what_is_counted() -> None:
    record = logging.makeLogRecord(
        {"msg": "%d came", "args": (3,), "name": "a", "levelname": "INFO", "sessions": 3}
    )
    told = json.loads(JsonFormatter().format(record))
    assert told.pop("time").endswith("+00:00")
    assert told == {"level": "info", "logger": "a", "event": "3 came", "sessions": 3}


@pytest.mark.parametrize("log", ["plain", "json"])
def test_what_streamlit_and_others_log_is_told_so_too(log: str) -> None:
    script = f"""
import logging, warnings
from ui.server.logs import set_up_logs
early = __import__("streamlit.logger").logger.get_logger("early")
set_up_logs()
late = __import__("streamlit.logger").logger.get_logger("late")
from streamlit.error_util import handle_uncaught_app_exception
from ui.frame.failures import log_failure
from model.errors import CodedValueError
for log in (early, late, logging.getLogger("others"), logging.getLogger("uvicorn.error")):
    try:
        raise ValueError({SECRET!r})
    except ValueError as error:
        log.exception("failed in %s", log.name)
        handle_uncaught_app_exception(error)
        log_failure(error)
        log_failure(CodedValueError("some.code", "not {{text}}", text={SECRET!r}))
"""
    ran = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, "HEADLIGHT_LOG": log},
        capture_output=True,
        text=True,
        check=True,
    )
    said = ran.stdout + ran.stderr
    for name in ("early", "late", "others", "uvicorn.error"):
        assert f"failed in {name}" in said
    assert "Uncaught app exec" in said
    assert "CodedValueError some.code" in said
    assert SECRET not in said.replace(script, "")
    if log == "json":
        assert [json.loads(line)["level"] for line in said.splitlines()]
