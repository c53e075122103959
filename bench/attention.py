"""The module's trace, with every number kept, against PyTorch's attention with weights per head."""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from bench.report import BenchError, Row, spread
from bench.settings import ROOT, Options

SIZES = ((32, 64, 8), (128, 256, 8), (512, 512, 8), (2048, 512, 8))  # tokens, embedding, heads
THREADS = 2
TARGET = 1.0
MOST_REPEATS = 2000
FEWEST_REPEATS = 15
LONGEST = 3  # times the seconds asked for: a machine may become busy once repeats are reckoned
STATUS = Path("/proc/self/status")
CLEAR_REFS = Path("/proc/self/clear_refs")

Call = Callable[[], object]


def ours(embed_size: int, heads: int) -> Callable[[torch.Tensor], object]:
    """The project's module, with the paper's projections and scale."""
    from model.attention import SelfAttention

    module = SelfAttention(embed_size, heads, projection="full", scale="head_dim").eval()
    return lambda x: module.trace(x, x, x, mask=None)


def peer(embed_size: int, heads: int) -> Callable[[torch.Tensor], object]:
    """PyTorch's module, asked for each head's weights."""
    module = torch.nn.MultiheadAttention(embed_size, heads, batch_first=True).eval()
    return lambda x: module(x, x, x, need_weights=True, average_attn_weights=False)


BUILDERS = {"ours": ours, "peer": peer}


def milliseconds(call: Call) -> float:
    begin = time.perf_counter()
    call()
    return (time.perf_counter() - begin) * 1000


def interleaved(first: Call, second: Call, seconds: float) -> tuple[list[float], list[float]]:
    """Times of both calls in ms, taken in turn, with the order swapped every time."""
    once = [milliseconds(call) for _ in range(3) for call in (first, second)][2:]
    repeats = int(seconds * 1000 / max(statistics.median(once) * 2, 1e-3))
    times: tuple[list[float], list[float]] = ([], [])
    end = time.perf_counter() + LONGEST * seconds
    for number in range(min(max(repeats, FEWEST_REPEATS), MOST_REPEATS)):
        if number >= FEWEST_REPEATS and time.perf_counter() > end:
            break
        for index in (0, 1) if number % 2 else (1, 0):
            times[index].append(milliseconds((first, second)[index]))
    return times


def time_row(size: tuple[int, int, int], seconds: float) -> Row:
    """The ratio of the median times at one size."""
    tokens, embed_size, heads = size
    x = torch.randn(1, tokens, embed_size, generator=torch.Generator().manual_seed(0))
    trace, reference = ours(embed_size, heads), peer(embed_size, heads)
    with torch.inference_mode():
        mine, theirs = interleaved(lambda: trace(x), lambda: reference(x), seconds)
    return Row(
        "trace", f"time, {tokens} tokens, embedding {embed_size}, {heads} heads", spread(mine),
        spread(theirs), statistics.median(mine) / statistics.median(theirs), TARGET, 0,
        f"{THREADS} threads, {len(mine)} repeats, median (quartiles)",
    )  # fmt: skip


def memory_mb(field: str) -> float:
    """A memory field of this process from Linux' /proc, in MB: VmRSS (now) or VmHWM (peak)."""
    for line in STATUS.read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    raise BenchError(f"no {field} in {STATUS}")


def peak_mb(kind: str, size: tuple[int, int, int]) -> float:
    """Peak resident memory of one call, less what the process held before it, in MB.

    A tiny call first loads what any call needs; then the kernel's high-water mark is set back.
    """
    torch.set_num_threads(THREADS)
    tokens, embed_size, heads = size
    call = BUILDERS[kind](embed_size, heads)
    x = torch.randn(1, tokens, embed_size)
    with torch.inference_mode():
        call(x[:, :4])
        CLEAR_REFS.write_text("5")
        before = memory_mb("VmRSS")
        result = call(x)
        peak = memory_mb("VmHWM")
        del result
    return peak - before


def from_child(
    module: str,
    *arguments: object,
    environ: Mapping[str, str] | None = None,
    timeout: float = 120,
) -> Any:
    """The JSON that `python -m module arguments ...` prints, in a fresh process.

    `environ` is added to this process' environment; `timeout` is in seconds.
    """
    command = [sys.executable, "-m", module, *map(str, arguments)]
    env = {**os.environ, **(environ or {})}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=timeout, cwd=ROOT, env=env
    )
    if done.returncode != 0:
        raise BenchError(f"{' '.join(command[1:])}: {done.stderr[-500:]}")
    return json.loads(done.stdout)


def memory_row(size: tuple[int, int, int]) -> Row:
    """Peak memory; for information, since the trace keeps fields that the peer throws away."""
    tokens, embed_size, heads = size
    mine, theirs = (
        statistics.median(from_child("bench.attention", kind, *size) for _ in range(3))
        for kind in ("ours", "peer")
    )
    return Row(
        "trace", f"peak memory, {tokens} tokens, embedding {embed_size}, {heads} heads",
        f"{mine:.1f} MB", f"{theirs:.1f} MB", mine / theirs if theirs >= 1 else None, None, 0,
        "resident memory above that before the call, a fresh process each, median of 3",
    )  # fmt: skip


def measure(options: Options) -> list[Row]:
    """Time and memory at every size."""
    torch.set_num_threads(THREADS)
    seconds = 0.6 if options.quick else 6.0
    times = [time_row(size, seconds) for size in SIZES]
    return times + [memory_row(size) for size in SIZES]


if __name__ == "__main__":
    print(peak_mb(sys.argv[1], (int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))))
