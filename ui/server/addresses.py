"""Who is at the other end of a connection: the only truth about it, from the owner's setting.

uvicorn would believe whoever connects from this computer; here a proxy's word counts only if the
owner has named the proxy.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import cast

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn._types import ASGI3Application, ASGIReceiveCallable, ASGISendCallable
from uvicorn._types import Scope as UvicornScope
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from ui.server.settings import settings

UNKNOWN = "unknown"  # a Unix socket's
OF_ONE_LINE = 64  # bits of an IPv6 address that a provider gives a household: the rest is its own


class ForwardedAddresses:
    """ASGI middleware that puts into the scope whom a proxy of the owner's has heard."""

    def __init__(self, app: ASGIApp) -> None:
        proxies = list(settings().proxies)
        self._forwarded = ProxyHeadersMiddleware(cast(ASGI3Application, app), proxies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        if client is not None:  # a socket for both families gives IPv4 as ::ffff:127.0.0.1
            scope = {**scope, "client": (str(_plain(client[0]) or client[0]), client[1])}
        await self._forwarded(
            cast(UvicornScope, scope),
            cast(ASGIReceiveCallable, receive),
            cast(ASGISendCallable, send),
        )


def client_address(scope: Scope) -> str:
    """Return who has connected, to count what they do: an IPv4 address, or an IPv6 network of /64.

    It is the same for all who are behind one line, such as a school.
    """
    client = scope.get("client")
    address = _plain(client[0]) if client else None
    if address is None:
        return UNKNOWN
    if isinstance(address, IPv4Address):
        return str(address)
    return str(ip_network((address.packed, OF_ONE_LINE), strict=False))


def _plain(host: str) -> IPv4Address | IPv6Address | None:
    """The address of a host, IPv4 as such; None if it isn't one."""
    try:
        address = ip_address(host.partition("%")[0])  # without the interface
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
