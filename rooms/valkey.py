"""A store in Valkey, or in Redis from version 7 on, which several servers share."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import cast

from redis import BlockingConnectionPool, Redis
from redis.backoff import NoBackoff
from redis.client import PubSub
from redis.exceptions import ConnectionError, RedisError
from redis.retry import Retry

from rooms.errors import unreachable
from rooms.store import Hear

PREFIX = "headlight:"  # of all that is ours, in a store that others may use too
CHANNEL = f"{PREFIX}changes"
PATIENCE = 1.0  # seconds, twice: a page waits for it
CONNECTIONS = 32  # of this process; who comes when all are in use waits his turn
PING_EVERY, SILENT_FOR = 5.0, 15.0  # seconds; a cable that was pulled out says nothing
TRY_AGAIN = 0.5  # seconds

# A table is a hash whose values begin with when they expire, in microseconds of the store's clock.
# (Redis 7 can't let a hash's fields expire.) The whole lives as long as its last field.
PUT_IN = """
local key, field, value, seconds, most = KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
if redis.call('HEXISTS', key, field) == 0 and redis.call('HLEN', key) >= tonumber(most) then
  local all = redis.call('HGETALL', key)
  for i = 1, #all, 2 do
    if tonumber(string.match(all[i + 1], '^%d+')) <= now then
      redis.call('HDEL', key, all[i])
    end
  end
  if redis.call('HLEN', key) >= tonumber(most) then return 0 end
end
redis.call('HSET', key, field, string.format('%.0f:', now + seconds * 1000000) .. value)
local life = math.ceil(seconds * 1000)
if redis.call('PTTL', key) < life then redis.call('PEXPIRE', key, life) end
return 1
"""
SWAP = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
"""
COUNT = """
local counted = redis.call('INCRBY', KEYS[1], ARGV[1])
if counted == tonumber(ARGV[1]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return counted
"""

_log = logging.getLogger(__name__)


class ValkeyStore:
    """A Store on another machine, or another process of this one.

    Args:
        url: such as valkey://:password@host:6379/0; rediss:// and valkeys:// are encrypted.
    """

    def __init__(self, url: str) -> None:
        pool = BlockingConnectionPool.from_url(
            url.replace("valkey", "redis", 1) if url.startswith("valkey") else url,
            max_connections=CONNECTIONS,
            timeout=PATIENCE,
            socket_timeout=PATIENCE,
            socket_connect_timeout=PATIENCE,
            health_check_interval=15,
            retry=Retry(NoBackoff(), 1),
            protocol=2,
            decode_responses=True,
            encoding_errors="surrogatepass",  # half a character, as a browser may send it
        )
        self._client = Redis.from_pool(pool)
        self._put_in = self._client.register_script(PUT_IN)
        self._swap = self._client.register_script(SWAP)
        self._count = self._client.register_script(COUNT)
        self._is_reached = True

    def get(self, key: str) -> str | None:
        """Return a value, or None where there is none."""
        with self._reaching():
            return cast(str | None, self._client.get(PREFIX + key))

    def add(self, key: str, value: str, seconds: float) -> bool:
        """Set a value if there is none, and return whether there was none."""
        with self._reaching():
            return bool(self._client.set(PREFIX + key, value, nx=True, px=_ms(seconds)))

    def swap(self, key: str, old: str, new: str, seconds: float) -> bool:
        """Set a value if it still is the old one, and return whether it was."""
        with self._reaching():
            return bool(self._swap([PREFIX + key], [old, new, _ms(seconds)]))

    def keep(self, key: str, seconds: float) -> bool:
        """Let a value live so long from now on, and return whether there is one."""
        with self._reaching():
            return bool(self._client.pexpire(PREFIX + key, _ms(seconds)))

    def remove(self, key: str) -> bool:
        """Remove a value or a table, and return whether there was one."""
        with self._reaching():
            return bool(self._client.delete(PREFIX + key))

    def put_in(self, key: str, field: str, value: str, seconds: float, most: int) -> bool:
        """Set a table's field, which expires by itself, and return whether there was room."""
        with self._reaching():
            return bool(self._put_in([PREFIX + key], [field, value, seconds, most]))

    def take_out(self, key: str, field: str) -> None:
        """Remove a table's field."""
        with self._reaching():
            self._client.hdel(PREFIX + key, field)

    def fields(self, key: str) -> dict[str, str]:
        """Return a table's fields, those that expire first before others."""
        with self._reaching(), self._client.pipeline(transaction=False) as both:
            both.time()
            both.hgetall(PREFIX + key)
            (seconds, micros), kept = both.execute()
        now = seconds * 1_000_000 + micros
        found = [(field, *text.split(":", 1)) for field, text in kept.items()]
        living = [(int(ends), field, value) for field, ends, value in found if int(ends) > now]
        return {field: value for _ends, field, value in sorted(living)}

    def count(self, key: str, seconds: float, by: int = 1) -> int:
        """Add to a counter that begins at 0 so many seconds after it began, and return it."""
        with self._reaching():
            if not by:
                return int(self._client.get(PREFIX + key) or 0)
            return int(self._count([PREFIX + key], [by, _ms(seconds)]))

    def tell(self, message: str) -> None:
        """Tell a message to all who listen, on all servers."""
        with self._reaching():
            self._client.publish(CHANNEL, message)

    def listen(self, hear: Hear) -> Callable[[], None]:
        """Call `hear` with each message, from a thread, until what is returned is called.

        Whenever the connection has been made or lost, it is called with None.
        """
        stopping = Event()
        thread = Thread(target=self._listen, args=(hear, stopping), name="store", daemon=True)
        thread.start()

        def stop() -> None:
            stopping.set()
            thread.join(PATIENCE)

        return stop

    def ping(self) -> None:
        """Raise StoreUnreachable if the store can't be reached."""
        with self._reaching():
            self._client.ping()

    def _listen(self, hear: Hear, stopping: Event) -> None:
        was_heard = False
        while not stopping.is_set():
            try:
                with self._client.pubsub() as ear:  # type: ignore[no-untyped-call]
                    ear.subscribe(CHANNEL)
                    was_heard = True
                    _pass_on(ear, hear, stopping)
            except (RedisError, OSError):
                if was_heard:  # and again only when it is there
                    hear(None)
                was_heard = False
                stopping.wait(TRY_AGAIN)

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        try:
            yield
        except (RedisError, OSError) as error:
            if self._is_reached:  # once, however many ask
                _log.warning("The store doesn't answer: %s", error)
            self._is_reached = False
            raise unreachable() from error
        if not self._is_reached:
            _log.warning("The store answers again")
        self._is_reached = True


def _pass_on(ear: PubSub, hear: Hear, stopping: Event) -> None:
    """Call `hear` with what is told until the connection breaks, or nobody wants to hear more."""
    heard = pinged = time.monotonic()
    while not stopping.is_set():
        message = ear.get_message(timeout=0.2)
        now = time.monotonic()
        if message is not None:
            heard = now
            if message["type"] == "subscribe":
                hear(None)
            elif message["type"] == "message":
                hear(message["data"])
        elif now - heard > SILENT_FOR:
            raise ConnectionError("The store has gone silent")
        if now - pinged > PING_EVERY:
            ear.ping()
            pinged = now


def _ms(seconds: float) -> int:
    return max(1, round(seconds * 1000))
