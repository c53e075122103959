"""Fragments that a page has, and this server hasn't: after a restart, or on another server.

A page that lost its connection goes on with the fragments that were drawn for it. Streamlit drops
what is sent for one that it doesn't know, without a word: what somebody types would do nothing
until they touch a control that is in no fragment.
"""

from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.app_session import AppSession

_request = AppSession.request_rerun


def run_pages_of_unknown_fragments() -> None:
    """Let a session that has drawn nothing yet run the whole page, whatever it is asked for."""
    # Streamlit offers no hook.
    AppSession.request_rerun = _request_what_is_known  # type: ignore[method-assign, assignment]


def _request_what_is_known(session: AppSession, client_state: ClientState | None) -> None:
    if client_state is not None and client_state.fragment_id and _has_drawn_nothing(session):
        whole = ClientState()
        whole.CopyFrom(client_state)
        whole.fragment_id = ""
        client_state = whole
    _request(session, client_state)


def _has_drawn_nothing(session: AppSession) -> bool:
    return not session._fragment_storage._fragments  # type: ignore[attr-defined]
