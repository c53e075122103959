"""Values that no browser sends: the session goes on, with values that its controls can have."""

import json
from collections.abc import Iterator
from contextlib import nullcontext

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.Common_pb2 import (
    ChatInputValue,
    DoubleArray,
    FileUploaderState,
    SInt64Array,
    StringArray,
    StringTriggerValue,
    UploadedFileInfo,
)
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.runtime.state.common import WidgetMetadata
from streamlit.runtime.state.session_state import SessionState
from streamlit.util import calc_hash

from tests.matrix import matrix, some_of
from tests.servers import Server
from tests.ui.server.visitor import Drawn, Visitor
from ui.server.widget_states import _set, _set_what_fits

PAGES = ("explore", "encoder-decoder", "pretrained", "learn", "compare", "lab")
DEEP = "[" * 3_000
FORGED_FILE = UploadedFileInfo(file_id="forged", name="forged.safetensors", size=1)
FORGED: dict[str, dict[str, object]] = {
    "a trigger": {"trigger_value": True},
    "a boolean": {"bool_value": True},
    "NaN": {"double_value": float("nan")},
    "infinity": {"double_value": float("-inf")},
    "a large number": {"double_value": 1e300},
    "a large whole number": {"int_value": 2**63 - 1},
    "a negative whole number": {"int_value": -(2**63)},
    "a text": {"string_value": "forged"},
    "a long text": {"string_value": "🧡" * 500},
    "texts": {"string_array_value": StringArray(data=["forged", "forged"])},
    "no texts": {"string_array_value": StringArray()},
    "numbers": {"double_array_value": DoubleArray(data=[float("nan"), 1e300, -1])},
    "no numbers": {"double_array_value": DoubleArray()},
    "whole numbers": {"int_array_value": SInt64Array(data=[2**63 - 1])},
    "JSON that isn't": {"json_value": "{"},
    "JSON of another kind": {"json_value": '["forged"]'},
    "deep JSON": {"json_value": DEEP},
    "deep JSON in a trigger": {"json_trigger_value": DEEP},
    "a long number in a trigger": {"json_trigger_value": "9" * 5000},
    "a text in a trigger": {"string_trigger_value": StringTriggerValue(data="forged")},
    "bytes": {"bytes_value": b"\xff\x00"},
    "a chat's": {"chat_input_value": ChatInputValue(data="forged")},
    "a forged file": {"file_uploader_state_value": FileUploaderState(
        uploaded_file_info=[FORGED_FILE])},
    "nothing": {},
}  # fmt: skip
EVENTS = [
    {"event": event, "value": value}
    for event in ("cell", "name", "frame", "paint", "pick", "open", "tall", "forged", None, 1)
    for value in (
        None, "forged", 10**300, -1, 1e308, [], [[[]]], True,
        {"chart": [], "tile": 10**30, "row": -(10**30), "column": 1e300},
        {"chart": "heads_chart", "tile": 10**30, "row": 0, "column": 0},
        {"chart": "heads_chart", "tile": 0, "row": 10**30, "column": -5},
        {"chart": {"a": 1}, "tile": 0, "row": 0, "column": 0, "frame": 10**40},
        {"frame": -1}, {"frame": "1"}, {"tile": float("nan")},
    )
]  # fmt: skip


FITTING = ("a trigger", "a boolean", "a text", "a negative whole number")  # for some widgets


@pytest.fixture(scope="module", params=some_of(2, PAGES))
def attacker(server: Server, request: pytest.FixtureRequest) -> Iterator[Visitor]:
    with Visitor(server) as visitor:
        assert visitor.run(page_name=request.param).errors == []
        assert visitor.open_popovers().errors == []
        yield visitor


def forge(visitor: Visitor, *kinds: str) -> list[WidgetState]:
    """Values of these kinds for every widget that the page has, whatever it is."""
    return [
        WidgetState(id=widget, **FORGED[kind])  # type: ignore[arg-type]
        for widget in (*visitor.widgets.values(), *visitor.popovers)
        for kind in kinds
    ]


