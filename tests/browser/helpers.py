"""What browser tests do again and again."""

from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, WebSocket

from tests.servers import Server

# ms that tests wait for anything: the app imports torch first, perhaps on a busy machine.
PATIENCE = 60_000
FINISHED = (
    '[data-testid="stApp"]'
    '[data-test-connection-state="CONNECTED"][data-test-script-state="notRunning"]'
)


def open_app(page: Page, server: Server, query: str = "", path: str = "/explore") -> None:
    """Opens a page of the app, and waits until its script has run and Explore's heads are drawn.

    `query` is what follows the "?" of the URL, already encoded. If it asks for another view or for
    no words, the test itself waits for what it wants to see there.
    """
    page.goto(f"{server.url}{path}" + (f"?{query}" if query else ""))
    page.locator(FINISHED).wait_for()
    shows_heads = "view=" not in query and "lesson=" not in query and query != "text="
    if path == "/explore" and shows_heads:
        heads = page.locator(".st-key-heads_chart .js-plotly-plot .main-svg")
        heads.first.wait_for()


def settled(page: Page) -> None:
    """Waits until the app's script has run, and the address has been written."""
    page.locator(FINISHED).wait_for()
    page.wait_for_function(  # what writes it comes last, on all pages but that for unknown ones
        "() => window.__headlight_address?.page || location.pathname === '/missing'"
    )
    page.wait_for_function(
        """() => new Promise((done) => {
          const before = location.href;
          setTimeout(() => done(location.href === before), 200);
        })"""
    )
    page.locator(FINISHED).wait_for()


def shared(page: Page) -> dict[str, str]:
    """The parameters in the page's address, once that is written."""
    settled(page)
    return {key: values[0] for key, values in parse_qs(urlsplit(page.url).query).items()}


def choose(page: Page, control: str, word: str) -> None:
    """Click an option of a segmented control."""
    page.locator(f".st-key-{control}").get_by_role("radio", name=word, exact=True).click()


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

    def hear(message: ConsoleMessage) -> None:
        # Opened on a page of its own path, Streamlit first looks for its server below that path.
        probe = urlsplit(message.location["url"]).path
        searching = probe.count("/") > 2 and probe.endswith(("/_stcore/health", "/host-config"))
        if message.type == "error" and not searching:
            problems.append(f"console error: {message.text} ({message.location['url']})")

    context.on("console", hear)
    return problems
