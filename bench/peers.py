"""Other tools that draw attention: installed in a cache folder, never into the project."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

import numpy as np
from playwright.sync_api import Browser, Error, Page

from bench.browser import POLL_MS, VIEWPORT
from bench.report import BenchError
from bench.settings import ROOT

OURS = "Headlight"
MODEL_VIEW = "BertViz's model_view"
PEERS = ("Inspectus", "attnview", "BertViz's head_view", MODEL_VIEW, "CircuitsVis")
ALONE = ("inspectus==0.2.0", "attnview==0.5.1", "bertviz==1.4.1", "circuitsvis==1.43.3")
WITH_ALL = ("ipython>=9,<10",)  # what they import that the project's environment doesn't have
SCRIPTS = {  # what BertViz loads from a CDN: where from, and the file of an npm package
    "require.js/2.3.6/require.min.js": "requirejs/require.js",
    "d3/5.7.0/d3.min.js": "d3/dist/d3.min.js",
    "jquery/2.0.0/jquery.min.js": "jquery/dist/jquery.min.js",
}
FROM_NPM = ("requirejs@2.3.6", "d3@5.7.0", "jquery@2.1.0")  # npm's oldest jQuery with this file
PROBE = Path(__file__).resolve().parent / "peers.js"
LIMIT = 60.0  # seconds that a page may take until it is painted


def cache_folder() -> Path:
    """Where the peers are kept from one run of the benchmark to the next."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "headlight-bench"


def run(command: list[str]) -> None:
    """Run it; raise BenchError with the end of what it printed if it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BenchError(f"the peers can't be installed: {error}") from error
    if done.returncode:
        raise BenchError(f"the peers can't be installed: {done.stderr.strip()[-200:]}")


def install() -> Path:
    """Return the cache's folder, with packages/ of PyPI and node_modules/ of npm.

    Raises BenchError where they can't be had.
    """
    folder = cache_folder()
    pinned = "\n".join((*ALONE, *WITH_ALL, *FROM_NPM))
    stamp = folder / "installed.txt"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == pinned:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--quiet"]
    pip.append(f"--target={folder / 'packages'}")
    run([*pip, "--no-deps", *ALONE])
    run([*pip, *WITH_ALL])
    npm = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", f"--prefix={folder}"]
    run([*npm, *FROM_NPM])
    stamp.write_text(pinned, encoding="utf-8")
    return folder


def lay_scripts(installed: Path, folder: Path) -> None:
    """Copy what BertViz loads from a CDN beside its pages, by the paths that it has there."""
    for path, source in SCRIPTS.items():
        target = folder / "libs" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(installed / "node_modules" / source, target)


def lay_package(folder: Path) -> None:
    """Lay `headlight` as its wheel does: library/, with model/ and viz/ below it."""
    package = folder / "headlight"
    package.mkdir(parents=True)
    for path in (*(ROOT / "library").iterdir(), ROOT / "model", ROOT / "viz"):
        (package / path.name).symlink_to(path)


@dataclass(frozen=True)
class Made:
    """Seconds that a page took to make, and its bytes."""

    seconds: float
    bytes: int


class Worker:
    """A process that makes one tool's pages. `first` is how long its first, small page took."""

    def __init__(self, name: str, packages: list[Path]) -> None:
        self.name = name
        self.first = 0.0
        path = os.pathsep.join(str(each) for each in packages)
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("peers_worker.py")), name],
            env=os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        self.first = float(self._answer()["seconds"])
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()

    def make(self, weights: Path, layers: int, tokens: int, page: Path, message: bool) -> Made:
        """Make a page of so many of the arrays' layers, or the message for a notebook."""
        asked = {
            "weights": str(weights),
            "layers": layers,
            "tokens": [f"word{number}" for number in range(tokens)],
            "page": str(page),
            "message": message,
        }
        if self._process.stdin is None:
            raise BenchError(f"{self.name} has no input")
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        answer = self._answer()
        return Made(float(answer["seconds"]), int(answer["bytes"]))

    def _answer(self) -> dict[str, Any]:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise BenchError(f"{self.name} made no page: the process has ended")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def workers(names: tuple[str, ...]) -> Iterator[tuple[Path, list[Worker]]]:
    """A folder for pages, with BertViz's scripts, and a process for Headlight and each peer."""
    installed = install()
    with TemporaryDirectory(prefix="headlight-bench-") as temporary:
        folder = Path(temporary)
        lay_scripts(installed, folder)
        lay_package(folder / "package")
        started: list[Worker] = []
        try:
            for name in names:
                packages = [folder / "package"] if name == OURS else [installed / "packages"]
                started.append(Worker(name, packages))
                started[-1].__enter__()
            yield folder, started
        finally:
            for worker in started:
                worker.__exit__(None, None, None)


def save_weights(path: Path, layers: int, heads: int, tokens: int) -> Path:
    """Write weights whose rows sum to 1, (layers, heads, tokens, tokens) in float32, always the
    same: softmax of normal numbers."""
    rng = np.random.default_rng(tokens)
    scores = 2 * rng.standard_normal((layers, heads, tokens, tokens), dtype=np.float32)
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    np.save(path, powers / powers.sum(axis=-1, keepdims=True))
    return path


@contextmanager
def window(browser: Browser, name: str) -> Iterator[Page]:
    """A window with nothing kept, in which the probe looks for that tool's drawing."""
    context = browser.new_context(viewport=VIEWPORT, accept_downloads=False)
    context.add_init_script(
        script=PROBE.read_text(encoding="utf-8").replace("NAME", json.dumps(name))
    )
    try:
        yield context.new_page()
    finally:
        context.close()


def wait_until_painted(page: Page) -> float | None:
    """When it was painted, in seconds since the epoch; None if it wasn't within the limit.

    A page that has crashed, as one does that asks for more memory than there is, wasn't, either.
    """
    try:
        page.wait_for_function("() => window.benchPaintedAt", timeout=LIMIT * 1000, polling=POLL_MS)
        return float(page.evaluate("window.benchPaintedAt")) / 1000
    except Error:
        return None


def seconds_to_open(browser: Browser, name: str, path: Path) -> float | None:
    """Seconds from asking for the file until it is painted; None if that is over the limit."""
    with window(browser, name) as page:
        start = time.time()
        try:
            page.goto(path.as_uri(), wait_until="commit", timeout=LIMIT * 1000)
        except Error:
            return None
        painted = wait_until_painted(page)
        if painted is None or painted - start > LIMIT:
            return None
        return painted - start
