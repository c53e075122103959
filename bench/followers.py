"""Who is in a class's room, as far as the server can tell: its leader, and those who follow."""

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from streamlit.components.v2.bidi_component.main import _make_trigger_id
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from bench.client import Run, Session
from bench.report import BenchError
from bench.server import HOST
from bench.settings import ROOT, App, Options

LISTENER = "room_listener"
SHARE, OPEN_ROOM = "share_popover", "open_room"
APP = ROOT / "app.py"


class Member(Session):
    """A session that may be in a room: it keeps its address, and what the listener is told."""

    def __init__(self, app: App, port: int) -> None:
        super().__init__(app, port)
        self.room: dict[str, Any] = {}  # what the component is told
        self._query = app.query()
        self._ids: dict[str, str] = {}  # of popovers and buttons, by key
        self._trigger = ""  # the listener's

    @property
    def version(self) -> int:
        """Of what is shown of the room."""
        return int(self.room.get("version", 0))

    @property
    def cookie(self) -> str:
        """What the proxy has sent, by which a browser's requests come to one process."""
        response = self._open_connection().response
        cookies = response.headers.get_all("Set-Cookie") if response is not None else []
        return "; ".join(each.split(";")[0] for each in cookies)

    async def change(self, text: str) -> Run:
        """Change the sentence as typing does, at the address of now."""
        self._states[self._text_id].string_value = text
        return await self._rerun(self._query, self._text_fragment)

    async def send(self, state: WidgetState) -> Run:
        """Send one more widget's value, once, and wait for the run of the page."""
        self._states[state.id] = state
        try:
            return await self._rerun(self._query, "")
        finally:
            self._states.pop(state.id, None)

    def _note(self, message: ForwardMsg, kind: str | None, size: int, run: Run) -> None:
        super()._note(message, kind, size, run)
        if kind == "page_info_changed":
            self._query = message.page_info_changed.query_string

    def _note_block(self, message: ForwardMsg) -> None:
        super()._note_block(message)
        self._keep_id(message.delta.add_block.popover.id)

    def _note_element(self, message: ForwardMsg, size: int, run: Run) -> None:
        super()._note_element(message, size, run)
        element = message.delta.new_element
        kind = element.WhichOneof("type")
        if kind == "button":
            self._keep_id(element.button.id)
        elif kind == "bidi_component" and element.bidi_component.id.endswith(LISTENER):
            self._trigger = _make_trigger_id(element.bidi_component.id, "events")
            self.room = json.loads(element.bidi_component.bytes)

    def _keep_id(self, identity: str) -> None:
        if identity:
            self._ids[identity.rpartition("-")[2]] = identity


class Leader(Member):
    """Opens Explore, and a room there, and leads it."""

    def __init__(self, port: int) -> None:
        _small, app = Options().apps
        super().__init__(app, port)

    async def open_room(self) -> str:
        """Open a room as one does with the mouse; its code."""
        await self.send(WidgetState(id=self._ids[SHARE], bool_value=True))
        run = await self.send(WidgetState(id=self._ids[OPEN_ROOM], trigger_value=True))
        if run.exceptions or not self.room.get("secret"):
            raise BenchError(f"no room was opened: {run.exceptions}")
        return str(self.room["code"])


@dataclass
class Seen:
    """What a follower has seen: when each version was there, in seconds since the epoch."""

    heard: dict[int, float] = field(default_factory=dict)  # that there is another version
    shown: dict[int, float] = field(default_factory=dict)  # the last message of its run
    failures: list[str] = field(default_factory=list)


class Follower(Member):
    """Follows a room: hears its stream, and sends the trigger as `room.js` does."""

    def __init__(self, code: str, port: int) -> None:
        super().__init__(App("a follower", APP, (("room", code),)), port)
        self.seen = Seen()
        self._code = code
        self._newest = 0
        self._news = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def come_in(self) -> None:
        """Open the room's address, and follow from then on."""
        run = await self.open()
        if run.exceptions or not self.room.get("is_following"):
            raise BenchError(f"a follower doesn't follow: {run.exceptions}")
        self._tasks = [asyncio.create_task(each) for each in (self._hear(), self._follow())]

    async def close(self) -> None:
        """Leave."""
        for task in self._tasks:
            task.cancel()
        for result in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(result, Exception):
                self.seen.failures.append(repr(result))
        await super().close()

    async def _hear(self) -> None:
        parts = urlsplit(self.room["url"])
        reader, writer = await asyncio.open_connection(HOST, self._port)
        head = f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        writer.write(f"{head}Cookie: {self.cookie}\r\nAccept: text/event-stream\r\n\r\n".encode())
        event = ""
        try:
            while line := (await reader.readline()).decode().strip():
                if line.startswith("HTTP/1.1") and " 200 " not in line:
                    raise BenchError(line)  # else it is the end of the headers
            while data := await reader.readline():
                line = data.decode().strip()
                if line.startswith("event: "):
                    event = line.removeprefix("event: ")
                elif line.startswith("data: ") and event == "place":
                    self._take(json.loads(line.removeprefix("data: "))["version"])
                elif line.startswith("data: ") and event in ("ended", "unreachable"):
                    raise BenchError(f"the room's stream says {event}")
            raise BenchError("the room's stream has ended")
        finally:
            writer.close()

    def _take(self, version: int) -> None:
        if version > self.version:
            self.seen.heard.setdefault(version, time.time())
            self._newest = version
            self._news.set()

    async def _follow(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            if self._newest <= self.version:
                continue  # the run before has brought it already
            before = self.chart_hash
            told = json.dumps([{"event": "place", "value": self._newest}])
            run = await self.send(WidgetState(id=self._trigger, json_trigger_value=told))
            self.seen.shown[self.version] = time.time()
            self.seen.failures += run.exceptions
            if self.chart_hash == before:
                self.seen.failures.append("the class went on and the chart did not")
