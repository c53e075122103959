"""For whom a page is shown: what its link says of that, and where it goes along."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.ui.helpers import go_to, link, open_app
from ui.link.audience import AUDIENCE, controls_named


@pytest.mark.parametrize(
    ("text", "used", "is_told"),
    [
        ("heads,mask", "heads,mask", False),
        (" Heads , mask,, ", "heads,mask", False),
        ("heads,heads", "heads", True),
        ("", "", False),
        (",,", "", False),
        ("<b>,heads", "heads", True),
        ("a b", "", True),
        ("多头", "", True),
        (",".join(f"c{i}" for i in range(30)), ",".join(f"c{i}" for i in range(20)), True),
        ("x" * 5000, "", True),
    ],
)
def test_controls_are_names_with_commas_between_them(text: str, used: str, is_told: bool) -> None:
    value, message = AUDIENCE["only"].read("only", text)
    assert value == used
    assert bool(message) == is_told
    assert controls_named(value) == tuple(filter(None, used.split(",")))


def kept(at: AppTest, key: str) -> object:
    """What the page that is shown has."""
    session = at.session_state["_session"]
    return session.memories[session.page.name].values[key]


def test_presenting_goes_along_from_page_to_page_and_ends_on_all() -> None:
    at = open_app(link(present="true", heads=4))
    go_to(at, "encoder-decoder")
    assert kept(at, "present") is True
    go_to(at, "explore")
    assert (kept(at, "present"), kept(at, "heads")) == (True, 4)
    at.session_state["_session"].memories["explore"].values["present"] = False
    go_to(at, "encoder-decoder")
    assert kept(at, "present") is False


def test_controls_and_notes_stay_where_they_were_asked_for() -> None:
    at = open_app(link(only="heads"))
    go_to(at, "encoder-decoder")
    assert (kept(at, "only"), kept(at, "notes")) == ("", False)
