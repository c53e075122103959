"""Rooms: a class follows what one person shows, and votes on what is asked.

A room ends when its leader closes it, or two hours after it was last used. To lead and to vote is
to use it. To look isn't: screens that nobody has switched off keep no room alive.

A code is no password. There are 160,000 of four letters, so that whoever tries enough finds
somebody's room: it holds what an address holds, and how many have voted for what. To lead it takes
a secret, of which the store has only a hash.
"""

import secrets
from collections import Counter
from dataclasses import replace

from rooms.codes import draw_code, read_code
from rooms.errors import (
    RoomEnded,
    TooFast,
    TooManyWrongCodes,
    VoteRefused,
    check_length,
    full,
    wrong_word,
)
from rooms.hashes import hash_of, is_hash_of
from rooms.limits import LIMITS, MINUTE, Limits
from rooms.links import check_link
from rooms.record import LETTERS, Leadership, Record, Room
from rooms.register import Register
from rooms.store import Store

WORD = 6  # letters of what hands a room over
# Seconds after which a server's followers count no more unless it has reported them again.
REPORT_LIFE = 60.0


class Rooms:
    """The rooms of all servers that share a store.

    Codes are read as people type them. Each method may raise StoreUnreachable.
    """

    def __init__(self, store: Store, limits: Limits = LIMITS) -> None:
        self.store, self.limits = store, limits
        self._register = Register(store, limits)

    def open(self, link: str, session: str) -> Leadership:
        """Open a room that shows a link, and return what its leader needs.

        Raises:
            CodedValueError: if it is no link to a page of the app, or too long.
            TooManyRooms: if this session has too many, too many were opened lately, or are open.
        """
        check_link(link)
        return self._register.add(link, session)

    def look(self, code: str) -> Room | None:
        """Return a room as it is now, or None where there is none."""
        code = _read(code)
        record = self._register.find(code)
        return None if record is None else record.room(code)

    def look_up(self, code: str, session: str, address: str) -> Room | None:
        """Return a room for somebody who has typed its code, or None where there is none.

        Wrong codes are counted: a session's, so that one pupil doesn't lock a school out, and an
        address's, as sessions cost a stranger little.

        Raises:
            TooManyWrongCodes: if either has tried too many within a minute, whatever is tried now.
        """
        count, limits = self.store.count, self.limits
        by_session = f"wrong codes:session:{hash_of(session)}"
        by_address = f"wrong codes:address:{hash_of(address)}"
        if (
            count(by_session, MINUTE, by=0) >= limits.wrong_of_session
            or count(by_address, MINUTE, by=0) >= limits.wrong_of_address
        ):
            raise TooManyWrongCodes(
                "room.wrong_codes", "too many wrong codes were tried; try again in a minute"
            )
        room = self.look(code)
        if room is None:
            count(by_session, MINUTE)
            count(by_address, MINUTE)
        return room

    def is_led_by(self, code: str, secret: str) -> bool:
        """Whether this is the secret of the room's leader; of no room, when it has ended."""
        record = self._register.find(_read(code))
        return record is not None and is_hash_of(record.secret, secret)

    def lead(
        self, code: str, secret: str, link: str, question: str = "", is_revealed: bool = False
    ) -> Room:
        """Show this in a room, and return it; the same again makes no new version.

        Raises:
            CodedValueError: if the link or the question's name can't be one.
            RoomEnded: if there is no such room any more.
            NotItsLeader: if the secret isn't its leader's.
            TooFast: if the room has changed too often within a second.
        """
        check_link(link)
        check_length(question, self.limits.question)
        code = _read(code)
        record = self._register.led(code, secret)
        if not record.shows(link, question, is_revealed):
            self._check_pace(f"leads:{record.number}", self.limits.leads_a_second)
            record = self._register.change(
                code,
                lambda: self._register.led(code, secret),
                lambda old: old.showing(link, question, is_revealed),
            )
            self.store.tell(code)
        self._register.use(code, record)
        return record.room(code)

    def vote(self, code: str, voter: str, question: str, answer: str) -> None:
        """Vote on what the room asks now; a second vote of a voter takes the first one's place.

        Args:
            code: of the room.
            voter: a browser's name, drawn at random.
            question: what was asked on the voter's screen.
            answer: what votes are counted by.

        Raises:
            CodedValueError: if the answer is too long.
            RoomEnded: if there is no such room any more.
            RoomFull: if as many have voted as may.
            TooFast: if this voter has voted too often within a second.
            VoteRefused: if something else is asked by now, or the answer has been shown.
        """
        life, limits = self.limits.life, self.limits
        check_length(answer, limits.answer)
        code = _read(code)
        record = self._register.living(code)
        _check_asked(record, question)
        self._check_pace(f"votes:{record.number}:{hash_of(voter)}", limits.votes_a_second)
        asked = f"questions:{record.number}"
        if not self.store.put_in(asked, hash_of(question), "", life, limits.questions):
            raise VoteRefused(
                "vote.questions",
                "this room has voted on {most} questions, as many as one may",
                most=limits.questions,
            )
        votes = _votes(record, question)
        if not self.store.put_in(votes, hash_of(voter), answer, life, limits.people):
            raise full(limits.people)
        self._register.use(code, record)
        self.store.tell(code)

    def votes(self, code: str, question: str) -> Counter[str]:
        """Return how many have voted for each answer; nothing once the room has ended."""
        record = self._register.find(_read(code))
        if record is None:
            return Counter()
        return Counter(self.store.fields(_votes(record, question)).values())

    def answered(self, code: str, question: str) -> int:
        """Return how many have voted."""
        return self.votes(code, question).total()

    def offer(self, code: str, secret: str) -> str:
        """Return a word of six letters that hands the room over, once; an earlier one ends.

        Raises:
            RoomEnded: if there is no such room any more.
            NotItsLeader: if the secret isn't its leader's.
        """
        key = _offer(self._register.led(_read(code), secret))
        word = draw_code(WORD)
        self.store.remove(key)
        self.store.add(key, hash_of(word), self.limits.word_life)
        return word

    def take_over(self, code: str, word: str) -> Leadership:
        """Lead a room from now on, with the word that its leader was given; the old secret ends.

        Raises:
            RoomEnded: if there is no such room any more.
            WrongWord: if the word is wrong, too old or has been used.
            TooFast: if too many words were tried within a minute.
        """
        code = _read(code)
        record = self._register.living(code)
        self._check_pace(f"words:{record.number}", self.limits.words_a_minute, MINUTE)
        kept = self.store.get(_offer(record)) or ""
        if not is_hash_of(kept, read_code(word, WORD)):
            raise wrong_word()
        if not self.store.swap(_offer(record), kept, "", MINUTE):  # of two, one is the first
            raise wrong_word()
        secret = secrets.token_urlsafe(24)
        self._register.change(
            code,
            lambda: self._register.living(code),
            lambda old: replace(old, secret=hash_of(secret)),
        )
        return Leadership(code, secret)

    def close(self, code: str, secret: str) -> None:
        """End a room; one that has ended stays so.

        Raises:
            NotItsLeader: if the secret isn't its leader's.
        """
        code = _read(code)
        try:
            record = self._register.led(code, secret)
        except RoomEnded:
            return
        self._register.forget(code, record)
        self.store.tell(code)

    def people(self, code: str) -> int:
        """Return how many follow, over all servers."""
        return sum(int(count) for count in self.store.fields(_people(_read(code))).values())

    def report_people(self, code: str, server: str, count: int) -> None:
        """Say how many follow on a server, again and again before REPORT_LIFE has passed."""
        self.store.put_in(_people(_read(code)), server, str(count), REPORT_LIFE, self.limits.rooms)

    def _check_pace(self, key: str, most: int, seconds: float = 1.0) -> None:
        if self.store.count(key, seconds) > most:
            raise TooFast("room.too_fast", "this was too fast; wait a little and try again")


def _check_asked(record: Record, question: str) -> None:
    if not question or record.question != question:
        raise VoteRefused("vote.other_question", "this question isn't asked any more")
    if record.is_revealed:
        raise VoteRefused("vote.revealed", "the answer has been shown already")


def _read(code: str) -> str:
    return read_code(code, LETTERS)


def _people(code: str) -> str:
    return f"people:{code}"


def _offer(record: Record) -> str:
    return f"offer:{record.number}"


def _votes(record: Record, question: str) -> str:
    return f"votes:{record.number}:{hash_of(question)}"
