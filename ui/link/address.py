"""The address: what it asks for, made valid before any widget sees it, and what it becomes.

A stranger's value is replaced by the nearest one that works, and the page says so. Written is what
differs from the page's defaults, by identifiers, never in words. The browser's history gets one
entry for each deliberate action; what is typed or dragged replaces the entry, and so does what the
app changes by itself. Streamlit can't do the latter, so that a small component writes the address:
see ui.frame.history.
"""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext
from streamlit.runtime.state import get_session_state

from ui.link.audience import CARRIED
from ui.link.code import CODE, tell_code
from ui.link.language import KEY as LANGUAGE
from ui.link.language import as_parameter
from ui.link.lesson import LESSON, asked_step, fit_step, tell_state
from ui.link.links import as_written, what_is_chosen
from ui.link.member import KEY as ROOM
from ui.link.memory import (
    Memory,
    address_parameters,
    bring_back,
    browser_parameters,
    memory,
    memory_of,
    session,
    set_values,
    settle,
    store_drawn,
    value_of,
)
from ui.link.notices import notice
from ui.link.page import Linked
from ui.server.given_values import given_values


def open_page(page: Linked) -> None:
    """Make what the address asks for valid, once a visit, before any widget is drawn."""
    kept, left = session(), session().page
    if left is not page:
        page.prepare(page)
    kept.page = page
    if left is page and kept.is_read and not _is_whole():
        for each in _taken(memory().repairs):
            settle(**{each.key: each.used})
            if each.message:
                notice(each.key, each.message, each.wanted)
    else:
        if left is not None and left is not page:
            for key in left.parameters:
                st.session_state.pop(key, None)
        kept.is_read = False
        _read_address(left)
        kept.is_read = True
    bring_back()


def _taken(repairs: list[Any]) -> list[Any]:
    taken = repairs[:]
    repairs.clear()
    return taken


def _read_address(left: Linked | None) -> None:
    """Begin with what the address holds; the rest is as the page was left, or is its defaults."""
    kept, page, page_memory = session(), memory().page, memory()
    address = address_parameters()
    kept.others = [
        (key, text)
        for key, text in address
        if key not in page.parameters and key not in (LANGUAGE, CODE, ROOM)
    ]
    if kept.is_room_notice_seen:
        kept.room_notice = ""
    kept.is_room_notice_seen = True
    kept.code_notice = "" if _is_whole() else tell_code(address)
    kept.query = None
    asked = asked_for()
    before = _begin(left, asked)
    page_memory.wanted.clear()
    page_memory.notices.clear()
    page_memory.repairs.clear()
    messages = {}
    for key, text in asked.items():
        before[key], messages[key] = page.parameters[key].read(key, text)
    page_memory.values.update(before)
    for key, message in messages.items():
        if message and not _is_whole():  # nobody asks for what the browser remembers
            notice(key, message)
    if "lesson" in asked and not _is_whole():
        tell_state(page, page_memory.values)
    fit_link({"step": fit_step, **page.fits} if "step" in before else page.fits)
    # Where somebody went back on a page, its controls are in the browser, with what they had.
    drawn, page_memory.drawn = page_memory.drawn if left is page else set(), set()
    set_values(**{key: value_of(key) for key in drawn})
    if kept.is_led:
        given_values(st.session_state).give(drawn)
    page_memory.settled.clear()
    page_memory.assumed.clear()
    # An address that says what is shown stays as it is; another is mended, without an entry.
    shown = _as_link(page_memory)
    beside = {key: text for key, text in address if key in (LANGUAGE, ROOM)}
    is_right = (
        asked == shown
        and beside == _beside_page()
        and len(address) == len(asked) + len(kept.others) + len(beside)
    )
    kept.beside_written = _beside_page()
    page_memory.written = shown if is_right else None
    if went_back():
        kept.query, kept.changes = _context().query_string, kept.changes + 1
    kept.is_led = False


def _begin(left: Linked | None, asked: Mapping[str, str]) -> dict[str, Any]:
    """Return what a page begins with that its address says nothing of."""
    page, page_memory = memory().page, memory()
    defaults = {key: parameter.default for key, parameter in page.parameters.items()}
    defaults |= asked_step(page, asked)
    if left is not None and left is not page and not _is_whole():
        shown = memory_of(left).values
        defaults |= {key: shown[key] for key in CARRIED if key in defaults and key in shown}
    if _is_whole() or "lesson" in asked:  # the address is all that was shown
        return defaults
    # A lesson is followed by its own links alone: who comes otherwise has left it. And a page is
    # presented as the one is that was left.
    ends = {*LESSON, *CARRIED}
    kept = {key: value for key, value in page_memory.values.items() if key not in ends}
    before = {**defaults, **kept}
    if left is not None and left is not page:
        for key in left.shared & page.shared:
            taken = _wanted(memory_of(left), left.called.get(key, key))
            before[page.called.get(key, key)] = taken
    if not page_memory.is_visited and not asked.keys() - set(CARRIED):
        page_memory.values.update(before)
        before |= page.opening()
        page_memory.opens_by_itself = True
    return before


