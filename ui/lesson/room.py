"""A class's room on every page: its code and who is there, the ways in and out, and who leads."""

from functools import partial
from html import escape
from urllib.parse import parse_qsl

import segno
import streamlit as st

from model.errors import CodedError
from rooms.record import LETTERS, Leadership
from rooms.rooms import WORD
from ui.components.room import KEY as LISTENER
from ui.components.room import RoomData, room_listener
from ui.controls.popover import draw_popover
from ui.frame.failures import logged
from ui.frame.page import draw_link
from ui.lesson.board import on_board
from ui.lesson.room_style import apply_room_style
from ui.link.code import here, here_for_others
from ui.link.member import KEY, Member
from ui.link.memory import session
from ui.link.room import close_room, end_room, join, lead, open_room, told_of_room
from ui.server.rooms import EVENTS, ROOMS
from ui.text.errors import describe_error
from ui.text.i18n import _
from ui.text.markdown import plain

SHARE = "share_popover"  # from where a room is opened
POPOVER, CODE, WORD_FIELD = "room_popover", "room_code", "room_word"
MOST = 400  # characters of an error
LONGEST_VOTER = 40


def draw_room() -> None:
    """Draw in the corner what a member of a room needs; nothing for all others."""
    member = session().room
    if member is None:
        return
    apply_room_style()
    _listen(member)
    if not (member.leads or member.is_following):
        _draw_way_back(member)
    draw_popover(
        member.code.upper(),
        partial(_draw_inside, member),
        key=POPOVER,
        icon=":material/groups:",
        help=_("The room of this class"),
        width="content",
    )


def _listen(member: Member) -> None:
    room = member.room
    who = "" if member.leads else f"&who={member.voter}"  # else the leader would count as well
    room_listener(
        RoomData(
            url=here(f"{EVENTS.strip('/')}?code={member.code}{who}"),
            code=member.code,
            voter=member.voter,
            version=0 if room is None else room.version,
            is_following=member.is_following,
            secret=member.secret or "",
            lost=member.has_lost,
            words={
                "people": _("{count} following"),
                "answered": _("{count} of {people} answered"),
                "away": _("connecting …"),
                "lead": _("Lead from this window"),
            },
        ),
        on_place=_look_again,
        on_claim=_claim,
        on_voter=_take_voter,
    )


@logged()
def _look_again() -> None:
    """Let the run that follows look at what the leader shows."""
    if (member := session().room) is not None:
        member.is_stale = True


@logged()
def _claim() -> None:
    """Lead again, in the browser that has led: after a reload, or in another of its windows."""
    sent = st.session_state.get(LISTENER, {}).get("claim")
    if not isinstance(sent, dict):
        return
    code, secret = sent.get("code"), sent.get("secret")
    if not (isinstance(code, str) and isinstance(secret, str)):
        return
    member = session().room
    if member is None or member.code != code:
        return
    with told_of_room():
        if ROOMS.is_led_by(code, secret):
            lead(Leadership(code, secret))
        else:
            member.has_lost = True  # the browser may forget it


@logged()
def _take_voter() -> None:
    """Go on under the name under which this browser has voted before."""
    sent, member = st.session_state.get(LISTENER, {}).get("voter"), session().room
    if member is not None and isinstance(sent, str) and 0 < len(sent) <= LONGEST_VOTER:
        member.voter = sent


def _draw_way_back(member: Member) -> None:
    with st.container(key="back_to_class", width="content"):
        draw_link(KEY, _("Back to the class"), query={KEY: member.code}, icon=":material/undo:")


def _draw_way_around(member: Member) -> None:
    if member.room is not None:
        page, _mark, query = member.room.link.partition("?")
        draw_link(
            page,
            _("Look around"),
            query={**dict(parse_qsl(query, keep_blank_values=True)), KEY: member.code},
            icon=":material/explore:",
            help=_("The same page, for yourself. The class stays within reach."),
        )


def _draw_inside(member: Member) -> None:
    with st.container(key="room", gap="small"):
        if member.leads:
            _draw_for_leader(member)
        else:
            _draw_for_member(member)


def _draw_for_leader(member: Member) -> None:
    st.markdown(
        _("Whoever types this code on the start page, or scans the picture, sees what you show.")
    )
    _draw_code(member.code)
    if member.word:
        st.markdown(
            _("Who types this word here, in the room, leads from then on. For ten minutes, once:")
        )
        st.html(on_board(member.word.upper()))
    else:
        st.button(
            _("Hand over"),
            key="hand_over",
            icon=":material/handshake:",
            on_click=partial(_offer, member),
            help=_("Lets somebody else in the room lead it, or another device of yours."),
            width="stretch",
        )
    st.button(
        _("Close the room"),
        key="close_room",
        icon=":material/close:",
        on_click=_close,
        help=_("Ends it for all. By itself it ends two hours after it was last used."),
        width="stretch",
    )


def _draw_code(code: str) -> None:
    """Draw how one comes in, to be read from the last row."""
    code = code.upper()
    link = here_for_others(f"?{KEY}={code}")
    picture = segno.make(link, error="m").svg_data_uri(border=2, dark="#000", light="#fff")
    name = escape(_("A picture of this address, for a phone's camera"))
    st.html(f'<div class="way_in">{on_board(code, link)}<img src="{picture}" alt="{name}"></div>')
    st.code(link, language=None, wrap_lines=True)


def _draw_for_member(member: Member) -> None:
    if member.is_following:
        st.markdown(
            _(
                "You see what is shown to the class. What you change is on your screen alone, "
                "until the class goes on."
            )
        )
        _draw_way_around(member)
    st.text_input(
        _("Word that hands the room over"),
        key=WORD_FIELD,
        max_chars=3 * WORD,
        on_change=partial(_take_over, member),
        help=_("Who leads the room gets one there, with “Hand over”."),
    )
    if member.refusal:
        st.warning(member.refusal)
    st.button(
        _("Leave the room"),
        key="leave_room",
        icon=":material/logout:",
        on_click=_leave,
        width="stretch",
    )


@logged()
def _offer(member: Member) -> None:
    with told_of_room():
        if member.secret is not None:
            member.word = ROOMS.offer(member.code, member.secret)


@logged()
def _take_over(member: Member) -> None:
    try:
        lead(ROOMS.take_over(member.code, st.session_state[WORD_FIELD]))
    except CodedError as error:
        member.refusal = plain(describe_error(error, _), MOST)


@logged()
def _close() -> None:
    _shut()
    close_room()


@logged()
def _leave() -> None:
    _shut()
    end_room("")


def _shut() -> None:
    st.session_state[POPOVER] = False


@logged()
def _open() -> None:
    open_room()
    if session().room is not None:
        st.session_state[SHARE] = False
        st.session_state[POPOVER] = True


def draw_opening() -> None:
    """Draw the way to open a room, among the ways to share what is shown."""
    member = session().room
    if member is None:
        st.button(
            _("Open a room"),
            key="open_room",
            icon=":material/groups:",
            on_click=_open,
            help=_("Others see on their own screens what you show, and answer its questions."),
        )


def draw_joining() -> None:
    """Draw the field for a room's code."""

    @logged()
    def take() -> None:
        typed = st.session_state[CODE].strip()
        if typed:
            join(typed)

    st.text_input(
        _("Code of a class's room"),
        key=CODE,
        max_chars=3 * LETTERS,
        placeholder=_("Code of a class"),
        on_change=take,
        label_visibility="collapsed",
        width=170,
    )
