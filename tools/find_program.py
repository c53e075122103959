"""Finds a program that Debian ships and, if asked to, installs it where it is missing.

python -m tools.find_program haproxy             prints its path
python -m tools.find_program haproxy --install   first installs it if need be
"""

import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from tools.find_chromium import APT, PATIENT, is_root, last_line, run, say

# By what is needed: the programs that do, the best first, and Debian's package with the last one.
PROGRAMS: Mapping[str, tuple[tuple[str, ...], str]] = MappingProxyType(
    {
        "haproxy": (("haproxy",), "haproxy"),
        "redis": (("valkey-server", "redis-server"), "redis-server"),
    }
)
ADMINS = "/usr/local/sbin:/usr/sbin:/sbin"  # where Debian has haproxy, and not on everybody's PATH

# Debian would start a server with the machine; here each is started by whoever needs it.
NO_SERVICE = ("env", "RUNLEVEL=1")


class ProgramNotFoundError(Exception):
    """There is no such program; the message says what to do."""


def which(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path=ADMINS)


@dataclass
class Finder:
    """The search; its tests put a pretend computer in the place of the real one."""

    which: Callable[[str], str | None] = which
    run: Callable[[Sequence[str], int], tuple[bool, str]] = run
    root: bool = field(default_factory=is_root)
    say: Callable[[str], None] = say

    def find(self, needed: str, *, install: bool = False) -> Path:
        """The path of a program that does what is needed.

        Raises:
            ProgramNotFoundError: if there is none, and none could be installed.
        """
        names, package = PROGRAMS[needed]
        reason = "not asked to install it"
        found = self._first(names)
        if found is None and install:
            reason = self._install(package)
            found = self._first(names)
        if found is None:
            raise ProgramNotFoundError(
                f"There is no {' or '.join(names)} here ({reason}).\n"
                f"Install it: on Debian and Ubuntu, sudo apt-get install {package}; "
                f"on a Mac, brew install {package.removesuffix('-server')}."
            )
        return Path(found)

    def _first(self, names: Sequence[str]) -> str | None:
        return next((path for path in map(self.which, names) if path), None)

    def _install(self, package: str) -> str:
        """Install a package; why it couldn't be, or nothing."""
        if not (self.root and self.which("apt-get")):
            return "installing it needs root and apt-get"
        self.say(f"Installing {package} with apt-get")
        self.run([*APT, "update"], PATIENT)  # an old list may still do
        install = [*NO_SERVICE, *APT, "install", "--no-install-recommends", package]
        installed, output = self.run(install, PATIENT)
        return "" if installed else last_line(output)


def find_program(needed: str, *, install: bool = False) -> Path:
    """The path of a program on this computer that does what is needed."""
    return Finder().find(needed, install=install)


def main(arguments: Sequence[str]) -> int:
    names = [name for name in arguments if name != "--install"]
    if not names or not set(names) <= PROGRAMS.keys():
        say(f"Name what is needed: {', '.join(PROGRAMS)}")
        return 2
    try:
        for name in names:
            print(find_program(name, install="--install" in arguments))
    except ProgramNotFoundError as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
