"""From a code to its link: by a redirect, before a page is opened, wherever the app is served."""

import asyncio
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import parse_qsl, quote, urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as some
from starlette.types import Message, Receive, Scope, Send
from streamlit import config
from streamlit.proto.WidgetStates_pb2 import WidgetState

from rooms.errors import unreachable
from rooms.memory import MemoryStore
from rooms.short_links import ShortLinks
from tests.servers import Server
from tests.ui.server.visitor import PATIENCE, Visitor
from ui.server import redirects
from ui.server.redirects import RedirectedCodes, with_parameters

FOUR = "explore?heads=4&text=a+%E7%8C%AB%0D%0A%26"
CODE = "bcdfgh"


@pytest.fixture(autouse=True)
def store(monkeypatch: pytest.MonkeyPatch) -> ShortLinks:
    """A store with one code."""
    memory = MemoryStore()
    kept = ShortLinks(memory)
    memory.add(f"link:{CODE}", FOUR, 1000)
    monkeypatch.setattr(redirects, "SHORT_LINKS", kept)
    return kept


@pytest.fixture
def base_path() -> Iterator[str]:
    """The app is served below a path, as its owner says it."""
    before = config.get_option("server.baseUrlPath")
    config.set_option("server.baseUrlPath", "/deep/our-lab/")
    yield "/deep/our-lab"
    config.set_option("server.baseUrlPath", before)


def location(path: str, query: str | bytes, method: str = "GET", kind: str = "http") -> str | None:
    """Where the middleware leads; None where it lets the app answer."""
    sent: list[Message] = []
    passed: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        passed.append(scope)

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError("nothing is read")

    raw = query if isinstance(query, bytes) else query.encode()
    scope = {"type": kind, "method": method, "path": path, "query_string": raw, "headers": []}
    asyncio.run(RedirectedCodes(app)(scope, receive, send))
    if passed:
        assert passed == [scope]
        assert sent == []
        return None
    assert sent[0]["status"] == 307
    headers = dict(sent[0]["headers"])
    assert headers[b"cache-control"] == b"no-store"
    found: bytes = headers[b"location"]
    return found.decode("ascii")


@pytest.mark.parametrize("code", [CODE, CODE.upper(), f"+{CODE}%20", "BcDfGh%0A"])
@pytest.mark.parametrize("path", ["/", "/explore", "/nowhere"])
def test_a_code_leads_to_its_link_letter_by_letter(path: str, code: str) -> None:
    assert location(path, f"go={code}") == FOUR
    assert location(path, f"go={code}", "HEAD") == FOUR


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/deep/our-lab/", FOUR),
        ("/deep/our-lab/explore", FOUR),
        ("/deep/our-lab/explore/", f"../{FOUR}"),
        ("/deep/our-lab/a/b", f"../{FOUR}"),
        ("/deep/our-lab", None),  # Streamlit adds the slash
        ("/explore", None),
        ("/", None),
    ],
)
def test_it_leads_there_below_a_path_too(base_path: str, path: str, expected: str | None) -> None:
    found = location(path, f"go={CODE}")
    assert found == expected
    if found is not None:
        assert urljoin(f"https://host{path}?go={CODE}", found) == f"https://host{base_path}/{FOUR}"


def test_what_else_is_asked_for_stays_and_comes_first() -> None:
    assert location("/", f"lang=zh&go={CODE}&embed=true") == f"{FOUR}&lang=zh&embed=true"
    other = location("/", f"go={CODE}&heads=2&heads=8&text=")
    assert other == "explore?heads=8&text="
    assert location("/", f"go=nonsense&go={CODE}") == FOUR  # of a repeated one, the last counts
    assert location("/", f"go={CODE}&go=nonsense") is None


@pytest.mark.parametrize(
    ("path", "query", "method", "kind"),
    [
        ("/", "go=bcdfgj", "GET", "http"),  # which nobody was given
        ("/", "", "GET", "http"),
        ("/", "ergo=bcdfgh", "GET", "http"),
        ("/", f"go={CODE}", "POST", "http"),
        ("/_stcore/health", f"go={CODE}", "GET", "http"),
        ("/static/js/index.js", f"go={CODE}", "GET", "http"),
        ("/favicon.png", f"go={CODE}", "GET", "http"),
        ("//evil.example", f"go={CODE}", "GET", "http"),
        ("//evil", f"go={CODE}", "GET", "http"),
        ("/a//b", f"go={CODE}", "GET", "http"),
    ],
)
def test_all_else_is_answered_by_the_app(path: str, query: str, method: str, kind: str) -> None:
    assert location(path, query, method, kind) is None


