"""What the server tells a browser about itself, and what a browser may tell it to do.

Streamlit's protocol is also a developer's on a desk: each page is told where the server's files
are, and whoever speaks the protocol may ask for the names of changed files, empty all caches, or
have files written beside the app, hidden menus or not.

Streamlit's version stays: its scripts hold it, which anybody can load, and a page that comes back
to a new server reloads itself by it.
"""

from typing import Any

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.app_session import AppSession

from ui.server.metrics import count_refusal
from ui.server.seldom import SeldomLogger

SCRIPT = "app.py"
CLOSED = "/_stcore/metrics"  # at everybody's address; the owner has one for numbers
REFUSED = {"clear_cache", "load_git_info", "set_run_on_save"}
OPERATIONS = {"deferred_file", "dataframe_chunk"}  # what pages need of a backend's operations

_log = SeldomLogger(__name__)
_create: Any = AppSession._create_new_session_message
_handle = AppSession.handle_backmsg


def hide_the_desk() -> None:
    """Tell no page about the server's computer, and let none change anything on it."""
    # Streamlit offers no hook.
    AppSession._create_new_session_message = _create_without_paths  # type: ignore[method-assign, assignment]
    AppSession.handle_backmsg = _handle_what_pages_send  # type: ignore[method-assign, assignment]


def _create_without_paths(session: AppSession, *arguments: Any, **options: Any) -> ForwardMsg:
    message: ForwardMsg = _create(session, *arguments, **options)
    message.new_session.main_script_path = SCRIPT
    told = message.new_session.initialize.environment_info
    told.python_version = told.server_os = ""
    told.has_display = False
    return message


def _handle_what_pages_send(session: AppSession, message: BackMsg) -> None:
    if is_a_developers(message):
        count_refusal("command")
        _log.warning("Refused a command that no page of the app sends")
        return
    _handle(session, message)


def is_a_developers(message: BackMsg) -> bool:
    """Whether it asks for what only somebody who writes the app has a reason to."""
    kind = message.WhichOneof("type")
    if kind == "backend_operation_request":
        return message.backend_operation_request.WhichOneof("payload") not in OPERATIONS
    return kind in REFUSED


class Undisclosed:
    """ASGI middleware that knows nothing of the numbers which Streamlit tells everybody."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].endswith(CLOSED):
            await PlainTextResponse("Not Found", status_code=404)(scope, receive, send)
            return
        await self.app(scope, receive, send)
