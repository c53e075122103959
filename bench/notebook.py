"""`headlight.show` in a notebook's cell until it is painted, against BertViz's `model_view`."""

import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import Browser, Error

from bench.browser import chromium
from bench.peers import (
    LIMIT,
    MODEL_VIEW,
    OURS,
    Worker,
    save_weights,
    wait_until_painted,
    window,
    workers,
)
from bench.report import Row, spread
from bench.server import HOST
from bench.settings import Options

LAYERS, HEADS = 12, 12
TARGETS = {64: 1.0, 256: 1 / 3}  # by tokens
# Of all layers of 256 tokens BertViz draws 9 million lines, for which this machine's memory isn't
# enough. It is given as few layers as this then, so the ratio is larger than that of equal work.
PEERS_LAYERS = {64: LAYERS, 256: 1}
ONCE = 15.0  # seconds: what takes longer is measured once
# A page with an empty output cell. As Jupyter does it, a message's HTML becomes the cell's, and its
# scripts are replaced by copies, which run. Classic notebooks have require.js, which BertViz needs.
HOST_PAGE = """<!doctype html><html><head><meta charset="utf-8"><title>notebook</title>
<script src="libs/require.js/2.3.6/require.min.js"></script></head>
<body><div id="cell"></div><script>
async function show(address) {
  const { data } = await (await fetch(address)).json()
  const cell = document.getElementById("cell")
  cell.innerHTML = data["text/html"]
  for (const old of [...cell.querySelectorAll("script")]) {
    const script = document.createElement("script")
    for (const { name, value } of old.attributes) script.setAttribute(name, value)
    script.textContent = old.textContent
    old.replaceWith(script)
  }
}
</script></body></html>"""
ALL_LAYERS = "All layers"


@dataclass
class Times:
    """Seconds of one tool: in Python, and from there until it was painted; of both; and bytes."""

    made: list[float] = field(default_factory=list)
    shown: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    all_layers: list[float] = field(default_factory=list)
    bytes: int = 0
    gave_up: bool = False

    def total(self) -> str:
        return f"> {LIMIT:.0f} s" if self.gave_up else spread(self.whole, "s")

    def median(self) -> float:
        return LIMIT if self.gave_up else statistics.median(self.whole)

    def about(self) -> str:
        made = f"{statistics.median(self.made):.3g} s in Python, {self.bytes / 1e6:.3g} MB"
        return made if len(self.made) > 1 else f"{made}, measured once"


class Silent(SimpleHTTPRequestHandler):
    """Serves the folder, and says nothing."""

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address at which this folder is served, on this machine alone."""
    server = ThreadingHTTPServer((HOST, 0), partial(Silent, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def show(browser: Browser, name: str, address: str, times: Times) -> None:
    """Show the message in a cell; add how long it took until it was painted."""
    with window(browser, name) as page:
        page.goto(f"{address}notebook.html")
        start = time.time()
        try:
            page.evaluate("void show('message.json')")
            painted = wait_until_painted(page)
        except Error:  # the page has crashed
            painted = None
        if painted is None or painted - start > LIMIT:
            times.gave_up = True
            return
        times.shown.append(painted - start)
        times.whole.append(times.made[-1] + painted - start)
        if name == OURS:
            frame = page.frames[-1]
            page.evaluate("window.benchPaintedAt = 0")
            button = frame.get_by_text(ALL_LAYERS, exact=True).first
            frame.evaluate("window.benchWatch()")
            start = time.time()
            button.click()
            painted = wait_until_painted(page)
            if painted is not None:
                times.all_layers.append(painted - start)


def measure_size(
    browser: Browser, folder: Path, tools: list[Worker], tokens: int, rounds: int
) -> dict[str, Times]:
    """Both in turn; what is slow is measured once."""
    weights = save_weights(folder / "weights.npy", LAYERS, HEADS, tokens)
    times = {tool.name: Times() for tool in tools}
    with served(folder) as address:
        for number in range(rounds):
            for tool in tools if number % 2 else tools[::-1]:
                found = times[tool.name]
                if found.gave_up or (found.whole and statistics.median(found.whole) > ONCE):
                    continue
                path = folder / "message.json"
                layers = LAYERS if tool.name == OURS else PEERS_LAYERS[tokens]
                made = tool.make(weights, layers, tokens, path, message=True)
                found.made.append(made.seconds)
                found.bytes = made.bytes
                show(browser, tool.name, address, found)
                path.unlink()
    return times


def rows_of(tokens: int, times: dict[str, Times], tools: list[Worker]) -> list[Row]:
    ours, peer = times[OURS], times[MODEL_VIEW]
    case = f"{LAYERS} layers of {HEADS} heads, {tokens} tokens"
    first = {tool.name: tool.first for tool in tools}
    note = f"{OURS}: {ours.about()}; the peer: {peer.about()}"
    if peer.gave_up:
        note += f"; it wasn't painted within {LIMIT:.0f} s, so the ratio is at most this"
    if PEERS_LAYERS[tokens] < LAYERS:
        note += f"; the peer was given {PEERS_LAYERS[tokens]} of the {LAYERS} layers"
    starts = f"{first[OURS]:.2g} and {first[MODEL_VIEW]:.2g} s"
    note += f"; a process's first page, a small one: {starts}"
    theirs = f"{peer.total()} ({MODEL_VIEW})"
    rows = [
        Row("notebook", f"shown until painted, {case}", ours.total(), theirs,
            ours.median() / peer.median(), TARGETS[tokens], int(ours.gave_up), note)
    ]  # fmt: skip
    if ours.all_layers:
        both = ours.median() + statistics.median(ours.all_layers)
        rows.append(
            Row("notebook", f"and then all layers at once until painted, {case}", f"{both:.3g} s",
                f"{peer.total()} ({MODEL_VIEW})", both / peer.median(), None, 0,
                f"from the click: {spread(ours.all_layers, 's')}")
        )  # fmt: skip
    return rows


def measure(options: Options) -> list[Row]:
    """All heads of a model of BERT's size; the first picture, and then all heads of all layers."""
    rows = []
    names = (OURS, MODEL_VIEW)
    with workers(names) as (folder, tools), chromium() as browser:
        (folder / "notebook.html").write_text(HOST_PAGE, encoding="utf-8")
        for tokens in TARGETS:
            times = measure_size(browser, folder, tools, tokens, 1 if options.quick else 5)
            rows += rows_of(tokens, times, tools)
    return rows
