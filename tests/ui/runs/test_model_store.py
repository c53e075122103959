"""Loading models: once for everybody, and nobody waits for a model that is somebody else's."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest

from tests.patience import LONG as PATIENCE
from ui.runs import model_store as models


@pytest.fixture(autouse=True)
def nothing_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "_models", None)


def loads_with(monkeypatch: pytest.MonkeyPatch, load: Callable[[str], Any]) -> list[str]:
    """Loads models like this; what was loaded is noted."""
    loaded: list[str] = []

    def noted(choice: str, _progress: models.Progress) -> Any:
        loaded.append(choice)
        return load(choice)

    monkeypatch.setattr(models, "_load", noted)
    return loaded


def a_model(size: int = 1) -> Any:
    return SimpleNamespace(weights_bytes=size)


def test_two_who_ask_at_once_get_the_same_model(monkeypatch: pytest.MonkeyPatch) -> None:
    is_loading, was_not_there, may_finish = Event(), Event(), Event()

    def load(_choice: str) -> Any:
        is_loading.set()
        assert may_finish.wait(PATIENCE)
        return a_model()

    def look(choice: str) -> Any:
        found = look_up(choice)
        if is_loading.is_set():
            was_not_there.set()  # so whoever asked goes on to load it, or to wait
        return found

    look_up = models._loaded
    monkeypatch.setattr(models, "_loaded", look)
    loaded = loads_with(monkeypatch, load)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(models.model_of, "minilm")
        assert is_loading.wait(PATIENCE)
        second = pool.submit(models.model_of, "minilm")
        assert was_not_there.wait(PATIENCE)
        assert not second.done()
        may_finish.set()
        assert first.result(PATIENCE) is second.result(PATIENCE)
    assert loaded == ["minilm"]
    assert models.model_of("minilm") is first.result()


def test_who_looks_at_a_loaded_model_does_not_wait_for_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    is_loading, may_finish = Event(), Event()

    def load(choice: str) -> Any:
        if choice == "smollm2":
            is_loading.set()
            assert may_finish.wait(PATIENCE)
        return a_model()

    loads_with(monkeypatch, load)
    minilm = models.model_of("minilm")
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(models.model_of, "smollm2")
        assert is_loading.wait(PATIENCE)
        assert models.model_of("minilm") is minilm
        assert not slow.done()
        may_finish.set()
        slow.result(PATIENCE)


def test_nobody_waits_until_another_model_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    is_loading, may_finish = Event(), Event()

    def load(choice: str) -> Any:
        if choice == "smollm2":
            is_loading.set()
            assert may_finish.wait(PATIENCE)
        return a_model()

    loads_with(monkeypatch, load)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(models.model_of, "smollm2")
        assert is_loading.wait(PATIENCE)
        minilm = models.model_of("minilm")  # would never come, if it waited
        assert models.is_loaded("minilm")
        assert not models.is_loaded("smollm2")
        assert not slow.done()
        may_finish.set()
        assert slow.result(PATIENCE) is not minilm


def test_a_model_that_nobody_asks_for_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADLIGHT_MODEL_MB", "2")
    loaded = loads_with(monkeypatch, lambda choice: a_model(2**20))
    for choice in ("one", "two", "one", "three", "one", "two"):
        models.model_of(choice)
    assert loaded == ["one", "two", "three", "two"]
    assert [models.is_loaded(choice) for choice in ("one", "two", "three")] == [True, True, False]


def test_a_model_too_large_to_be_kept_is_used_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADLIGHT_MODEL_MB", "1")
    loaded = loads_with(monkeypatch, lambda choice: a_model(2**21))
    assert models.model_of("one") is not models.model_of("one")
    assert loaded == ["one", "one"]
