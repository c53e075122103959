"""What a browser has to do with a class's room: it hears of changes, and keeps who leads."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import streamlit as st

from ui.components import as_json, source

KEY = "room_listener"


@dataclass(frozen=True)
class RoomData:
    """What the component is told with each run."""

    url: str  # where changes are told, with the code and the voter in it
    code: str
    voter: str
    version: int  # of what is shown of the room
    is_following: bool
    secret: str  # of who leads it; kept in the browser, so that a reload still leads; or nothing
    lost: bool  # whether another window has taken the lead over
    # The texts: "people" with its {count}, "answered" with {count} and {people}, "away" while
    # nothing is heard, and "lead" of the button for a window of the browser that has opened it.
    words: Mapping[str, str]


@cache
def _room() -> Callable[..., Any]:
    return st.components.v2.component(
        "headlight_room", css=source("room.css"), js=source("room.js")
    )


def room_listener(
    data: RoomData,
    *,
    on_place: Callable[[], None],
    on_claim: Callable[[], None],
    on_voter: Callable[[], None],
) -> Any:
    """Mount it: a line on who is there, kept up to date without the script.

    The triggers: `place` (the leader shows something else, or the room has ended), `claim` (the
    secret that this browser has of the room) and `voter` (the name under which it has voted).
    """
    return _room()(
        key=KEY,
        data=as_json(asdict(data)),
        on_place_change=on_place,
        on_claim_change=on_claim,
        on_voter_change=on_voter,
        height="content",
    )
