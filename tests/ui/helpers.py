"""The app without a browser: opens links, reads what is shown, sends what a browser would."""

import base64
import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch
from urllib.parse import parse_qs, quote, urlencode

import numpy as np
import pandas as pd
from streamlit.components.v2.bidi_component.main import _make_trigger_id
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.runtime.scriptrunner import RerunData
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from tests.patience import LONG
from ui.link.memory import Memory, Session
from ui.pages import PAGES

T = TypeVar("T")
PARAMETERS = {page.name: page.parameters for page in PAGES}
APP = Path(__file__).parents[2] / "app.py"


def link(**parameters: object) -> str:
    return urlencode(parameters, quote_via=quote)


def open_app(query: str = "", *, path: str = "explore", theme: str | None = None) -> AppTest:
    """The page that this link opens, which must not have raised anything."""
    at = AppTest.from_file(APP, default_timeout=LONG)
    # Without it, AppTest reads every installed package for components: 60 ms for each page.
    at._bidi_component_manager = BidiComponentManager()
    at.query_params = parse_qs(query, keep_blank_values=True)
    at._page_hash = calc_hash(path)
    if theme:
        at.context["theme"] = theme
    return checked(at.run())


def open_pair(query: str = "") -> AppTest:
    """Encoder-decoder, as this link opens it; with every head, where the link says no other."""
    return open_app(query or "all_heads=true", path="encoder-decoder")


def go_to(at: AppTest, path: str, sent: WidgetStates | None = None) -> AppTest:
    """Choose another page in the navigation: its address is bare, and no widget comes along.

    But for what was sent just before: Streamlit makes one run of both.
    """
    at._page_hash = calc_hash(path)
    at.query_params = {}
    return checked(at._run(sent or WidgetStates()))


def go_back(at: AppTest, path: str, query: str) -> AppTest:
    """Press the browser's Back button: the page and the address are those of before."""
    at._page_hash = calc_hash(path)
    at.query_params = parse_qs(query, keep_blank_values=True)
    back = partial(RerunData, is_history_navigation=True)
    with patch("streamlit.testing.v1.local_script_runner.RerunData", back):
        return checked(at._run(WidgetStates()))


def checked(at: AppTest) -> AppTest:
    assert not at.exception, [(e.message, *e.stack_trace) for e in at.exception]
    return at


def control(at: AppTest, key: str) -> Any:
    """The widget with this key, of whatever kind it is; popovers are opened to find it."""
    try:
        return _drawn_control(at, key)
    except KeyError:
        return _drawn_control(open_popovers(at), key)


def open_popovers(at: AppTest) -> AppTest:
    """Open every popover of the page, as a browser says it; that for sharing is of no page."""
    popovers = [block for block in _blocks(at._tree) if block.type == "popover"]
    keys = [block.proto.id.split("-", 2)[2] for block in popovers if block.proto.id]
    keys = [key for key in keys if key != "share_popover"]
    closed = [key for key in keys if not at.session_state[key]]
    for key in closed:
        at.session_state[key] = True
    return checked(at.run()) if closed else at


def _blocks(block: Any) -> Iterator[Any]:
    for child in block.children.values():
        if hasattr(child, "children"):
            yield child
            yield from _blocks(child)


def _drawn_control(at: AppTest, key: str) -> Any:
    kinds = (at.text_input, at.number_input, at.segmented_control, at.select_slider)
    for widgets in (*kinds, at.slider, at.selectbox, at.toggle):
        for widget in widgets:
            if widget.key == key:
                return widget
    raise KeyError(key)


def is_drawn(at: AppTest, key: str) -> bool:
    """Whether there is a widget with this key, also without opening anything."""
    try:
        _drawn_control(at, key)
    except KeyError:
        return False
    return True


def value(at: AppTest, key: str) -> Any:
    """What is chosen, whether its control is drawn or not; Streamlit may know an older value."""
    memory = memory_of(at)
    return memory.values.get(key, memory.page.parameters[key].default)


def memory_of(at: AppTest) -> Memory:
    """What the session keeps of the page that is shown."""
    session: Session = at.session_state["_session"]
    assert session.page is not None
    return session.memories[session.page.name]


def own(at: AppTest, kind: type[T]) -> T:
    """What the session keeps of this kind."""
    session: Session = at.session_state["_session"]
    kept: T = session.own.get(kind, kind())
    return kept


def change(at: AppTest, **values: object) -> AppTest:
    """Set these controls, and run the page as a browser would."""
    for key, value in values.items():
        try:
            drawn = control(at, key)
        except KeyError:  # what was set before it brings it
            checked(at.run())
            drawn = control(at, key)
        drawn.set_value(value)
    return checked(at.run())


def place_of(at: AppTest, key: str) -> str | None:
    """The name of the innermost named container around the widget with this key."""

    def search(block: Any, name: str | None) -> str | None:
        for child in block.children.values():
            if hasattr(child, "children"):
                # "$$ID-<hash>-<name>"; tabs and columns have none.
                identity = getattr(child.proto, "id", "") if child.proto else ""
                found = search(child, identity.split("-", 2)[2] if identity else name)
                if found:
                    return found
            elif getattr(child, "key", None) == key:
                return name
        return None

    return search(at._tree, None)


def rerun_fragment(at: AppTest, act: Callable[[], object]) -> AppTest:
    """Do something that reruns the page's fragment alone, as typing does.

    Afterwards the tree holds only what the fragment drew.
    """
    (fragment,) = at._fragment_storage._fragments
    only = partial(RerunData, fragment_id_queue=[fragment])
    with patch("streamlit.testing.v1.local_script_runner.RerunData", only):
        act()
    return checked(at)


