"""The process that measures forward passes: python -m lab.cost_process PARENT, for lab/cost.

It ends with the process of that number. It speaks JSON: a task comes in, and a line goes out for
each result. Nothing else here takes memory that could be counted, and whatever happens here happens
to this process alone.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import astuple
from itertools import product
from pathlib import Path
from typing import IO, Any

import torch
from torch.profiler import ProfilerActivity, profile

from lab.parent import end_with
from model.config import Architecture, Config
from model.cost import FRESH_FROM, Rates, peak_memory, predict_seconds
from model.cost_parts import NUMBER_BYTES, parameter_count
from model.errors import CodedText
from model.transformer import Encoder

RUNS_SECONDS, MOST_RUNS = 0.3, 20  # how long a length is run again and again


def allocated_peak(call: Callable[[], object]) -> int:
    """Return the most bytes that a call held at one time in PyTorch's memory on the CPU.

    PyTorch's profiler reports each allocation and release, copies within an operation included.
    The resident memory of the process grows by as much, to a part in a hundred from some megabytes
    on; but below that it tells little, since the process has pages to spare, and only Linux lets
    one set back its high-water mark.
    """
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder, "trace.json")
        with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
            result = call()
        del result
        profiler.export_chrome_trace(str(trace))
        events = json.loads(trace.read_text(encoding="utf-8"))["traceEvents"]
    memory = sorted(
        (event for event in events if event.get("name") == "[memory]"), key=lambda e: e["ts"]
    )
    held = peak = 0
    for event in memory:
        held += event["args"]["Bytes"]
        peak = max(peak, held)
    return peak


def measure_rates() -> Rates:
    """Measure this machine at what forward passes are made of, on as many threads as now."""
    size = 512
    # What the C library keeps for the next call grows with what it has seen freed, to its limit at
    # FRESH_FROM. A process that has run for a while, such as the app's, has seen it all.
    torch.empty(FRESH_FROM // 2 - 2**16, dtype=torch.uint8)
    matrix, cells = torch.randn(size, size), torch.randn(8, size, size)
    layers = 4
    tiny, token = Encoder(Config(embed_size=8, heads=2, layers=layers)).eval(), torch.randn(1, 1, 8)
    with torch.inference_mode():
        products = _fastest(lambda: matrix @ matrix)
        # Into new memory, as the module does; each of two operations reads and writes all.
        moving = _fastest(lambda: torch.softmax(cells / 2.0, dim=-1))
        layer = _fastest(lambda: tiny(token)) / layers
        fresh = _fastest(lambda: torch.empty(FRESH_FROM // NUMBER_BYTES * 2).zero_())
        known = torch.empty(FRESH_FROM // NUMBER_BYTES * 2)
        fetching = max(fresh - _fastest(known.zero_), 1e-9)  # 0 where memory costs nothing
    return Rates(
        multiply_adds=size**3 / products,
        bytes=4 * cells.numel() * NUMBER_BYTES / moving,
        fresh_bytes=2 * FRESH_FROM / fetching,
        layer_seconds=layer,
    )


def _fastest(call: Callable[[], object]) -> float:
    """Seconds of the fastest of several warm runs: whatever else runs here only adds to it."""
    call()
    seconds: list[float] = []
    while len(seconds) < 3 or (sum(seconds) < RUNS_SECONDS and len(seconds) < MOST_RUNS):
        begin = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - begin)
    return min(seconds)


def _run(config: Config, encoder: Encoder, tokens: int) -> tuple[float, int]:
    """Seconds and peak bytes of one forward pass."""
    shape = (1, tokens) if config.vocabulary else (1, tokens, config.embed_size)

    def forward() -> torch.Tensor:
        x = torch.zeros(shape, dtype=torch.long) if config.vocabulary else torch.ones(shape)
        output: torch.Tensor = encoder(x)
        return output

    with torch.inference_mode():
        return _fastest(forward), allocated_peak(forward)


def why_not(config: Config, tokens: int, rates: Rates, task: dict[str, Any]) -> CodedText | None:
    """Return why a pass isn't run; None if it is."""
    if config.architecture.positions == "learned" and tokens > config.longest:
        return CodedText(
            "cost.positions", "there are {count} learned positions", count=config.longest
        )
    needed = peak_memory(config, tokens).value + parameter_count(config) * NUMBER_BYTES
    if needed > task["most_bytes"]:
        return CodedText(
            "cost.memory",
            "would need {needed:.2g} GB, more than {most:.2g} GB",
            needed=needed / 1e9,
            most=task["most_bytes"] / 1e9,
        )
    seconds = predict_seconds(config, tokens, rates)
    if seconds > task["most_seconds"]:
        return CodedText(
            "cost.time",
            "would take {needed:.2g} s, more than {most:.2g} s",
            needed=seconds,
            most=task["most_seconds"],
        )
    return None


def _serve(task: dict[str, Any], out: IO[str]) -> None:
    """Measure what a task asks for, and write a line for each result."""
    torch.set_num_threads(1)  # as the pages have it; one core more stays for the server
    rates = measure_rates()
    configs = [
        Config(**{**config, "architecture": Architecture(**config["architecture"])})
        for config in task["configs"]
    ]
    for tokens, (index, config) in product(task["lengths"], enumerate(configs)):
        why = why_not(config, tokens, rates, task)
        # A new module each time: several large ones at once might not fit.
        measured = (None, None) if why else _run(config, Encoder(config).eval(), tokens)
        left_out = why and {"code": why.code, "template": why.template, "values": why.values}
        print(
            json.dumps([index, tokens, *measured, astuple(rates), left_out]), file=out, flush=True
        )


if __name__ == "__main__":
    end_with(int(sys.argv[1]))
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)  # whatever else is printed, PyTorch's profiler says something, is no answer
        _serve(json.load(sys.stdin), answers)
