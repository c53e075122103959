"""Finds a Chromium for the browser tests and, if asked to, installs one where there is none.

python -m tools.find_chromium             prints its path
python -m tools.find_chromium --install   first installs one if need be
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

CHOICE = "HEADLIGHT_CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PLAYWRIGHTS_OWN = (
    "from playwright.sync_api import sync_playwright\n"
    "with sync_playwright() as playwright: print(playwright.chromium.executable_path)"
)
APT = ("apt-get", "-qq", "-y", "-o", "DPkg::Lock::Timeout=60")
QUICK, PATIENT = 30, 900  # seconds


class ChromiumNotFoundError(Exception):
    """There is no Chromium that starts; the message says what was tried and what to do."""


def run(command: Sequence[str], seconds: int) -> tuple[bool, str]:
    """Whether the command succeeded in that time, and what it printed."""
    environ = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            command,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            text=True,
            errors="replace",
        )
    except subprocess.TimeoutExpired:
        return False, f"took longer than {seconds} s"
    except OSError as error:
        return False, str(error)
    return done.returncode == 0, done.stdout.strip()


def is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@dataclass
class Finder:
    """The search; its tests put a pretend computer in the place of the real one."""

    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    which: Callable[[str], str | None] = shutil.which
    run: Callable[[Sequence[str], int], tuple[bool, str]] = run
    root: bool = field(default_factory=is_root)
    say: Callable[[str], None] = say
    tried: list[str] = field(default_factory=list)

    def find(self, *, install: bool = False) -> str:
        """The path of a Chromium that starts: the one chosen, on PATH, Playwright's, a new one."""
        if CHOICE in self.environ:
            path = self._starts(self.environ[CHOICE])
        else:
            path = self._on_path() or self._playwrights()
            if install:
                path = path or self._from_debian() or self._from_playwright()
        if path is None:
            raise ChromiumNotFoundError(self._advice())
        return path

    def _on_path(self) -> str | None:
        paths = [path for path in map(self.which, NAMES) if path]
        if not paths:
            self.tried.append(f"on PATH: none of {', '.join(NAMES)}")
        return next((path for path in paths if self._starts(path)), None)

    def _playwrights(self) -> str | None:
        # In a process of its own: Playwright can't be started twice in one.
        found, output = self.run([sys.executable, "-c", PLAYWRIGHTS_OWN], QUICK)
        if not found:
            self.tried.append(f"Playwright's own: {last_line(output)}")
            return None
        return self._starts(output)

    def _from_debian(self) -> str | None:
        if not (self.root and self.which("apt-get")):
            self.tried.append("Debian's package: needs root and apt-get")
            return None
        self.say("Installing Chromium with apt-get (a minute or two)")
        self.run([*APT, "update"], PATIENT)  # an old list may still do
        install = [*APT, "install", "--no-install-recommends", "chromium"]
        installed, output = self.run(install, PATIENT)
        if not installed:
            self.tried.append(f"Debian's package: {last_line(output)}")
            return None
        return self._on_path()

    def _from_playwright(self) -> str | None:
        self.say("Downloading Playwright's Chromium (a minute or two)")
        command = [sys.executable, "-m", "playwright", "install", "chromium"]
        installed, output = self.run(command, PATIENT)
        if not installed:
            self.tried.append(f"playwright install chromium: {last_line(output)}")
            return None
        return self._playwrights()

    def _starts(self, path: str) -> str | None:
        # On Ubuntu, chromium-browser can be a script that only says how to install a snap.
        starts, output = self.run([path, "--version"], QUICK)
        if not starts:
            self.tried.append(f"{path}: does not start: {last_line(output)}")
        return path if starts else None

    def _advice(self) -> str:
        tried = "\n".join(f"  {line}" for line in self.tried)
        return (
            f"No Chromium for the browser tests. Tried:\n{tried}\n"
            f"Install Chromium or Chrome, or set {CHOICE} to the path of one that starts."
        )


def last_line(text: str) -> str:
    return text.strip().splitlines()[-1] if text.strip() else "no reason given"


def find_chromium(*, install: bool = False) -> str:
    """The path of a Chromium that starts on this computer."""
    return Finder().find(install=install)


def main(arguments: Sequence[str]) -> int:
    try:
        print(find_chromium(install="--install" in arguments))
    except ChromiumNotFoundError as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
