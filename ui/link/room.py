"""The room of a class: who leads it tells what is shown, and who follows is shown the same.

A follower's address is the room's, "/?room=KXRT": what is shown there isn't in it, and makes no
entry in the browser's history. On a page's own address, the same parameter says that somebody of
the room looks around, or leads it.
"""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from urllib.parse import urlencode

import streamlit as st
from streamlit.runtime.scriptrunner_utils.script_run_context import get_run_yield_check

from model.errors import CodedError
from rooms.codes import read_code
from rooms.errors import NotItsLeader, RoomEnded, TooFast
from rooms.record import LETTERS, Leadership, Room
from ui.link.address import went_back
from ui.link.lesson import place_shown
from ui.link.links import link_for_class
from ui.link.member import KEY, Member
from ui.link.memory import browser_parameters, choose, session, value_of
from ui.server.rooms import ROOMS
from ui.server.turns import session_in_use
from ui.text.errors import describe_error
from ui.text.i18n import _
from ui.text.markdown import plain, verbatim

AGAIN = 0.1  # seconds until what was told too fast is told again
TRIES = 20
MOST = 400  # characters of an error


def say_of_room(notice: str) -> None:
    """Say something of a room on the page that is shown, or on the one that one is led to."""
    kept = session()
    kept.room_notice, kept.is_room_notice_seen = notice, False


@contextmanager
def told_of_room() -> Iterator[None]:
    """Say on the page why something that is tried with a room can't be done."""
    try:
        yield
    except CodedError as error:
        say_of_room(plain(describe_error(error, _), MOST))


def enter_room(*, at_root: bool) -> None:
    """Take the room that the address asks for, and what its leader shows where it is followed.

    To be called at the beginning of each run of the whole page.

    Args:
        at_root: whether the address is the app's own: there a room is followed, and on a page's
            own address one looks around.
    """
    kept, asked = session(), dict(browser_parameters()).get(KEY)
    member, code = kept.room, read_code(asked or "", LETTERS)
    if not code or code != kept.left_room:
        kept.left_room = ""
    elif member is None:
        return  # the browser's address is a run behind
    if asked is not None and (member is None or code != member.code):
        member = kept.room = _member_of(asked)
    elif asked is None and member is not None and went_back() and not member.leads:
        member = kept.room = None  # to what was shown before one was in the room
    if member is None:
        return
    was_following, member.is_following = member.is_following, at_root and not member.leads
    if member.is_following and (member.is_stale or not was_following):
        _look(member, is_new=not was_following)


def _member_of(asked: str) -> Member | None:
    """Return a new member of the room that is asked for; None where there is none, which is said.

    A code is typed by hand, and is a stranger's.
    """
    kept, code = session(), read_code(asked, LETTERS)
    if not code:
        said = _("There is no room with the code {code}: a code has {count} letters.")
        say_of_room(said.format(code=verbatim(asked), count=LETTERS))
        return None
    with told_of_room():
        address = st.context.ip_address
        address = address if isinstance(address, str) else ""  # it is None on this very machine
        if ROOMS.look_up(code, session_in_use(), address) is not None:
            kept.room_notice = ""
            return Member(code)
        said = _(
            "There is no room with the code {code}: a letter may be wrong, or the room has ended."
        )
        say_of_room(said.format(code=code.upper()))
    return None


def _look(member: Member, *, is_new: bool) -> None:
    """Look at what the leader shows now; where the room has ended, what was shown stays."""
    kept, before = session(), member.room
    with told_of_room():
        member.room, member.is_stale = ROOMS.look(member.code), False
        if member.room is None:
            end_room(_("The class has ended: this is what was shown last."))
            return
        kept.room_notice = ""
        kept.is_led = is_new or before is None or before.link != member.room.link


def end_room(notice: str) -> None:
    """Leave the room, with a word on why; what was followed goes on at an address of its own."""
    kept = session()
    if kept.room is not None and kept.room.is_following and kept.page is not None:
        page, _mark, query = link_for_class().partition("?")
        kept.goes_to = (page, query)
    kept.left_room = "" if kept.room is None else kept.room.code
    kept.room = None
    say_of_room(notice)


