"""Widgets' values as a browser sends them, or whoever else speaks its protocol.

What a value can't be taken for, Streamlit raises when it is next looked at: in this run, and in all
that follow, for it keeps the value. Here such a value is dropped when it comes, so that the widget
keeps the one that it had.
"""

from typing import Any

from streamlit.components.v2.bidi_component.constants import EVENT_DELIM
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.runtime.state.common import (
    RegisterWidgetResult,
    WidgetMetadata,
    unpack_widget_state_value,
    user_key_from_element_id,
)
from streamlit.runtime.state.session_state import (
    STREAMLIT_INTERNAL_KEY_PREFIX,
    Serialized,
    SessionState,
)
from streamlit.runtime.uploaded_file_manager import DeletedFile

from ui.server.given_values import given_values
from ui.server.metrics import count_refusal
from ui.server.seldom import SeldomLogger

ALSO = {"double_value": "int_value"}  # what else a browser sends for a value of this kind

_log = SeldomLogger(__name__)
_set = SessionState.set_widgets_from_proto
_register = SessionState.register_widget


def drop_forged_states() -> None:
    """Let no session take a value that its widget can't have."""
    # Streamlit offers no hook.
    SessionState.set_widgets_from_proto = _set_what_fits  # type: ignore[method-assign, assignment]
    SessionState.register_widget = _register_with_what_fits  # type: ignore[method-assign, assignment]


def _set_what_fits(state: SessionState, sent: WidgetStates) -> None:
    """Take the values that widgets can have as the last run has drawn them, where they are news.

    A callback runs only for what is still on the page: it belongs there.
    """
    taken = []
    for each in given_values(state).drop_stale(sent).widgets:
        widget = state.get_widget_metadata(each.id)
        if widget is None:  # not drawn yet, as after a lost connection: see below
            taken.append(each)
        elif not fits(widget, each):
            _tell(widget)
        elif _is_shown(state, each.id) or not (widget.callback or widget.callbacks):
            taken.append(each)
    _set(state, WidgetStates(widgets=taken))


def _register_with_what_fits(
    state: SessionState, widget: WidgetMetadata[Any], user_key: str | None
) -> RegisterWidgetResult[Any]:
    """Draw a widget with the value that has come for it, if it can have that."""
    sent = state._new_widget_state.states.get(widget.id)
    if isinstance(sent, Serialized) and not fits(widget, sent.value):
        _tell(widget)
        del state._new_widget_state[widget.id]
    return _register(state, widget, user_key)


def fits(widget: WidgetMetadata[Any], sent: WidgetState) -> bool:
    """Whether a widget can have this value: of its kind, among its options, readable."""
    kind = sent.WhichOneof("value")
    if kind is None:  # cleared: it has its default
        return True
    if kind not in (widget.value_type, ALSO.get(widget.value_type)):
        return False
    if widget.formatted_options is not None:
        chosen = [sent.string_value] if kind == "string_value" else sent.string_array_value.data
        if not set(chosen) <= set(widget.formatted_options):
            return False
    try:
        value = widget.deserializer(unpack_widget_state_value(sent))
    except Exception:  # whatever Streamlit meets in a stranger's value
        return False
    if isinstance(value, DeletedFile):  # it names a file that nobody has sent
        return False
    return value is not None or widget.deserializer(None) is None  # or it is never empty


def _is_shown(state: SessionState, widget: str) -> bool:
    """Whether the last run has drawn a widget, or the component that has this trigger."""
    component = widget.removeprefix(f"{STREAMLIT_INTERNAL_KEY_PREFIX}_").partition(EVENT_DELIM)[0]
    return component in state._old_state


def _tell(widget: WidgetMetadata[Any]) -> None:
    name = user_key_from_element_id(widget.id) or "without a key"
    count_refusal("value")
    _log.warning("Dropped a value that the widget %.40r can't have", name)
