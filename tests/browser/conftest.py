"""A server with the app, and a Chromium that looks at it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.helpers import PATIENCE, watch
from tests.servers import Server, running_server
from tools.find_chromium import find_chromium

PROJECTOR = {"width": 1366, "height": 768}
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

NewPage = Callable[..., Page]


class Window:
    """A browser context, and the problems that its pages have had; see `watch`."""

    def __init__(self, context: BrowserContext, origin: str) -> None:
        self.context = context
        context.set_default_timeout(PATIENCE)
        self.problems = watch(context, origin)

    def close(self) -> None:
        self.context.close()


class UsualWindow(Window):
    """Kept from test to test. A page opens in less than half the time.

    All of its pages are opened by one that stays: they share a process, which has compiled the
    app's scripts.
    """

    def __init__(self, context: BrowserContext, origin: str) -> None:
        super().__init__(context, origin)
        self.origin = origin
        self.opener = context.new_page()
        self.opener.goto(f"{origin}/_stcore/health")

    def open_anew(self) -> Page:
        """A page that finds nothing that an earlier one has left, but what was compiled."""
        self.problems.clear()
        with self.opener.expect_popup() as popup:
            self.opener.evaluate("() => { window.open('about:blank') }")
        self.context.new_cdp_session(popup.value).send(
            "Storage.clearDataForOrigin",
            {"origin": self.origin, "storageTypes": "cookies,local_storage,indexeddb"},
        )
        return popup.value

    def close(self) -> None:
        for page in self.context.pages:
            if page is not self.opener:
                page.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, kept_models: Path) -> Iterator[Server]:
    """The app of this checkout, with the project's own settings."""
    with running_server(tmp_path_factory.mktemp("server"), kept_models) as started:
        yield started


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = find_chromium()
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def usual_window(browser: Browser, server: Server) -> UsualWindow:
    return UsualWindow(browser.new_context(viewport=PROJECTOR), server.url)


@pytest.fixture
def new_page(browser: Browser, server: Server, usual_window: UsualWindow) -> Iterator[NewPage]:
    """Opens windows that share nothing, each with Playwright's options for a context.

    At the end, the test fails if one of them logged an error, threw one, or asked another host for
    anything, or if the app printed a traceback.
    """
    windows: list[Window] = []
    printed = len(server.log())

    def open_window(**options: object) -> Page:
        if not (windows or options):
            windows.append(usual_window)
            return usual_window.open_anew()
        context = browser.new_context(**{"viewport": PROJECTOR, **options})
        windows.append(Window(context, server.url))
        return context.new_page()

    yield open_window
    for window in windows:
        window.close()
    found = [problem for window in windows for problem in window.problems]
    if "Traceback (most recent call last)" in (log := server.log()[printed:]):
        found.append(f"the app printed a traceback:\n{log}")
    if found:
        pytest.fail("\n".join(found), pytrace=False)


@pytest.fixture
def page(new_page: NewPage) -> Page:
    """A window the size of a classroom projector; see `new_page` for what it promises."""
    return new_page()
