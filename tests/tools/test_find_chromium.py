"""The order in which a Chromium is looked for, on pretend computers."""

from collections.abc import Sequence

import pytest

from tools.find_chromium import CHOICE, ChromiumNotFoundError, Finder

OWN = "/cache/playwright/chrome"


class Computer:
    """Remembers what it was asked to run; what it has can change as things are installed.

    `broken` are programs that are there and don't start.
    """

    def __init__(
        self,
        *,
        path: dict[str, str] | None = None,
        playwright: bool = False,
        broken: Sequence[str] = (),
        apt_works: bool = True,
        download_works: bool = True,
    ) -> None:
        self.path = dict(path or {})
        self.playwright = playwright
        self.broken = broken
        self.apt_works = apt_works
        self.download_works = download_works
        self.ran: list[str] = []

    def run(self, command: Sequence[str], seconds: int) -> tuple[bool, str]:
        words = " ".join(command)
        self.ran.append(words)
        if command[1:] == ["--version"]:
            there = {*self.path.values(), *([OWN] if self.playwright else [])}
            return command[0] in there and command[0] not in self.broken, "Chromium 1.0"
        if command[1] == "-c":
            return True, OWN  # Playwright tells where it would be, there or not
        if command[0] == "apt-get" and "install" in command:
            if self.apt_works:
                self.path["chromium"] = "/usr/bin/chromium"
            return self.apt_works, "Reading lists\nE: Unable to locate package chromium"
        if "playwright install" in words:
            self.playwright = self.download_works
            return self.download_works, "Error: Download failed"
        return True, ""

    def find(self, *, install: bool = False, root: bool = True, choice: str | None = None) -> str:
        return Finder(
            environ={} if choice is None else {CHOICE: choice},
            which=self.path.get,
            run=self.run,
            root=root,
            say=lambda text: None,
        ).find(install=install)

    def installed(self) -> list[str]:
        """The commands that change the computer."""
        return [words for words in self.ran if "install" in words or "update" in words]


APT = {"apt-get": "/usr/bin/apt-get"}


def test_the_chosen_one_comes_before_those_on_path() -> None:
    computer = Computer(path={"chromium": "/usr/bin/chromium", "mine": "/opt/mine"})
    assert computer.find(choice="/opt/mine") == "/opt/mine"


def test_a_chosen_one_that_does_not_start_is_an_error_and_nothing_replaces_it() -> None:
    computer = Computer(path={"chromium": "/usr/bin/chromium", **APT})
    with pytest.raises(ChromiumNotFoundError, match="/opt/gone: does not start"):
        computer.find(install=True, choice="/opt/gone")
    assert computer.installed() == []


def test_path_comes_before_playwrights_own() -> None:
    computer = Computer(path={"google-chrome": "/usr/bin/google-chrome"}, playwright=True)
    assert computer.find(install=True) == "/usr/bin/google-chrome"
    assert computer.installed() == []


def test_chromium_comes_before_chrome() -> None:
    computer = Computer(path={"chrome": "/usr/bin/chrome", "chromium": "/usr/bin/chromium"})
    assert computer.find() == "/usr/bin/chromium"


def test_one_that_does_not_start_is_passed_over() -> None:
    stub = "/usr/bin/chromium-browser"
    computer = Computer(path={"chromium-browser": stub, "chrome": "/usr/bin/chrome"}, broken=[stub])
    assert computer.find() == "/usr/bin/chrome"


def test_playwrights_own_comes_before_an_installation() -> None:
    computer = Computer(path=APT, playwright=True)
    assert computer.find(install=True) == OWN
    assert computer.installed() == []


def test_nothing_is_installed_unasked() -> None:
    computer = Computer(path=APT)
    with pytest.raises(ChromiumNotFoundError):
        computer.find()
    assert computer.installed() == []


def test_debians_package_comes_before_a_download() -> None:
    computer = Computer(path=APT)
    assert computer.find(install=True) == "/usr/bin/chromium"
    update, install = computer.installed()
    assert update.startswith("apt-get")
    assert update.endswith("update")
    assert install.endswith("install --no-install-recommends chromium")


@pytest.mark.parametrize(
    ("path", "root", "apt_works"),
    [(APT, False, True), ({}, True, True), (APT, True, False)],
    ids=["not root", "no apt-get", "apt-get fails"],
)
def test_a_download_is_the_last_resort(path: dict[str, str], root: bool, apt_works: bool) -> None:
    computer = Computer(path=path, apt_works=apt_works)
    assert computer.find(install=True, root=root) == OWN
    assert "playwright install chromium" in computer.installed()[-1]


def test_the_error_says_what_was_tried_and_what_to_do() -> None:
    computer = Computer(path=APT, apt_works=False, download_works=False)
    with pytest.raises(ChromiumNotFoundError) as caught:
        computer.find(install=True)
    message = str(caught.value)
    assert "none of chromium, chromium-browser, google-chrome" in message
    assert f"{OWN}: does not start" in message
    assert "E: Unable to locate package chromium" in message
    assert "Error: Download failed" in message
    assert CHOICE in message
