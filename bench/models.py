"""Trained models: how soon they are ready, and how much memory they take."""

import hashlib
import importlib.util
import os
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.attention import from_child
from bench.report import BenchError, Row, spread
from bench.settings import Options
from bench.start import TOKENS, Start
from model.pretrained import minilm, smollm2
from model.pretrained.packages import package_folder

MINILM_SECONDS = 1.5  # that it may take until it is ready
FIRST_SECONDS = 8.0  # SmolLM2's conversion
LATER_SECONDS = 2.5  # SmolLM2 from the files that were kept
MEMORY_TARGET = 1.3  # growth of resident memory over the weights


def check_installed() -> None:
    """Raise if the models or the peer aren't there; the message says how to get them."""
    minilm.model_folder()
    package_folder(smollm2.PACKAGE, smollm2.NAME)
    if importlib.util.find_spec("transformers") is None:
        raise BenchError("the peer, transformers, isn't installed; `make bench` installs it")


def started(name: str, cache: Path) -> Start:
    """A start in a fresh process that keeps its files in this folder."""
    return Start(**from_child("bench.start", name, environ={"XDG_CACHE_HOME": str(cache)}))


def kept_files(cache: Path) -> Iterator[Path]:
    return (path for path in cache.rglob("*") if path.is_file())


def hash_seconds(cache: Path) -> float:
    """How long SHA-256 of the kept files takes: no start that checks them can be quicker."""
    begin = time.perf_counter()
    for path in kept_files(cache):
        with path.open("rb") as file:
            hashlib.file_digest(file, "sha256")
    return time.perf_counter() - begin


def write_back(cache: Path) -> None:
    """Wait until the kept files are on the disk, so that later starts don't share it with them."""
    for path in kept_files(cache):
        with path.open("rb") as file:
            os.fsync(file)


Starts = dict[str, list[Start]]
Floors = dict[str, list[float]]


def sample(count: int) -> tuple[Starts, Floors]:
    """Starts in turn, and the floors' seconds; the first of each is left out: it reads the disk."""
    starts: Starts = defaultdict(list)
    floors: Floors = defaultdict(list)
    for _ in range(count + 1):
        with tempfile.TemporaryDirectory(prefix="headlight-bench-") as folder:
            cache = Path(folder)
            starts["minilm"].append(started("minilm", cache))
            starts["bert"].append(started("bert", cache))
            starts["first"].append(started("smollm2", cache))
            write_back(cache)
            starts["later"].append(started("smollm2", cache))
            floors["hash"].append(hash_seconds(cache))
            floors["gguf"].append(from_child("bench.start", "gguf"))
    return (
        {name: values[1:] for name, values in starts.items()},
        {name: values[1:] for name, values in floors.items()},
    )


def time_row(
    case: str, starts: Sequence[Start], allowed: float, floor: str, floors: Sequence[float]
) -> Row:
    """Seconds until a sentence has been run, against those allowed."""
    ran = [start.ran for start in starts]
    loaded = statistics.median(start.loaded for start in starts)
    note = (
        f"{len(ran)} starts, median (quartiles); loaded in {loaded:.2f} s; {floor}: "
        f"{statistics.median(floors):.2f} s; files cached by the system"
    )
    return Row(
        "models", f"{case}, until {TOKENS} tokens have run", spread(ran, "s"),
        f"{allowed:g} s allowed", statistics.median(ran) / allowed, 1.0, 0, note,
    )  # fmt: skip


def peer_row(ours: Sequence[Start], theirs: Sequence[Start]) -> Row:
    """The same beside transformers, for information."""
    mine, their = [start.ran for start in ours], [start.ran for start in theirs]
    loaded = statistics.median(start.loaded for start in theirs)
    return Row(
        "models", f"MiniLM and transformers' BERT, until {TOKENS} tokens have run",
        spread(mine, "s"), spread(their, "s"),
        statistics.median(mine) / statistics.median(their), None, 0,
        f"transformers is imported and BERT loaded in {loaded:.2f} s, without a tokeniser",
    )  # fmt: skip


def memory_row(case: str, starts: Sequence[Start]) -> Row:
    """The growth of resident memory, against the weights."""
    weights = starts[0].weights
    grown = [start.grown for start in starts]
    return Row(
        "models", f"resident memory, {case}", spread(grown, "MB"), f"{weights:.1f} MB of weights",
        statistics.median(grown) / weights, MEMORY_TARGET, 0,
        f"after a run of {TOKENS} tokens, less that after torch's import",
    )  # fmt: skip


def whole_row(case: str, starts: Sequence[Start]) -> Row:
    """The same with every weight read, for information: a sentence reads few of the tokens'."""
    weights = starts[0].weights
    whole = [start.whole - start.before for start in starts]
    return Row(
        "models", f"resident memory, {case}, every weight read", spread(whole, "MB"),
        f"{weights:.1f} MB of weights", statistics.median(whole) / weights, None, 0,
        "as above, and then each weight is summed",
    )  # fmt: skip


def peak_row(case: str, starts: Sequence[Start]) -> Row:
    """The most on the way there, for information."""
    weights = starts[0].weights
    peak = [start.peak - start.before for start in starts]
    return Row(
        "models", f"peak of resident memory, {case}", spread(peak, "MB"),
        f"{weights:.1f} MB of weights", statistics.median(peak) / weights, None, 0,
        "until the run's end, less that after torch's import",
    )  # fmt: skip


def measure(options: Options) -> list[Row]:
    """Seconds and memory of both models, on SmolLM2's first use and on later starts."""
    check_installed()
    starts, floors = sample(1 if options.quick else 5)
    first, later = "SmolLM2, first use", "SmolLM2, later start"
    peers = [start.ran for start in starts["bert"]]
    return [
        time_row("MiniLM", starts["minilm"], MINILM_SECONDS, "the peer", peers),
        peer_row(starts["minilm"], starts["bert"]),
        time_row(first, starts["first"], FIRST_SECONDS, "gguf's arithmetic alone", floors["gguf"]),
        time_row(later, starts["later"], LATER_SECONDS, "the hash alone", floors["hash"]),
        memory_row("MiniLM", starts["minilm"]),
        whole_row("MiniLM", starts["minilm"]),
        memory_row(first, starts["first"]),
        memory_row(later, starts["later"]),
        peak_row(first, starts["first"]),
    ]
