"""The programs in front of and beside the app, where this computer has them, and all together."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.deploy.fleet import Fleet, found, serving
from tests.deploy.people import School


@pytest.fixture(scope="session")
def haproxy() -> Path:
    return found("haproxy")


@pytest.fixture(scope="session")
def redis() -> Path:
    return found("redis")


@pytest.fixture(scope="module")
def fleet(
    haproxy: Path, redis: Path, tmp_path_factory: pytest.TempPathFactory, kept_models: Path
) -> Iterator[Fleet]:
    with serving(tmp_path_factory.mktemp("fleet"), kept_models) as started:
        yield started


@pytest.fixture
def school(fleet: Fleet) -> Iterator[School]:
    with ExitStack() as stack:
        yield School(fleet, stack)
