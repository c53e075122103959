"""People in a class who come to `make serve`: each has a page, a cookie, and perhaps a room."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.parse import parse_qs, urlencode

from streamlit.components.v2.bidi_component.main import _make_trigger_id
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from rooms.rooms import Rooms
from rooms.valkey import ValkeyStore
from tests.deploy.fleet import Fleet, proxys_cookie
from tests.rooms.screens import Event as Told
from tests.rooms.screens import Screen
from tests.ui.server.visitor import Drawn, Visitor

EVENTS = "/_headlight/room"
FIRST = ""  # the name of the page at the app's own address


class Person(Visitor):
    """Somebody's page. `query` is what stands in the address, as the page writes it there."""

    query = ""
    page = "explore"

    def open(self, query: str, page: str = "explore") -> Drawn:
        """Open a page as a link asks for it."""
        self.query, self.page = query, page
        return self.run(page_name=page, query_string=query)

    def type(self, sentence: str, **client_state: object) -> Drawn:
        """Type a sentence."""
        typed = WidgetState(id=self.widgets["text"], string_value=sentence)
        return self.run([typed], **client_state)

    def press(self, button: str) -> Drawn:
        return self.run([WidgetState(id=self.widgets[button], trigger_value=True)])

    def tell(self, event: str, value: object) -> Drawn:
        """Send what the room's script sends from a browser."""
        state = _make_trigger_id(self.widgets["room_listener"], "events")
        payload = json.dumps([{"event": event, "value": value}])
        return self.run([WidgetState(id=state, json_trigger_value=payload)])

    def run(self, states: Any = (), **client_state: object) -> Drawn:
        """Ask for a run; the address is sent along, as a browser does."""
        drawn = super().run(states, **{"query_string": self.query, **client_state})
        for written in told_to(drawn, "headlight_address"):
            if written["query"] is not None:
                self.query = written["query"]
        return drawn

    def ask(self, sentence: str) -> None:
        """Type a sentence, and don't wait for what comes of it."""
        state = ClientState(page_script_hash=self.page_hash, query_string=self.query)
        state.widget_states.widgets.append(
            WidgetState(id=self.widgets["text"], string_value=sentence)
        )
        self.send(BackMsg(rerun_script=state))

    @property
    def asked(self) -> dict[str, str]:
        """What the address asks for."""
        return {key: values[0] for key, values in parse_qs(self.query).items()}

    @property
    def new_cookie(self) -> str | None:
        """The cookie that the proxy has given; None if it has left the one that there was."""
        response = self._socket.response
        assert response is not None
        cookies = response.headers.get_all("Set-Cookie")
        return proxys_cookie(cookies) if any("headlight=" in each for each in cookies) else None


def told_to(drawn: Drawn, component: str) -> list[dict[str, Any]]:
    """What a component was told in a run, each time."""
    mounted = (each for each in drawn.elements if each.DESCRIPTOR.name == "BidiComponent")
    return [json.loads(each.bytes) for each in mounted if each.component_name == component]


def is_whole(drawn: Drawn) -> bool:
    """Whether there is a chart, and nothing has gone wrong."""
    return not drawn.errors and "plotly_chart" in drawn.element_kinds


@dataclass
class Leader:
    """Who leads a room, from a page."""

    person: Person
    code: str
    secret: str

    def come_back(self, person: Person) -> None:
        """Lead from another page of the same browser, which has kept the secret."""
        drawn = person.open(self.person.query)
        assert is_whole(drawn)
        assert told_to(drawn, "headlight_room")[-1]["secret"] == ""
        drawn = person.tell("claim", {"code": self.code, "secret": self.secret})
        assert told_to(drawn, "headlight_room")[-1]["secret"] == self.secret
        self.person = person


def open_room(person: Person, query: str = "heads=4") -> Leader:
    """Open a room on Explore."""
    assert is_whole(person.open(query))
    assert not person.open_popovers().errors
    drawn = person.press("open_room")
    assert not drawn.errors
    room = told_to(drawn, "headlight_room")[-1]
    return Leader(person, room["code"], room["secret"])


def come_in(person: Person, code: str) -> Drawn:
    """Follow a room, at the app's own address."""
    return person.open(urlencode({"room": code}), FIRST)


def look_again(person: Person) -> Drawn:
    """What a follower's page does when its browser has heard that something else is shown."""
    return person.tell("place", 99)


def comes_again(fleet: Fleet, cookie: str) -> Person:
    """Connect as a browser does that has just lost its connection: until it is let in."""
    while True:
        try:
            return Person(fleet, origin=fleet.url, cookie=cookie)
        except (OSError, InvalidHandshake, ConnectionClosed, EOFError):
            assert "ready on" in fleet.log()


def follow(fleet: Fleet, code: str, who: str, cookie: str) -> Screen:
    """Follow a room's events; where the connection fails, as often as it takes."""
    while True:
        try:
            screen = Screen(fleet.url + EVENTS, code, who, cookie)
        except OSError:
            continue
        if screen.status < 500:
            return screen
        screen.close()


@contextmanager
def rooms_of(fleet: Fleet, limits: Any = None) -> Iterator[Rooms]:
    """The rooms as the processes of a fleet have them."""
    store = ValkeyStore(fleet.processes()[0].environ()["HEADLIGHT_STORE"])
    yield Rooms(store) if limits is None else Rooms(store, limits)
    store._client.close()


def version_of(fleet: Fleet, code: str) -> int:
    """Which version of a room there is."""
    with rooms_of(fleet) as rooms:
        room = rooms.look(code)
    assert room is not None
    return room.version


def sentence_of(drawn: Drawn) -> str:
    """The sentence whose words are on the screen."""
    return " ".join(told_to(drawn, "headlight_strip")[-1]["tokens"])


def rest_of(screen: Screen) -> list[Told]:
    """What a screen is told until its stream ends, however it does."""
    told: list[Told] = []
    with suppress(OSError, HTTPException):
        while (event := screen.event()) is not None:
            told.append(event)
    return told


class School:
    """All who have come to a fleet in one test; they leave with its end."""

    def __init__(self, fleet: Fleet, stack: ExitStack) -> None:
        self.fleet, self._stack = fleet, stack

    def person(self, cookie: str) -> Person:
        """Somebody who is let in, as soon as that can be."""
        return self._stack.enter_context(comes_again(self.fleet, cookie))

    def screen(self, code: str, who: str, cookie: str) -> Screen:
        """A screen that follows a room."""
        screen = follow(self.fleet, code, who, cookie)
        assert screen.status == 200
        self._stack.callback(screen.close)
        return screen
