"""What all tests share."""

import shutil
from collections import Counter
from pathlib import Path

import pytest
import streamlit as st
from hypothesis import settings

# The app hides what went wrong from its users (.streamlit/config.toml); its tests want to read it.
st.set_option("client.showErrorDetails", "full")

# The same examples every time, on however slow a machine: of the usual hundred, `make test` tries
# a few. To look for new ones:
#   make test ARGS="--hypothesis-profile=explore"
settings.register_profile("quick", derandomize=True, deadline=None, max_examples=10)
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None, max_examples=1000)
settings.load_profile("steady")


BROWSER = Path(__file__).parent / "browser"
CONVERTS = "test_smollm2.py"  # a large model, which is then there for others
MODELS = "models"  # below the folder of temporary files


@pytest.fixture(scope="session")
def kept_models(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A cache directory of the tests', and nobody's own: models are converted once for all."""
    own = tmp_path_factory.getbasetemp()
    folder = (own if worker_id == "master" else own.parent) / MODELS
    folder.mkdir(exist_ok=True)
    return folder


def pytest_itemcollected(item: pytest.Item) -> None:
    if item.path.is_relative_to(BROWSER):
        item.add_marker(pytest.mark.browser)


@pytest.hookimpl(trylast=True)  # of those that are left
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put large files first, so that both workers end together, and those with browsers last.

    Playwright keeps an event loop in this thread from its start to its end, in which no other test
    could run one. (So xdist mustn't reorder: --no-loadscope-reorder.)
    """
    in_file = Counter(item.path for item in items)
    items.sort(
        key=lambda item: (
            item.path.is_relative_to(BROWSER),
            item.path.name != CONVERTS,
            -in_file[item.path],
        )
    )


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Remove half a gigabyte, once no worker needs it any more."""
    if not hasattr(session.config, "workerinput"):
        folder = session.config._tmp_path_factory.getbasetemp() / MODELS
        shutil.rmtree(folder, ignore_errors=True)
