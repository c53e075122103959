"""What every answer tells a browser to forbid the page.

The policy is as strict as the page works with. It can't forbid:

- styles within the page: Streamlit and Plotly write them. They can hide or move what is shown, but
  fetch nothing from elsewhere.
- scripts from a blob: Streamlit loads components so. Only a script that already runs can make one.
- WebAssembly: Streamlit's messages count with it. It does nothing but by a script that runs.
- to leave the page: no policy knows of a link or a redirection that carries something along.
"""

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

import streamlit
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.server.settings import settings

PAGE = Path(streamlit.__file__).parent / "static" / "index.html"
INLINE = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL)
HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]+)?|\[[0-9a-fA-F:.]+\](:[0-9]+)?")

# Of what a browser offers pages, the app uses full screen and writing to the clipboard.
UNUSED = (
    *("accelerometer", "autoplay", "camera", "clipboard-read", "display-capture"),
    *("encrypted-media", "geolocation", "gyroscope", "hid", "idle-detection", "local-fonts"),
    *("magnetometer", "microphone", "midi", "payment", "publickey-credentials-get"),
    *("screen-wake-lock", "serial", "usb", "xr-spatial-tracking"),
)


class SecurityHeaders:
    """ASGI middleware that adds the policy to every answer, and answers where the app fails."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        host = Headers(scope=scope).get("host", "")
        has_begun = False

        async def send_with_headers(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                own = fixed_headers()
                kept = [each for each in message.get("headers", ()) if each[0] not in own]
                ours = (b"content-security-policy", policy(host).encode())
                message = {**message, "headers": [*kept, *own.items(), ours]}
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        except Exception:
            if not has_begun:  # else Starlette would answer, outside of all middleware
                failure = PlainTextResponse("Internal Server Error", status_code=500)
                await failure(scope, receive, send_with_headers)
            raise


@cache
def fixed_headers() -> dict[bytes, bytes]:
    """Return the headers that are the same for every answer, but for the policy."""
    headers = {
        b"x-content-type-options": b"nosniff",
        b"referrer-policy": b"same-origin",  # an address holds a sentence: it is nobody else's
        b"permissions-policy": ", ".join(f"{feature}=()" for feature in UNUSED).encode(),
        # Windows of this app find each other by a BroadcastChannel, which this leaves alone.
        b"cross-origin-opener-policy": b"same-origin",
    }
    if not settings().frames:
        headers[b"x-frame-options"] = b"SAMEORIGIN"  # for browsers that don't know frame-ancestors
    return headers


def policy(host: str) -> str:
    """Return the Content-Security-Policy of a page that was asked for at this Host."""
    # "self" covers a WebSocket in today's browsers; Safari before 15.4 wants its scheme.
    sockets = f" ws://{host} wss://{host}" if HOST.fullmatch(host) else ""
    return f"{_policy()}; connect-src 'self'{sockets}"


@cache
def _policy() -> str:
    scripts = " ".join(f"'sha256-{each}'" for each in inline_hashes(PAGE.read_text("utf-8")))
    frames = " ".join(settings().frames) or "'self'"
    return (
        "default-src 'none'; "
        f"script-src 'self' blob: 'wasm-unsafe-eval' {scripts}; "
        "style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; "
        "font-src 'self' data:; "
        "media-src 'self' blob:; "
        "worker-src 'self' blob:; "
        "object-src 'none'; base-uri 'none'; form-action 'none'; "
        f"frame-ancestors {frames}"
    )


def inline_hashes(page: str) -> list[str]:
    """Return the SHA-256 of each script that stands in a page, as a policy names it."""
    digests = (hashlib.sha256(text.encode()).digest() for text in INLINE.findall(page))
    return [base64.b64encode(digest).decode() for digest in digests]
