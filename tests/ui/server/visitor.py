"""A browser as far as the server can tell, which can also send what no browser would."""

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Self
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import ClientConnection, connect

from tests.patience import LONG as PATIENCE
from tests.servers import Server, directly

ENDS = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)


@dataclass
class Drawn:
    """What came back for one run."""

    messages: list[ForwardMsg] = field(default_factory=list)

    @property
    def elements(self) -> list:  # type: ignore[type-arg]
        """The elements that were drawn, each as its own message."""
        new = self._new_elements
        return [getattr(element, str(element.WhichOneof("type"))) for element in new]

    @property
    def _new_elements(self) -> list[Element]:
        return [
            message.delta.new_element
            for message in self.messages
            if message.WhichOneof("type") == "delta"
            and message.delta.WhichOneof("type") == "new_element"
        ]

    @property
    def errors(self) -> list[str]:
        """The exceptions on the screen."""
        return [each.message for each in self.elements if each.DESCRIPTOR.name == "Exception"]

    @property
    def element_kinds(self) -> set[str]:
        """What is on the screen: "plotly_chart", "text_input" and the like."""
        return {str(element.WhichOneof("type")) for element in self._new_elements}

    def texts(self) -> str:
        """All Markdown and all messages on the screen."""
        return "\n".join(
            each.body for each in self.elements if each.DESCRIPTOR.name in ("Markdown", "Alert")
        )


class Visitor:
    """A WebSocket session. `widgets` holds the id of each widget that has a key."""

    def __init__(self, server: Server, origin: str | None = None, cookie: str = "") -> None:
        self.server = server
        self.session = ""
        self.widgets: dict[str, str] = {}
        self.popovers: set[str] = set()  # their ids
        self.fragments: set[str] = set()
        self.page_hash = ""
        self._socket: ClientConnection = handshake(server, origin, cookie)

    def __enter__(self) -> Self:
        self._socket.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._socket.__exit__(*error)  # type: ignore[arg-type]

    def run(self, states: Iterable[WidgetState] = (), **client_state: object) -> Drawn:
        """Ask for a run with these widgets' values, and wait for its end."""
        state = ClientState(**{"page_script_hash": self.page_hash, **client_state})  # type: ignore[arg-type]
        state.widget_states.widgets.extend(states)
        self.send(BackMsg(rerun_script=state))
        return self.receive()

    def open_popovers(self) -> Drawn:
        """Open every popover of the page, and wait for what is inside."""
        return self.run([WidgetState(id=id, bool_value=True) for id in self.popovers])

    def send(self, message: BackMsg) -> None:
        self._socket.send(message.SerializeToString())

    def receive(self) -> Drawn:
        """Wait for the end of a run, and return what came of it."""
        drawn, begun = Drawn(), False
        while True:
            message = ForwardMsg.FromString(self._socket.recv(timeout=PATIENCE))
            kind = message.WhichOneof("type")
            if kind == "new_session":
                begun, self.session = True, message.new_session.initialize.session_id
                self.page_hash = message.new_session.page_script_hash
            if kind == "navigation":
                self.page_hash = message.navigation.page_script_hash
            drawn.messages.append(message)
            if kind == "delta":
                self.fragments |= {message.delta.fragment_id} - {""}
                self.popovers |= {message.delta.add_block.popover.id} - {""}
            if kind == "script_finished" and begun and message.script_finished in ENDS:
                self._note_widgets(drawn)
                return drawn

    def _note_widgets(self, drawn: Drawn) -> None:
        for element in drawn.elements:
            identity = getattr(element, "id", "")
            if isinstance(identity, str) and identity.count("-") >= 2:
                self.widgets[identity.split("-", 2)[2]] = identity

    def leave(self) -> None:
        """Close the tab."""
        self._socket.close()

    def upload(self, data: bytes, file: str = "a", **options: object) -> int:
        """Send a file as Streamlit's uploader does: the status that comes back."""
        return upload(self.server, self.session, data, file, **options)  # type: ignore[arg-type]


def handshake(server: Server, origin: str | None, cookie: str = "") -> ClientConnection:
    """Open a WebSocket as a page of this origin; None for a program that isn't a browser.

    Raises:
        InvalidStatus: if the server refuses.
    """
    return connect(
        f"{server.url.replace('http', 'ws')}/_stcore/stream",
        origin=origin,  # type: ignore[arg-type]
        additional_headers={"Cookie": cookie} if cookie else {},
        subprotocols=["streamlit"],  # type: ignore[list-item]
        proxy=None,
        max_size=None,
        ping_interval=None,  # a busy server may be late
        open_timeout=PATIENCE,
    )


def upload(
    server: Server,
    session: str,
    data: bytes,
    file: str = "a",
    *,
    origin: str | None = None,
    token: str | None = None,
) -> int:
    """PUT a file into a session: the status that comes back."""
    edge = "-----edge"
    head = f'--{edge}\r\nContent-Disposition: form-data; name="f"; filename="{file}"\r\n\r\n'
    body = head.encode() + data + f"\r\n--{edge}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={edge}"}
    headers |= allowing(server, token) | ({} if origin is None else {"Origin": origin})
    # As a browser does, it keeps the connection: the server reads on what it has refused.
    with closing(HTTPConnection(urlsplit(server.url).netloc, timeout=PATIENCE)) as connection:
        connection.request("PUT", f"/_stcore/upload_file/{session}/{file}", body, headers)
        return connection.getresponse().status


def allowing(server: Server, token: str | None = None) -> dict[str, str]:
    """The headers with which a page of the server proves that it is one."""
    with directly.open(f"{server.url}/_stcore/health", timeout=PATIENCE) as answer:
        cookie: str = answer.headers["Set-Cookie"].split(";")[0]
    return {"Cookie": cookie, "X-Xsrftoken": cookie.partition("=")[2] if token is None else token}