def test_while_the_store_is_unreachable_the_page_says_so(
    store: ShortLinks, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(code: str) -> str:
        raise unreachable()

    monkeypatch.setattr(store, "link_of", fail)
    assert location("/", f"go={CODE}") is None


def test_a_socket_is_none_of_its_business() -> None:
    assert location("/", f"go={CODE}", kind="websocket") is None
    assert location("/", f"go={CODE}", kind="lifespan") is None


@given(some.text(), some.dictionaries(some.text(), some.text(), max_size=3))
def test_whatever_is_asked_for_leads_to_a_page_of_the_app(
    code: str, others: dict[str, str]
) -> None:
    pairs = [(k.encode(errors="replace"), v.encode(errors="replace")) for k, v in others.items()]
    query = "&".join(f"{quote(k)}={quote(v)}" for k, v in pairs)
    assert location("/", f"go={quote(code.encode(errors='replace'))}") is None
    found = location("/", f"{query}&go={CODE}")
    if found is not None:  # a parameter called go comes in between
        assert found.startswith("explore?")
        assert found.isascii()
        assert found.isprintable()
        led = urljoin("https://host/", found)
        assert urlsplit(led)[:3] == ("https", "host", "/explore")
        wanted = {k.decode(): v.decode() for k, v in pairs if k != b"go"}
        assert wanted.items() <= dict(parse_qsl(led.partition("?")[2], True)).items()


@pytest.mark.parametrize(
    "query", [b"go=\xff\xfe", b"go=%00", b"go=%0d%0aSet-Cookie:a=b", b"go=<b>"]
)
def test_bytes_that_are_no_text_are_no_code(query: bytes) -> None:
    assert location("/", query) is None


def test_a_page_without_parameters_stays_one() -> None:
    assert with_parameters("lab", [("go", CODE)]) == "lab"
    assert with_parameters("lab", [("go", CODE), ("lang", "zh")]) == "lab?lang=zh"


# A real server, in which somebody shares Explore.


def get(server: Server, address: str) -> HTTPResponse:
    """What the server answers, as it is: no redirect is followed."""
    connection = HTTPConnection(urlsplit(server.url).netloc, timeout=PATIENCE)
    try:
        connection.request("GET", address)
        answer = connection.getresponse()
        answer.read()
        return answer
    finally:
        connection.close()


def shared_code(visitor: Visitor) -> str:
    """The code of a short link to what somebody has open."""
    (share,) = [id for id in visitor.popovers if id.endswith("-share_popover")]
    visitor.run([WidgetState(id=share, bool_value=True)])
    pressed = WidgetState(id=visitor.widgets["share_short"], trigger_value=True)
    drawn = visitor.run([WidgetState(id=share, bool_value=True), pressed])
    assert drawn.errors == []
    bodies = [getattr(each, "body", "") for each in drawn.elements]
    (html,) = [body for body in bodies if 'class="short_link"' in body]
    code: str = html.partition("<strong>")[2].partition("</strong>")[0]
    return code


def test_a_server_leads_from_the_code_that_it_has_given(server: Server) -> None:
    with Visitor(server) as visitor:
        visitor.run(page_name="explore", query_string="heads=4&text=%E7%8C%AB&mask=causal")
        code = shared_code(visitor)
    assert code == code.upper()
    for path in ("/", "/explore", "/learn"):
        for typed in (code, code.lower(), f"%20{code}+"):
            answer = get(server, f"{path}?lang=en&go={typed}")
            assert answer.status == 307
            assert answer.headers["Cache-Control"] == "no-store"
            led = answer.headers["Location"]
            assert led == "explore?text=%E7%8C%AB&heads=4&mask=causal&lang=en"
    assert get(server, f"/{led}").status == 200


@pytest.mark.parametrize(
    "code", ["zzzzzz", "", "%00", "%0d%0aLocation:%20//evil", "%3Cb%3E", "a" * 9000, "%E7%8C%AB"]
)
def test_a_server_shows_the_page_where_it_knows_no_code(server: Server, code: str) -> None:
    answer = get(server, f"/explore?go={code}")
    assert answer.status == 200
    assert "Location" not in answer.headers
    with Visitor(server) as visitor:
        drawn = visitor.run(page_name="explore", query_string=f"go={code}")
        assert drawn.errors == []
        assert "There is no link with the code" in drawn.texts()
