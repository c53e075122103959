"""What attention costs, predicted and measured on this very machine.

Measuring has a process of its own, lab/cost_process.
"""

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import pandas as pd
import torch

from model.amount import ZERO, Amount
from model.config import Config
from model.cost import Rates, peak_memory
from model.cost_parts import part_costs
from model.errors import CodedError, CodedText, CodedValueError
from model.reasons import without_folders
from model.transformer import Encoder

ROOT = Path(__file__).resolve().parents[1]
MOST_TOKENS = 4096
MOST_CONFIGS, MOST_LENGTHS = 8, 32
MOST_BYTES = 1_500_000_000  # parameters and peak of one forward pass
MOST_SECONDS = 10.0  # of one forward pass
LISTEN = 0.1  # seconds between two looks whether it is to stop
START_SECONDS = 120.0  # until the process has to have loaded PyTorch on a busy machine
AMOUNTS = ("parameters", "multiply_adds", "elementary", "bytes")
COLUMNS = {
    "part": "a part of the encoder, in all layers together",
    "parameters": "numbers that training finds",
    "multiply_adds": "multiply-adds of matrix products in one forward pass; two FLOPs each",
    "elementary": "operations on single numbers: softmax, norms, activations, additions",
    "bytes": "bytes of results kept to the end of the pass, and of the feed-forward's hidden units "
    "in one layer; in the total, the most held at one time",
    **{
        f"{name}_formula": f"where {name} come from; letters as in model/cost_parts"
        for name in AMOUNTS
    },
}


@dataclass(frozen=True)
class Measured:
    """One forward pass of one configuration at one length."""

    config_index: int
    tokens: int
    seconds: float | None  # the fastest of several runs, on one thread; None if left out
    peak_bytes: int | None  # the most that its tensors held, parameters not counted
    rates: Rates  # of this machine, at the beginning
    left_out: CodedText | None = None  # why it wasn't run


class MeasureError(CodedError, RuntimeError):
    """The process that measures ended or hung; the message has the end of what it said."""


def cost_table(config: Config, tokens: int, *, batch: int = 1) -> pd.DataFrame:
    """Return what each part costs and, last, all together; COLUMNS says what the columns are.

    Raises:
        ValueError: as model.cost_parts.part_costs does.
    """
    parts = part_costs(config, tokens, batch=batch)
    rows: list[tuple[str, dict[str, Amount]]] = [
        (part.name, {name: getattr(part, name) for name in AMOUNTS}) for part in parts
    ]
    total = {name: sum((row[name] for _, row in rows), ZERO) for name in AMOUNTS}
    rows.append(("total", total | {"bytes": peak_memory(config, tokens, batch=batch)}))
    return pd.DataFrame(
        {
            "part": [name for name, _ in rows],
            **{name: [row[name].value for _, row in rows] for name in AMOUNTS},
            **{f"{name}_formula": [row[name].formula for _, row in rows] for name in AMOUNTS},
        }
    )


def measure(
    configs: Sequence[Config],
    lengths: Sequence[int],
    *,
    most_bytes: int = MOST_BYTES,
    most_seconds: float = MOST_SECONDS,
    stop: threading.Event | None = None,
) -> Generator[Measured, None, None]:
    """Run forward passes in another process, shortest first, each length in all configurations.

    A pass that is predicted to need more memory or time than it may is left out, and says why.
    Whoever stops taking results ends the process.

    Args:
        configs: at most MOST_CONFIGS.
        lengths: in tokens, at most MOST_LENGTHS of at most MOST_TOKENS each.
        most_bytes: that parameters and the pass may need together.
        most_seconds: that a pass may take.
        stop: ends the process and the results at once when it is set, by any thread.

    Raises:
        ValueError: if there is nothing to measure, or too much, or no such encoder.
        MeasureError: if the process ends too early, or says nothing for too long.
    """
    lengths = sorted(set(lengths))
    if not 1 <= len(configs) <= MOST_CONFIGS or not 1 <= len(lengths) <= MOST_LENGTHS:
        raise CodedValueError(
            "cost.count",
            "expected 1 to {most_configs} configurations and 1 to {most_lengths} lengths, got "
            "{configs} and {lengths}",
            most_configs=MOST_CONFIGS,
            most_lengths=MOST_LENGTHS,
            configs=len(configs),
            lengths=len(lengths),
        )
    if lengths[0] < 1 or lengths[-1] > MOST_TOKENS:
        raise CodedValueError(
            "cost.lengths",
            "expected lengths of 1 to {most} tokens, got {shortest} to {longest}",
            most=MOST_TOKENS,
            shortest=lengths[0],
            longest=lengths[-1],
        )
    for config in configs:
        check_encoder(config)
    task = {
        "configs": [asdict(config) for config in configs],
        "lengths": lengths,
        "most_bytes": most_bytes,
        "most_seconds": most_seconds,
    }
    # A prediction may be wrong by some factor, and a pass is run at least three times.
    patience = START_SECONDS + 20 * most_seconds
    return _results(task, len(configs) * len(lengths), patience, stop or threading.Event())


def check_encoder(config: Config) -> None:
    """Raise the ValueError of an encoder that can't be built; it takes no memory.

    A Config alone doesn't know what concerns a module, such as rotary positions of an odd size.
    """
    with torch.device("meta"):
        Encoder(config)


def _results(
    task: dict[str, Any], count: int, patience: float, stop: threading.Event
) -> Generator[Measured, None, None]:
    """The results of a task, in a process that lives as long as this generator."""
    lines: queue.Queue[str] = queue.Queue()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "lab.cost_process", str(os.getpid())],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            encoding="utf-8",
        )
        try:
            reader = threading.Thread(target=_exchange, args=(process, task, lines), daemon=True)
            reader.start()
            for _ in range(count):
                result = _result(lines, patience, errors, stop)
                if result is None:
                    return
                yield result
        finally:
            process.kill()
            process.wait()
            reader.join()


def _exchange(
    process: "subprocess.Popen[str]", task: dict[str, Any], lines: "queue.Queue[str]"
) -> None:
    """Hand over the task, and take lines as they come, an empty one at the end."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        with process.stdin, process.stdout:
            process.stdin.write(json.dumps(task))
            process.stdin.close()
            for line in process.stdout:
                lines.put(line)
    except OSError:  # it ended before it had read all
        pass
    finally:
        lines.put("")


def _result(
    lines: "queue.Queue[str]", patience: float, errors: IO[str], stop: threading.Event
) -> Measured | None:
    """The next result; None once it is stopped."""
    line, end = None, time.monotonic() + patience
    while line is None:
        if stop.is_set():
            return None
        if time.monotonic() > end:
            raise MeasureError(
                "cost.silent",
                "the measuring process said nothing for {seconds:.0f} s",
                seconds=patience,
            )
        with suppress(queue.Empty):
            line = lines.get(timeout=LISTEN)
    if not line:
        errors.seek(0)
        said = without_folders(errors.read()[-500:])
        raise MeasureError(
            "cost.ended", "the measuring process ended too early: {reason}", reason=said
        )
    config_index, tokens, seconds, peak_bytes, rates, left_out = json.loads(line)
    if left_out is not None:
        left_out = CodedText(left_out["code"], left_out["template"], **left_out["values"])
    return Measured(config_index, tokens, seconds, peak_bytes, Rates(*rates), left_out)
