"""A single key of session state is looked up without a copy of all others."""

import pytest
from streamlit.runtime.state.session_state import SessionState

from ui.server.looked_up import LookedUp, _filtered_state


@pytest.fixture
def state() -> SessionState:
    made = SessionState()
    made["text"] = "so it goes"
    made["q"] = None
    return made


def test_a_key_is_there_or_not_as_in_streamlits_copy(state: SessionState) -> None:
    looked_up = LookedUp(state)
    assert looked_up["text"] == "so it goes"
    assert "q" in looked_up
    assert looked_up["q"] is None
    assert "k" not in looked_up
    assert dict(looked_up) == _filtered_state.__get__(state) == {"text": "so it goes", "q": None}
    assert len(looked_up) == 2


def test_nothing_else_is_read_for_it(state: SessionState, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    original = SessionState.__getitem__
    monkeypatch.setattr(
        SessionState, "__getitem__", lambda self, key: (read.append(key), original(self, key))[1]
    )
    assert LookedUp(state)["text"] == "so it goes"
    assert read == ["text"]
