"""The address that is told to others, where the page is looked at on the server itself."""

import socket

import pytest

from ui.link import code
from ui.server.settings import Settings

LOCAL = "192.0.2.77"
OWN_ADDRESS = code._own_address  # before the tests replace it


@pytest.fixture(autouse=True)
def own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code, "_own_address", lambda: LOCAL)
    monkeypatch.setattr(code.config, "get_option", lambda name: None)


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        ("http://localhost:8501/?room=KXRT", f"http://{LOCAL}:8501/?room=KXRT"),
        ("http://127.0.0.1/lab/?room=KXRT", f"http://{LOCAL}/lab/?room=KXRT"),
        ("http://[::1]:8501/explore?heads=4", f"http://{LOCAL}:8501/explore?heads=4"),
        ("https://school.example/lab/?room=KXRT", "https://school.example/lab/?room=KXRT"),
        ("http://192.168.1.20:8501/", "http://192.168.1.20:8501/"),
        ("/explore?heads=4", "/explore?heads=4"),
    ],
)
def test_others_reach_this_computer_by_its_own_address(
    monkeypatch: pytest.MonkeyPatch, seen: str, told: str
) -> None:
    monkeypatch.setattr(code, "here", lambda link: seen)
    assert code.here_for_others("any") == told


def test_a_server_that_answers_at_one_address_alone_is_told_by_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(code.config, "get_option", lambda name: "127.0.0.1")
    monkeypatch.setattr(code, "here", lambda link: "http://localhost:8501/")
    assert code.here_for_others("") == "http://localhost:8501/"


def test_a_proxy_in_front_lets_others_reach_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code.config, "get_option", lambda name: "127.0.0.1")
    monkeypatch.setattr(code, "settings", lambda: Settings(proxies=("127.0.0.1",)))
    monkeypatch.setattr(code, "here", lambda link: "http://localhost:8501/")
    assert code.here_for_others("") == f"http://{LOCAL}:8501/"


def test_without_a_network_it_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code, "_own_address", lambda: "")
    monkeypatch.setattr(code, "here", lambda link: "http://localhost:8501/")
    assert code.here_for_others("") == "http://localhost:8501/"


def test_a_computers_own_address_is_one_of_a_network_or_none() -> None:
    found = OWN_ADDRESS()
    assert not found.startswith("127.")
    if found:
        socket.inet_aton(found)  # raises where it is none
