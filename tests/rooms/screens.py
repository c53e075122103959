"""Screens that follow a room: what a browser's EventSource does, as far as tests need it."""

import json
from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit

from tests.patience import LONG

Event = tuple[str, dict[str, object]]


class Screen:
    """A request for a room's events; `status` is what the server has answered."""

    def __init__(self, url: str, code: str, who: str = "", cookie: str = "") -> None:
        parts = urlsplit(url)
        self._connection = HTTPConnection(parts.netloc, timeout=LONG)
        query = urlencode({"code": code, "who": who})
        headers = {"Cookie": cookie} if cookie else {}
        self._connection.request("GET", f"{parts.path}?{query}", headers=headers)
        self._answer = self._connection.getresponse()
        self.status = self._answer.status
        self.headers = self._answer.headers

    def block(self) -> str:
        """The next lines up to an empty one; nothing once the stream has ended."""
        lines = []
        while (line := self._answer.readline().decode()) not in ("\n", ""):
            lines.append(line)
        return "".join(lines)

    def event(self) -> Event | None:
        """The next event and its data; None once the stream has ended."""
        while block := self.block():
            if block.startswith("event: "):
                name, data = block.removeprefix("event: ").split("\ndata: ")
                return name, json.loads(data)
        return None

    def until(self, event: Event) -> list[Event]:
        """All events up to this one, which is to come."""
        seen: list[Event] = []
        while not seen or seen[-1] != event:
            found = self.event()
            assert found is not None, f"the stream has ended after {seen}"
            seen.append(found)
        return seen

    def close(self) -> None:
        self._answer.close()
        self._connection.close()


def place(version: int, question: str = "", *, revealed: bool = False) -> Event:
    return "place", {"version": version, "question": question, "revealed": revealed}


def counts(people: int, answered: int = 0) -> Event:
    return "counts", {"people": people, "answered": answered}
