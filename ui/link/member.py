"""What a session keeps of a class's room that it is in."""

import secrets
import threading
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from rooms.record import Room

KEY = "room"  # of the address, and of what knows of it in the browser
LANGUAGE = "lang"  # is everybody's own


def draw_voter() -> str:
    """Return a name for one who votes: whether two votes are of one browser is all that it says."""
    return secrets.token_urlsafe(9)


@dataclass
class Member:
    """A room, and who this session is in it."""

    code: str
    voter: str = field(default_factory=draw_voter)
    room: Room | None = None  # as it was when it was looked at last
    is_stale: bool = True  # whether it has changed since, or may have
    is_following: bool = False  # whether what is shown is what the leader shows
    secret: str | None = None  # of who leads it
    told: tuple[str, str, bool] | None = None  # what the leader has told last: link, question, ...
    said: tuple[str, str] = ("", "")  # the question that was answered last, and the answer
    word: str = ""  # that hands the room over; empty: none was asked for
    refusal: str = ""  # why such a word doesn't
    telling: threading.Lock = field(default_factory=threading.Lock)  # of a leader's, one run tells
    has_lost: bool = False  # whether somebody else leads the room that this browser has led

    @property
    def leads(self) -> bool:
        """Whether this session leads the room."""
        return self.secret is not None

    @property
    def page(self) -> str:
        """The name of the page that the leader shows."""
        return "" if self.room is None else self.room.link.partition("?")[0]

    def parameters(self, asked: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """Return what the leader shows, as an address would ask for it.

        Args:
            asked: what the follower's own address asks for.
        """
        if self.room is None:
            return asked
        shown = parse_qsl(self.room.link.partition("?")[2], keep_blank_values=True)
        question, answer = self.said
        if answer and question == self.room.question:
            shown.append(("answer", answer))
        return [*shown, *(each for each in asked if each[0] == LANGUAGE)]
