"""Bytes received for one change of the sentence, against the raw numbers that the picture shows."""

import asyncio
import base64
import json
import random
import statistics
from typing import Any

from bench.client import Run, Session
from bench.report import BenchError, Row
from bench.server import Server
from bench.settings import HEADS, App, Options, sentence, with_last_word

TOKENS = (32, 128)
CHANGES = 7
FACTOR = 1.6  # the target: at most this many times the raw bytes ...
ALLOWANCE = 30 * 1024  # ... and so many bytes for everything else
FLOAT32 = 4
ITEM_BYTES = {"i1": 1, "u1": 1, "u1c": 1, "i2": 2, "u2": 2, "i4": 4, "u4": 4, "f4": 4, "f8": 8}


def cells(z: Any) -> int:
    """How many numbers a trace's `z` holds, as typed array (base64) or as nested lists."""
    if isinstance(z, dict):
        return len(base64.b64decode(z["bdata"])) // ITEM_BYTES[z["dtype"]]
    if isinstance(z, list):
        return sum(cells(item) if isinstance(item, (list, dict)) else 1 for item in z)
    return 0


def shown_cells(spec: str) -> int:
    """The cells of all heatmaps in a chart's JSON."""
    return sum(cells(trace.get("z")) for trace in json.loads(spec)["data"])


async def changes(app: App, port: int, words: int) -> list[Run]:
    """Open a page with that many words, and change the last one a few times."""
    rng = random.Random(words)
    text = sentence(rng, words)
    session = Session(app, port)
    await session.open(text)
    runs = []
    try:
        await session.change(text)
        for _ in range(CHANGES):
            text = with_last_word(text, rng)
            runs.append(await session.change(text))
    finally:
        await session.close()
    for run in runs:
        if run.exceptions or not run.chart_spec:
            raise BenchError(f"{app.name}, {words} words: {run.exceptions or 'no new chart'}")
    return runs


def row(words: int, runs: list[Run], floor: list[Run]) -> Row:
    """Bytes over raw bytes. Raw counts each head's cells once, and never more than were sent."""
    sent = shown_cells(runs[-1].chart_spec)
    raw = FLOAT32 * min(sent, HEADS * words * words)
    received = statistics.median(run.message_bytes for run in runs)
    chart = statistics.median(run.chart_bytes for run in runs)
    smallest = statistics.median(run.message_bytes for run in floor)
    note = (
        f"chart {chart / 1024:.1f} KB, the rest {(received - chart) / 1024:.1f} KB in "
        f"{runs[-1].messages} messages; over the socket "
        f"{statistics.median(run.socket_bytes for run in runs) / 1024:.1f} KB; {sent} cells sent; "
        f"the smallest app: {smallest / 1024:.1f} KB for 1024 cells"
    )
    return Row(
        "wire", f"{HEADS} heads, {words} tokens, one word changed", f"{received / 1024:.1f} KB",
        f"{raw / 1024:.1f} KB raw", received / raw, FACTOR + ALLOWANCE / raw, 0, note,
    )  # fmt: skip


def measure(options: Options) -> list[Row]:
    """The target allows 1.6 times the raw bytes and 30 KB, so the ratio allowed differs by size."""
    small_app, app = options.apps
    with Server(small_app.script) as small, Server(app.script) as ours:
        floor = asyncio.run(changes(small_app, small.port, TOKENS[0]))
        return [row(words, asyncio.run(changes(app, ours.port, words)), floor) for words in TOKENS]
