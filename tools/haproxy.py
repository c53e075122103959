"""HAProxy with deploy/haproxy.cfg, and what it is told about the processes behind it."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

CONFIG = Path(__file__).resolve().parents[1] / "deploy" / "haproxy.cfg"
BACKEND = "apps"  # as the file calls it; its servers are app1, app2, ...
ANSWERS = 5.0  # seconds that a command may take
REFUSALS = ("No such", "Unknown", "Invalid", "Require", "Permission", "can't", "error")


class ProxyError(Exception):
    """HAProxy didn't do what it was told."""


@dataclass(frozen=True)
class Proxy:
    """A running HAProxy, by its admin socket."""

    admin: Path

    async def answers(self) -> bool:
        """Whether it is there."""
        try:
            return bool(await self.tell("show version"))
        except (OSError, TimeoutError):
            return False

    async def send_people(self, number: int, port: int) -> None:
        """Let people come to a process, which listens on this port of this computer."""
        server = f"{BACKEND}/app{number}"
        await self._order(f"set server {server} addr 127.0.0.1 port {port}")
        await self._order(f"set server {server} state ready")

    async def drain(self, number: int) -> None:
        """Send nobody new to a process."""
        await self._order(f"set server {BACKEND}/app{number} state drain")

    async def take_out(self, number: int) -> None:
        """Send nobody to a process."""
        await self._order(f"set server {BACKEND}/app{number} state maint")

    async def _order(self, command: str) -> None:
        answer = await self.tell(command)
        if any(word in answer for word in REFUSALS):
            raise ProxyError(f"{command}: {answer.strip()}")

    async def tell(self, command: str) -> str:
        """Send a command, and return what HAProxy says.

        Raises:
            OSError: if HAProxy isn't there.
            TimeoutError: if it doesn't answer.
        """
        async with asyncio.timeout(ANSWERS):
            reader, writer = await asyncio.open_unix_connection(self.admin)
            try:
                writer.write(f"{command}\n".encode())
                return (await reader.read()).decode(errors="replace")
            finally:
                writer.close()
