"""Measuring functions that do what no point should, for the worker processes of tests."""

import os
import signal
import time
from pathlib import Path
from typing import Any

from model.training.plan import Plan

GUILTY = 2  # the heads of the point that goes wrong


def _measured(plan: Plan) -> dict[str, Any]:
    return {
        "accuracy": plan.seed / 100,
        "loss": float(plan.heads),
        "steps_to_95": float(plan.steps),
        "parameters": plan.embed_size,
        "seconds": 0.0,
        "curve_steps": [0],
        "curve_accuracy": [0.0],
    }


def die(plan: Plan) -> dict[str, Any]:
    """Kill the process, as the kernel does where memory is short."""
    if plan.heads == GUILTY and plan.seed == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return _measured(plan)


def die_once(plan: Plan) -> dict[str, Any]:
    """Kill the process the first time; the corpus says where to remember it."""
    mark = Path(plan.corpus)
    if plan.heads == GUILTY and plan.seed == 1 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return _measured(plan)


def raise_one(plan: Plan) -> dict[str, Any]:
    """Raise what no one foresaw, in two lines."""
    if plan.heads == GUILTY and plan.seed == 1:
        raise RuntimeError("the matrix\n  is singular")
    return _measured(plan)


def endless(plan: Plan) -> dict[str, Any]:
    """The first seeds come at once, the others never."""
    if plan.seed:
        time.sleep(3600)
    return _measured(plan)


def process(plan: Plan) -> dict[str, Any]:
    """Where it is measured: the process, how it is niced, and its threads."""
    import torch

    return {
        **_measured(plan),
        "parameters": os.getpid(),
        "accuracy": os.nice(0),
        "loss": torch.get_num_threads(),
    }
