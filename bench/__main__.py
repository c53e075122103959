"""Runs the benchmarks: `python -m bench [names...] [--quick]`. Prints a Markdown table."""

import argparse
import importlib
import os
import platform
import sys
import traceback
from pathlib import Path

from bench.report import Row, markdown_table
from bench.settings import Options

FAILED = "could not be measured"
PARTS = {  # name: module
    "paint": "bench.paint",
    "overview": "bench.overview",
    "causes": "bench.causes",
    "picture": "bench.picture",
    "saved_page": "bench.saved_page",
    "notebook": "bench.notebook",
    "opening": "bench.opening",
    "first": "bench.first",
    "lessons": "bench.lessons",
    "load": "bench.load",
    "limits": "bench.limits",
    "rooms": "bench.rooms",
    "processes": "bench.processes",
    "connected": "bench.connected",
    "soak": "bench.soak",
    "wire": "bench.wire",
    "trace": "bench.attention",
    "stack": "bench.stack",
    "record": "bench.record",
    "kept": "bench.kept",
    "models": "bench.models",
    "bert": "bench.bert",
    "head": "bench.head",
    "learn": "bench.learn",
    "stories": "bench.stories",
    "sweep": "bench.sweeps",
    "cold": "bench.cold",
    "memory": "bench.memory",
}


def run(name: str, options: Options) -> list[Row]:
    """One part's rows; a part that could not be measured gives a row that says why."""
    try:
        rows: list[Row] = importlib.import_module(PARTS[name]).measure(options)
    except Exception as error:  # the other parts' numbers are not to be lost
        traceback.print_exc()
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        return [Row(name, FAILED, "", "", None, note=reason[:300])]
    return rows


def main() -> int:
    """Measure and print; 1 if a part could not be measured. A missed target is no error."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(PARTS)}; or all")
    parser.add_argument("--quick", action="store_true", help="short runs, to see that they work")
    parser.add_argument(
        "--minutes", type=float, help="of each memory measurement (10), and of soak (3)"
    )
    parser.add_argument("--app", type=Path, default=Options.app, help="the app's entry file")
    args = parser.parse_args()
    if unknown := set(args.names) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    options = Options(args.app.resolve(), args.quick, args.minutes)
    rows = []
    for name in args.names or PARTS:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        rows += run(name, options)
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.system()}.\n")
    print(markdown_table(rows))
    return int(any(row.case == FAILED for row in rows))


if __name__ == "__main__":
    sys.exit(main())
