"""From a short link's code to the link that it stands for, before a page is opened.

A browser that is redirected has one entry in its history, the long link: Back leads to where
somebody came from, and a reload or a copied address doesn't need the code any more.
"""

from urllib.parse import parse_qsl, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import config

from rooms.errors import StoreUnreachable
from rooms.short_links import PARAMETER
from ui.server.rooms import SHORT_LINKS

Pairs = list[tuple[str, str]]


class RedirectedCodes:
    """ASGI middleware that leads whoever asks for a page with a known code to its link.

    Where there is no such code, or nobody can tell, the page itself says so.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD"):
            target = await _target(scope)
            if target is not None:
                headers = {"Location": target, "Cache-Control": "no-store"}
                await Response(status_code=307, headers=headers)(scope, receive, send)
                return
        await self.app(scope, receive, send)


async def _target(scope: Scope) -> str | None:
    """Where a request leads that asks a page for a known code."""
    if b"go=" not in scope["query_string"]:
        return None
    base = (config.get_option("server.baseUrlPath") or "").strip("/")
    steps = steps_up(scope["path"], f"/{base}/" if base else "/")
    if steps is None:
        return None
    asked = parse_qsl(scope["query_string"].decode(errors="replace"), keep_blank_values=True)
    try:  # in a thread: the store may be on another machine
        link = await run_in_threadpool(SHORT_LINKS.link_of, dict(asked).get(PARAMETER, ""))
    except StoreUnreachable:
        return None
    return None if link is None else "../" * steps + with_parameters(link, asked)


def steps_up(path: str, base: str) -> int | None:
    """Return how many folders a page's path lies below the app's; None if it isn't a page's.

    Only that is relative in any case: a proxy may serve the app below a path of its own.
    """
    inside = path.removeprefix(base)
    if not path.startswith(base) or inside.startswith(("_", "/")) or "//" in inside:
        return None
    if "." in inside:  # a file
        return None
    return inside.count("/")


def with_parameters(link: str, asked: Pairs) -> str:
    """Return a link with what else was asked for, which is in place of what the link says."""
    page, _mark, query = link.partition("?")
    others = {key: text for key, text in asked if key != PARAMETER}
    kept = [(k, text) for k, text in parse_qsl(query, keep_blank_values=True) if k not in others]
    if others:  # else it stays letter by letter
        query = urlencode([*kept, *others.items()])
    return f"{page}?{query}" if query else page
