"""How a program that tests need is found, on pretend computers."""

from collections.abc import Sequence

import pytest

from tools.find_program import find_program

APT = {"apt-get": "/usr/bin/apt-get"}


class Computer:
    """Remembers what it was asked to run; apt-get brings the program if it works."""

    def __init__(self, path: dict[str, str], *, apt_works: bool = True) -> None:
        self.path, self.apt_works = dict(path), apt_works
        self.ran: list[str] = []

    def run(self, command: Sequence[str], seconds: int) -> tuple[bool, str]:
        self.ran.append(" ".join(command))
        if "install" in command and self.apt_works:
            self.path["redis-server"] = "/usr/bin/redis-server"
        return self.apt_works, "Reading lists\nE: Unable to locate package"

    def find(self, *, install: bool = True, root: bool = True) -> str | None:
        return find_program(
            "redis-server", install=install, which=self.path.get, run=self.run, root=root
        )


@pytest.mark.parametrize("name", ["redis-server", "valkey-server"])
def test_one_that_is_there_is_used(name: str) -> None:
    computer = Computer({name: f"/opt/{name}", **APT})
    assert computer.find() == f"/opt/{name}"
    assert computer.ran == []


def test_it_is_installed_if_asked_for_without_a_service() -> None:
    computer = Computer(APT)
    assert computer.find(install=False) is None
    assert computer.ran == []
    assert computer.find() == "/usr/bin/redis-server"
    assert computer.ran[-1].startswith("env RUNLEVEL=1 apt-get")
    assert computer.ran[-1].endswith("install --no-install-recommends redis-server")


@pytest.mark.parametrize(
    ("path", "root", "apt_works"),
    [(APT, False, True), ({}, True, True), (APT, True, False)],
    ids=["not root", "no apt-get", "apt-get fails"],
)
def test_without_it_there_is_none_and_it_says_so(
    path: dict[str, str], root: bool, apt_works: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert Computer(path, apt_works=apt_works).find(root=root) is None
    assert "No redis-server: tests that need it are skipped" in capsys.readouterr().err
