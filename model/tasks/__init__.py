"""What can be learnt in seconds, each by attention of a kind that can be looked at."""

from collections.abc import Callable

from model.tasks.base import Task
from model.tasks.sequences import Compare, Reverse, Sort

TASKS: dict[str, Callable[[], Task]] = {
    "reverse": Reverse,
    "sort": Sort,
    "compare": Compare,
}


def task_of(name: str, corpus: str = "") -> Task:
    """The task of that name.

    Raises:
        ValueError: if there is none.
    """
    if name not in TASKS:
        raise ValueError(f"task must be one of {tuple(TASKS)}, got {name!r}")
    return TASKS[name]()
