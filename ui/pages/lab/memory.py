"""What a session keeps of the Lab, beside what its controls show."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from lab.grid import Grid
from ui.jobs.cost_job import CostRun
from ui.jobs.sweep_queue import Ticket
from ui.link.memory import own_memory


@dataclass
class LabMemory:
    """What a session keeps of the Lab."""

    tickets: OrderedDict[Grid, Ticket] = field(default_factory=OrderedDict)  # oldest first
    cost_run: CostRun | None = None  # the last one
    running: Any = None  # what ran when the page was drawn last
    looked_up: Grid | None = None  # whether it was measured earlier has been asked
    shown: Grid | None = None  # in the picture
    clicked: tuple[Grid | None, int] | None = None  # a point of a picture: its grid and index


def lab_memory() -> LabMemory:
    """Return what this session keeps of the Lab."""
    return own_memory(LabMemory)
