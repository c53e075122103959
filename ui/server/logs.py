"""The server's log, in which nobody's text stands.

An exception's words may quote a sentence, and an address holds one: of an exception the log has its
kind and where it was raised, of a request nothing.
"""

import json
import logging
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

import streamlit.logger

from ui.server.settings import settings

STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class PlainFormatter(logging.Formatter):
    """A line for people: when, how bad, who and what."""

    default_msec_format = "%s.%03d"

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatException(self, ei: ExcInfo) -> str:
        """Return where an exception was raised and of which kind it is, without its words."""
        return describe(ei[1]) if ei[1] is not None else ""


class JsonFormatter(PlainFormatter):
    """A line for programs: an object with `time`, `level`, `logger`, `event` and what is counted.

    What a call of the logger has as `extra` are fields of their own.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as one line of JSON."""
        fields: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        fields |= {name: value for name, value in vars(record).items() if name not in STANDARD}
        if record.exc_info and record.exc_info[1] is not None:
            fields["exception"] = type(record.exc_info[1]).__name__
            fields["where"] = self.formatException(record.exc_info)
        return json.dumps(fields, default=str)


def describe(error: BaseException) -> str:
    """Return a traceback without an exception's words, and those of what has led to it."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    lines = [] if before is None else [describe(before), "", "which led to", ""]
    lines += ["Traceback (most recent call last):"]
    lines += [line.rstrip() for line in traceback.format_tb(error.__traceback__)]
    return "\n".join([*lines, type(error).__name__])


def set_up_logs() -> None:
    """Let all that this process logs be written so, also by loggers that come later."""
    formatter = JsonFormatter() if settings().log == "json" else PlainFormatter()
    # uvicorn tells who has connected, with the whole address, before it tells what went wrong.
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    logging.captureWarnings(True)
    logging.basicConfig()  # what isn't Streamlit's goes there
    loggers = [logging.root, *logging.root.manager.loggerDict.values()]
    for logger in loggers:
        if isinstance(logger, logging.Logger):
            for handler in logger.handlers:
                handler.setFormatter(formatter)

    def set_up(logger: logging.Logger) -> None:
        _set_up_logger(logger)
        for handler in logger.handlers:
            handler.setFormatter(formatter)

    # Streamlit gives each logger a handler of its own, and offers no hook.
    streamlit.logger.setup_formatter = set_up


_set_up_logger = streamlit.logger.setup_formatter
