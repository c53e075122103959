"""What a presenter needs beside the page: keys, a black screen, and a second window that follows.

The windows of one browser tell each other where they are; the server isn't asked.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import streamlit as st

from ui.components import as_json, source

KEY = "presenter"
USUAL_SIZE = (1366, 768)  # pixels of a classroom's projector: as long as the browser hasn't said


@dataclass(frozen=True)
class PresenterData:
    """What the component is told with each run."""

    has_keys: bool  # whether keys lead through the page; else it only tells where it is
    place: Mapping[str, Any]  # what other windows are told: see ui.lesson.notes
    keys: Mapping[str, str]  # what each key does, in words, in the order in which they are listed
    # The other texts: "title", "switch" and "close" of that list, "open" of the button for it.
    words: Mapping[str, str]


@cache
def _presenter() -> Callable[..., Any]:
    return st.components.v2.component(
        "headlight_presenter", css=source("presenter.css"), js=source("presenter.js")
    )


def presenter(
    data: PresenterData,
    *,
    on_head: Callable[[], None],
    on_size: Callable[[], None],
    on_leave: Callable[[], None],
) -> Any:
    """Mount it. Keys press the page's own buttons, or set a trigger.

    The triggers: `head` (the next head), `size` (to 1 or to -1) and `leave`. Sets the state
    `window`, which window_size reads.
    """
    payload = {
        "has_keys": data.has_keys,
        "place": dict(data.place),
        "keys": list(data.keys.items()),
        "words": dict(data.words),
        "window": window_size(),
    }
    return _presenter()(
        key=KEY,
        data=as_json(payload),
        on_head_change=on_head,
        on_size_change=on_size,
        on_leave_change=on_leave,
        on_window_change=lambda: None,
        height=1,
    )


@cache
def _follower() -> Callable[..., Any]:
    return st.components.v2.component("headlight_follower", js=source("follower.js"))


def follower(*, on_place: Callable[[], None]) -> Any:
    """Mount what follows another window of this browser: `place` is set to where that one is.

    Its key is `follower`. As soon as it is there it asks the others where they are.
    """
    return _follower()(key="follower", data=as_json({}), on_place_change=on_place, height=1)


def window_size() -> tuple[int, int]:
    """Return the width and height of the presenter's window in pixels, as the browser has said."""
    sent = st.session_state.get(KEY, {}).get("window")
    if not (isinstance(sent, (list, tuple)) and len(sent) == len(USUAL_SIZE)):
        return USUAL_SIZE
    if not all(isinstance(side, (int, float)) and 300 <= side <= 8000 for side in sent):
        return USUAL_SIZE
    width, height = map(round, sent)
    return width, height
