"""Rows of the result table, and the statistics in them."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


class BenchError(RuntimeError):
    """A measurement that could not be made: no number is better than a wrong one."""


@dataclass(frozen=True)
class Row:
    """One measured value beside its floor or peer.

    `target` is the largest ratio that meets the target; None marks a row that only informs.
    `failures` counts what went wrong while measuring: a target with failures isn't met.
    """

    part: str
    case: str
    measured: str
    floor: str
    ratio: float | None
    target: float | None = None
    failures: int = 0
    note: str = ""

    @property
    def met(self) -> str:
        if self.target is None or self.ratio is None:
            return ""
        return "yes" if self.ratio <= self.target and self.failures == 0 else "**no**"

    def cells(self) -> list[str]:
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        target = "" if self.target is None else f"≤ {self.target:.2f}"
        return [
            self.part, self.case, self.measured, self.floor, ratio, target, self.met, self.note
        ]  # fmt: skip


HEADER = ["part", "case", "Headlight", "floor or peer", "ratio", "target", "met", "notes"]


def markdown_table(rows: Iterable[Row]) -> str:
    """The rows as a GitHub-flavoured Markdown table."""
    lines = [HEADER, ["---"] * len(HEADER), *(row.cells() for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def percentile(values: Sequence[float], percent: float) -> float:
    """The value below which `percent` of the values lie, interpolated; in the values' unit."""
    if not values:
        raise BenchError("nothing was measured")
    ordered = sorted(values)
    position = (len(ordered) - 1) * percent / 100
    low = int(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)


def spread(values: Sequence[float], unit: str = "ms") -> str:
    """The median with the quartiles, as text."""
    quarter, three_quarters = percentile(values, 25), percentile(values, 75)
    return f"{statistics.median(values):.4g} {unit} ({quarter:.4g}-{three_quarters:.4g})"
