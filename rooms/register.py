"""The rooms that there are, as the store keeps them: found, changed, counted and forgotten."""

import secrets
from collections.abc import Callable

from rooms.codes import draw_code
from rooms.errors import NotItsLeader, TooManyRooms, ended
from rooms.hashes import hash_of, is_hash_of
from rooms.limits import MINUTE, Limits
from rooms.record import LETTERS, Leadership, Record
from rooms.store import Store

ALL = "rooms"  # the table of all rooms' codes


class Register:
    """The records of all rooms, by their codes, which are given as they are kept."""

    def __init__(self, store: Store, limits: Limits) -> None:
        self._store, self._limits = store, limits

    def add(self, link: str, session: str) -> Leadership:
        """Add a room under a free code, or raise TooManyRooms."""
        secret = secrets.token_urlsafe(24)
        number = secrets.token_hex(8)
        record = Record(1, link, "", False, hash_of(secret), hash_of(session), number)
        life = self._limits.life
        while not self._store.add(_key(code := draw_code(LETTERS)), record.text(), life):
            pass
        try:
            self._admit(code, record)
        except TooManyRooms:
            self.forget(code, record)
            raise
        return Leadership(code, secret)

    def find(self, code: str) -> Record | None:
        """Return a room, or None where there is none."""
        text = self._store.get(_key(code)) if code else None
        return None if text is None else Record.read(text)

    def living(self, code: str) -> Record:
        """Return a room, or raise RoomEnded."""
        record = self.find(code)
        if record is None:
            raise ended()
        return record

    def led(self, code: str, secret: str) -> Record:
        """Return a room to its leader, or raise RoomEnded or NotItsLeader."""
        record = self.living(code)
        if not is_hash_of(record.secret, secret):
            raise NotItsLeader("room.not_leader", "somebody else leads this room")
        return record

    def change(
        self, code: str, find: Callable[[], Record], change: Callable[[Record], Record]
    ) -> Record:
        """Change a room, however many do so at once: who comes second changes what the first made.

        Args:
            code: of the room.
            find: the room as it is, or an error if it may not be changed.
            change: makes the new record of the old one.
        """
        while True:
            record = find()
            changed = change(record)
            if self._store.swap(_key(code), record.text(), changed.text(), self._limits.life):
                return changed

    def use(self, code: str, record: Record) -> None:
        """Let a room, and its place among all and its session's, last from now on."""
        limits = self._limits
        if self._store.keep(_key(code), limits.life):  # else it has been closed meanwhile
            self._store.put_in(ALL, code, "", limits.life, limits.rooms)
            self._store.put_in(_own(record), code, "", limits.life, limits.of_a_session)

    def forget(self, code: str, record: Record) -> None:
        """End a room."""
        self._store.remove(_key(code))
        self._store.take_out(ALL, code)
        self._store.take_out(_own(record), code)

    def _admit(self, code: str, record: Record) -> None:
        limits = self._limits
        if not self._store.put_in(_own(record), code, "", limits.life, limits.of_a_session):
            raise TooManyRooms(
                "room.of_session",
                "this window has opened {most} rooms, as many as one may; close one of them",
                most=limits.of_a_session,
            )
        if self._store.count("opened", MINUTE) > limits.opened_a_minute:
            raise TooManyRooms(
                "room.of_minute",
                "{most} rooms were opened within a minute; try again in another one",
                most=limits.opened_a_minute,
            )
        if not self._store.put_in(ALL, code, "", limits.life, limits.rooms):
            raise TooManyRooms(
                "room.of_server",
                "{most} rooms are open, as many as there may be; try again later",
                most=limits.rooms,
            )


def _key(code: str) -> str:
    return f"room:{code}"


def _own(record: Record) -> str:
    return f"rooms of:{record.session}"
