"""A cache directory of the tests' own, and measuring functions that can be replaced."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lab import worker


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("HEADLIGHT_SCHEDULER", raising=False)


@pytest.fixture
def measured_by(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Lets a function of tests.lab.hooks measure trainings."""

    def replace(name: str) -> None:
        monkeypatch.setitem(worker.MEASURES, "learning", f"tests.lab.hooks:{name}")

    return replace
