"""A store in this process' memory: a restart forgets all of it, and other servers don't see it."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from rooms.store import Hear

# Values, tables and counters. Rooms and short links have limits of their own, far below; this one
# bounds what strangers make of counters, which live for a minute at the most.
MOST_KEYS = 100_000


@dataclass
class _Value:
    text: str
    ends: float


@dataclass
class _Table:
    fields: dict[str, _Value] = field(default_factory=dict)  # the one put in last at the end
    ends: float = 0.0  # the last of them

    def drop_ended(self, now: float) -> None:
        self.fields = {name: each for name, each in self.fields.items() if each.ends > now}


class MemoryStore:
    """A Store whose listeners are called by the thread that tells.

    Of more than `most` keys, those that were written longest ago are forgotten first.
    """

    def __init__(self, most: int = MOST_KEYS, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._clock = most, clock
        self._lock = Lock()
        self._kept: OrderedDict[str, _Value | _Table] = OrderedDict()  # written last at the end
        self._ears: dict[object, Hear] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: str) -> str | None:
        """Return a value, or None where there is none."""
        with self._lock:
            value = self._value(key)
            return None if value is None else value.text

    def add(self, key: str, value: str, seconds: float) -> bool:
        """Set a value if there is none, and return whether there was none."""
        with self._lock:
            if self._value(key) is not None:
                return False
            self._write(key, _Value(value, self._clock() + seconds))
            return True

    def swap(self, key: str, old: str, new: str, seconds: float) -> bool:
        """Set a value if it still is the old one, and return whether it was."""
        with self._lock:
            value = self._value(key)
            if value is None or value.text != old:
                return False
            self._write(key, _Value(new, self._clock() + seconds))
            return True

    def keep(self, key: str, seconds: float) -> bool:
        """Let a value live so long from now on, and return whether there is one."""
        with self._lock:
            value = self._value(key)
            if value is None:
                return False
            self._write(key, _Value(value.text, self._clock() + seconds))
            return True

    def remove(self, key: str) -> bool:
        """Remove a value or a table, and return whether there was one."""
        with self._lock:
            there = self._living(key) is not None
            self._kept.pop(key, None)
            return there

    def put_in(self, key: str, field: str, value: str, seconds: float, most: int) -> bool:
        """Set a table's field, which expires by itself, and return whether there was room."""
        with self._lock:
            table, now = self._table(key), self._clock()
            if field not in table.fields and len(table.fields) >= most:
                table.drop_ended(now)
                if len(table.fields) >= most:
                    return False
            table.fields.pop(field, None)
            table.fields[field] = _Value(value, now + seconds)
            table.ends = max(table.ends, now + seconds)
            self._write(key, table)
            return True

    def take_out(self, key: str, field: str) -> None:
        """Remove a table's field."""
        with self._lock:
            self._table(key).fields.pop(field, None)

    def fields(self, key: str) -> dict[str, str]:
        """Return a table's fields, those that expire first before others."""
        with self._lock:
            table = self._table(key)
            table.drop_ended(self._clock())
            ordered = sorted(table.fields.items(), key=lambda item: item[1].ends)
            return {name: each.text for name, each in ordered}

    def count(self, key: str, seconds: float, by: int = 1) -> int:
        """Add to a counter that begins at 0 so many seconds after it began, and return it."""
        with self._lock:
            value = self._value(key)
            counted = by + (int(value.text) if value is not None else 0)
            if by:
                ends = value.ends if value is not None else self._clock() + seconds
                self._write(key, _Value(str(counted), ends))
            return counted

    def tell(self, message: str) -> None:
        """Tell a message to all who listen."""
        for hear in list(self._ears.values()):
            hear(message)

    def listen(self, hear: Hear) -> Callable[[], None]:
        """Call `hear` with each message, until what is returned is called."""
        ear = object()
        self._ears[ear] = hear
        return lambda: self._ears.pop(ear, None) and None

    def ping(self) -> None:
        """Return at once: it is always there."""

    def _living(self, key: str) -> _Value | _Table | None:
        found = self._kept.get(key)
        if found is not None and found.ends <= self._clock():
            del self._kept[key]
            return None
        return found

    def _value(self, key: str) -> _Value | None:
        found = self._living(key)
        return found if isinstance(found, _Value) else None

    def _table(self, key: str) -> _Table:
        found = self._living(key)
        return found if isinstance(found, _Table) else _Table()

    def _write(self, key: str, written: _Value | _Table) -> None:
        self._kept[key] = written
        self._kept.move_to_end(key)
        if len(self._kept) > self._most:
            self._make_room()

    def _make_room(self) -> None:
        """Forget what has expired, and so much else that this isn't needed again at once."""
        now = self._clock()
        for ended in [key for key, kept in self._kept.items() if kept.ends <= now]:
            del self._kept[ended]
        while len(self._kept) > self._most - self._most // 100:
            self._kept.popitem(last=False)
