"""Serves the app from several processes behind one address.

python -m tools.serve --workers 2 --port 8501

It starts a proxy (HAProxy), a store for rooms (Valkey or Redis, unless HEADLIGHT_STORE names one)
and the processes, and starts each again that ends. SIGTERM and Ctrl-C end all of them within
HEADLIGHT_DEADLINE seconds; SIGHUP renews one process after the other: for a new version.
"""

import argparse
import asyncio
import os
import secrets
import signal
import socket
import sys
import tempfile
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from tools.find_program import ProgramNotFoundError, find_program
from tools.haproxy import CONFIG, Proxy, ProxyError
from tools.kept_running import Kept, NeverStartedError, Start

ROOT = Path(__file__).resolve().parents[1]
HOST = "127.0.0.1"
LIVES, READY = "/healthz", "/readyz"
DEADLINE = 20.0  # seconds, if HEADLIGHT_DEADLINE doesn't say
LAST = 2.0  # of these, for the proxy and the store, which end after the processes
STORE = 'bind 127.0.0.1\nport {port}\nrequirepass {password}\nsave ""\nappendonly no\n'
STORE += "maxmemory 256mb\ndir {folder}\nloglevel warning\n"


def say(text: str) -> None:
    print(f"serve: {text}", file=sys.stderr, flush=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def answers(port: int, path: str) -> bool:
    """Whether the process on a port says yes."""
    connection = HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
        return True
    return False


@dataclass(frozen=True)
class Options:
    """What the command line asks for."""

    workers: int
    port: int
    address: str
    haproxy: Path
    store: Path | None  # the program; None where HEADLIGHT_STORE names a store
    deadline: float
    app: Path  # its entry file


class Fleet:
    """The proxy, the store and the processes. All of them share the secrets that are made here."""

    def __init__(self, options: Options, folder: Path) -> None:
        self.options = options
        self.folder = folder
        self.proxy = Proxy(folder / "admin.sock")
        self.ports = dict.fromkeys(range(1, options.workers + 1), 0)
        self.environ = {
            "STREAMLIT_SERVER_COOKIE_SECRET": secrets.token_hex(32),
        } | dict(os.environ)
        # Those in front are our proxy's to know; the processes know our proxy alone.
        self._in_front = self.environ.get("HEADLIGHT_PROXY", "").replace(",", " ").strip()
        self.environ["HEADLIGHT_PROXY"] = HOST
        self.environ["HEADLIGHT_DEADLINE"] = f"{max(1.0, options.deadline - LAST):g}"
        self._cookie_key = secrets.token_hex(16)
        self._password, self._store_port = secrets.token_hex(16), free_port()
        if options.store is not None:
            store = f"redis://:{self._password}@{HOST}:{self._store_port}/0"
            self.environ["HEADLIGHT_STORE"] = store
        self.store = self._kept("The store", self._start_store) if options.store else None
        self.front = self._kept("The proxy", self._start_proxy, came=self._place_all)
        self.apps = {number: self._kept_app(number) for number in self.ports}
        self._renewing = asyncio.Lock()

    async def serve(self, ended: asyncio.Event) -> None:
        """Serve until `ended` is set, and then end everything within the deadline."""
        keeping = [asyncio.create_task(kept.keep()) for kept in self._all()]
        telling = asyncio.create_task(self._tell_when_ready())
        ending = asyncio.create_task(ended.wait())
        # What never starts won't by being tried again: all ends, rather than half of it goes on.
        await asyncio.wait([ending, *keeping], return_when=asyncio.FIRST_COMPLETED)
        telling.cancel()
        ending.cancel()
        await self._stop()
        await asyncio.gather(*keeping)

    async def renew(self) -> None:
        """Renew one process after the other; the others serve meanwhile."""
        async with self._renewing:
            for number, app in self.apps.items():
                say(f"renewing process {number}")
                with suppress(OSError, TimeoutError):
                    await self.proxy.drain(number)
                await app.renew(self.options.deadline)
            say("all processes are new")

    def _all(self) -> list[Kept]:
        first = [self.front] if self.store is None else [self.store, self.front]
        return [*first, *self.apps.values()]

    async def _tell_when_ready(self) -> None:
        for kept in self._all():
            await kept.is_there.wait()
        where = f"{self.options.address.replace('*', 'localhost')}:{self.options.port}"
        say(f"ready on {where}, {len(self.apps)} processes")

    async def _stop(self) -> None:
        say("ending")
        self.front.leave(signal.SIGUSR1)  # takes nobody new, and keeps whom it has
        working = self.options.deadline - LAST
        await asyncio.gather(*(app.stop(working) for app in self.apps.values()))
        rest = (kept.stop(LAST / 2) for kept in (self.front, self.store) if kept)
        await asyncio.gather(*rest)

    def _kept(self, name: str, start: Any, came: Any = None, went: Any = None) -> Kept:
        async def nothing() -> None: ...

        return Kept(name, start, say, came or nothing, went or nothing)

    def _kept_app(self, number: int) -> Kept:
        async def came() -> None:
            await self._place(number)

        async def went() -> None:
            with suppress(OSError, TimeoutError):  # a proxy that isn't there sends nobody
                await self.proxy.take_out(number)

        return self._kept(f"Process {number}", lambda: self._start_app(number), came, went)

    async def _place(self, number: int) -> None:
        with suppress(OSError, TimeoutError):  # a proxy that comes later asks for all
            await self.proxy.send_people(number, self.ports[number])

    async def _place_all(self) -> None:
        for number, app in self.apps.items():
            if app.is_there.is_set():
                await self._place(number)

    def _start_app(self, number: int) -> Start:
        port = self.ports[number] = free_port()
        command = [sys.executable, "-m", "streamlit", "run", str(self.options.app)]
        command += [f"--server.port={port}", f"--server.address={HOST}"]
        command += ["--logger.hideWelcomeMessage=true"]
        environ = {**self.environ, **own_metrics(number, self.environ)}
        return Start(
            command,
            is_ready=lambda: asyncio.to_thread(answers, port, READY),
            lives=lambda: asyncio.to_thread(answers, port, LIVES),
            environ=environ,
        )

    def _start_proxy(self) -> Start:
        environ = {
            "HEADLIGHT_BIND": f"{self.options.address}:{self.options.port}",
            "HEADLIGHT_ADMIN": str(self.proxy.admin),
            "HEADLIGHT_WORKERS": str(self.options.workers),
            "HEADLIGHT_COOKIE_KEY": self._cookie_key,
        }
        environ |= {"HEADLIGHT_BEHIND": self._in_front} if self._in_front else {}
        command = [str(self.options.haproxy), "-db", "-f", str(CONFIG)]
        return Start(command, self.proxy.answers, environ=environ)

    def _start_store(self) -> Start:
        port = self._store_port
        settings = STORE.format(port=port, password=self._password, folder=self.folder)
        # On its standard input: a command line can be read by everybody on this computer.
        return Start(
            [str(self.options.store), "-"],
            lambda: asyncio.to_thread(listens, port),
            told=settings.encode(),
        )


def own_metrics(number: int, environ: dict[str, str]) -> dict[str, str]:
    """A port of its own for each process's metrics: the one that is asked for, and the next."""
    host, colon, port = environ.get("HEADLIGHT_METRICS", "").rpartition(":")
    if not colon or not port.isdigit():
        return {}
    return {"HEADLIGHT_METRICS": f"{host}:{int(port) + number - 1}"}


async def run(options: Options) -> None:
    """Serve until a signal ends it."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    with tempfile.TemporaryDirectory(prefix="headlight-") as folder:  # for its owner alone
        fleet = Fleet(options, Path(folder))
        tasks: set[asyncio.Task[None]] = set()  # the loop itself keeps no task alive

        def begin(work: Coroutine[Any, Any, None]) -> None:
            task = asyncio.create_task(work)
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, ended.set)
        loop.add_signal_handler(signal.SIGHUP, lambda: begin(fleet.renew()))
        await fleet.serve(ended)
        for task in tasks:
            task.cancel()


def read_options(arguments: Sequence[str]) -> Options:
    """Read the command line, and find the programs.

    Raises:
        ProgramNotFoundError: if one is missing.
    """
    parser = argparse.ArgumentParser(
        prog="python -m tools.serve", description="Serve the app from several processes."
    )
    parser.add_argument("--workers", type=int, default=2, help="how many processes (2)")
    parser.add_argument("--port", type=int, default=8501, help="where people reach it (8501)")
    parser.add_argument("--address", default="*", help="of which of this computer's addresses")
    parser.add_argument("--app", type=Path, default=ROOT / "app.py", help="the app's entry file")
    parser.add_argument("--install", action="store_true", help="install what is missing (Debian)")
    given = parser.parse_args(arguments)
    if given.workers < 1:
        parser.error(f"--workers must be 1 or more, got {given.workers}")
    try:
        deadline = max(2 * LAST, float(os.environ.get("HEADLIGHT_DEADLINE") or DEADLINE))
    except ValueError:
        parser.error("HEADLIGHT_DEADLINE must be seconds")
    has_store = bool(os.environ.get("HEADLIGHT_STORE"))
    haproxy = find_program("haproxy", install=given.install)
    store = None if has_store else find_program("redis", install=given.install)
    app = given.app.resolve()
    return Options(given.workers, given.port, given.address, haproxy, store, deadline, app)


def main(arguments: Sequence[str]) -> int:
    try:
        asyncio.run(run(read_options(arguments)))
    except (ProgramNotFoundError, ProxyError, NeverStartedError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
