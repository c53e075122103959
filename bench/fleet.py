"""Several processes of an app behind the proxy, with a store: `make serve`, as a server."""

import os
import sys
import time
from pathlib import Path

import psutil

from bench.server import HOST, Server

DEADLINE = 6  # seconds until all have ended: fewer than `Server` waits before it kills
READY = "ready on"  # what the launcher says


class Fleet(Server):
    """Serves an app from several processes; `port` is the proxy's."""

    def __init__(self, script: Path, workers: int) -> None:
        super().__init__(script)
        self.workers = workers

    def memory(self) -> list[float]:
        """Resident memory of each process of the app, in MB (2**20 bytes)."""
        return [process.memory_info().rss / 2**20 for process in self._apps()]

    def _apps(self) -> list[psutil.Process]:
        children = psutil.Process(self.pid).children()
        return [each for each in children if "streamlit" in " ".join(each.cmdline())]

    def _command(self) -> list[str]:
        command = [sys.executable, "-m", "tools.serve", f"--app={self.script}"]
        return [*command, f"--workers={self.workers}", f"--port={self.port}", f"--address={HOST}"]

    def _environ(self) -> dict[str, str]:
        return {"HEADLIGHT_DEADLINE": str(DEADLINE), "HEADLIGHT_STORE": ""}

    def _is_ready(self) -> bool:
        return READY in self.log()


def serve(script: Path, processes: int) -> Server:
    """One process as `make run` starts it, or several as `make serve` does."""
    return Server(script) if processes == 1 else Fleet(script, processes)


def memory_of(server: Server) -> list[float]:
    """Resident memory of each process of the app, in MB."""
    return server.memory() if isinstance(server, Fleet) else [server.rss_mb()]


def kind_of(processes: int) -> str:
    """How an app is served, as rows say it."""
    return "one process" if processes == 1 else f"{processes} processes behind the proxy"


def load_average() -> str:
    """How many processes wanted a core in the last minute, with the time of day."""
    return f"load {os.getloadavg()[0]:.1f} at {time.strftime('%H:%M')}"
