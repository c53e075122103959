"""Streamlit's queue to a browser, which loses what a full run drew if a fragment's follows."""

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue

FULL_RUN_IS_OVER = ForwardMsg.FINISHED_SUCCESSFULLY

_clear = ForwardMsgQueue.clear


def mend_queue() -> None:
    """Let no browser hear of a full run's end without what that run drew."""
    # Streamlit offers no hook.
    ForwardMsgQueue.clear = _clear_but_keep_a_full_runs_end  # type: ignore[method-assign, assignment]


def _clear_but_keep_a_full_runs_end(
    queue: ForwardMsgQueue,
    retain_lifecycle_msgs: bool = False,
    fragment_ids_this_run: list[str] | None = None,
) -> None:
    """Clear what is to be sent to a browser, but not what a full run drew that has just ended.

    When a fragment runs right after it, Streamlit drops what the full run drew of that fragment,
    and yet tells the browser of the full run's end, at which that forgets all that wasn't drawn:
    with a text field goes the text that somebody has typed.
    """
    if (
        retain_lifecycle_msgs
        and fragment_ids_this_run is not None
        and any(
            message.WhichOneof("type") == "script_finished"
            and message.script_finished == FULL_RUN_IS_OVER
            for message in queue._queue
        )
    ):
        queue._delta_index_map = {}  # what the fragment draws now is not to come before that end
        return
    _clear(queue, retain_lifecycle_msgs, fragment_ids_this_run)
