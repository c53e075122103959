"""What browser tests do again and again."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Page, Request, WebSocket

PATIENCE = 60_000  # ms; the first run of the app imports torch, perhaps on a busy machine
FINISHED = (
    '[data-testid="stApp"]'
    '[data-test-connection-state="CONNECTED"][data-test-script-state="notRunning"]'
)


@dataclass(frozen=True)
class Server:
    """A running app. `url` has no slash at its end; `log_file` gets all that the server prints."""

    url: str
    log_file: Path

    def log(self) -> str:
        return self.log_file.read_text(encoding="utf-8", errors="replace")


def open_app(page: Page, server: Server, query: str = "", path: str = "/") -> None:
    """Opens a page of the app, and waits until its script has run and Explore's heads are drawn.

    `query` is what follows the "?" of the URL, already encoded.
    """
    page.goto(f"{server.url}{path}" + (f"?{query}" if query else ""))
    page.locator(FINISHED).wait_for(timeout=PATIENCE)
    if path == "/":
        heads = page.locator(".st-key-heads_chart .js-plotly-plot .main-svg")
        heads.first.wait_for(timeout=PATIENCE)


def watch(context: BrowserContext, origin: str) -> list[str]:
    """A list that grows as the context's pages log errors, throw, or ask other hosts than `origin`.

    Warnings don't count. `data:` and `blob:` URLs ask no host.
    """
    home = urlsplit(origin).netloc
    problems: list[str] = []

    def reach(asked: Request | WebSocket) -> None:
        url = urlsplit(asked.url)
        if url.scheme in {"http", "https", "ws", "wss"} and url.netloc != home:
            problems.append(f"request to another host: {asked.url}")

    context.on("request", reach)
    context.on("page", lambda page: page.on("websocket", reach))
    context.on("weberror", lambda error: problems.append(f"uncaught {error.error.stack}"))
    context.on(
        "console",
        lambda message: (
            problems.append(f"console error: {message.text} ({message.location['url']})")
            if message.type == "error"
            else None
        ),
    )
    return problems
