"""Processes that a killed one has started end too."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.matrix import matrix
from tests.patience import LONG as PATIENCE

ROOT = Path(__file__).resolve().parents[2]

WORKERS = """
from lab.local_pool import LocalPool
from lab.worker import Job
jobs = [Job(number=n, version="none", measure="", points=[]) for n in range(4)]
list(LocalPool(2).run(jobs, ahead=4))
"""
# It waits for a task at the test's own pipe, which stays open.
COST = """
import os, subprocess, sys
subprocess.Popen([sys.executable, "-m", "lab.cost_process", str(os.getpid())])
"""
TRAINING = """
from ui.jobs.training_queue import Worker
Worker()
"""
READY = "\nimport time\nprint('ready', flush=True)\ntime.sleep(600)"


@contextmanager
def running(source: str) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [sys.executable, "-c", source + READY],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.matrix
@matrix(1, "source", [COST, WORKERS, TRAINING], ids=["cost", "sweep", "training"])
def test_what_a_killed_server_has_started_ends_within_seconds(source: str) -> None:
    with running(source) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        children = psutil.Process(server.pid).children(recursive=True)
        assert children
        try:
            server.kill()
            _ended, left = psutil.wait_procs(children, timeout=PATIENCE)
        finally:
            for child in children:
                if child.is_running():
                    child.kill()
    assert left == []
