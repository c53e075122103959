"""What the tests of the interface share."""

import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.testing.v1 import AppTest

from model.pretrained import smollm2
from model.pretrained.cache import kept_or_made
from ui.pages.learn import trainings
from ui.runs import model_store as models
from ui.runs import random_weights

Download = Callable[[str], tuple[str, bytes]]


@pytest.fixture(scope="session", autouse=True)
def cache_of_models(kept_models: Path) -> Iterator[None]:
    """Models keep what they convert in a folder of the tests', and not in anybody's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(kept_models))
        patch.setattr(smollm2, "kept_or_made", partial(one_at_a_time, kept_models))
        yield


def one_at_a_time(folder: Path, name: str, **how: Any) -> Any:
    """Convert a model in one worker, and wait for it in the other."""
    with FileLock(folder / f"{name}.lock"):
        return kept_or_made(name, **how)


@pytest.fixture(scope="module", autouse=True)
def no_model_of_another_file() -> None:
    """Load anew what another file's tests have offered under the same name."""
    for name in [name for name in models._models or () if name not in models.BUNDLED]:
        del models._models[name]


@pytest.fixture(autouse=True)
def nothing_is_refused_yet() -> None:
    """Try what an earlier test could not load, without waiting for a minute."""
    models._refused.clear()


@pytest.fixture(autouse=True)
def nothing_is_computed_yet() -> None:
    """Compute anew what an earlier test has computed."""
    random_weights._runs.clear()


@pytest.fixture(scope="session", autouse=True)
def no_process_stays() -> Iterator[None]:
    """What Learn has started ends with the tests."""
    yield
    trainings.queue().close()


@pytest.fixture(autouse=True)
def nothing_runs_on() -> Iterator[None]:
    """What a test has left running doesn't hold up the next one."""
    yield
    shared = trainings.queue()
    for training in (*shared._waiting, *shared._running):
        training.stop()


@pytest.fixture
def download(monkeypatch: pytest.MonkeyPatch) -> Download:
    """Clicks a download of the page that was run last, in an open popover.

    Gives the file's name and its bytes.

    The button's function is called as Streamlit's server calls it: later, in a thread of its own,
    which belongs to no session.
    """
    makers: dict[str, tuple[str, Callable[[], bytes]]] = {}

    def add_deferred(  # type: ignore[no-untyped-def]
        self, data_callable, mimetype, coordinates, file_name=None, *, element_id=""
    ):
        makers[element_id.split("-")[-1]] = (file_name, data_callable)
        return original(
            self, data_callable, mimetype, coordinates, file_name, element_id=element_id
        )

    def run(page: AppTest, *arguments: Any, **others: Any) -> AppTest:
        for popover in ("download_popover", "weights_popover"):
            if popover not in page.session_state:
                page.session_state[popover] = True
        return original_run(page, *arguments, **others)

    original = MediaFileManager.add_deferred
    original_run = AppTest._run
    monkeypatch.setattr(MediaFileManager, "add_deferred", add_deferred)
    monkeypatch.setattr(AppTest, "_run", run)

    def click(key: str) -> tuple[str, bytes]:
        name, make = makers[key]
        made: list[bytes] = []
        thread = threading.Thread(target=lambda: made.append(make()))
        thread.start()
        thread.join()
        return name, made[0]

    return click