def type_text(at: AppTest, text: str) -> AppTest:
    """Type the first sentence."""
    control(at, "text").set_value(text)
    return rerun_fragment(at, at.run)


def send(at: AppTest, component: str, event: str, value: object) -> AppTest:
    """Send what a component's script sends from a browser: a trigger with a value."""
    return send_raw(at, component, json.dumps([{"event": event, "value": value}]))


def send_raw(at: AppTest, component: str, payload: str) -> AppTest:
    """Send a trigger's message as it goes over the wire, which anyone can forge."""
    state = _trigger_id(at, component)
    return _run_with(at, WidgetState(id=state, json_trigger_value=payload))


def report(at: AppTest, component: str, payload: str) -> AppTest:
    """Set a component's state, as its script does."""
    state = _element(at, "bidi_component", component).id
    return _run_with(at, WidgetState(id=state, json_value=payload))


def chart(at: AppTest, key: str = "heads_chart") -> dict[str, Any]:
    """The specification of a chart as it goes to the browser."""
    spec: dict[str, Any] = json.loads(_element(at, "plotly_chart", key).spec)
    return spec


def alt(at: AppTest, key: str = "heads_chart") -> str:
    return str(_element(at, "plotly_chart", key).alt)


def numbers(at: AppTest, key: str = "heads_chart") -> list[np.ndarray]:
    """The matrix of each heatmap in a chart."""
    traces = chart(at, key)["data"]
    return [array(trace["z"]) for trace in traces if trace["type"] == "heatmap"]


def array(typed: dict[str, str]) -> np.ndarray:
    """A typed array of Plotly's: base64 of little-endian numbers."""
    flat = np.frombuffer(base64.b64decode(typed["bdata"]), "<" + typed["dtype"])
    return flat.reshape([int(n) for n in typed["shape"].split(",")])


def strip(at: AppTest) -> dict[str, Any]:
    """What the strip of tokens was given."""
    data: dict[str, Any] = json.loads(_element(at, "bidi_component", "strip").proto.bytes)
    return data


def painter(at: AppTest) -> dict[str, Any]:
    """What the grid to paint a mask on was given."""
    data: dict[str, Any] = json.loads(_element(at, "bidi_component", "painter").proto.bytes)
    return data


def caption_of_charts(at: AppTest) -> dict[str, Any]:
    """What a chart of the page is said to be when it is saved."""
    data: dict[str, Any] = json.loads(_element(at, "bidi_component", "address").proto.bytes)
    caption: dict[str, Any] = data["picture"]
    return caption


def notices(at: AppTest) -> list[str]:
    """Every line of every warning on the page."""
    return [line for box in at.warning for line in box.value.split("  \n")]


def captions(at: AppTest) -> list[str]:
    """The captions on the page, but for the line that says what the picture is."""
    return [caption.value for caption in at.caption if not caption.proto.help]


def description(at: AppTest) -> Any:
    """The line that says what the picture is."""
    (line,) = (caption for caption in at.caption if caption.proto.help)
    return line


def formulas_on(at: AppTest) -> list[str]:
    """The formulas on the page, as they would be without the colours of their letters."""
    return [uncolored(m.value) for m in at.markdown if m.value.startswith("$")]


def uncolored(formula: str) -> str:
    """A formula without the colours of its letters."""
    return re.sub(r"\{\\color\{#[0-9a-f]{6}\}([QKV])\}", r"\1", formula)


def header(at: AppTest) -> str:
    return str(at.markdown[0].value)


def statistics(at: AppTest) -> pd.DataFrame:
    """The table of what each head does."""
    return next(frame for frame in _tables(at) if "entropy" in frame)


def stage_numbers(at: AppTest) -> pd.DataFrame:
    """The table of a stage's numbers."""
    return next(frame for frame in _tables(at) if "entropy" not in frame)


def labels(axis: dict[str, Any]) -> list[str]:
    """What the hover box can say on an axis, each once, in order."""
    return list(dict.fromkeys(axis["labelalias"].values()))


def masked(values: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """The numbers with NaN where the mask forbids, as the charts have them."""
    return np.where(allowed, values, np.float32("nan"))


def _element(at: AppTest, kind: str, key: str) -> Any:
    return next(element for element in at.get(kind) if element.key == key)


def _tables(at: AppTest) -> list[pd.DataFrame]:
    return [element.value for element in at.dataframe]


def _trigger_id(at: AppTest, component: str) -> str:
    return _make_trigger_id(_element(at, "bidi_component", component).id, "events")


def _run_with(at: AppTest, state: WidgetState) -> AppTest:
    states = at._tree.get_widget_states()
    states.widgets.append(state)
    return checked(at._run(states))


def carried(stage: str, weights: np.ndarray, values: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """What a stage of weights and values should hold, head by head: (H, Q, K).

    Args:
        stage: "weighted_values" or "projected_values".
        weights: (H, Q, K).
        values: (H, K, D).
        matrix: (E, H * D), the output projection's as PyTorch keeps it.
    """
    size = values.shape[-1]
    of_heads = []
    for head, (weight, value) in enumerate(zip(weights, values, strict=True)):
        vectors = value.astype(np.float64)
        if stage == "projected_values":
            vectors = vectors @ matrix[:, head * size : (head + 1) * size].T
        of_heads.append(weight * np.sqrt((vectors**2).sum(axis=1)))
    return np.stack(of_heads)
