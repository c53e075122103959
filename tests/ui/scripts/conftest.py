"""Processes that run what people get."""

from collections.abc import Iterator

import pytest

from tests.ui.scripts.running import TORCH, Runner


@pytest.fixture(scope="session")
def torch_alone() -> Iterator[Runner]:
    """A process that has torch and nothing else."""
    with Runner(*TORCH) as runner:
        yield runner


@pytest.fixture(scope="session")
def with_transformers() -> Iterator[Runner]:
    """A process that has all packages, but not the app."""
    with Runner() as runner:
        yield runner
