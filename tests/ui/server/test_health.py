"""Alive, ready, and what is missing; and the end, which waits for what is at work."""

import asyncio
import signal
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.testclient import TestClient

from ui.server import ending, health
from ui.server.ending import ended_in_time, is_ending
from ui.server.health import HEALTH_ROUTES, ReadyCheck
from ui.server.lines import LINES
from ui.server.metrics import count_refusal
from ui.server.settings import Settings


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[ReadyCheck]:
    none: list[ReadyCheck] = []
    monkeypatch.setattr(health, "READY_CHECKS", none)
    return none


@pytest.fixture
def client() -> TestClient:
    return TestClient(Starlette(routes=HEALTH_ROUTES))


async def yes() -> bool:
    return True


async def no() -> bool:
    return False


async def broken() -> bool:
    raise ConnectionError("secret://user:password@store")


async def stuck() -> bool:
    await asyncio.Event().wait()
    return True


def test_it_is_ready_once_all_parts_are(client: TestClient, checks: list[ReadyCheck]) -> None:
    checks += [ReadyCheck("pages", yes), ReadyCheck("store", yes)]
    answer = client.get("/readyz")
    assert (answer.status_code, answer.text) == (200, '{"missing":[]}')
    assert answer.headers["cache-control"] == "no-store"


def test_what_is_missing_is_named_and_nothing_else(
    client: TestClient, checks: list[ReadyCheck], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "PATIENCE", 0.01)
    checks += [ReadyCheck("pages", no), ReadyCheck("other", yes), ReadyCheck("store", broken)]
    checks.append(ReadyCheck("clock", stuck))
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.text == '{"missing":["pages","store","clock"]}'
    assert client.get("/healthz").text == "alive"


def test_a_reason_that_nobody_has_thought_of_is_no_label() -> None:
    with pytest.raises(ValueError, match="is no reason"):
        count_refusal("the zebra sleeps")


@dataclass
class Work:
    waiting: int = 0
    inside: int = 1


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Iterator[Work]:
    ending._is_ending.clear()
    monkeypatch.setitem(LINES, "of a test", at_work := Work())  # type: ignore[arg-type]
    monkeypatch.setattr(ending, "LOOK_EVERY", 0.001)
    monkeypatch.setattr(ending, "_end_at", lambda seconds: None)
    before = {number: signal.getsignal(number) for number in ending.SIGNALS}
    yield at_work
    for number, handler in before.items():
        signal.signal(number, handler)
    ending._is_ending.clear()


async def until(server: uvicorn.Server) -> None:
    async with asyncio.timeout(10):
        while not server.should_exit:
            await asyncio.sleep(0)


def test_what_is_at_work_may_finish(work: Work) -> None:
    async def serve() -> None:
        server = uvicorn.Server(uvicorn.Config(Starlette(), log_config=None))
        with ended_in_time(server):
            signal.raise_signal(signal.SIGTERM)
            while not is_ending():
                await asyncio.sleep(0)
            await asyncio.sleep(0.05)
            assert not server.should_exit
            work.inside = 0
            await until(server)

    asyncio.run(serve())


def test_nothing_is_waited_for_longer_than_the_owner_wants(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "settings", lambda: Settings(deadline=0.1))

    async def serve() -> None:
        server = uvicorn.Server(uvicorn.Config(Starlette(), log_config=None))
        with ended_in_time(server):
            signal.raise_signal(signal.SIGTERM)
            await until(server)

    asyncio.run(serve())


def test_whoever_asks_twice_is_in_a_hurry(work: Work) -> None:
    async def serve() -> None:
        server = uvicorn.Server(uvicorn.Config(Starlette(), log_config=None))
        with ended_in_time(server):
            signal.raise_signal(signal.SIGINT)
            while not is_ending():
                await asyncio.sleep(0)
            signal.raise_signal(signal.SIGINT)
            await until(server)

    asyncio.run(serve())
