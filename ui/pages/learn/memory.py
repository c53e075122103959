"""What a session keeps of Learn, beside what its controls show."""

from dataclasses import dataclass, field
from typing import Any

from model.training.plan import Plan
from ui.jobs.training_queue import Training
from ui.link.memory import own_memory


@dataclass
class Mounted:
    """What the browser's figure began with."""

    shows: tuple[object, ...]
    at: int | None  # what the browser has last said of its slider
    first: int


@dataclass
class LearnMemory:
    """What a session keeps of Learn."""

    trainings: dict[Plan, Training] = field(default_factory=dict)
    running: list[Plan] = field(default_factory=list)  # when the page was drawn last
    begun: set[Plan] = field(default_factory=set)  # for a lesson, which may need them no more
    corpus: str = ""  # that a character model reads; empty: the default one
    mounted: Mounted | None = None
    check: Any = None  # of a story: see ui.pages.learn.story_check
    file_problem: str = ""  # of the last file that was taken


def learn_memory() -> LearnMemory:
    """Return what this session keeps of Learn."""
    return own_memory(LearnMemory)
