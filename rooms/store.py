"""Where rooms and short links lie: a few operations, each of which is atomic.

In this process' memory (rooms/memory.py), or in a Valkey or Redis that several servers share
(rooms/valkey.py). Whoever waits for another server's change listens; nothing polls.
"""

from collections.abc import Callable
from typing import Protocol

VARIABLE = "HEADLIGHT_STORE"  # of the environment: the store's address; nothing: the memory
SCHEMES = ("redis://", "rediss://", "valkey://", "valkeys://")

# Is called with what was told; with None when something may have been missed: look again.
Hear = Callable[[str | None], None]


class Store(Protocol):
    """Values and tables of text, all of which expire; counters; and what is told to all servers.

    Each operation may raise StoreUnreachable.
    """

    def get(self, key: str) -> str | None:
        """Return a value, or None where there is none."""
        ...

    def add(self, key: str, value: str, seconds: float) -> bool:
        """Set a value if there is none, and return whether there was none."""
        ...

    def swap(self, key: str, old: str, new: str, seconds: float) -> bool:
        """Set a value if it still is the old one, and return whether it was."""
        ...

    def keep(self, key: str, seconds: float) -> bool:
        """Let a value live so long from now on, and return whether there is one."""
        ...

    def remove(self, key: str) -> bool:
        """Remove a value or a table, and return whether there was one."""
        ...

    def put_in(self, key: str, field: str, value: str, seconds: float, most: int) -> bool:
        """Set a table's field, which expires by itself, and return whether there was room.

        Args:
            key: of the table.
            field: a new one, or one that is there and lives on.
            value: of the field.
            seconds: how long the field lives from now on.
            most: so many fields may live in the table at once.
        """
        ...

    def take_out(self, key: str, field: str) -> None:
        """Remove a table's field."""
        ...

    def fields(self, key: str) -> dict[str, str]:
        """Return a table's fields, those that expire first before others."""
        ...

    def count(self, key: str, seconds: float, by: int = 1) -> int:
        """Add to a counter that begins at 0 so many seconds after it began, and return it.

        Args:
            key: of the counter.
            seconds: how long the counter lives.
            by: 0 only looks.
        """
        ...

    def tell(self, message: str) -> None:
        """Tell a message to all who listen, in this process and others."""
        ...

    def listen(self, hear: Hear) -> Callable[[], None]:
        """Call `hear` with each message, from any thread, until what is returned is called."""
        ...

    def ping(self) -> None:
        """Raise StoreUnreachable if the store can't be reached."""
        ...


def store_at(url: str) -> Store:
    """Return the store at an address: nothing for this process' memory.

    Raises:
        ValueError: if it is no address of a store.
    """
    if not url:
        from rooms.memory import MemoryStore

        return MemoryStore()
    if not url.startswith(SCHEMES):  # without what may follow: a password
        scheme = url.partition("://")[0][:20]
        expected = ", ".join(SCHEMES)
        raise ValueError(f"{VARIABLE} must begin with one of {expected}, got {scheme!r}")
    from rooms.valkey import ValkeyStore

    return ValkeyStore(url)