def join(code: str) -> bool:
    """Come into a room by its code, typed on a page; whether there is one. If not, that is said."""
    kept, member = session(), _member_of(code)
    if member is None:
        return False
    kept.room, kept.goes_to = member, (KEY, urlencode({KEY: member.code}))
    choose(f"room {member.code}")
    return True


def open_room() -> None:
    """Open a room, and lead it with what is shown."""
    with told_of_room():
        lead(ROOMS.open(link_for_class(), session_in_use()))


def lead(leadership: Leadership) -> None:
    """Lead a room from now on, with what is shown."""
    kept = session()
    before = kept.room
    kept.room = Member(leadership.code, secret=leadership.secret)
    if before is not None and before.code == leadership.code:
        kept.room.voter = before.voter
    kept.room_notice = ""


def close_room() -> None:
    """End the room for all."""
    member = session().room
    with told_of_room():
        if member is not None and member.secret is not None:
            ROOMS.close(member.code, member.secret)
        end_room("")


def tell_room() -> None:
    """Tell those who follow what is shown, where this session leads a room and it has changed."""
    kept = session()
    member = kept.room
    if member is None or member.secret is None:
        return
    link, question = link_for_class(), question_shown()
    now = (link, question, bool(question and value_of("revealed")))
    if now == member.told and not member.is_stale:  # its browser has heard that the room ended
        return
    before, member.is_stale = kept.room_notice, True  # until it has been told
    with told_of_room():
        try:
            member.room = _tell(member, *now)
            member.told, member.is_stale, kept.room_notice = now, False, ""
        except NotItsLeader:
            member.secret, member.has_lost = None, True
            say_of_room(_("Another window leads this class now."))
        except RoomEnded:
            end_room(_("The class has ended: it was closed, or nobody used it for two hours."))
    kept.has_room_news |= kept.room_notice != before


def _tell(member: Member, link: str, question: str, is_revealed: bool) -> Room:
    """Tell it; where that is too soon after the last time, a moment later: it is the latest.

    Streamlit starts a run while the one before it still waits here. That one tells no more: else
    the class would go back to what its leader has left.
    """
    tries, check = TRIES, get_run_yield_check()
    while True:
        try:
            with member.telling:
                if check is not None:
                    check()  # raises where another run has started, or is to start
                return ROOMS.lead(member.code, member.secret or "", link, question, is_revealed)
        except TooFast:
            if not tries:
                raise
        tries -= 1
        time.sleep(AGAIN)


def question_shown() -> str:
    """Return what tells the question that is asked now from all others; nothing where none is."""
    place = place_shown()
    if place is None or place.step.question is None or value_of("free"):
        return ""
    link = link_for_class(revealed=False, only="")
    return blake2b(link.encode(), digest_size=9).hexdigest()


def is_following() -> bool:
    """Whether this session follows a room."""
    member = session().room
    return member is not None and member.is_following


def room_in_use() -> str:
    """Return the code of the room in which what is shown is shown to all; empty for none."""
    member = session().room
    return member.code if member is not None and (member.leads or member.is_following) else ""


def vote(answer: str) -> bool:
    """Send an answer to the question that the class is asked; whether it was sent.

    Of a sentence that one has typed oneself, it isn't the class's question.

    Args:
        answer: as links hold it.
    """
    kept = session()
    member = kept.room
    if member is None or not member.is_following or member.room is None:
        return False
    room, said = member.room, (member.room.question, answer)
    if room.is_revealed or question_shown() != room.question:
        return False
    if said == member.said:
        return True
    with told_of_room():
        ROOMS.vote(room.code, member.voter, room.question, answer)
        member.said, kept.room_notice = said, ""
    return member.said == said


def votes_shown() -> Counter[str] | None:
    """Return how often each answer was given to the question that is shown; None without a room.

    For who looks around, and asks the question of a sentence of their own, there are none.
    """
    member = session().room
    if member is None or not (member.leads or member.is_following):
        return None
    if member.leads:
        tell_room()  # from here on, nobody votes any more
    if member.room is None or member.room.question != question_shown():
        return None
    votes = None
    with told_of_room():
        votes = ROOMS.votes(member.code, member.room.question)
    return votes
