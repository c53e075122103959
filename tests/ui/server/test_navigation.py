"""Which page an address shows, as a browser asks for it: by the name after the slash."""

from urllib.parse import urlencode

import pytest
from streamlit.proto.Navigation_pb2 import Navigation

from tests.servers import Server, directly
from tests.ui.server.visitor import Drawn, Visitor


def navigation(drawn: Drawn) -> Navigation:
    """What is above the page."""
    bars = [m.navigation for m in drawn.messages if m.WhichOneof("type") == "navigation"]
    return bars[-1]


def marked(drawn: Drawn) -> tuple[str, str]:
    """The title and the path of the page that is marked in the navigation, of those in it."""
    bar = navigation(drawn)
    (page,) = [
        page
        for page in bar.app_pages
        if page.page_script_hash == bar.page_script_hash and not page.is_hidden
    ]
    return page.page_name, page.url_pathname


@pytest.mark.parametrize("path", ["", "explore"])
def test_explore_is_at_the_first_address_and_at_its_own(server: Server, path: str) -> None:
    with Visitor(server) as visitor:
        drawn = visitor.run(
            page_name=path, query_string=urlencode({"text": "a b c", "heads": 2, "view": "head"})
        )
        assert drawn.errors == []
        assert marked(drawn) == ("Explore", path)
        assert "head_chart" in visitor.widgets
        again = visitor.run(query_string="text=a&heads=2&view=heads")
        assert marked(again) == ("Explore", path)
        titles = [page.page_name for page in navigation(again).app_pages if not page.is_hidden]
    assert titles == [
        "Start",
        "Explore",
        "Encoder-decoder",
        "Pretrained",
        "Learn",
        "Compare",
        "Lab",
    ]


@pytest.mark.parametrize("path", ["nonsense", "EXPLORE", "first", "a/b", "<b>", "x" * 5000])
def test_an_address_without_a_page_says_so_and_leads_back(server: Server, path: str) -> None:
    with Visitor(server) as visitor:
        drawn = visitor.run(page_name=path)
        assert drawn.errors == []
        assert "There is no page at this address." in drawn.texts()
        assert "page_not_found" not in {m.WhichOneof("type") for m in drawn.messages}
        (link,) = [each for each in drawn.elements if each.DESCRIPTOR.name == "PageLink"]
        assert "There is no page" in visitor.run().texts()  # as when the theme is changed
        there = visitor.run(page_script_hash=link.page_script_hash)
        assert marked(there) == ("Start", "")
        assert there.errors == []


def test_a_page_that_nobody_has_heard_of_is_the_first(server: Server) -> None:
    with Visitor(server) as visitor:
        drawn = visitor.run(page_script_hash="forged")
        assert drawn.errors == []
        assert marked(drawn) == ("Start", "")


@pytest.mark.parametrize("path", ["/explore", "/explore/", "/nonsense", "/learn/"])
def test_every_address_has_the_page_that_runs_the_app(server: Server, path: str) -> None:
    with directly.open(f"{server.url}{path}?heads=2") as answer:
        assert answer.url == f"{server.url}{path.rstrip('/')}?heads=2"
        assert b"<title>" in answer.read()
