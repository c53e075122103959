"""Session state as most widgets look at it: for one key.

Streamlit makes a copy of everything that a session keeps for each text field, number field and
select box, only to look one key up in it: a twentieth of the time that a page takes.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from streamlit.runtime.state.session_state import SessionState

_filtered_state: property = SessionState.filtered_state  # type: ignore[assignment]


class LookedUp(Mapping[str, Any]):
    """What a session keeps, by key; copied only for who wants all of it."""

    def __init__(self, state: SessionState) -> None:
        self._state = state

    def __getitem__(self, key: str) -> Any:
        return self._state[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def _all(self) -> dict[str, Any]:
        everything: dict[str, Any] = _filtered_state.__get__(self._state)
        return everything


def look_up_single_keys() -> None:
    """Let widgets look up their own key, without a copy of all others."""
    SessionState.filtered_state = property(LookedUp)  # type: ignore[method-assign, assignment]
