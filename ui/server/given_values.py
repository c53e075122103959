"""What the app gives widgets, and a browser may not have heard of yet.

While something runs, a browser goes on asking for repaints, and people go on clicking. With each
request come the values of all widgets, also those that the app has changed in the meantime: such a
value isn't news. With them comes the address. Once that is the one which holds the new values, the
browser has heard of them; but it may also be an old one, after somebody has gone back.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.state import SessionStateProxy
from streamlit.runtime.state.common import user_key_from_element_id
from streamlit.runtime.state.session_state import SessionState

UNHEARD_FOR = 1.0  # seconds, at most: else somebody may have chosen the old value again
# Seconds from the end of the run that gave them: on its way to a browser and back; whoever sees the
# new picture takes longer to choose what was there before.
HEARD_AFTER = 0.4


@dataclass
class GivenValues:
    """The widgets that a session was given values for, by key, until the browser knows."""

    keys: set[str] = field(default_factory=set)
    at: float = 0.0  # when the last was given
    query: str | None = None  # the address that holds them; None: it isn't written yet
    written_at: float = 0.0  # when it was, at the end of a run
    sent: WidgetStates = field(default_factory=WidgetStates)  # what the browser sent last

    def give(self, keys: Iterable[str]) -> None:
        """Note that these have values that no browser has sent."""
        self.keys.update(keys)
        self.at, self.query = time.monotonic(), None

    def write(self, query: str) -> None:
        """Note the address that holds them, which the browser is told."""
        self.query, self.written_at = query, time.monotonic()

    def drop_stale(self, sent: WidgetStates) -> WidgetStates:
        """Return what is sent without the values that the browser had before it was told others."""
        before, self.sent = self.sent, sent
        if not self.keys:
            return sent
        if self._are_heard():
            self.keys.clear()
            return sent
        old = {each.id: each for each in before.widgets}
        return WidgetStates(
            widgets=[each for each in sent.widgets if not self._is_stale(each, old)]
        )

    def _are_heard(self) -> bool:
        """Whether the browser knows them by now."""
        now = time.monotonic()
        is_late = self.query is not None and now - self.written_at > HEARD_AFTER
        return is_late or now - self.at > UNHEARD_FOR or _is_at(self.query)

    def _is_stale(self, sent: WidgetState, old: dict[str, WidgetState]) -> bool:
        return user_key_from_element_id(sent.id) in self.keys and sent == old.get(sent.id)


def given_values(state: SessionState | SessionStateProxy) -> GivenValues:
    """Return what a session was given; made where there is none."""
    if "_given" not in state:
        state["_given"] = GivenValues()
    given: GivenValues = state["_given"]
    return given


def _is_at(query: str | None) -> bool:
    """Whether the browser says that it is at this address."""
    context = get_script_run_ctx()
    return context is not None and context.query_string == query
