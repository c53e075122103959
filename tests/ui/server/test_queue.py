"""What the server changes in Streamlit, and that Streamlit still needs it."""

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue

from ui.server.queue import _clear, mend_queue

FIELD = (1, 0)  # where the sidebar has it
FRAGMENT = "a fragment"
DREW, OVER = "typed", ForwardMsg.FINISHED_SUCCESSFULLY


@pytest.fixture(autouse=True)
def mended() -> None:
    mend_queue()


def drawn(text: str) -> ForwardMsg:
    message = ForwardMsg()
    message.metadata.delta_path[:] = FIELD
    message.delta.fragment_id = FRAGMENT
    message.delta.new_element.text_input.default = text
    return message


def finished(status: "ForwardMsg.ScriptFinishedStatus.ValueType") -> ForwardMsg:
    return ForwardMsg(script_finished=status)


def queue_of(*messages: ForwardMsg) -> ForwardMsgQueue:
    queue = ForwardMsgQueue()
    for message in messages:
        queue.enqueue(message)
    return queue


def sent(queue: ForwardMsgQueue) -> list[str | int]:
    """What the browser gets, in order: texts that are drawn, and runs' ends."""
    return [
        message.script_finished
        if message.WhichOneof("type") == "script_finished"
        else message.delta.new_element.text_input.default
        for message in queue.flush()
    ]


def test_what_a_full_run_drew_comes_before_its_end_though_a_fragment_runs_at_once() -> None:
    queue = queue_of(drawn(DREW), finished(OVER))
    queue.clear(retain_lifecycle_msgs=True, fragment_ids_this_run=[FRAGMENT])
    queue.enqueue(drawn("again"))
    assert sent(queue) == [DREW, OVER, "again"]
    assert sent(queue) == []


def test_streamlit_itself_drops_it() -> None:
    """Else the server need change nothing."""
    queue = queue_of(drawn(DREW), finished(OVER))
    _clear(queue, retain_lifecycle_msgs=True, fragment_ids_this_run=[FRAGMENT])
    assert sent(queue) == [OVER]


@pytest.mark.parametrize(
    ("messages", "fragments", "expected"),
    [
        ([drawn(DREW), finished(OVER)], None, [ForwardMsg.FINISHED_EARLY_FOR_RERUN]),
        ([drawn(DREW)], [FRAGMENT], []),
        ([drawn(DREW)], ["another"], [DREW]),
    ],
    ids=["a full run follows", "no run has ended", "another fragment's"],
)
def test_all_else_is_cleared_as_ever(
    messages: list[ForwardMsg], fragments: list[str] | None, expected: list[str | int]
) -> None:
    queue = queue_of(*messages)
    queue.clear(retain_lifecycle_msgs=True, fragment_ids_this_run=fragments)
    assert sent(queue) == expected
