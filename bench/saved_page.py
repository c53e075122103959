"""A saved page of attention: made, and opened until it is painted, against what others make."""

import statistics
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser

from bench.browser import chromium
from bench.peers import LIMIT, OURS, PEERS, Worker, save_weights, seconds_to_open, workers
from bench.report import Row, spread
from bench.settings import HEADS, Options

SIZES = (32, 128, 1024)  # tokens
ROUNDS = {32: (2, 15), 128: (2, 9), 1024: (1, 5)}  # of a quick run, and of a whole one
FROM_HERE_ON = 128  # ... of those at which no peer may be quicker
# At 1,024 tokens BertViz draws 8 million lines, for which this machine's memory isn't enough, and
# CircuitsVis has painted nothing after 100 seconds: nobody waits for these.
MOST_TOKENS = {"BertViz's head_view": 128, "BertViz's model_view": 128, "CircuitsVis": 128}
MADE_ALLOWED = 2.0  # seconds to make a page
PAINTED_ALLOWED = 0.6  # seconds until it is painted, at the smallest size
ONCE = 8.0  # seconds: what takes longer is measured once


@dataclass
class Times:
    """Seconds of one tool at one size: to make the page, and until it was painted."""

    made: list[float] = field(default_factory=list)
    painted: list[float] = field(default_factory=list)
    bytes: int = 0
    gave_up: bool = False

    @property
    def is_slow(self) -> bool:
        return self.gave_up or sum(self.made) + sum(self.painted) > ONCE * max(1, len(self.made))

    def shown(self) -> str:
        return f"> {LIMIT:.0f} s" if self.gave_up else spread(self.painted, "s")

    def median(self) -> float:
        return LIMIT if self.gave_up else statistics.median(self.painted)

    def about(self) -> str:
        """How it was made, and how often it was measured."""
        made = f"made in {statistics.median(self.made):.3g} s, {self.bytes / 1e6:.3g} MB"
        return made if len(self.made) > 1 else f"{made}, measured once"


def measure_size(
    browser: Browser, folder: Path, tools: list[Worker], tokens: int, rounds: int
) -> dict[str, Times]:
    """All tools in turn, each round from another on; what is slow is measured in one alone."""
    weights = save_weights(folder / "weights.npy", 1, HEADS, tokens)
    times = {tool.name: Times() for tool in tools}
    for number in range(rounds):
        for tool in tools[number % len(tools) :] + tools[: number % len(tools)]:
            found = times[tool.name]
            if found.is_slow:
                continue
            path = folder / f"page{tools.index(tool)}.html"
            made = tool.make(weights, 1, tokens, path, message=False)
            painted = seconds_to_open(browser, tool.name, path)
            path.unlink()
            found.made.append(made.seconds)
            found.bytes = made.bytes
            if painted is None:
                found.gave_up = True
            else:
                found.painted.append(painted)
    return times


def rows_of(tokens: int, times: dict[str, Times]) -> list[Row]:
    """Against the time allowed, and against each peer."""
    ours = times[OURS]
    case = f"{HEADS} heads, {tokens} tokens"
    failed = int(ours.gave_up)
    rows = [
        Row("saved_page", f"made, {case}", spread(ours.made, "s"), f"{MADE_ALLOWED:g} s allowed",
            statistics.median(ours.made) / MADE_ALLOWED, 1.0, 0, f"{len(ours.made)} repeats")
    ]  # fmt: skip
    if tokens == SIZES[0]:
        rows.append(
            Row("saved_page", f"opened until painted, {case}", ours.shown(),
                f"{PAINTED_ALLOWED:g} s allowed", ours.median() / PAINTED_ALLOWED, 1.0, failed,
                f"{len(ours.painted)} repeats")
        )  # fmt: skip
    for name, peer in times.items():
        if name != OURS:
            target = 1.0 if tokens >= FROM_HERE_ON else None
            note = f"{OURS}: {ours.about()}; the peer: {peer.about()}"
            if peer.gave_up:
                note += f"; not painted within {LIMIT:.0f} s, so the ratio is at most this"
            rows.append(
                Row("saved_page", f"opened until painted, {case}", ours.shown(),
                    f"{peer.shown()} ({name})", ours.median() / peer.median(), target, failed, note)
            )  # fmt: skip
    left_out = [name for name in PEERS if name not in times]
    rows += [
        Row("saved_page", f"opened until painted, {case}", ours.shown(), f"left out ({name})", None)
        for name in left_out
    ]
    return rows


def measure(options: Options) -> list[Row]:
    """Eight heads of 32, 128 and 1,024 tokens."""
    rows = []
    with workers((OURS, *PEERS)) as (folder, tools), chromium() as browser:
        for tokens in SIZES:
            rounds = ROUNDS[tokens][0 if options.quick else 1]
            able = [tool for tool in tools if tokens <= MOST_TOKENS.get(tool.name, tokens)]
            rows += rows_of(tokens, measure_size(browser, folder, able, tokens, rounds))
    return rows
