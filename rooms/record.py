"""Rooms as others see them, and as the store keeps them."""

import json
from dataclasses import asdict, dataclass, replace

LETTERS = 4  # of a code: enough for 1,000 rooms, and few enough to call out to a class


@dataclass(frozen=True)
class Room:
    """A room at one moment.

    Attributes:
        code: four letters.
        version: grows by one with each change of what follows.
        link: what its leader shows, such as "explore?heads=4".
        question: the name of what is asked now; empty: nothing.
        is_revealed: whether the class sees what is right.
    """

    code: str
    version: int
    link: str
    question: str
    is_revealed: bool


@dataclass(frozen=True)
class Leadership:
    """What its leader holds of a room; whoever has it leads."""

    code: str
    secret: str


@dataclass(frozen=True)
class Record:
    """A room as the store keeps it, with what nobody else is to see."""

    version: int
    link: str
    question: str
    is_revealed: bool
    secret: str  # its hash
    session: str  # the hash of whose room it is
    number: str  # of this room alone, also when another one has the same code later

    @classmethod
    def read(cls, text: str) -> "Record":
        """Return the record that `text` has written."""
        return cls(**json.loads(text))

    def text(self) -> str:
        """Return it as text; the same for the same record."""
        return json.dumps(asdict(self), separators=(",", ":"))

    def shows(self, link: str, question: str, is_revealed: bool) -> bool:
        """Whether this is what its leader shows."""
        return (self.link, self.question, self.is_revealed) == (link, question, is_revealed)

    def showing(self, link: str, question: str, is_revealed: bool) -> "Record":
        """Return the next version, which shows this."""
        return replace(
            self,
            version=self.version + 1,
            link=link,
            question=question,
            is_revealed=is_revealed,
        )

    def room(self, code: str) -> Room:
        """Return what others may see of it."""
        return Room(code, self.version, self.link, self.question, self.is_revealed)
