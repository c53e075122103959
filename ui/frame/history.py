"""The address in the browser, and what runs of a page do at their beginning and end."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

import streamlit as st
from streamlit.delta_generator import (
    DeltaGenerator,
    _get_or_create_outside_wrapper,
    _needs_outside_wrapper,
)
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_run_context import ThreadState

from ui.components import address
from ui.frame.pictures import caption_shown
from ui.link.address import write_address
from ui.link.memory import bring_back, session
from ui.link.room import tell_room
from ui.server.turns import session_in_use, turn
from ui.text.i18n import spoken


def live(part: Callable[..., None], *, run_every: float | None = None) -> Callable[..., None]:
    """Return a part of a page that runs by itself when something in it changes.

    Args:
        part: draws it. It is larger than all else, so it takes its turn: see ui.server.turns.
        run_every: seconds after which it runs in any case.
    """

    @wraps(part)
    @turn()
    def run(*arguments: Any) -> None:
        if _is_whole_run():  # the page itself does the rest
            part(*arguments)
            _reserve(arguments)
            return
        bring_back()
        part(*arguments)
        show_address()

    return st.fragment(run, run_every=run_every)


def _reserve(places: Iterable[Any]) -> None:
    """Let a part of a page write later to places in which it had nothing to write yet.

    Streamlit refuses a part that runs alone what it hasn't written to when the whole page ran: a
    sentence that was empty then would never have a picture. It offers no other way.
    """
    context, state = get_script_run_ctx(), ThreadState.get()
    if context is None or not state.fragment_id:
        return
    for place in places:
        if isinstance(place, DeltaGenerator) and _needs_outside_wrapper(
            place, state, context.fragment_storage
        ):
            _get_or_create_outside_wrapper(place, state, context)


def show_address() -> None:
    """Let the browser's address, its history and those who follow have what is chosen now."""
    write_address()
    tell_room()
    kept = session()
    address(
        {
            "session": session_in_use(),
            "page": kept.page.name if kept.page else "",
            "query": kept.query,
            "changes": kept.changes,
            "entries": kept.entries,
            "language": spoken().code,
            "picture": caption_shown() if kept.page else {},
        }
    )
    if kept.has_room_news:  # too late for what has been drawn: the page says it at once
        kept.has_room_news = False
        st.rerun()


def _is_whole_run() -> bool:
    """Whether the page runs, and not a part of it alone."""
    context = get_script_run_ctx()
    return context is None or not context.fragment_ids_this_run
