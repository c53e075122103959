"""Whose pages may talk to this server: its own, and those that its owner names.

Streamlit would compare the Origin of each WebSocket with its own public address as well, which it
asks a service on the web for, in the event loop: until that answers, nobody is served.
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose
from streamlit import config
from streamlit.web.server.server_util import allowlisted_origins

from ui.server.metrics import count_refusal
from ui.server.seldom import SeldomLogger

PORTS = {"http": 80, "https": 443}
READS = {"GET", "HEAD", "OPTIONS"}  # of HTTP's methods, those that change nothing
REFUSED = 1008  # WebSocket's code for a violated policy

Address = tuple[str, int]  # host and port

_log = SeldomLogger(__name__)


class SameOrigin:
    """ASGI middleware that refuses WebSockets and changes that other sites' pages ask for.

    A request without an Origin isn't a page's: it passes. What has passed goes on without its
    Origin, so that nothing asks about it again.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_socket = scope["type"] == "websocket"
        if is_socket or (scope["type"] == "http" and scope["method"] not in READS):
            headers = Headers(scope=scope)
            origin, host = headers.get("origin"), headers.get("host", "")
            if origin is not None and not is_allowed(origin, host):
                count_refusal("origin")
                _log.warning("Refused a page of %.100r, which isn't of %.100r", origin, host)
                refusal = (
                    WebSocketClose(REFUSED)
                    if is_socket
                    else PlainTextResponse("Foreign origin", status_code=403)
                )
                await refusal(scope, receive, send)
                return
        if is_socket:
            scope = {**scope, "headers": [h for h in scope["headers"] if h[0] != b"origin"]}
        await self.app(scope, receive, send)


def is_allowed(origin: str, host: str) -> bool:
    """Whether a page of this origin may talk to the server, which it has addressed as `host`.

    Args:
        origin: the request's Origin: a scheme, a host and perhaps a port, or "null".
        host: the request's Host: a host, and perhaps a port.
    """
    if not config.get_option("server.enableCORS"):  # its owner has switched the check off
        return True
    address = _address(origin)
    if address is None:
        return False
    scheme = urlsplit(origin).scheme
    if address == _address(f"{scheme}://{host}"):
        return True
    named = (each.rstrip("/") for each in allowlisted_origins())
    return any(urlsplit(each).scheme == scheme and _address(each) == address for each in named)


def _address(origin: str) -> Address | None:
    """The host and the port of an origin; None if it isn't one of the web."""
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in PORTS or not parts.hostname or parts.username is not None:
        return None
    if parts.path or parts.query or parts.fragment:
        return None
    return parts.hostname.rstrip("."), port or PORTS[parts.scheme]
