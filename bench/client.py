"""A browser as far as the server can tell: Streamlit's websocket protocol without painting."""

import asyncio
import time
from dataclasses import dataclass, field

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect

from bench.report import BenchError
from bench.server import HOST
from bench.settings import App
from bench.widgets import initial_state, set_by_server

RUN_SECONDS = 60.0  # a run that takes longer has failed
CHART_KEYS = ("heads_chart", "start_chart")
FINISHED = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)


class CountingConnection(ClientConnection):
    """A websocket that counts the bytes that came over its socket, frame headers included."""

    socket_bytes = 0

    def data_received(self, data: bytes) -> None:
        self.socket_bytes += len(data)
        super().data_received(data)


@dataclass
class Run:
    """What came back for one rerun. `seconds` is from sending it to its `script_finished`."""

    seconds: float = 0.0
    message_bytes: int = 0
    socket_bytes: int = 0
    messages: int = 0
    exceptions: list[str] = field(default_factory=list)
    chart_hash: str = ""
    chart_spec: str = ""
    chart_bytes: int = 0


class Session:
    """A websocket session with an app. Sends what a browser sends; keeps what a browser keeps."""

    def __init__(self, app: App, port: int) -> None:
        self._app = app
        self._port = port
        self.chart_hash = ""  # of the chart on the page
        self._connection: ClientConnection | None = None
        self._page_script_hash = ""
        self._states: dict[str, WidgetState] = {}
        self._seen: set[str] = set()
        self._popovers: set[tuple[int, ...]] = set()  # where on the page they are
        self.id = ""  # as the server calls it
        self._text_id = ""
        self._text_fragment = ""
        self._cached: dict[str, tuple[int, bool]] = {}  # hash: (run last used, is it a chart)
        self._runs = 0
        self._max_cached_age = 2

    async def open(self, text: str | None = None) -> Run:
        """Connect and wait for the first run, with this sentence in the URL if the app binds it."""
        self._connection = await connect(
            f"ws://{HOST}:{self._port}/_stcore/stream",
            origin=f"http://{HOST}:{self._port}",  # type: ignore[arg-type]
            subprotocols=["streamlit"],  # type: ignore[list-item]
            create_connection=CountingConnection,
            max_size=None,
            proxy=None,
        )
        run = await self._rerun(self._app.query(text), "")
        if not self._text_id:
            raise BenchError(f"{self._app.name} has no field with the key {self._app.text_key!r}")
        return run

    async def change(self, text: str) -> Run:
        """Change the sentence as typing does, and wait for the run that it causes."""
        self._states[self._text_id].string_value = text
        return await self._rerun(self._app.query(text), self._text_fragment)

    async def run_again(self, text: str | None = None) -> Run:
        """Run the whole page once more, with nothing changed."""
        return await self._rerun(self._app.query(text), "")

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()

    async def _rerun(self, query: str, fragment: str) -> Run:
        connection = self._open_connection()
        message = self._rerun_message(query, fragment)
        before = getattr(connection, "socket_bytes", 0)
        started = time.perf_counter()
        async with asyncio.timeout(RUN_SECONDS):
            await connection.send(message)
            run = await self._receive(connection)
        run.seconds = time.perf_counter() - started
        run.socket_bytes = getattr(connection, "socket_bytes", 0) - before
        return run

    def _rerun_message(self, query: str, fragment: str) -> bytes:
        message = BackMsg()
        state = message.rerun_script
        state.query_string = query
        state.page_script_hash = self._page_script_hash
        if not self._page_script_hash:  # the first run, before the server has told it
            state.page_name = self._app.page
        state.fragment_id = fragment
        state.widget_states.widgets.extend(self._states.values())
        state.cached_message_hashes.extend(self._cached)
        state.context_info.timezone = "UTC"
        state.context_info.locale = "en-US"
        state.context_info.url = f"http://{HOST}:{self._port}/"
        state.context_info.color_scheme = "light"
        return bytes(message.SerializeToString())

    async def _receive(self, connection: ClientConnection) -> Run:
        run = Run()
        self._seen = set()
        begun = False  # messages left over from before this run come first
        while True:
            data = await connection.recv()
            message = ForwardMsg.FromString(data)
            run.message_bytes += len(data)
            run.messages += 1
            kind = message.WhichOneof("type")
            if kind == "new_session":
                begun = True
            if kind == "script_finished" and begun:
                if message.script_finished in FINISHED:
                    self.chart_hash = run.chart_hash or self.chart_hash
                    self._forget(whole_page=message.script_finished == FINISHED[0])
                    return run
                if message.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
                    raise BenchError(f"{self._app.name} does not compile")
            self._note(message, kind, len(data), run)

    def _note(self, message: ForwardMsg, kind: str | None, size: int, run: Run) -> None:
        if kind == "new_session":
            self._page_script_hash = message.new_session.page_script_hash
            self.id = message.new_session.initialize.session_id
            if message.new_session.HasField("config"):
                self._max_cached_age = message.new_session.config.max_cached_message_age
        elif kind == "navigation":
            self._page_script_hash = message.navigation.page_script_hash
        elif kind == "page_not_found":
            run.exceptions.append("page not found")
        elif kind == "ref_hash":
            self._note_reference(message, size, run)
        elif kind == "delta" and message.delta.WhichOneof("type") == "add_block":
            self._note_block(message)
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            self._note_element(message, size, run)

    def _note_reference(self, message: ForwardMsg, size: int, run: Run) -> None:
        if message.ref_hash not in self._cached:
            raise BenchError("the server refers to a message that was never sent")
        is_chart = self._cached[message.ref_hash][1]
        self._cached[message.ref_hash] = (self._runs, is_chart)
        if is_chart:
            run.chart_hash, run.chart_bytes = message.ref_hash, size

    def _note_block(self, message: ForwardMsg) -> None:
        path = tuple(message.metadata.delta_path)
        if message.delta.add_block.WhichOneof("type") == "popover":
            self._popovers.add(path)
        else:
            self._popovers.discard(path)

    def _note_element(self, message: ForwardMsg, size: int, run: Run) -> None:
        element = message.delta.new_element
        kind = element.WhichOneof("type")
        if kind == "exception":
            run.exceptions.append(f"{element.exception.type}: {element.exception.message}")
        is_chart = kind == "plotly_chart" and element.plotly_chart.id.endswith(CHART_KEYS)
        if is_chart:
            run.chart_hash, run.chart_bytes = message.hash, size
            run.chart_spec = element.plotly_chart.spec
        if message.metadata.cacheable:
            self._cached[message.hash] = (self._runs, is_chart)
        if not self._is_out_of_sight(message):
            self._note_widget(element)
        if kind == "text_input" and element.text_input.id.endswith(f"-{self._app.text_key}"):
            self._text_id = element.text_input.id
            self._text_fragment = message.delta.fragment_id

    def _is_out_of_sight(self, message: ForwardMsg) -> bool:
        """Whether it is in a popover: a browser makes its widgets when somebody opens it."""
        path = tuple(message.metadata.delta_path)
        return any(path[:end] in self._popovers for end in range(len(path)))

    def _note_widget(self, element: Element) -> None:
        state = initial_state(element)
        if state is None:
            return
        self._seen.add(state.id)
        if state.id not in self._states or set_by_server(element):
            self._states[state.id] = state

    def _forget(self, whole_page: bool) -> None:
        """Drop what a browser drops after a run: widgets that are gone, messages long unused."""
        if whole_page:
            self._states = {key: self._states[key] for key in self._states if key in self._seen}
        self._runs += 1
        for key, (used, _) in list(self._cached.items()):
            if self._runs - used > self._max_cached_age:
                del self._cached[key]

    def _open_connection(self) -> ClientConnection:
        if self._connection is None:
            raise BenchError("the session is not open")
        return self._connection
