"""Runs code that people get, as they would: in a process of its own, without the app."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# It waits for files, so that torch is imported once. Where torch alone is asked for, nothing can
# be imported but torch, what torch needs and Python's own: torch does without NumPy.
RUNNER = """
import contextlib, io, json, sys, traceback, warnings
from importlib.machinery import PathFinder

ALLOWED = {*sys.argv[1:], *sys.stdlib_module_names}

class Only(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        first = name.partition(".")[0]
        if first in ALLOWED or first.startswith("_"):
            return super().find_spec(name, path, target)
        return None

if sys.argv[1:]:
    sys.meta_path[:] = [Only if each is PathFinder else each for each in sys.meta_path]
    sys.meta_path[:] = [each for each in sys.meta_path if isinstance(each, type)]
warnings.simplefilter("ignore")
for line in sys.stdin:
    file, said, wrong = json.loads(line), io.StringIO(), None
    with contextlib.redirect_stdout(said), open(file, encoding="utf-8") as opened:
        try:
            exec(compile(opened.read(), file, "exec"), {"__name__": "__main__"})
        except BaseException:
            wrong = traceback.format_exc(limit=-3)
    print(json.dumps([said.getvalue(), wrong]), flush=True)
"""
TORCH = (
    *("torch", "torchgen", "functorch", "typing_extensions", "sympy", "mpmath", "networkx"),
    *("jinja2", "markupsafe", "fsspec", "filelock", "setuptools"),
)
LARGEST = re.compile(r"^largest difference (\S+)$", re.MULTILINE)


class Runner:
    """A process that runs files, as long as it is open."""

    def __init__(self, *allowed: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", RUNNER, *allowed],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def run(self, sources: Mapping[str, str], folder: Path) -> dict[str, tuple[float, str]]:
        """Return of each file the largest difference that it printed, and all that it did."""
        return {name: self._run(source, folder / f"{name}.py") for name, source in sources.items()}

    def _run(self, source: str, file: Path) -> tuple[float, str]:
        file.write_text(source, encoding="utf-8")
        ask, answers = self._process.stdin, self._process.stdout
        assert ask is not None
        assert answers is not None
        print(json.dumps(str(file)), file=ask, flush=True)
        said, wrong = json.loads(answers.readline())
        assert wrong is None, (file.name, said, wrong)
        printed = LARGEST.search(said)
        assert printed is not None, (file.name, said)
        return float(printed[1]), said

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()

    def __enter__(self) -> "Runner":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()
