"""How a program is looked for and installed, on pretend computers."""

from collections.abc import Sequence

import pytest

from tools.find_program import Finder, ProgramNotFoundError, main

APT = {"apt-get": "/usr/bin/apt-get"}
HAPROXY = {"haproxy": "/usr/sbin/haproxy"}


class Computer:
    """Remembers what it was asked to run; `gives` is what apt-get adds to what there is."""

    def __init__(self, there: dict[str, str], gives: dict[str, str] | None = None) -> None:
        self.there = dict(there)
        self.gives = gives
        self.ran: list[str] = []

    def run(self, command: Sequence[str], seconds: int) -> tuple[bool, str]:
        self.ran.append(" ".join(command))
        if "install" in command:
            self.there |= self.gives or {}
            return self.gives is not None, "Reading lists\nE: Unable to locate package"
        return True, ""

    def find(self, needed: str, *, install: bool = True, root: bool = True) -> str:
        finder = Finder(which=self.there.get, run=self.run, root=root, say=lambda text: None)
        return str(finder.find(needed, install=install))


def test_what_is_there_is_not_installed() -> None:
    computer = Computer(APT | HAPROXY)
    assert computer.find("haproxy") == "/usr/sbin/haproxy"
    assert computer.ran == []


def test_valkey_comes_before_redis() -> None:
    both = {"redis-server": "/usr/bin/redis-server", "valkey-server": "/usr/bin/valkey-server"}
    assert Computer(both).find("redis") == "/usr/bin/valkey-server"


def test_root_on_debian_installs_what_is_missing() -> None:
    computer = Computer(APT, gives=HAPROXY)
    assert computer.find("haproxy") == "/usr/sbin/haproxy"
    assert computer.ran[-1].endswith("install --no-install-recommends haproxy")


def test_nothing_is_installed_unasked() -> None:
    computer = Computer(APT, gives=HAPROXY)
    with pytest.raises(ProgramNotFoundError, match="not asked to install it"):
        computer.find("haproxy", install=False)
    assert computer.ran == []


@pytest.mark.parametrize(
    ("there", "root", "reason"),
    [
        (APT, False, "needs root and apt-get"),
        ({}, True, "needs root and apt-get"),
        (APT, True, "E: Unable to locate package"),
    ],
    ids=["not root", "no apt-get", "apt-get fails"],
)
def test_the_error_says_what_to_install(there: dict[str, str], root: bool, reason: str) -> None:
    with pytest.raises(ProgramNotFoundError) as caught:
        Computer(there).find("redis", root=root)
    assert reason in str(caught.value)
    assert "no valkey-server or redis-server" in str(caught.value)
    assert "sudo apt-get install redis-server" in str(caught.value)


@pytest.mark.parametrize("arguments", [[], ["--install"], ["nonsense"]])
def test_the_command_line_says_what_can_be_needed(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert "haproxy, redis" in capsys.readouterr().err