def _wanted(left: Memory, key: str) -> Any:
    """What somebody has chosen on a page, also where something else is used there instead."""
    value, wanted = left.values[key], left.wanted.get(key)
    return wanted.value if wanted is not None and wanted.used == value else value


def asked_for() -> dict[str, str]:
    """Return what the address asks this page for; of a repeated parameter, the last counts."""
    address = dict(address_parameters())
    return {key: address[key] for key in memory().page.parameters if key in address}


def went_back() -> bool:
    """Whether the page is shown because somebody went back or forward in the browser's history."""
    return _context().is_history_navigation


def _is_whole() -> bool:
    """Whether what is asked for is all that is to be shown, and nothing stays as it was."""
    return went_back() or session().is_led


def fit_link(fits: Mapping[str, Callable[[], object]]) -> None:
    """Bring values in line with each other, or with what has become known since they were read."""
    notices = memory().notices
    for key, fit in fits.items():
        out_of_range = notices.get(key)
        fit()
        if out_of_range and notices[key] != out_of_range:  # say both
            notice(key, f"{out_of_range[1]} {notices[key][1]}")


def write_address() -> None:
    """Let the address hold what is chosen now: in place of what it holds, or as a new entry.

    To be called at the end of each run, when all that the run changes by itself has been changed.
    """
    store_drawn()
    kept, page_memory = session(), memory()
    if kept.room is not None and kept.room.is_following:
        _write_room()
        return
    wanted, before = _as_link(page_memory), page_memory.written
    acted, pinned, repeated = kept.has_acted, kept.has_pinned, kept.is_repeated
    kept.has_acted = kept.has_pinned = kept.is_repeated = False
    changed = {key for key in wanted if before is None or wanted[key] != before.get(key)}
    changed |= (before or {}).keys() - wanted.keys()
    beside = _beside_page()
    is_respoken, kept.beside_written = beside != kept.beside_written, beside
    if before is None:  # a link is mended: what follows from it anyhow needs no place in it
        wanted = {key: text for key, text in wanted.items() if key not in page_memory.assumed}
    elif changed <= page_memory.assumed and not (pinned or is_respoken):
        return
    else:
        page_memory.assumed = set()
    settled, page_memory.settled = page_memory.settled, set()
    page_memory.written = wanted
    parameters = page_memory.page.parameters
    is_deliberate = any(not parameters[key].is_gradual for key in changed - settled)
    if before is not None and (acted or (is_deliberate and not repeated)):
        kept.entries += 1
    kept.changes += 1
    if wanted != before or is_respoken:
        kept.query = urlencode([*beside.items(), *kept.others, *wanted.items()])
        given_values(st.session_state).write(kept.query)
        _tell_streamlit(kept.query)


def _write_room() -> None:
    """Let the address be the room's alone: what is shown follows from it, and makes no entry."""
    kept, query, acted = session(), urlencode(_beside_page()), session().has_acted
    kept.has_acted = kept.has_pinned = kept.is_repeated = False
    memory().settled, memory().assumed = set(), set()
    if query == _context().query_string:
        return
    if acted and ROOM not in dict(browser_parameters()):  # somebody has just typed its code
        kept.entries += 1
    kept.beside_written, kept.query = _beside_page(), query
    kept.changes += 1
    _tell_streamlit(query)


def _beside_page() -> dict[str, str]:
    """What an address holds that isn't its page's: the language, and the room that one is in."""
    member = session().room
    return as_parameter() | ({} if member is None else {ROOM: member.code})


def _as_link(page_memory: Memory) -> dict[str, str]:
    """Return what isn't a default, or a lesson's, as texts.

    One of them in any case, where the page is known by that.
    """
    link, always = what_is_chosen(page_memory.page, page_memory.values), session().always_written
    if always is not None and not link:
        link[always] = as_written(value_of(always))
    return link


def _context() -> ScriptRunContext:
    context = get_script_run_ctx()
    assert context is not None  # a session runs this
    return context


def _tell_streamlit(query: str) -> None:
    """Let the server's own idea of the address be right; the browser isn't told by this."""
    _context().query_string = query
    with get_session_state().query_params() as known:
        known.clear_with_no_forward_msg()
        for key, text in parse_qsl(query, keep_blank_values=True):
            known.set_with_no_forward_msg(key, text)
