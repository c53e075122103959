"""What a session keeps of each page: what is chosen there, drawn or not, and why it is so.

Streamlit forgets the value of a widget that isn't drawn. Here it is kept, and comes back with the
widget: what is out of sight stays as it was, and in the link.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import streamlit as st
from streamlit.runtime.parallel_coordinator import ParallelFragmentCoordinator
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext

from ui.link.member import Member
from ui.link.page import UNCHOSEN, Linked, Parameter
from ui.server.given_values import given_values

MISSING = object()  # None is a value: nothing chosen
T = TypeVar("T")
AGAIN_WITHIN = 1.0  # seconds in which the same action again is the same one, for the history


@dataclass(frozen=True)
class Wanted:
    """A value that was asked for, and the one that is used while that doesn't fit."""

    value: Any
    used: Any
    fitted_to: Any = None  # the choices, the last time that they were looked at


@dataclass(frozen=True)
class Repair:
    """What becomes of a control's value that turned out not to be there."""

    key: str
    wanted: Any  # comes back as soon as it is there
    used: Any
    message: str  # empty where nothing has to be said


@dataclass
class Memory:
    """What a session keeps of a page."""

    page: Linked
    values: dict[str, Any] = field(default_factory=dict)
    drawn: set[str] = field(default_factory=set)  # controls that the last run has drawn
    given: set[str] = field(default_factory=set)  # whose value Streamlit was ever given
    wanted: dict[str, Wanted] = field(default_factory=dict)
    repairs: list[Repair] = field(default_factory=list)  # to be made when the page runs next
    notices: dict[str, tuple[Any, str]] = field(default_factory=dict)  # the value they are about
    written: dict[str, str] | None = None  # what the address holds of it; None: not known yet
    settled: set[str] = field(default_factory=set)  # what the app has changed since, by itself
    assumed: set[str] = field(default_factory=set)  # and what of that is in no need to be written
    is_visited: bool = False
    opens_by_itself: bool = False  # with what nobody asked for; until the page has looked
    chosen_by_page: dict[str, Any] = field(default_factory=dict)  # not by a person or a link
    strip_places: list[int] = field(default_factory=list)  # of the words in the strip
    layout: tuple[Any, ...] = ()  # what the controls that were drawn depend on
    shown: Any = None  # for the downloads: see ui.frame.downloads


@dataclass
class Session:
    """What a session keeps of all its pages."""

    memories: dict[str, Memory] = field(default_factory=dict)
    page: Linked | None = None  # the one that is shown
    asked: str | None = None  # the path that was asked for last
    at_first: Linked | None = None  # the page that is shown at the first page's address
    always_written: str | None = None  # a parameter that the address has to hold in any case
    configured: str | None = None  # the address at which the browser was last told the look
    is_read: bool = False  # whether its address is: a run can be broken off at any moment
    others: list[tuple[str, str]] = field(default_factory=list)  # of the address, no page's own
    language: str | None = None  # that a link or a person has chosen; None: the browser's
    # What the address holds beside what is the page's.
    beside_written: dict[str, str] = field(default_factory=dict)
    language_notice: str = ""  # why it isn't the one that was asked for
    code_notice: str = ""  # why a short link has led nowhere else
    room: Member | None = None  # of a class; None: it is in none
    room_notice: str = ""  # what is to be said of one
    is_room_notice_seen: bool = False  # whether it belongs to the page that is being left
    left_room: str = ""  # the code of the one that it was in, while its address still asks for it
    has_room_news: bool = False  # whether that is another thing than what the page has drawn
    goes_to: tuple[str, str] | None = None  # the target and the query of where to go now
    is_led: bool = False  # whether a room's leader shows something else than what is shown
    query: str | None = None  # what the address shall be; None: as it is
    changes: int = 0  # how often it was changed
    entries: int = 0  # how many of those made an entry in the browser's history
    has_acted: bool = False  # whether somebody has since done something that makes one
    is_repeated: bool = False  # whether it was what had just been done
    has_pinned: bool = False  # whether that changes nothing in the address
    last_action: tuple[str, float] = ("", -AGAIN_WITHIN)  # its name, and when
    opened: Any = None  # a model that was trained on one page, and is looked at on another
    pinned: str | None = None  # the side that the next comparison begins with
    targets: dict[str, Any] = field(default_factory=dict)  # of links from page to page
    navigation: tuple[str, str, str, bool] | None = None  # what those depend on
    own: dict[type, Any] = field(default_factory=dict)  # what single pages keep, by its type


_as_if: ContextVar[tuple[Linked, Mapping[str, Any]] | None] = ContextVar("as_if", default=None)


class _Run(threading.local):
    """The run of this thread, as far as it has been looked at: Streamlit's own state is slow."""

    # Streamlit has one context for all runs of a thread, and makes this anew for each.
    coordinator: ParallelFragmentCoordinator | None = None
    session: "Session"


_run = _Run()


