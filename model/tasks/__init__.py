"""What can be learnt in seconds, each by attention of a kind that can be looked at."""

from functools import lru_cache

from ..errors import CodedValueError
from .base import Task
from .brackets import Brackets
from .characters import Characters
from .counting import Histogram, Majority
from .number_words import Numbers
from .recall import Copy, Induction, Lookup
from .sequences import Compare, Reverse, Shift, Sort

TASKS: dict[str, type[Task]] = {
    "reverse": Reverse,
    "copy": Copy,
    "shift": Shift,
    "sort": Sort,
    "histogram": Histogram,
    "majority": Majority,
    "compare": Compare,
    "lookup": Lookup,
    "brackets": Brackets,
    "induction": Induction,
    "characters": Characters,
    "numbers": Numbers,
}


@lru_cache(maxsize=16)  # a page asks with each key press, and a text has to be counted out
def task_of(name: str, corpus: str = "") -> Task:
    """Return the task of that name.

    Args:
        name: one of TASKS.
        corpus: what "characters" learns from; empty for a text of the app's own.

    Raises:
        ValueError: if there is none, or too little of a corpus.
    """
    if name not in TASKS:
        raise CodedValueError(
            "task.unknown",
            "task must be one of {tasks}, got {name!r}",
            tasks=tuple(TASKS),
            name=name,
        )
    return Characters(corpus) if name == "characters" else TASKS[name]()
