"""A Dask cluster of processes on this machine, for tests and benchmarks."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from distributed import Client

ROOT = Path(__file__).parents[1]
HOST = "127.0.0.1"
STARTS_WITHIN = 60.0  # seconds


@contextmanager
def dask_cluster(
    folder: Path, *, workers: int = 2, environ: Mapping[str, str] | None = None
) -> Iterator[str]:
    """The address of a scheduler with so many workers of one thread each, once they are there.

    Args:
        folder: for its files.
        workers: worker processes.
        environ: is added to this process' environment.

    Raises:
        TimeoutError: if it isn't there within a minute.
    """
    file = folder / "scheduler.json"
    env = {**os.environ, "DASK_TEMPORARY_DIRECTORY": str(folder), **(environ or {})}
    with ExitStack() as stack:
        _start(stack, env, "scheduler", "--host", HOST, "--port", "0", "--scheduler-file", file)
        if workers:
            _start(
                stack, env, "worker", "--scheduler-file", file, "--host", HOST,
                "--nworkers", workers, "--nthreads", 1,
            )  # fmt: skip
        address = _address(file)
        if workers:
            with Client(address, timeout=STARTS_WITHIN, set_as_default=False) as client:
                client.wait_for_workers(workers, timeout=STARTS_WITHIN)
        yield address


def _start(stack: ExitStack, env: Mapping[str, str], *arguments: object) -> None:
    """Start a part of the cluster, in Headlight's folder, until the stack is left."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dask", *map(str, arguments), "--no-dashboard"],
        cwd=ROOT,
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )

    def end() -> None:
        os.killpg(process.pid, signal.SIGKILL)  # a worker's nanny, and its worker
        process.wait()

    stack.callback(end)


def _address(file: Path) -> str:
    """What the scheduler writes into its file as soon as it listens."""
    end = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < end:
        try:
            found: str = json.loads(file.read_text())["address"]
        except (OSError, ValueError):  # not there, or half of it
            time.sleep(0.05)
        else:
            return found
    raise TimeoutError(f"no scheduler has written {file}")
