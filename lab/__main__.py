"""The Lab without a browser: `python -m lab mechanism|learning|cost`, tables as CSV or Parquet."""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import pandas as pd

from lab import cost_command
from lab.cache import Cache
from lab.cost import MeasureError
from lab.grid import Grid, LearningGrid, MechanismGrid
from lab.points import Projection
from lab.ranges import MOST_SEEDS, SWEPT_MASKS
from lab.results import table, to_parquet
from lab.spreadsheet import to_csv
from lab.sweep import PATIENCE, Sweep, scheduler_address
from model.attention import Scale
from model.positions import Positions
from model.tasks import TASKS
from model.tokens import Tokenizer

FINE, SOME_FAILED, REFUSED, INTERRUPTED = 0, 1, 2, 130
TELL_EVERY = 0.2  # seconds
WRITERS = {".csv": to_csv, ".parquet": to_parquet}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0, or 1 if points failed, 2 for what can't be run, 130 after Ctrl-C."""
    parser = _parser()
    args = parser.parse_args(arguments)
    try:
        if args.out is not None:
            _check_out(args.out)
        if args.command == "cost":
            return _write(cost_command.run_command(args), args.out, FINE)
        sweep = _sweep(_grid(args), args)
    except (ValueError, OSError, MeasureError) as error:
        print(f"{parser.prog} {args.command}: {error}", file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        return INTERRUPTED
    status = _run(sweep)
    status = _write(table(sweep.results, sweep.grid.kind), args.out, status)
    if sweep.is_active:  # in this very process, with --jobs 1: nobody can end a thread
        sys.stdout.flush()
        os._exit(status)
    return status


def _check_out(out: Path) -> None:
    """Refuse what could only be refused when all is computed."""
    if out.suffix not in WRITERS:
        raise ValueError(f"--out must end in {' or '.join(WRITERS)}, got {out}")
    if not out.parent.is_dir():
        raise ValueError(f"--out is in a folder that isn't there: {out.parent}")


def _sweep(grid: Grid, args: argparse.Namespace) -> Sweep:
    return Sweep(
        grid,
        scheduler=args.scheduler or (None if args.jobs else scheduler_address()),
        jobs=args.jobs,
        cache=None if args.no_cache else Cache(),
    )


def _run(sweep: Sweep) -> int:
    """Run it, and tell how far it is; the exit status."""
    sweep.start()
    status = FINE
    try:
        while not sweep.wait(TELL_EVERY):
            _tell(sweep, end="\r")
    except KeyboardInterrupt:
        sweep.cancel()
        sweep.wait(2 * PATIENCE)
        status = INTERRUPTED
    _tell(sweep, end="\n")
    for reason, count in Counter(skipped.reason for skipped in sweep.skipped).items():
        print(f"{count} combinations skipped: {reason}", file=sys.stderr)
    for told in filter(None, (*sweep.problems, sweep.error)):
        print(told, file=sys.stderr)
    if status == FINE and (sweep.error or sweep.progress.failed):
        status = SOME_FAILED
    return status


def _tell(sweep: Sweep, end: str) -> None:
    """A line that is written over as long as the sweep runs; a file gets the last one alone."""
    if end == "\r" and not sys.stderr.isatty():
        return
    progress = sweep.progress
    left = f", {progress.seconds_left:.0f} s left" if progress.seconds_left else ""
    line = (
        f"{progress.done} of {progress.total} points ({progress.cached} from the cache, "
        f"{progress.failed} failed) in {progress.seconds:.1f} s{left}; {progress.workers or ''}"
    )
    print(f"{line:<100}", end=end, file=sys.stderr, flush=True)


def _write(frame: pd.DataFrame, out: Path | None, status: int) -> int:
    if out is None:
        print(to_csv(frame).decode(), end="")
        return status
    try:
        out.write_bytes(WRITERS[out.suffix](frame))
    except OSError as error:
        print(f"{out} can't be written: {error.strerror}", file=sys.stderr)
        return REFUSED
    return status


def _grid(args: argparse.Namespace) -> Grid:
    shared = {name: getattr(args, name) for name in ("heads", "embed_size", "positions", "scale")}
    if args.command == "mechanism":
        return MechanismGrid(
            **shared,
            text=args.text,
            tokenizer=args.tokenizer,
            projection=args.projection,
            temperature=args.temperature,
            mask=args.mask,
            span=args.span,
            seeds=args.seeds,
        )
    corpus = args.corpus.read_text(encoding="utf-8") if args.corpus else ""
    return LearningGrid(
        **shared,
        task=args.task,
        layers=args.layers,
        learning_rate=args.learning_rate,
        steps=args.steps,
        corpus=corpus,
        seeds=args.seeds,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    mechanism = commands.add_parser(
        "mechanism", help="one attention layer with random weights, on a text"
    )
    mechanism.add_argument("--text", required=True)
    mechanism.add_argument("--tokenizer", default="words", choices=get_args(Tokenizer))
    _add_axes(mechanism, heads="1,2,4,8", embed_size="64", positions="none")
    _add_list(mechanism, "--projection", "full", f"of {', '.join(get_args(Projection))}")
    _add_list(mechanism, "--mask", "none", f"of {', '.join(SWEPT_MASKS)}")
    mechanism.add_argument("--temperature", type=float, default=1.0)
    mechanism.add_argument("--span", type=int, default=3, help="of the masks that have one")
    learning = commands.add_parser("learning", help="small transformers that learn a task")
    learning.add_argument("--task", required=True, choices=list(TASKS))
    _add_axes(learning, heads="1", embed_size="32", positions="sinusoidal")
    _add_list(learning, "--layers", "1", "", int)
    _add_list(learning, "--learning-rate", "0.003", "", float)
    learning.add_argument("--steps", type=int, default=400)
    learning.add_argument("--corpus", type=Path, help="a text file, for the task of characters")
    for command in (mechanism, learning):
        command.add_argument(
            "--seeds", type=int, default=5, help=f"how many, up to {MOST_SEEDS} (default: 5)"
        )
        where = command.add_mutually_exclusive_group()
        where.add_argument(
            "--scheduler",
            help="a Dask scheduler's address (default: HEADLIGHT_SCHEDULER, if it is set)",
        )
        where.add_argument("--jobs", type=_jobs, help="processes on this machine instead")
        command.add_argument(
            "--no-cache", action="store_true", help="neither read nor keep results"
        )
    costs = commands.add_parser("cost", help="parameters, multiply-adds and memory")
    cost_command.add_arguments(costs)
    for command in (mechanism, learning, costs):
        command.add_argument(
            "--out", type=Path, help="a file.csv or file.parquet (default: CSV to the output)"
        )
    return parser


def _add_axes(
    parser: argparse.ArgumentParser, *, heads: str, embed_size: str, positions: str
) -> None:
    _add_list(parser, "--heads", heads, "", int)
    _add_list(parser, "--embed-size", embed_size, "", int)
    _add_list(parser, "--scale", "head_dim", f"of {', '.join(get_args(Scale))}")
    _add_list(parser, "--positions", positions, f"of {', '.join(get_args(Positions))}")


def _add_list(
    parser: argparse.ArgumentParser, name: str, default: str, choices: str, kind: type = str
) -> None:
    def read(text: str) -> tuple[object, ...]:
        return tuple(kind(part.strip()) for part in text.split(","))

    read.__name__ = f"list of {kind.__name__}s"  # which argparse says of what it can't read
    help_text = " ".join(filter(None, ("values with commas between them", choices)))
    parser.add_argument(name, type=read, default=default, help=f"{help_text} (default: {default})")


def _jobs(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 on, got {text!r}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
