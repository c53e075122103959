"""Whether the page that started something is still there, for a thread to ask."""

from collections.abc import Callable

from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx


def page_is_open() -> Callable[[], bool]:
    """Return what tells whether this page is still open in a browser."""
    context = get_script_run_ctx()
    if context is None or not runtime.exists():
        return lambda: True
    server, session = runtime.get_instance(), context.session_id
    return lambda: bool(server.is_active_session(session))
