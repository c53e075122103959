"""Values that the app has changed, and that a browser sends once more as they were."""

import json
import time
from collections.abc import Iterator

import pytest
from streamlit.proto.Common_pb2 import StringArray
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.util import calc_hash

from tests.servers import Server
from tests.ui.server.visitor import Drawn, Visitor
from ui.server import given_values as module
from ui.server.given_values import GivenValues

ADDRESS = "headlight_address"


def state(value: str) -> WidgetState:
    return WidgetState(id="$$ID-hash-view", string_value=value)


def message(value: str) -> WidgetStates:
    return WidgetStates(widgets=[state(value), WidgetState(id="$$ID-hash-q", int_value=1)])


def sent_values(given: GivenValues, value: str) -> list[str]:
    return [each.string_value for each in given.drop_stale(message(value)).widgets[:-1]]


def test_what_was_there_before_is_not_taken_again_and_news_is() -> None:
    given = GivenValues()
    assert sent_values(given, "heads") == ["heads"]
    given.give({"view"})
    assert sent_values(given, "heads") == []  # from before
    assert sent_values(given, "layers") == ["layers"]  # somebody's choice
    given.give({"mask"})
    assert given.drop_stale(message("layers")).widgets[-1].int_value == 1  # not a given one


def test_after_a_second_it_is_somebody_who_chose_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    given = GivenValues()
    sent_values(given, "heads")
    given.give({"view"})
    later = time.monotonic() + 1.01
    monkeypatch.setattr(module.time, "monotonic", lambda: later)
    assert sent_values(given, "heads") == ["heads"]


def test_soon_after_the_address_is_written_too(monkeypatch: pytest.MonkeyPatch) -> None:
    given = GivenValues()
    sent_values(given, "heads")
    given.give({"view"})
    given.write("view=next")
    now = time.monotonic()
    monkeypatch.setattr(module.time, "monotonic", lambda: now + 0.3)
    assert sent_values(given, "heads") == []
    monkeypatch.setattr(module.time, "monotonic", lambda: now + 0.41)
    assert sent_values(given, "heads") == ["heads"]


@pytest.fixture
def visitor(server: Server) -> Iterator[Visitor]:
    with Visitor(server) as someone:
        someone.run(page_script_hash=calc_hash("lab"))
        yield someone


def test_a_repaint_does_not_undo_what_a_button_has_chosen(visitor: Visitor) -> None:
    view = WidgetState(
        id=visitor.widgets["view"], string_array_value=StringArray(data=["mechanism"])
    )
    visitor.run([view])
    pressed = WidgetState(id=visitor.widgets["preset_doubling"], trigger_value=True)
    assert query(visitor.run([view, pressed])) == "view=cost"
    assert query(visitor.run([view])) == "view=cost"  # it hasn't heard of it yet
    # It has heard of it, and somebody has gone back to the other view.
    assert query(visitor.run([view], query_string="view=cost")) == ""


def query(drawn: Drawn) -> str:
    """The address that the browser is told to show."""
    told = [each for each in drawn.elements if getattr(each, "component_name", "") == ADDRESS]
    data: dict[str, str] = json.loads(told[-1].bytes)
    return data["query"]