def session() -> Session:
    """Return what this session keeps; at first in a run, with what the browser has sent."""
    context = get_script_run_ctx()
    coordinator = None if context is None else context.parallel_coordinator
    if coordinator is None or _run.coordinator is not coordinator:
        kept: Session | None = st.session_state.get("_session")
        if kept is None:
            kept = st.session_state["_session"] = Session()
        _run.coordinator, _run.session = coordinator, kept
        if kept.page is not None and context is not None:
            _take_sent(kept.memories[kept.page.name], context)
    return _run.session


def _take_sent(kept: "Memory", context: ScriptRunContext) -> None:
    """Take what the browser sends with this run, also if the run before was broken off.

    Of a control that isn't in the browser, Streamlit knows at most what it began with.
    """
    state = context.session_state._state
    sent = state._new_widget_state.states
    for key in kept.page.parameters:
        if state.get_widget_id_from_key(key) in sent:
            kept.values[key] = _had(kept, key)


def _had(kept: "Memory", key: str) -> Any:
    """What a widget has. A field that is empty was emptied, or has never been filled."""
    value = st.session_state[key]
    is_emptied = value is None and kept.values.get(key) is not None
    return UNCHOSEN if is_emptied and kept.page.parameters[key].can_be_unchosen else value


def browser_parameters() -> list[tuple[str, str]]:
    """Return all that the browser's address asks for, in its order, as keys and texts."""
    context = get_script_run_ctx()
    assert context is not None  # a session runs this
    return parse_qsl(context.query_string, keep_blank_values=True)


def address_parameters() -> list[tuple[str, str]]:
    """Return the same; of an address that asks for a class's room, what is shown there."""
    asked, member = browser_parameters(), session().room
    return member.parameters(asked) if member is not None and member.is_following else asked


def own_memory(kind: type[T]) -> T:
    """Return what this session keeps for those who know this type, made where there is none."""
    own: dict[type, T] = session().own
    if kind not in own:
        own[kind] = kind()
    return own[kind]


def memory() -> Memory:
    """Return what this session keeps of the page that is shown."""
    page = session().page
    assert page is not None  # pages are opened before anything is asked of them
    return memory_of(page)


def memory_of(page: Linked) -> Memory:
    """Return what this session keeps of a page, shown or not."""
    memories = session().memories
    if page.name not in memories:
        memories[page.name] = Memory(page)
    return memories[page.name]


@contextmanager
def as_if(page: Linked, chosen: Mapping[str, Any]) -> Iterator[None]:
    """Let everything be as if another page were shown, with nothing chosen there but this."""
    before = _as_if.set((page, chosen))
    try:
        yield
    finally:
        _as_if.reset(before)


def current_page() -> Linked:
    """Return the page that is shown, or is looked at as if it were."""
    other = _as_if.get()
    return memory().page if other is None else other[0]


def parameters() -> Mapping[str, Parameter]:
    """Return the parameters of the current page."""
    return current_page().parameters


def default_of(key: str) -> Any:
    """Return what a control of this page has, unless a link or a person says otherwise."""
    return parameters()[key].default


def value_of(key: str) -> Any:
    """Return the current value of a control, whether it is drawn or not."""
    other = _as_if.get()
    if other is not None:
        return other[1].get(key, default_of(key))
    kept = memory()
    return kept.values[key] if key in kept.values else kept.page.parameters[key].default


def set_values(**values: Any) -> None:
    """Let controls have other values; not of a widget that this run has already drawn."""
    memory().values.update(values)
    _give(values)


def choose(action: str, **values: Any) -> None:
    """Set what somebody has chosen with one deliberate action: an entry in the browser's history.

    The same action again within a second belongs to the entry that is there.
    """
    kept, now = session(), time.monotonic()
    name, at = kept.last_action
    kept.last_action = (action, now)
    if name != action or now - at > AGAIN_WITHIN:
        kept.has_acted = True
    else:
        kept.is_repeated = True
    given_values(st.session_state).give(values)
    set_values(**values)


def settle(**values: Any) -> None:
    """Set what the app itself changes: no entry in the browser's history."""
    memory().settled.update(values)
    set_values(**values)


def assume(**values: Any) -> None:
    """Set what follows from what is chosen anyhow: for that alone, the address isn't written."""
    memory().assumed.update(values)
    settle(**values)


def store_drawn() -> None:
    """Store which controls this run has drawn, and what they have, at its end."""
    kept, context = memory(), get_script_run_ctx()
    kept.is_visited = True
    if context is None:
        return
    drawn = context.shared.widget_user_keys_this_run.snapshot() & kept.page.parameters.keys()
    kept.drawn = kept.drawn | drawn if context.fragment_ids_this_run else set(drawn)
    kept.values |= {key: _had(kept, key) for key in drawn}


def bring_back() -> None:
    """Let each control have what it had when it was drawn last, before any is drawn.

    A control begins with its default by itself, unless Streamlit was ever given something else.
    """
    kept = memory()
    defaults = kept.page.parameters
    _give(
        {
            key: value
            for key, value in kept.values.items()
            if key not in kept.drawn and (key in kept.given or value != defaults[key].default)
        }
    )


def _give(values: Mapping[str, Any]) -> None:
    memory().given.update(values)
    shown = {key: None if value is UNCHOSEN else value for key, value in values.items()}
    st.session_state.update(shown)
