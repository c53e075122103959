"""A Streamlit server as a child process on a free loopback port."""

import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from bench.report import BenchError
from bench.settings import ROOT

HOST = "127.0.0.1"
HEALTH_PATH = "/_stcore/health"
START_SECONDS = 120.0
HEALTH_POLL_SECONDS = 0.02
FALLBACK_FLAGS = ("--runner.postScriptGC=false",)  # for a checkout without .streamlit/config.toml


def free_port() -> int:
    """A loopback port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def command(script: Path, port: int) -> list[str]:
    """The command that serves `script`; both apps get the same settings."""
    flags = [
        f"--server.port={port}",
        f"--server.address={HOST}",
        "--server.headless=true",
        "--browser.gatherUsageStats=false",
    ]
    if not (ROOT / ".streamlit" / "config.toml").exists():
        flags += FALLBACK_FLAGS
    return [sys.executable, "-m", "streamlit", "run", str(script), *flags]


class Server:
    """Serves one app: `with Server(script) as server` starts it, waits until it answers, stops it.

    `spawned_at` is the wall-clock time of the spawn in seconds since the epoch.
    """

    def __init__(self, script: Path, *, root: Path = ROOT) -> None:
        self.script = script
        self.root = root  # of the checkout that it is served from
        self.port = free_port()
        self.spawned_at = 0.0
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed by _stop
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}/"

    @property
    def pid(self) -> int:
        if self._process is None:
            raise BenchError("the server has not been started")
        return self._process.pid

    def __enter__(self) -> Self:
        if not self.script.exists():
            raise BenchError(f"no app at {self.script}")
        self.spawned_at = time.time()
        self._process = subprocess.Popen(
            self._command(),
            cwd=self.root,
            env=os.environ | {"PYTHONUNBUFFERED": "1"} | self._environ(),
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        try:
            self._wait_until_ready()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()

    def log(self) -> str:
        """Everything that the server has printed."""
        self._log.seek(0)
        text = self._log.read().decode(errors="replace")
        self._log.seek(0, os.SEEK_END)
        return text

    def tracebacks(self) -> int:
        """How many tracebacks the server has printed."""
        return self.log().count("Traceback (most recent call last)")

    def rss_mb(self) -> float:
        """Resident memory of the server and its children, in MB (2**20 bytes)."""
        processes = [psutil.Process(self.pid)]
        processes += processes[0].children(recursive=True)
        return float(sum(process.memory_info().rss for process in processes)) / 2**20

    def _command(self) -> list[str]:
        return command(self.script, self.port)

    def _environ(self) -> dict[str, str]:
        return {}

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process is not None and self._process.poll() is not None:
                raise BenchError(f"{self.script.name} did not start:\n{self.log()[-2000:]}")
            if self._is_ready():
                return
            time.sleep(HEALTH_POLL_SECONDS)
        raise BenchError(f"{self.script.name} was not healthy within {START_SECONDS:.0f} s")

    def _is_ready(self) -> bool:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=2)
        try:
            connection.request("GET", HEALTH_PATH)
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def _stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(timeout=10)
        self._log.close()
