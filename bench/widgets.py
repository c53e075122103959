"""The widget states that a browser sends with every rerun, read off the elements it was sent."""

from collections.abc import Callable
from typing import Any

from streamlit.proto.Element_pb2 import Element
from streamlit.proto.WidgetStates_pb2 import WidgetState

SELECT_SLIDER = 2  # Slider.Type.SELECT_SLIDER
INT = 0  # NumberInput.DataType.INT


def initial_state(element: Element) -> WidgetState | None:
    """The state that a browser keeps for a new widget; None for other elements.

    A browser stores the value set by the server, or else the default, when the widget appears,
    and from then on sends it with every rerun. An empty widget's state has no value.
    """
    kind = element.WhichOneof("type")
    if kind not in READERS:
        return None
    widget = getattr(element, kind)
    return None if widget.form_id else READERS[kind](widget)


def set_by_server(element: Element) -> bool:
    """Whether the server tells the browser to replace what it keeps for this widget."""
    return bool(getattr(element, str(element.WhichOneof("type"))).set_value)


def _plain(field: str) -> Callable[[Any], WidgetState]:
    """Reads `value` or `default` into the state's field of that name; a widget may be empty."""

    def read(widget: Any) -> WidgetState:
        source = "value" if widget.set_value else "default"
        descriptor = widget.DESCRIPTOR.fields_by_name[source]
        if descriptor.has_presence and not widget.HasField(source):
            return WidgetState(id=widget.id)
        return WidgetState(id=widget.id, **{field: getattr(widget, source)})

    return read


def _number(widget: Any) -> WidgetState:
    state = _plain("double_value")(widget)
    if widget.data_type == INT and state.HasField("double_value"):
        state.int_value = round(state.double_value)
    return state


def _choice(widget: Any) -> WidgetState:
    if widget.set_value:
        chosen = widget.raw_value if widget.HasField("raw_value") else None
    else:
        chosen = widget.options[widget.default] if widget.HasField("default") else None
    return WidgetState(id=widget.id, string_value=chosen)


def _choices(widget: Any) -> WidgetState:
    if widget.set_value:
        chosen = list(widget.raw_values)
    else:
        chosen = [_label(widget.options[index]) for index in widget.default]
    state = WidgetState(id=widget.id)
    state.string_array_value.data[:] = chosen
    state.string_array_value.SetInParent()
    return state


def _slider(widget: Any) -> WidgetState:
    state = WidgetState(id=widget.id)
    values = widget.value if widget.set_value else widget.default
    if widget.type == SELECT_SLIDER:
        chosen = list(widget.raw_value) or [widget.options[int(index)] for index in widget.default]
        state.string_array_value.data[:] = chosen
    else:
        state.double_array_value.data[:] = values
    return state


def _label(option: Any) -> str:
    """A choice's label as the browser names it: its icon, a space and its text."""
    if isinstance(option, str):
        return option
    return f"{option.content_icon} {option.content}".strip()


READERS: dict[str, Callable[[Any], WidgetState]] = {
    "text_input": _plain("string_value"),
    "text_area": _plain("string_value"),
    "color_picker": _plain("string_value"),
    "number_input": _number,
    "checkbox": _plain("bool_value"),
    "slider": _slider,
    "selectbox": _choice,
    "radio": _choice,
    "button_group": _choices,
    "multiselect": _choices,
}
