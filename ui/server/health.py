"""Whether the server lives, and whether it is ready for people: for whatever watches over it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

PATIENCE = 2.0  # seconds that a check may take
UNCACHED = {"Cache-Control": "no-store"}


@dataclass(frozen=True)
class ReadyCheck:
    """Something that the app needs.

    Args:
        name: what it is, as the answer names it: a word, and nothing that tells more.
        is_ready: whether it is there; what it raises counts as no.
    """

    name: str
    is_ready: Callable[[], Awaitable[bool]]


READY_CHECKS: list[ReadyCheck] = []


async def _alive(_request: Request) -> Response:
    """Answer, which shows that the event loop does."""
    return PlainTextResponse("alive", headers=UNCACHED)


async def _ready(_request: Request) -> Response:
    """Say what is missing, by name."""
    missing = await missing_parts()
    return JSONResponse({"missing": missing}, 503 if missing else 200, UNCACHED)


async def missing_parts() -> list[str]:
    """Return the names of the parts that aren't ready, in the order of READY_CHECKS."""
    checks = list(READY_CHECKS)
    answers = await asyncio.gather(*(_passes(check) for check in checks))
    return [check.name for check, passes in zip(checks, answers, strict=True) if not passes]


async def _passes(check: ReadyCheck) -> bool:
    try:
        async with asyncio.timeout(PATIENCE):
            return await check.is_ready()
    except Exception:  # whatever a store's library raises
        return False


HEALTH_ROUTES = [Route("/healthz", _alive), Route("/readyz", _ready)]
