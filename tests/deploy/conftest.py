"""The programs in front of and beside the app, where this computer has them."""

from pathlib import Path

import pytest

from tools.find_program import ProgramNotFoundError, find_program


@pytest.fixture(scope="session")
def haproxy() -> Path:
    return _found("haproxy")


@pytest.fixture(scope="session")
def redis() -> Path:
    return _found("redis")


def _found(needed: str) -> Path:
    try:
        return find_program(needed)
    except ProgramNotFoundError as error:
        pytest.skip(str(error))
