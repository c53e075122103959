"""Whether a lesson's steps fit a classroom's screen: looked at in a browser, where there is one."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import ProxyHandler, build_opener

from lessons.lesson import Lesson

ROOT = Path(__file__).resolve().parents[1]
HOST = "127.0.0.1"
WIDTH, HEIGHT = 1366, 768  # of a classroom's projector
PATIENCE = 120  # seconds: the server imports torch, a model may be loaded, another one trained
FINISHED = '[data-testid="stApp"][data-test-script-state="notRunning"]'
# How far the page can be scrolled down, once it is drawn and there is nothing to wait for.
BEYOND = """() => new Promise((done) => {
    const main = document.querySelector('[data-testid="stMain"]')
    const beyond = () => main.scrollHeight - main.clientHeight
    const charts = () => [...document.querySelectorAll(".stPlotlyChart")]
    const isDrawn = () => charts().every((chart) => chart.querySelector(".main-svg")) &&
        !document.querySelector("[data-testid=stSkeleton], .st-key-lesson_wait [role=progressbar]")
    let before, times = 0
    const look = () => {
        const now = isDrawn() ? beyond() : undefined
        times = now !== undefined && now === before ? times + 1 : 0
        before = now
        if (times === 5) done(now)
        else setTimeout(look, 100)
    }
    look()
})"""


class NoBrowserError(Exception):
    """Says why there is no browser to look with."""


def find_what_scrolls(lesson: Lesson, folder: Path) -> Iterator[str]:
    """Yield which steps don't fit the screen, before or after their truth is shown, by how much.

    Args:
        lesson: is among those of the folder, or the app's own.
        folder: of a server's owner.

    Raises:
        NoBrowserError: if there is no browser, or what drives it isn't installed.
    """
    with _browser() as page, _server(folder) as url:
        for number, step in enumerate(lesson.steps, 1):
            for more in ({}, {"revealed": "true"}) if step.question else ({},):
                query = urlencode({"lesson": lesson.name, "step": number, **more})
                page.goto(f"{url}/{step.page}?{query}")
                page.locator(".st-key-lesson_bar").wait_for()
                page.locator(FINISHED).wait_for()
                if (beyond := page.evaluate(BEYOND)) > 1:
                    yield (
                        f"step {number}{', revealed' if more else ''}: is {beyond} pixels higher "
                        f"than a screen of {WIDTH} × {HEIGHT}"
                    )


@contextmanager
def _browser() -> Iterator[Any]:
    """A page of a browser; what drives it is there where the app's own tests have been run."""
    try:
        from playwright.sync_api import Error, sync_playwright

        from tools.find_chromium import ChromiumNotFoundError, find_chromium
    except ImportError as error:
        raise NoBrowserError(str(error)) from error
    try:
        path = find_chromium()
    except ChromiumNotFoundError as error:
        raise NoBrowserError(str(error).partition("\n")[0]) from error
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        except Error as error:
            raise NoBrowserError(str(error).partition("\n")[0]) from error
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.set_default_timeout(1000 * PATIENCE)
        yield page
        browser.close()


@contextmanager
def _server(folder: Path) -> Iterator[str]:
    """The app on a free port of this computer, with the lessons of a folder."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    address = [f"--server.port={port}", f"--server.address={HOST}", "--server.headless=true"]
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "app.py", *address],
        cwd=ROOT,
        env=os.environ | {"HEADLIGHT_LESSONS": str(folder.resolve())},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_until_it_answers(f"http://{HOST}:{port}", process)
        yield f"http://{HOST}:{port}"
    finally:
        process.terminate()
        process.wait()


def _wait_until_it_answers(url: str, process: subprocess.Popen[bytes]) -> None:
    directly = build_opener(ProxyHandler({}))  # whatever proxies the environment names
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with directly.open(f"{url}/_stcore/health", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise NoBrowserError("the app doesn't start")