@pytest.mark.matrix
def test_values_of_all_kinds_for_every_widget(server: Server, attacker: Visitor) -> None:
    log = server.log()
    for kinds in (tuple(FORGED), *((kind,) for kind in FITTING)):
        assert attacker.run(forge(attacker, *kinds)).errors == []
        assert attacker.run().errors == []
    assert_quiet(server, log)


def test_events_of_all_kinds_for_every_component(server: Server, attacker: Visitor) -> None:
    log = server.log()
    events = json.dumps(EVENTS)
    triggers = [f"$$STREAMLIT_INTERNAL_KEY_{id}__events" for id in attacker.widgets.values()]
    states = [WidgetState(id=id, json_trigger_value=events) for id in triggers]
    assert attacker.run(states).errors == []
    assert attacker.run().errors == []
    assert_quiet(server, log)


def test_what_a_control_cannot_have_leaves_it_as_it_was(server: Server, visitor: Visitor) -> None:
    before = spec(visitor.open_popovers())
    impossible = {
        "heads": {"double_value": 3.0},
        "embed_size": FORGED["NaN"],
        "mask": FORGED["no texts"],
        "view": FORGED["texts"],
        "stage": FORGED["a text"],
        "text": FORGED["a boolean"],
        "seed": FORGED["bytes"],
    }
    forged = [WidgetState(id=visitor.widgets[key], **v) for key, v in impossible.items()]  # type: ignore[arg-type]
    assert spec(visitor.run(forged)) == before
    heads = WidgetState(id=visitor.widgets["heads"], string_array_value=StringArray(data=["2"]))
    assert spec(visitor.run([heads])) != before  # and it can still be changed


def test_a_button_that_is_no_longer_there_cannot_be_pressed(server: Server) -> None:
    log = server.log()
    with Visitor(server) as visitor:
        visitor.run(page_name="compare")
        button = visitor.widgets["swap"]
        visitor.run(page_script_hash=calc_hash("explore"))
        pressed = WidgetState(id=button, trigger_value=True)
        assert visitor.run([pressed]).errors == []
    assert_quiet(server, log)


@matrix(
    3,
    "state",
    [
        {"page_script_hash": "forged"},
        {"query_string": "heads=" + "9" * 100_000},
        {"query_string": "%ff%00&&==;text"},
        {"cached_message_hashes": ["forged"] * 1000},
        {"is_history_navigation": True},
        {"context_info": {"timezone": "Mars/Base", "locale": "x" * 1000, "url": "javascript:1"}},
        {"context_info": {"timezone_offset": 2**31 - 1, "color_scheme": "forged"}},
    ],
    ids=str,
)
def test_a_forged_request_is_run_as_far_as_it_can_be(
    server: Server, visitor: Visitor, state: dict[str, object]
) -> None:
    log = server.log()
    assert visitor.run(**state).errors == []
    assert "plotly_chart" in visitor.run(page_script_hash=calc_hash("explore")).element_kinds
    assert_quiet(server, log)


def test_a_fragment_that_nobody_has_drawn_is_not_run(server: Server, visitor: Visitor) -> None:
    log = server.log()
    page = {"page_script_hash": visitor.page_hash, "fragment_id": "forged"}
    visitor.send(BackMsg(rerun_script=ClientState(**page)))
    assert "plotly_chart" in visitor.run().element_kinds
    assert_quiet(server, log)


def test_streamlit_itself_fails_in_each_run_after_a_forged_value() -> None:
    """Else the server need change nothing."""
    number = WidgetMetadata(
        "number", lambda value: int(value or 0), lambda value: value, value_type="double_value"
    )
    forged = WidgetStates(widgets=[WidgetState(id="number", string_value="forged")])
    for take, fails in ((_set, True), (_set_what_fits, False)):
        state = SessionState()
        state._set_widget_metadata(number)
        take(state, forged)
        for _run in range(2):
            with pytest.raises(ValueError, match="forged") if fails else nullcontext():
                state._compact_state()


def spec(drawn: Drawn) -> str:
    """The chart of the heads, as it is sent."""
    charts = [each for each in drawn.elements if each.DESCRIPTOR.name == "PlotlyChart"]
    return str(charts[-1].spec)


def assert_quiet(server: Server, before: str) -> None:
    written = server.log()[len(before) :]
    assert "Traceback" not in written
    assert len(written.splitlines()) <= 3, written
