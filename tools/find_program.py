"""Finds a program that tests need and, if asked to, installs Debian's package where there is none.

python -m tools.find_program redis-server             prints its path
python -m tools.find_program redis-server --install   first installs it if need be
"""

import shutil
import sys
from collections.abc import Callable, Sequence

from tools.find_chromium import APT, PATIENT, is_root, last_line, run, say

# Of each program, others that do the same, and the package that brings it.
OTHERS = {"redis-server": ("valkey-server",), "haproxy": ()}
PACKAGES = {"redis-server": "redis-server", "haproxy": "haproxy"}
# Debian would start a server with the machine; the tests start their own ones.
NO_SERVICE = ("env", "RUNLEVEL=1")

Run = Callable[[Sequence[str], int], tuple[bool, str]]


def find_program(
    name: str,
    *,
    install: bool = False,
    which: Callable[[str], str | None] = shutil.which,
    run: Run = run,
    root: bool | None = None,
) -> str | None:
    """The path of a program, or of another one that does the same; None where there is none."""
    names = (*OTHERS[name], name)
    path = next(filter(None, map(which, names)), None)
    if path is not None or not install:
        return path
    if not ((is_root() if root is None else root) and which("apt-get")):
        say(f"No {name}: tests that need it are skipped. To install it takes root and apt-get.")
        return None
    say(f"Installing {name} with apt-get")
    run([*APT, "update"], PATIENT)  # an old list may still do
    command = [*NO_SERVICE, *APT, "install", "--no-install-recommends", PACKAGES[name]]
    installed, output = run(command, PATIENT)
    if not installed:
        say(f"No {name}: tests that need it are skipped. apt-get says: {last_line(output)}")
    return next(filter(None, map(which, names)), None)


def main(arguments: Sequence[str]) -> int:
    """Print a path for each program that was named; one that isn't there fails nothing."""
    for name in arguments:
        if name != "--install":
            print(find_program(name, install="--install" in arguments) or "")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
