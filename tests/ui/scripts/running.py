"""Runs code that people get, as they would: in a process of its own, with torch alone."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

# Nothing but torch, what torch needs and Python's own can be imported. Torch does without NumPy.
RUNNER = """
import contextlib, io, json, sys, warnings

allowed, files = json.loads(sys.stdin.read())

class Refusing:
    def find_spec(self, name, path=None, target=None):
        first = name.partition(".")[0]
        if first not in allowed and first not in sys.stdlib_module_names:
            raise ModuleNotFoundError(f"No module named {first!r}", name=first)
        return None

sys.meta_path.insert(0, Refusing())
warnings.simplefilter("ignore")
results = []
for file in files:
    said, end = io.StringIO(), None
    with contextlib.redirect_stdout(said), open(file, encoding="utf-8") as opened:
        try:
            exec(compile(opened.read(), file, "exec"), {"__name__": "__main__"})
        except SystemExit as error:
            end = str(error)
    results.append([said.getvalue(), end])
sys.stdout.write(json.dumps(results))
"""
TORCH = (
    *(
        "torch",
        "torchgen",
        "functorch",
        "typing_extensions",
        "sympy",
        "mpmath",
        "networkx",
        "jinja2",
    ),
    *("markupsafe", "fsspec", "filelock", "setuptools"),
)
LARGEST = re.compile(r"^largest difference (\S+)$", re.MULTILINE)


def run_files(
    sources: Mapping[str, str], folder: Path, others: Sequence[str] = ()
) -> dict[str, tuple[float, str]]:
    """Return of each file the largest difference that it printed, and all that it did."""
    files = []
    for name, source in sources.items():
        files.append(folder / f"{name}.py")
        files[-1].write_text(source, encoding="utf-8")
    asked = json.dumps([[*TORCH, *others], list(map(str, files))])
    command = [sys.executable, "-I", "-c", RUNNER]
    done = subprocess.run(
        command, input=asked, capture_output=True, text=True, cwd=folder, check=False
    )
    assert done.returncode == 0, done.stderr
    found = {}
    for name, (said, end) in zip(sources, json.loads(done.stdout), strict=True):
        assert end is None, (name, said, end)
        printed = LARGEST.search(said)
        assert printed is not None, (name, said)
        found[name] = float(printed[1]), said
    return found
