"""Servers with the app, for the tests that need one."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

import pytest

from tests.patience import LONG

ROOT = Path(__file__).parents[1]
HOST = "127.0.0.1"

directly = build_opener(ProxyHandler({}))  # whatever proxies the environment names


@dataclass(frozen=True)
class Server:
    """A running app. `url` has no slash at its end; `log_file` gets all that the server prints."""

    url: str
    log_file: Path
    pid: int

    def log(self) -> str:
        return self.log_file.read_text(encoding="utf-8", errors="replace")


@contextmanager
def running_server(
    folder: Path,
    kept_models: Path,
    *flags: str,
    environ: Mapping[str, str] | None = None,
    before: Callable[[], None] | None = None,
    base_path: str = "",
) -> Iterator[Server]:
    """The app of this checkout on a free port of this computer, until it is no longer needed.

    `before` runs in the new process, before the app. The app is served below `base_path`, which
    begins with a slash.
    """
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    own = {name: value for name, value in os.environ.items() if "STREAMLIT_" not in name}
    own |= {"PYTHONUNBUFFERED": "1", "XDG_CACHE_HOME": str(kept_models)}  # nobody's own
    log_file = folder / "log.txt"
    address = [f"--server.port={port}", f"--server.address={HOST}"]
    address += [f"--server.baseUrlPath={base_path}"] if base_path else []
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", *address, *flags],
            cwd=ROOT,
            env=own | dict(environ or {}),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a process group, which `stop` ends as a whole
            preexec_fn=before,
        )
    started = Server(f"http://{HOST}:{port}{base_path}", log_file, process.pid)
    try:
        _wait_until_healthy(started, process)
        yield started
    finally:
        _stop(process)


def _wait_until_healthy(server: Server, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + LONG
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with directly.open(f"{server.url}/_stcore/health", timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.05)
    pytest.fail(f"The server did not start within {LONG} s:\n{server.log()}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=10)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # with all that the app started
    process.wait(timeout=10)
