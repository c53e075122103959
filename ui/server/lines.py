"""The lines in which work waits on this server, for those who count it or wait for its end."""

from typing import Protocol

from ui.server.turns import gate


class Line(Protocol):
    """Something that work waits before."""

    @property
    def waiting(self) -> int:
        """How many wait."""

    @property
    def inside(self) -> int:
        """How many are at work."""


LINES: dict[str, Line] = {"large": gate}


def are_idle() -> bool:
    """Whether nothing is at work."""
    return not any(line.inside for line in list(LINES.values()))
