"""What those who follow a room are told of it, as Server-Sent Events."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from rooms.record import Room


@dataclass(frozen=True)
class Scene:
    """A room at one moment, with how many follow and how many have answered what is asked."""

    room: Room
    people: int
    answered: int

    @property
    def place(self) -> dict[str, object]:
        """Where it is. Its link stays here: whoever follows asks for it, and has it checked."""
        room = self.room
        return {"version": room.version, "question": room.question, "revealed": room.is_revealed}

    @property
    def counts(self) -> dict[str, object]:
        """How many there are."""
        return {"people": self.people, "answered": self.answered}


class Nothing(Enum):
    """Why there is no scene; the value is the event's name."""

    ENDED = "ended"
    UNREACHABLE = "unreachable"


Seen = Scene | Nothing


def events_between(told: Seen | None, now: Seen) -> Iterator[str]:
    """Yield the events that tell what is seen now to somebody who was told something before."""
    if isinstance(now, Nothing):
        yield event(now.value, {})
        return
    before = told if isinstance(told, Scene) else None
    if before is None or before.place != now.place:
        yield event("place", now.place)
    if before is None or before.counts != now.counts:
        yield event("counts", now.counts)


def event(name: str, data: dict[str, object]) -> str:
    """Return an event as it is sent."""
    return f"event: {name}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n"
