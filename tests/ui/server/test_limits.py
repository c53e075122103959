"""How much one may send, and how many may come from one address; on a clock of the tests' own."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from starlette.types import Message, Receive, Scope, Send

from ui.server import addresses, limits
from ui.server.addresses import ForwardedAddresses, client_address
from ui.server.buckets import Bucket, Buckets
from ui.server.limits import LimitedSessions
from ui.server.settings import Settings


@dataclass
class Time:
    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def socket_of(address: str) -> Scope:
    extensions: dict[str, object] = {"websocket.http.response": {}}
    return {"type": "websocket", "headers": [], "client": (address, 1), "extensions": extensions}


async def nothing() -> Message:
    return {"type": "websocket.connect"}


@pytest.fixture
def time() -> Time:
    return Time()


def test_a_bucket_gives_what_it_holds_and_gets_it_back(time: Time) -> None:
    bucket = Bucket(2.0, 3.0, time)
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]
    time.now = 0.5
    assert bucket.take()
    assert not bucket.take()
    assert bucket.borrow(4.0) == 2.0  # seconds until four tokens are there
    time.now = 100.0
    assert bucket.is_full
    assert not bucket.take(3.5)


def test_whoever_has_a_full_bucket_is_forgotten(time: Time) -> None:
    buckets = Buckets(1.0, 2.0, time)
    for number in range(100):
        assert buckets.take(number)
    assert len(buckets) == 100
    time.now = 1.0
    assert buckets.take("new")
    assert len(buckets) == 1


def served(time: Time, app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> LimitedSessions:
    return LimitedSessions(app, time, time.sleep)


async def opened(limited: LimitedSessions, address: str) -> list[Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await limited(socket_of(address), nothing, send)
    return sent


def test_a_school_that_opens_the_page_at_once_passes_and_what_floods_does_not(time: Time) -> None:
    async def end(scope: Scope, receive: Receive, send: Send) -> None:
        pass

    async def knock() -> None:
        limited = served(time, end)
        for _ in range(600):
            assert await opened(limited, "192.0.2.1") == []
        refusal = await opened(limited, "192.0.2.1")
        assert refusal[0]["status"] == 429
        assert (b"retry-after", b"10") in refusal[0]["headers"]
        assert await opened(limited, "192.0.2.2") == []  # nobody else's fault
        time.now += 1.0
        assert [len(await opened(limited, "192.0.2.1")) for _ in range(11)] == [0] * 10 + [2]

    asyncio.run(knock())


def test_so_many_sessions_of_one_address_are_open_at_once(
    time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MOST_SESSIONS", 3)
    leave = asyncio.Event()

    async def stay(scope: Scope, receive: Receive, send: Send) -> None:
        await leave.wait()

    async def knock() -> None:
        limited = served(time, stay)
        here = [asyncio.create_task(opened(limited, "192.0.2.1")) for _ in range(3)]
        await asyncio.sleep(0)
        assert (await opened(limited, "192.0.2.1"))[0]["status"] == 429
        leave.set()
        await asyncio.gather(*here)
        assert await opened(limited, "192.0.2.1") == []
        assert not limited._open

    asyncio.run(knock())


def heard(time: Time, size: int, count: int, every: float) -> None:
    """Send so many messages of so many bytes, one every so many seconds."""
    received: list[Message] = []

    async def receive() -> Message:
        time.now += every
        return {"type": "websocket.receive", "bytes": bytes(size)}

    async def listen(scope: Scope, receive: Receive, send: Send) -> None:
        for _ in range(count):
            received.append(await receive())

    async def send(message: Message) -> None:
        raise AssertionError(message)

    asyncio.run(served(time, listen)(socket_of("192.0.2.1"), receive, send))
    assert len(received) == count  # none is lost


@pytest.mark.parametrize(
    ("size", "every"),
    [(3_000, 0.05), (3_000, 0.025), (300_000, 0.05)],
    ids=["a field and a key held", "two at once", "four of the longest sentences"],
)
def test_nobody_who_types_or_drags_is_slowed(time: Time, size: int, every: float) -> None:
    heard(time, size, 1_000, every)
    assert time.slept == []


def test_what_no_hand_sends_is_slowed(time: Time) -> None:
    heard(time, 10, 1_000, 0.0)
    assert time.now == pytest.approx(20.0)  # 200 at once, 800 at 40 a second


def test_large_messages_are_slowed_by_their_bytes(time: Time) -> None:
    heard(time, 2**20, 100, 0.0)
    assert time.now == pytest.approx((100 - 16) / 8)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),  # of a socket for both families
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "unknown"),
    ],
)
def test_an_address_is_a_line(host: str, address: str) -> None:
    assert client_address({"client": (host, 1)}) == address
    assert client_address({"client": None}) == "unknown"


@pytest.mark.parametrize(
    ("proxies", "peer", "forwarded", "address"),
    [
        ((), "127.0.0.1", "192.0.2.7", "127.0.0.1"),  # nobody's word, also not this computer's
        (("127.0.0.1",), "127.0.0.1", "192.0.2.7", "192.0.2.7"),
        (("127.0.0.1",), "::ffff:127.0.0.1", "192.0.2.7", "192.0.2.7"),
        (("10.0.0.0/8",), "10.1.2.3", "198.51.100.1, 192.0.2.7, 10.9.9.9", "192.0.2.7"),
        (("10.0.0.0/8",), "192.0.2.9", "198.51.100.1", "192.0.2.9"),
        (("10.0.0.0/8",), "10.1.2.3", "2001:db8::1", "2001:db8::/64"),
    ],
)
def test_only_the_owners_proxies_say_who_has_come(
    monkeypatch: pytest.MonkeyPatch,
    proxies: tuple[str, ...],
    peer: str,
    forwarded: str,
    address: str,
) -> None:
    monkeypatch.setattr(addresses, "settings", lambda: Settings(proxies=proxies))
    seen: list[str] = []

    async def see(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(client_address(scope))

    async def send(message: Message) -> None:
        pass

    scope = socket_of(peer) | {"headers": [(b"x-forwarded-for", forwarded.encode())]}
    asyncio.run(ForwardedAddresses(see)(scope, nothing, send))
    assert seen == [address]
