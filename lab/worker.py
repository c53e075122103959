"""What a worker process does: a batch of points, asked and answered in plain values."""

import ctypes
import importlib
import os
import signal
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypedDict

from lab.cache import code_version
from lab.parent import end_with
from model.errors import CodedText
from model.reasons import coded_reason

# PyTorch is imported where it is used: a cluster's scheduler reads this module as well, and needs
# none.

# What glibc's malloc arrives at by itself, unless its environment says otherwise; bytes.
MMAP_THRESHOLD, TRIM_THRESHOLD = 2**25, 2**26
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h
NICENESS = 10  # whoever looks at a page goes first
MEASURES = {
    "mechanism": "lab.measure:measure_mechanism",
    "learning": "lab.measure:measure_learning",
}


class Job(TypedDict):
    """A batch of points to measure."""

    number: int  # of the batch
    version: str  # of whoever asks
    measure: str  # the function, as module:name
    points: list[tuple[int, str]]  # each one's index and JSON


class Answer(TypedDict):
    """The results of a batch."""

    number: int
    version: str  # of the worker; nothing was measured if it isn't the job's
    # Index, metrics or None, failure; points that aren't there are lost with a worker that died.
    results: list[tuple[int, dict[str, Any] | None, CodedText | str]]
    seconds: float


def start_worker(parent: int) -> None:
    """Prepare a process that does nothing else, before its first batch.

    Args:
        parent: the process that has started it, with which it ends.
    """
    end_with(parent)
    os.nice(NICENESS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever started it, and ends it
    importlib.import_module("lab.measure")


def run_batch(job: Job) -> Answer:
    """Measure points; what goes wrong with one is its failure, and costs no other.

    With one thread, since a sum's last bits depend on how many share it.
    """
    if job["version"] != code_version():
        return Answer(number=job["number"], version=code_version(), results=[], seconds=0.0)
    import torch

    from lab.spelling import from_json

    keep_freed_memory()
    torch.set_num_threads(1)
    started = time.perf_counter()
    results: list[tuple[int, dict[str, Any] | None, CodedText | str]] = []
    for index, point in job["points"]:
        try:
            measure = _function(job["measure"])
            results.append((index, measure(from_json(point)), ""))
        except Exception as error:  # whatever it is, it is this point's
            results.append((index, None, _reason(error)))
    seconds = time.perf_counter() - started
    return Answer(number=job["number"], version=job["version"], results=results, seconds=seconds)


@lru_cache(maxsize=1)
def keep_freed_memory() -> bool:
    """Let this process use freed memory again, if it was told to give it back; whether it does.

    Dask's nanny tells its workers so (MALLOC_TRIM_THRESHOLD_), which also has each tensor over
    128 kB mapped anew: computing attention takes twice as long then.
    """
    if "MALLOC_TRIM_THRESHOLD_" not in os.environ:
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # of glibc alone
    return mallopt is not None and bool(
        mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD) and mallopt(M_TRIM_THRESHOLD, TRIM_THRESHOLD)
    )


@lru_cache
def _function(name: str) -> Callable[[Any], dict[str, Any]]:
    module, function = name.split(":")
    found: Callable[[Any], dict[str, Any]] = getattr(importlib.import_module(module), function)
    return found


def _reason(error: Exception) -> CodedText | str:
    if isinstance(error, MemoryError):
        return CodedText("worker.memory", "out of memory")
    return coded_reason(error)
