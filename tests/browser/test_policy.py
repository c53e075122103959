"""The app under its Content-Security-Policy: nothing that it needs is forbidden, and it says so."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import NewPage
from tests.browser.helpers import FINISHED, open_app, settled
from tests.matrix import matrix
from tests.servers import HOST, Server, running_server
from ui.pages import PAGES

# Whatever a policy forbids, in any window of the context.
LISTEN = """
window.__violations = []
document.addEventListener('securitypolicyviolation', (event) => {
  window.__violations.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sourceFile}`)
})
"""


@pytest.fixture
def watched(new_page: NewPage) -> Iterator[Page]:
    """A page of which `new_page` also hears what the policy forbids it: an error in its console."""
    page = new_page(permissions=["clipboard-read", "clipboard-write"], accept_downloads=True)
    page.context.add_init_script(LISTEN)
    yield page
    assert [each.evaluate("window.__violations") for each in page.context.pages] == [[]]


@matrix(3, "name", [page.name for page in PAGES])
def test_every_page_opens_and_nothing_is_forbidden(
    watched: Page, server: Server, name: str
) -> None:
    answer = watched.goto(f"{server.url}/{name}")
    assert answer is not None
    assert "'sha256-" in answer.headers["content-security-policy"]
    settled(watched)
    expect(watched.get_by_test_id("stException")).to_have_count(0)
    assert watched.evaluate("window.__violations") == []


def test_charts_formulas_components_and_downloads_work(watched: Page, server: Server) -> None:
    open_app(watched, server, "view=head&heads=2")
    watched.locator(".js-plotly-plot .main-svg").first.wait_for()
    watched.locator(".katex").first.wait_for()
    watched.goto(f"{server.url}/explore?heads=2")
    settled(watched)
    watched.locator(".st-key-heads_chart .main-svg").first.wait_for()
    assert watched.evaluate("document.fonts.check('12px \"Source Sans\"')")
    settled(watched)  # the component that writes the address runs
    watched.get_by_role("button", name="Download").click()
    with watched.expect_download() as download:
        watched.locator(".st-key-download_npz button").click()
    assert Path(download.value.path()).stat().st_size > 0


def test_an_event_stream_of_the_server_is_allowed_and_no_other(
    browser: Browser, server: Server
) -> None:
    page = browser.new_page()
    event = {"content_type": "text/event-stream", "body": "data: heard\n\n"}
    page.route("**/stream-of-a-test", lambda route: route.fulfill(**event))  # the policy is before
    page.goto(f"{server.url}/explore")
    listen = """(url) => new Promise((done) => {
      document.addEventListener('securitypolicyviolation', () => done('forbidden'))
      const stream = new EventSource(url)
      stream.onmessage = ({data}) => (stream.close(), done(data))
    })"""
    assert page.evaluate(listen, "/stream-of-a-test") == "heard"
    assert page.evaluate(listen, "http://other.example/stream-of-a-test") == "forbidden"
    page.close()


@pytest.mark.parametrize(
    "attack",
    [
        "document.body.append(Object.assign(document.createElement('script'), {text: 'ran = 1'}))",
        "document.body.insertAdjacentHTML('beforeend', '<img src=x: onerror=\"window.ran = 1\">')",
        "try { eval('window.ran = 1') } catch {}",
    ],
)
def test_a_script_that_came_into_the_page_does_not_run(
    browser: Browser, server: Server, attack: str
) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script(LISTEN)
    page.goto(server.url)
    page.locator(FINISHED).wait_for()
    # As a handler of a click, since what a debugger runs may do more.
    page.evaluate(f"() => new Promise((done) => setTimeout(() => {{ {attack}; done() }}))")
    page.wait_for_function("window.__violations.length > 0")
    assert page.evaluate("window.ran") is None
    context.close()


FRAME = b"""<iframe width=1300 height=700></iframe>
<script>document.querySelector('iframe').src = location.hash.slice(1)</script>"""


@contextmanager
def foreign_site() -> Iterator[str]:
    """A page of another origin, which shows in a frame what its address names behind a "#"."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(FRAME)

        def log_message(self, *_: object) -> None:
            pass

    site = HTTPServer((HOST, 0), Answer)
    thread = threading.Thread(target=partial(site.serve_forever, poll_interval=0.05))
    thread.start()
    try:
        yield f"http://{HOST}:{site.server_port}"
    finally:
        site.shutdown()
        site.server_close()
        thread.join()


def test_no_other_site_shows_the_app_in_a_frame(browser: Browser, server: Server) -> None:
    page = browser.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    with foreign_site() as site:
        with page.expect_event("console"):
            page.goto(f"{site}/#{server.url}/explore")
        assert "frame-ancestors 'self'" in said[0]
        assert page.frame_locator("iframe").get_by_test_id("stApp").count() == 0
    page.close()


def test_the_owner_names_who_may_show_it(
    browser: Browser, tmp_path: Path, kept_models: Path
) -> None:
    with foreign_site() as site:
        frames = {"HEADLIGHT_FRAMES": f"https://moodle.school.example {site}"}
        with running_server(tmp_path, kept_models, environ=frames) as server:
            page = browser.new_page()
            page.goto(f"{site}/#{server.url}/explore")
            app = page.frame_locator("iframe")
            app.locator(FINISHED).wait_for()
            app.locator(".st-key-heads_chart .main-svg").first.wait_for()
            page.close()
