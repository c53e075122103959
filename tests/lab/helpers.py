"""Small sweeps, and what tests ask of them."""

from typing import Any, NoReturn

import pandas as pd
import pytest

from lab.grid import LearningGrid, MechanismGrid
from lab.results import Result, table
from lab.sweep import Sweep
from tests.patience import LONG

TEXT = "the cat saw the dog"


def mechanism(**options: Any) -> MechanismGrid:
    """24 points: 3 heads, 2 sizes, 2 scales, 2 seeds."""
    return MechanismGrid(
        **{
            "text": TEXT,
            "heads": (1, 2, 4),
            "embed_size": (8, 16),
            "scale": ("head_dim", "none"),
            "seeds": 2,
            **options,
        }
    )


def learning(**options: Any) -> LearningGrid:
    """12 points: 3 heads, 2 sizes, 2 seeds."""
    return LearningGrid(
        **{
            "task": "reverse",
            "heads": (1, 2, 4),
            "embed_size": (8, 16),
            "steps": 4,
            "seeds": 2,
            **options,
        }
    )


def finished(sweep: Sweep) -> Sweep:
    """The sweep, once it has run to its end."""
    sweep.start()
    return ended(sweep)


def ended(sweep: Sweep) -> Sweep:
    if not sweep.wait(LONG):
        _fail(sweep)
    return sweep


def at_work(sweep: Sweep, count: int = 1) -> Sweep:
    """The sweep, once it has so many results."""
    sweep.start()
    with sweep._changed:
        came = sweep._changed.wait_for(lambda: len(sweep._results) >= count, LONG)
    if not came:
        _fail(sweep)
    return sweep


def _fail(sweep: Sweep) -> NoReturn:
    """Fail without a sweep that holds up all that follow."""
    progress = sweep.progress
    sweep.cancel()
    pytest.fail(f"it doesn't end: {progress}")


def numbers(results: tuple[Result, ...] | list[Result]) -> pd.DataFrame:
    """All that must be the same wherever it was measured."""
    frame = table(results)
    return frame.drop(columns=[name for name in ("seconds", "cached") if name in frame])


def failures(sweep: Sweep) -> dict[tuple[int, int, int], str]:
    """The reasons by heads, embedding and seed."""
    return {
        (result.point.heads, result.point.embed_size, result.point.seed): str(result.failure)
        for result in sweep.results
        if result.failure
    }
